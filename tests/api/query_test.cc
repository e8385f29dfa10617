#include "api/query.h"

#include <gtest/gtest.h>

#include "api/cursor.h"
#include "base/limits.h"

namespace eventrelay {
namespace {

using Paths = std::vector<std::string>;
Paths paths(Parameters& parameters) {
  Paths result;
  for (const auto& fault : parameters.finish()) result.push_back(fault.path);
  return result;
}

Paths delivery_faults(std::string_view query) {
  auto parameters = Parameters::from_query(query);
  parameters.take_delivery_filter(true);
  parameters.take_page("deliveries", kFirstOrganization);
  return paths(parameters);
}

TEST(Cursor, comes_back_as_it_went_out_for_its_own_list_only) {
  for (const std::int64_t place :
       {std::int64_t{1}, std::int64_t{0x3FFF'FFFF'FFFF}, std::int64_t{0x7FFF'FFFF'FFFF'FFFF}}) {
    const auto text = encode_cursor("events", place);
    EXPECT_EQ(text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"),
              std::string::npos);
    EXPECT_EQ(decode_cursor("events", text), place);
    EXPECT_EQ(decode_cursor("jobs", text), std::nullopt);
  }
}

TEST(Cursor, anything_else_is_refused) {
  const auto good = encode_cursor("events", 5);
  for (const std::string& text : {std::string(), std::string("!!"), good + "A", good.substr(1), std::string(16, 'A'),
                                  encode_cursor("events", 0), encode_cursor("events", -1)}) {
    EXPECT_EQ(decode_cursor("events", text), std::nullopt) << text;
  }
}

TEST(Parameters, a_page_has_a_default_and_bounds) {
  auto parameters = Parameters::from_query("");
  EXPECT_EQ(parameters.take_page("x", kFirstOrganization).limit, kPageDefault);
  EXPECT_EQ(delivery_faults("limit=250"), Paths{});
  for (const std::string_view query :
       {"limit=0", "limit=251", "limit=", "limit=1x", "limit=-1", "limit=+5", "limit=1.0"}) {
    EXPECT_EQ(delivery_faults(query), Paths{"limit"}) << query;
  }
}

TEST(Parameters, a_cursor_is_bound_to_the_filters) {
  auto first = Parameters::from_query("tenant=a&limit=2");
  first.take_delivery_filter(true);
  first.take_page("deliveries", kFirstOrganization);
  auto cursor = first.next_cursor(42);
  cursor = cursor.substr(1, cursor.size() - 2);

  auto same = Parameters::from_query("cursor=" + cursor + "&limit=3&tenant=a");
  same.take_delivery_filter(true);
  EXPECT_EQ(same.take_page("deliveries", kFirstOrganization).cursor, 42);
  EXPECT_EQ(paths(same), Paths{});
  EXPECT_EQ(delivery_faults("tenant=b&cursor=" + cursor), Paths{"cursor"});
  EXPECT_EQ(delivery_faults("cursor=" + cursor), Paths{"cursor"});
  auto elsewhere = Parameters::from_query("cursor=" + cursor + "&tenant=a");
  elsewhere.take_delivery_filter(true);
  elsewhere.take_page("deliveries", OrganizationId{77});
  EXPECT_EQ(paths(elsewhere), Paths{"cursor"}) << "of another organization";
  EXPECT_EQ(first.next_cursor(0), "null");
}

TEST(Parameters, filters_are_read) {
  auto parameters = Parameters::from_query(
      "status=dead&webhook_id=" + to_text(WebhookId{5}) + "&event_id=" + to_text(EventId{6}) +
      "&type=order.created&tenant=a%20b%26c+d&after=2026-03-01T12:00:00Z&before=2026-03-01T14:00:00+01:00");
  const auto filter = parameters.take_delivery_filter(true);
  EXPECT_EQ(paths(parameters), Paths{});
  EXPECT_EQ(filter.state, DeliveryState::kDead);
  EXPECT_EQ(filter.webhook, WebhookId{5});
  EXPECT_EQ(filter.event, EventId{6});
  EXPECT_EQ(filter.type, "order.created");
  EXPECT_EQ(filter.tenant, "a b&c d");
  EXPECT_EQ(filter.after, parse_time("2026-03-01T12:00:00Z"));
  EXPECT_EQ(filter.before, parse_time("2026-03-01T13:00:00Z"));
}

TEST(Parameters, what_is_unknown_wrong_or_repeated_is_named) {
  EXPECT_EQ(delivery_faults("colour=red"), Paths{"colour"});
  EXPECT_EQ(delivery_faults("status=odd"), Paths{"status"});
  EXPECT_EQ(delivery_faults("status=dead&status=dead"), Paths{"status"});
  EXPECT_EQ(delivery_faults("webhook_id=evt_0000000000001"), Paths{"webhook_id"});
  EXPECT_EQ(delivery_faults("after=yesterday"), Paths{"after"});
  EXPECT_EQ(delivery_faults("type=a..b"), Paths{"type"});
  EXPECT_EQ(delivery_faults("tenant=%FF"), Paths{"tenant"});
  EXPECT_EQ(delivery_faults("tenant=%4"), Paths{"tenant"});
  EXPECT_EQ(delivery_faults("tenant=%00"), Paths{"tenant"});
  EXPECT_EQ(delivery_faults("tenant=a%00b"), Paths{"tenant"});
  EXPECT_EQ(delivery_faults("cursor=!!"), Paths{"cursor"});
  auto dead = Parameters::from_query("status=dead");
  dead.take_delivery_filter(false);
  EXPECT_EQ(paths(dead), Paths{"status"});
}

std::string repeated(std::string_view text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all.append(text);
  return all;
}

TEST(Parameters, lengths_are_counted_in_characters) {
  constexpr std::string_view kOneCharacter = "%C3%A9";
  EXPECT_EQ(delivery_faults("tenant=" + repeated(kOneCharacter, 128)), Paths{});
  EXPECT_EQ(delivery_faults("tenant=" + repeated(kOneCharacter, 129)), Paths{"tenant"});
  const auto search_faults = [](const std::string& query) {
    auto parameters = Parameters::from_query(query);
    parameters.take_event_filter();
    return paths(parameters);
  };
  EXPECT_EQ(search_faults("q=" + repeated(kOneCharacter, 128)), Paths{});
  EXPECT_EQ(search_faults("q=" + repeated(kOneCharacter, 129)), Paths{"q"});
  EXPECT_EQ(search_faults("q=a%00"), Paths{"q"});
}

TEST(Parameters, an_events_filter_has_statuses_of_its_own_and_a_search) {
  auto parameters = Parameters::from_query("status=unmatched&q=order.cr");
  const auto filter = parameters.take_event_filter();
  EXPECT_EQ(filter.status, EventStatus::kUnmatched);
  EXPECT_EQ(filter.q, "order.cr");
  EXPECT_EQ(paths(parameters), Paths{});
}

}  // namespace
}  // namespace eventrelay
