#include "storage/codec.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "domain/header_rules.h"

namespace eventrelay {

namespace {

using Json = nlohmann::json;

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json encode_retry(const RetryPolicy& retry) {
  Json json{{"max_attempts", retry.max_attempts},
            {"initial_ms", retry.initial.count()},
            {"multiplier", retry.multiplier},
            {"max_ms", retry.max.count()}};
  for (const milliseconds wait : retry.schedule) json["schedule_ms"].push_back(wait.count());
  return json;
}

RetryPolicy decode_retry(const Json& json) {
  RetryPolicy retry;
  retry.max_attempts = json.at("max_attempts");
  retry.initial = milliseconds(json.at("initial_ms"));
  retry.multiplier = json.at("multiplier");
  retry.max = milliseconds(json.at("max_ms"));
  if (json.contains("schedule_ms"))
    for (const auto& wait : json["schedule_ms"]) retry.schedule.emplace_back(wait.get<std::int64_t>());
  return retry;
}

Json headers_json(const Headers& headers) {
  Json json = Json::array();
  for (const Header& header : headers) json.push_back({header.name, header.value});
  return json;
}

Headers headers_of(const Json& json) {
  Headers headers;
  for (const auto& pair : json) headers.push_back({pair.at(0), pair.at(1)});
  return headers;
}

void append_json_string(std::string& out, std::string_view text) {
  const auto plain = [](char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; };
  if (std::all_of(text.begin(), text.end(), plain)) {
    out += '"';
    out += text;
    out += '"';
  } else {
    out += dump(Json(std::string(text)));
  }
}

double lower_bound_of(std::size_t bucket) {
  return bucket == 0 ? 0 : std::exp2(static_cast<double>(bucket - 1) / 8);
}

}  // namespace

std::string encode_spec(const WebhookSpec& spec) {
  return dump(Json{{"url", spec.url},
                   {"event_types", spec.event_types},
                   {"tenant", spec.tenant},
                   {"description", spec.description},
                   {"headers", headers_json(spec.headers)},
                   {"ordered", spec.ordered},
                   {"max_in_flight", spec.max_in_flight},
                   {"timeout_ms", spec.timeout.count()},
                   {"retry", encode_retry(spec.retry)},
                   {"enabled", spec.enabled}});
}

WebhookSpec decode_spec(std::string_view text) {
  const Json json = Json::parse(text);
  WebhookSpec spec;
  spec.url = json.at("url");
  spec.event_types = json.at("event_types").get<std::vector<std::string>>();
  spec.tenant = json.at("tenant");
  spec.description = json.at("description");
  spec.headers = headers_of(json.at("headers"));
  spec.ordered = json.at("ordered");
  spec.max_in_flight = json.at("max_in_flight");
  spec.timeout = milliseconds(json.at("timeout_ms"));
  spec.retry = decode_retry(json.at("retry"));
  spec.enabled = json.at("enabled");
  return spec;
}

std::string encode_headers(const Headers& headers) {
  // Written by hand: this is done for every attempt.
  std::size_t bytes = 2;
  for (const Header& header : headers) bytes += header.name.size() + header.value.size() + sizeof "[\"\",\"\"],";
  std::string out;
  out.reserve(bytes);
  out += '[';
  for (const Header& header : headers) {
    if (out.size() > 1) out += ',';
    out += '[';
    append_json_string(out, header.name);
    out += ',';
    append_json_string(out, shown_value(header.name, header.value));
    out += ']';
  }
  out += ']';
  return out;
}

Headers decode_headers(std::string_view text) {
  return headers_of(Json::parse(text));
}

EncodedAttempt::EncodedAttempt(FinishAttemptPtr finish)
    : intent(std::move(finish)),
      request_headers(encode_headers(intent->outcome.request_headers)),
      response_headers(encode_headers(intent->outcome.response_headers)) {}

std::string encode_filter(const DeliveryFilter& filter) {
  Json json = Json::object();
  if (filter.state) json["state"] = static_cast<int>(*filter.state);
  if (filter.webhook) json["webhook"] = filter.webhook->value;
  if (filter.event) json["event"] = filter.event->value;
  if (!filter.type.empty()) json["type"] = filter.type;
  if (!filter.tenant.empty()) json["tenant"] = filter.tenant;
  if (filter.after) json["after"] = unix_ms(*filter.after);
  if (filter.before) json["before"] = unix_ms(*filter.before);
  return dump(json);
}

DeliveryFilter decode_filter(std::string_view text) {
  const Json json = Json::parse(text);
  DeliveryFilter filter;
  if (json.contains("state")) filter.state = static_cast<DeliveryState>(json["state"].get<int>());
  if (json.contains("webhook")) filter.webhook = WebhookId{json["webhook"]};
  if (json.contains("event")) filter.event = EventId{json["event"]};
  filter.type = json.value("type", "");
  filter.tenant = json.value("tenant", "");
  if (json.contains("after")) filter.after = from_unix_ms(json["after"]);
  if (json.contains("before")) filter.before = from_unix_ms(json["before"]);
  return filter;
}

std::size_t LatencyHistogram::bucket_of(milliseconds latency) {
  const auto ms = static_cast<double>(std::max<std::int64_t>(0, latency.count()));
  if (ms < 1) return 0;
  return std::min(kBuckets - 1, 1 + static_cast<std::size_t>(8 * std::log2(ms)));
}

void LatencyHistogram::merge(const LatencyHistogram& other) {
  for (std::size_t i = 0; i < kBuckets; ++i) counts_[i] += other.counts_[i];
}

bool LatencyHistogram::empty() const {
  return std::all_of(counts_.begin(), counts_.end(), [](std::uint64_t count) { return count == 0; });
}

double LatencyHistogram::percentile(double quantile) const {
  double total = 0;
  for (const std::uint64_t count : counts_) total += static_cast<double>(count);
  if (total == 0) return 0;
  double wanted = quantile * total;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    const auto count = static_cast<double>(counts_[i]);
    if (wanted <= count) {
      const double low = lower_bound_of(i);
      return low + (lower_bound_of(i + 1) - low) * wanted / std::max(1.0, count);
    }
    wanted -= count;
  }
  return lower_bound_of(kBuckets);
}

std::string LatencyHistogram::encode() const {
  std::string out;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    if (counts_[i] == 0) continue;
    out += static_cast<char>(i);
    for (unsigned shift = 0; shift < 32; shift += 8) out += static_cast<char>(counts_[i] >> shift & 0xff);
  }
  return out;
}

void LatencyHistogram::add(std::string_view encoded, int sign) {
  static_assert(kBuckets == 256, "a byte is a bucket");
  for (; encoded.size() >= 5; encoded.remove_prefix(5)) {
    std::uint64_t count = 0;
    for (unsigned i = 0; i < 4; ++i) count |= std::uint64_t{static_cast<unsigned char>(encoded[1 + i])} << 8 * i;
    auto& sum = counts_[static_cast<unsigned char>(encoded[0])];
    sum = sign > 0 ? sum + count : sum - count;
  }
}

LatencyHistogram LatencyHistogram::decode(std::string_view encoded) {
  LatencyHistogram histogram;
  histogram.add(encoded);
  return histogram;
}

}  // namespace eventrelay
