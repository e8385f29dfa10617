#include "api/query.h"

#include <algorithm>
#include <charconv>

#include "api/cursor.h"
#include "api/json_scan.h"
#include "base/limits.h"
#include "base/text.h"
#include "domain/event_type.h"

namespace eventrelay {
namespace {

/// A parameter's text in `q`: an id or the beginning of a type.
constexpr std::size_t kSearchCharsMax = 128;

std::optional<int> hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

}  // namespace

std::optional<std::string> decode_query_text(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      out += text[at] == '+' ? ' ' : text[at];
      continue;
    }
    if (at + 2 >= text.size()) return std::nullopt;
    const auto high = hex_value(text[at + 1]);
    const auto low = hex_value(text[at + 2]);
    if (!high || !low) return std::nullopt;
    out += static_cast<char>(*high * 16 + *low);
    at += 2;
  }
  if (!is_valid_utf8(out)) return std::nullopt;
  return out;
}

Parameters Parameters::from_query(std::string_view query) {
  Parameters result({});
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const auto pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (pair.empty()) continue;
    const auto equals = std::min(pair.find('='), pair.size());
    const auto name = decode_query_text(pair.substr(0, equals));
    const auto value = decode_query_text(pair.substr(std::min(equals + 1, pair.size())));
    if (!name || !value) {
      result.fault(name.value_or("query"), "is not percent-encoded UTF-8");
    } else if (value->find('\0') != std::string::npos) {
      result.fault(*name, "must not hold a NUL");  // no text of PostgreSQL's may
    } else if (!result.values_.emplace(*name, *value).second) {
      result.fault(*name, "is there twice");
    }
  }
  return result;
}

std::optional<std::string> Parameters::take(const std::string& name) {
  auto found = values_.extract(name);
  if (found.empty()) return std::nullopt;
  // A cursor goes on in the list with the same filters, in whatever order they come.
  if (name != "limit" && name != "cursor") list_.append(name).append("\n").append(found.mapped()).append("\n");
  return std::move(found.mapped());
}

template <class T, class Parse>
std::optional<T> Parameters::take_parsed(const std::string& name, Parse parse, const char* message) {
  const auto text = take(name);
  if (!text) return std::nullopt;
  std::optional<T> value = parse(*text);
  if (!value) fault(name, message);
  return value;
}

std::optional<WallTime> Parameters::take_time(const std::string& name) {
  const auto parse = [](std::string text) {
    std::replace(text.begin(), text.end(), ' ', '+');  // an offset's plus that was not encoded
    return parse_time(text);
  };
  return take_parsed<WallTime>(name, parse, "is not an RFC 3339 time");
}

std::optional<WebhookId> Parameters::take_webhook_id() {
  return take_parsed<WebhookId>("webhook_id", parse_id<WebhookId>, "is not the id of a webhook");
}

std::string Parameters::take_type() {
  auto text = take("type");
  if (!text) return {};
  if (auto message = event_type_fault(*text); !message.empty()) fault("type", std::move(message));
  return std::move(*text);
}

std::string Parameters::take_tenant() {
  auto text = take("tenant");
  if (!text) return {};
  if (text->empty() || count_characters(*text) > kTenantCharsMax) {
    fault("tenant", "must have 1 to " + std::to_string(kTenantCharsMax) + " characters");
  }
  return std::move(*text);
}

DeliveryFilter Parameters::take_delivery_filter(bool with_state) {
  DeliveryFilter filter;
  if (with_state) {
    filter.state =
        take_parsed<DeliveryState>("status", parse_delivery_state, "must be pending, succeeded, dead or cancelled");
  }
  filter.webhook = take_webhook_id();
  filter.event = take_parsed<EventId>("event_id", parse_id<EventId>, "is not the id of an event");
  filter.type = take_type();
  filter.tenant = take_tenant();
  filter.after = take_time("after");
  filter.before = take_time("before");
  return filter;
}

EventFilter Parameters::take_event_filter() {
  EventFilter filter;
  filter.type = take_type();
  filter.tenant = take_tenant();
  filter.status = take_parsed<EventStatus>("status", parse_event_status,
                                           "must be unmatched, pending, dead, succeeded or cancelled");
  filter.after = take_time("after");
  filter.before = take_time("before");
  if (auto q = take("q")) {
    if (count_characters(*q) > kSearchCharsMax) {
      fault("q", "must have at most " + std::to_string(kSearchCharsMax) + " characters");
    }
    filter.q = std::move(*q);
  }
  return filter;
}

PageRequest Parameters::take_page(std::string_view list_name, OrganizationId organization) {
  list_.insert(0, std::string(list_name) + "\n" + to_text(organization) + "\n");
  const auto parse_limit = [](const std::string& text) -> std::optional<std::size_t> {
    std::size_t value = 0;
    const auto* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc{} || stop != end || value < 1 || value > kPageMax) return std::nullopt;
    return value;
  };
  PageRequest page;
  page.limit = take_parsed<std::size_t>("limit", parse_limit, "must be between 1 and 250").value_or(kPageDefault);
  const auto parse_cursor = [this](const std::string& text) { return decode_cursor(list_, text); };
  page.cursor =
      take_parsed<std::int64_t>("cursor", parse_cursor, "is not a cursor of this list with these filters").value_or(0);
  return page;
}

std::string Parameters::next_cursor(std::int64_t next) const {
  return next == 0 ? "null" : "\"" + encode_cursor(list_, next) + "\"";
}

std::vector<FieldError> Parameters::finish() {
  for (const auto& [name, value] : values_) fault(name, "is not known here");
  values_.clear();
  return std::move(faults_);
}

}  // namespace eventrelay
