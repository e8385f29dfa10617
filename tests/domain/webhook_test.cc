#include "domain/webhook.h"

#include <gtest/gtest.h>

#include <map>

#include "base/crypto.h"

namespace eventrelay {
namespace {

const WallTime kChangedAt = from_unix_ms(1'772'368'496'789);

WebhookSpec good_spec() {
  WebhookSpec spec;
  spec.url = "https://example.com/in";
  spec.event_types = {"order.*"};
  return spec;
}

std::vector<std::string> fault_paths(const WebhookSpec& spec) {
  std::vector<std::string> paths;
  for (const auto& fault : webhook_faults(spec)) {
    paths.push_back(fault.path);
    EXPECT_NE(fault.message, "");
  }
  return paths;
}

template <class Change>
std::vector<std::string> fault_paths_with(Change change) {
  auto spec = good_spec();
  change(spec);
  return fault_paths(spec);
}

using Paths = std::vector<std::string>;

TEST(Secret, is_written_as_whsec_and_base64) {
  auto secret = parse_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
  ASSERT_TRUE(secret);
  EXPECT_EQ(secret->bytes.size(), 24u);
  EXPECT_EQ(to_text(*secret), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
}

TEST(Secret, has_24_to_64_bytes) {
  for (std::size_t size : {0u, 1u, 23u, 24u, 32u, 64u, 65u, 1000u}) {
    auto text = "whsec_" + base64_encode(std::string(size, '\xfe'));
    EXPECT_EQ(parse_secret(text).has_value(), size >= 24 && size <= 64) << size;
  }
}

TEST(Secret, in_any_other_form_is_refused) {
  std::string base64 = base64_encode(std::string(32, 'x'));
  EXPECT_TRUE(parse_secret("whsec_" + base64));
  for (const auto& text : {base64, "WHSEC_" + base64, "whsec_" + base64 + "\n", "whsec_" + base64.substr(0, 43),
                           "whpk_" + base64, " whsec_" + base64, std::string("whsec_"), std::string()}) {
    EXPECT_FALSE(parse_secret(text)) << text;
  }
}

TEST(Secret, that_is_made_is_32_random_bytes) {
  auto one = random_secret();
  EXPECT_EQ(one.bytes.size(), 32u);
  EXPECT_NE(one, random_secret());
  EXPECT_EQ(parse_secret(to_text(one)), one);
}

TEST(DisabledReason, has_its_words) {
  EXPECT_EQ(to_text(DisabledReason::kNone), "");
  EXPECT_EQ(to_text(DisabledReason::kByUser), "by_user");
  EXPECT_EQ(to_text(DisabledReason::kGone), "gone");
  EXPECT_EQ(to_text(DisabledReason::kFailing), "failing");
}

TEST(WebhookFaults, of_a_good_spec_are_none) {
  EXPECT_EQ(fault_paths(good_spec()), Paths{});
}

TEST(WebhookFaults, name_the_url) {
  EXPECT_EQ(fault_paths_with([](auto& s) { s.url = ""; }), Paths{"url"});
  EXPECT_EQ(fault_paths_with([](auto& s) { s.url = "ftp://example.com"; }), Paths{"url"});
}

TEST(WebhookFaults, name_each_event_type) {
  EXPECT_EQ(fault_paths_with([](auto& s) { s.event_types = {}; }), Paths{"event_types"});
  EXPECT_EQ(fault_paths_with([](auto& s) {
              s.event_types = {"a", "b c", "*", "*.x"};
            }),
            (Paths{"event_types[1]", "event_types[3]"}));
  EXPECT_EQ(fault_paths_with([](auto& s) { s.event_types.assign(100, "a"); }), Paths{});
  EXPECT_EQ(fault_paths_with([](auto& s) { s.event_types.assign(101, "a"); }), Paths{"event_types"});
}

TEST(WebhookFaults, count_characters_not_bytes) {
  auto umlauts = [](std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += "\xc3\xa4";
    return text;
  };
  EXPECT_EQ(fault_paths_with([&](auto& s) { s.tenant = umlauts(128); }), Paths{});
  EXPECT_EQ(fault_paths_with([&](auto& s) { s.tenant = umlauts(129); }), Paths{"tenant"});
  EXPECT_EQ(fault_paths_with([&](auto& s) { s.description = umlauts(1'024); }), Paths{});
  EXPECT_EQ(fault_paths_with([&](auto& s) { s.description = umlauts(1'025); }), Paths{"description"});
}

TEST(WebhookFaults, name_the_limits_of_sending) {
  EXPECT_EQ(fault_paths_with([](auto& s) { s.max_in_flight = 0; }), Paths{"max_in_flight"});
  EXPECT_EQ(fault_paths_with([](auto& s) { s.max_in_flight = 1; }), Paths{});
  EXPECT_EQ(fault_paths_with([](auto& s) { s.max_in_flight = 1'000; }), Paths{});
  EXPECT_EQ(fault_paths_with([](auto& s) { s.max_in_flight = 1'001; }), Paths{"max_in_flight"});
  EXPECT_EQ(fault_paths_with([](auto& s) { s.timeout = milliseconds{999}; }), Paths{"timeout_ms"});
  EXPECT_EQ(fault_paths_with([](auto& s) { s.timeout = milliseconds{1'000}; }), Paths{});
  EXPECT_EQ(fault_paths_with([](auto& s) { s.timeout = milliseconds{30'000}; }), Paths{});
  EXPECT_EQ(fault_paths_with([](auto& s) { s.timeout = milliseconds{30'001}; }), Paths{"timeout_ms"});
}

TEST(WebhookFaults, are_all_found_at_once) {
  WebhookSpec spec;
  spec.url = "x";
  spec.event_types = {"*x"};
  spec.headers = {{"Host", "x"}};
  spec.max_in_flight = 0;
  spec.retry.max = milliseconds{0};
  EXPECT_EQ(fault_paths(spec), (Paths{"url", "event_types[0]", "headers.Host", "max_in_flight", "retry.max_ms"}));
}

Webhook failing_webhook() {
  Webhook webhook;
  webhook.id = WebhookId{7};
  webhook.organization = OrganizationId{1};
  webhook.spec = good_spec();
  webhook.secret = random_secret();
  webhook.failing_since = kChangedAt - milliseconds{1'000};
  return webhook;
}

TEST(Patched, changes_what_is_named_and_nothing_else) {
  auto before = failing_webhook();
  WebhookPatch patch;
  patch.url = "https://example.com/other";
  patch.ordered = true;
  auto after = patched(before, patch, kChangedAt);
  auto expected = before.spec;
  expected.url = "https://example.com/other";
  expected.ordered = true;
  EXPECT_EQ(after.spec, expected);
  EXPECT_EQ(after.id, before.id);
  EXPECT_EQ(after.secret, before.secret);
  EXPECT_EQ(after.failing_since, before.failing_since);
  EXPECT_EQ(after.updated_at, kChangedAt);
}

TEST(Patched, takes_over_every_field) {
  WebhookSpec wanted;
  wanted.url = "https://example.com/other";
  wanted.event_types = {"a", "b"};
  wanted.tenant = "t";
  wanted.description = "d";
  wanted.headers = {{"x-a", "1"}};
  wanted.ordered = true;
  wanted.max_in_flight = 5;
  wanted.timeout = milliseconds{2'000};
  wanted.retry.max_attempts = 3;
  wanted.enabled = false;
  WebhookPatch patch{wanted.url,     wanted.event_types,   wanted.tenant,  wanted.description, wanted.headers,
                     wanted.ordered, wanted.max_in_flight, wanted.timeout, wanted.retry,       wanted.enabled};
  EXPECT_EQ(patched(failing_webhook(), patch, kChangedAt).spec, wanted);
}

TEST(Patched, disabling_says_that_a_person_did_it) {
  WebhookPatch patch;
  patch.enabled = false;
  auto after = patched(failing_webhook(), patch, kChangedAt);
  EXPECT_FALSE(after.spec.enabled);
  EXPECT_EQ(after.disabled_reason, DisabledReason::kByUser);
}

TEST(Patched, enabling_forgets_the_failures) {
  auto webhook = failing_webhook();
  webhook.spec.enabled = false;
  webhook.disabled_reason = DisabledReason::kFailing;
  WebhookPatch patch;
  patch.enabled = true;
  auto after = patched(webhook, patch, kChangedAt);
  EXPECT_TRUE(after.spec.enabled);
  EXPECT_EQ(after.disabled_reason, DisabledReason::kNone);
  EXPECT_FALSE(after.failing_since);
}

TEST(Patched, naming_the_state_it_has_keeps_reason_and_failures) {
  auto webhook = failing_webhook();
  WebhookPatch enable;
  enable.enabled = true;
  EXPECT_EQ(patched(webhook, enable, kChangedAt).failing_since, webhook.failing_since);
  webhook.spec.enabled = false;
  webhook.disabled_reason = DisabledReason::kGone;
  WebhookPatch disable;
  disable.enabled = false;
  EXPECT_EQ(patched(webhook, disable, kChangedAt).disabled_reason, DisabledReason::kGone);
}

TEST(Partition, webhooks_spread_evenly_however_fast_they_are_made) {
  for (const std::int64_t between :
       {std::int64_t{1}, std::int64_t{1} << kIdSequenceBits, std::int64_t{3'000} << kIdSequenceBits}) {
    std::map<int, int> webhooks;
    for (std::int64_t i = 0; i < 100 * kPartitions; ++i) {
      const int partition = partition_of(WebhookId{913'190'410'635'968'512 + i * between});
      ASSERT_TRUE(partition >= 0 && partition < kPartitions);
      webhooks[partition] += 1;
    }
    ASSERT_EQ(webhooks.size(), std::size_t{kPartitions});
    for (const auto& [partition, count] : webhooks) EXPECT_LT(count, 150) << partition;
  }
}

}  // namespace
}  // namespace eventrelay
