#include "api/event_body.h"

#include <algorithm>

#include "api/json_body.h"
#include "api/json_scan.h"
#include "api/problem.h"
#include "base/limits.h"
#include "base/text.h"
#include "domain/event_type.h"

namespace eventrelay {
namespace {

/// Faults of one item are told; of ten thousand not all.
constexpr std::size_t kFaultsKept = 100;

enum Seen : unsigned { kType = 1, kPayload = 2, kTenant = 4, kDeliverAt = 8, kMetadata = 16 };

/// Reads one envelope after the other and gathers what is wrong with them.
class EnvelopeReader {
 public:
  explicit EnvelopeReader(WallTime now) : now_(now) {}

  /// Reads what begins at the scanner's place. False: no valid JSON, and nothing more can be read.
  bool read(JsonScanner& scanner, const std::string& item);
  bool fail(std::string detail) {
    if (broken_.empty()) broken_ = std::move(detail);
    return false;
  }
  bool fail(const JsonScanner& scanner) {
    return fail("The body is not valid JSON at byte " + std::to_string(scanner.offset()) + where + ": " +
                std::string(scanner.fault()));
  }
  void fault(std::string path, std::string message) {
    if (faults_.size() < kFaultsKept) faults_.push_back({std::move(path), std::move(message)});
  }
  EventBody finish();

  std::vector<NewEvent> events;
  bool is_list = true;  ///< of a batch: false when it is no array at all
  std::string where;    ///< of what is being read, for messages: " of line 3"

 private:
  bool take_member(NewEvent& event, const JsonMember& member, const std::string& prefix, unsigned& seen,
                   std::vector<std::string>& unknown);
  void take_type(NewEvent& event, std::string_view value, const std::string& prefix);
  void take_tenant(NewEvent& event, std::string_view value, const std::string& prefix);
  void take_deliver_at(NewEvent& event, std::string_view value, const std::string& prefix);
  void take_metadata(NewEvent& event, std::string_view value, const std::string& prefix);

  WallTime now_;
  std::string broken_;
  std::vector<FieldError> faults_;
};

/// The text of a string's slice; nullopt where the slice is no string.
std::optional<std::string> text_of(std::string_view value) {
  if (!value.starts_with('"')) return std::nullopt;
  return unescape_json(value.substr(1, value.size() - 2));
}

bool EnvelopeReader::read(JsonScanner& scanner, const std::string& item) {
  if (scanner.peek() != '{') {
    std::string_view ignored;
    if (!scanner.value(ignored)) return fail(scanner);
    fault(item, "must be an object");
    return true;
  }
  const auto prefix = item.empty() ? item : item + ".";
  NewEvent event;
  unsigned seen = 0;
  std::vector<std::string> unknown;
  scanner.open('{');
  JsonMember member;
  for (bool more = true;;) {
    if (!scanner.next_member(member, more)) return fail(scanner);
    if (!more) break;
    if (!take_member(event, member, prefix, seen, unknown)) return false;
  }
  if ((seen & kType) == 0) fault(prefix + "type", "is missing");
  if ((seen & kPayload) == 0) fault(prefix + "payload", "is missing");
  if (faults_.empty() && events.size() < kBatchEventsMax) events.push_back(std::move(event));
  return true;
}

bool EnvelopeReader::take_member(NewEvent& event, const JsonMember& member, const std::string& prefix, unsigned& seen,
                                 std::vector<std::string>& unknown) {
  std::string unescaped;
  auto key = member.key;
  if (key.find('\\') != std::string_view::npos) {
    unescaped = unescape_json(key).value_or(std::string(key));
    key = unescaped;
  }
  const unsigned bit = key == "type"         ? kType
                       : key == "payload"    ? kPayload
                       : key == "tenant"     ? kTenant
                       : key == "deliver_at" ? kDeliverAt
                       : key == "metadata"   ? kMetadata
                                             : 0U;
  const bool repeated = bit != 0 ? (seen & bit) != 0 : std::find(unknown.begin(), unknown.end(), key) != unknown.end();
  if (repeated) return fail("The member " + prefix + std::string(key) + " is there twice.");
  seen |= bit;
  switch (bit) {
    case kType:
      take_type(event, member.value, prefix);
      break;
    case kPayload:
      event.payload = member.value;
      break;
    case kTenant:
      take_tenant(event, member.value, prefix);
      break;
    case kDeliverAt:
      take_deliver_at(event, member.value, prefix);
      break;
    case kMetadata:
      take_metadata(event, member.value, prefix);
      break;
    default:
      if (unknown.size() < kFaultsKept) unknown.emplace_back(key);
      fault(prefix + std::string(key), "is not known here");
  }
  return true;
}

void EnvelopeReader::take_type(NewEvent& event, std::string_view value, const std::string& prefix) {
  auto text = text_of(value);
  if (!text) return fault(prefix + "type", "must be a string");
  if (auto message = event_type_fault(*text); !message.empty()) return fault(prefix + "type", std::move(message));
  event.type = std::move(*text);
}

void EnvelopeReader::take_tenant(NewEvent& event, std::string_view value, const std::string& prefix) {
  if (value == "null") return;
  auto text = text_of(value);
  if (!text) return fault(prefix + "tenant", "must be a string");
  if (text->empty() || count_characters(*text) > kTenantCharsMax || text->find('\0') != std::string::npos) {
    return fault(prefix + "tenant", "must have 1 to " + std::to_string(kTenantCharsMax) + " characters");
  }
  event.tenant = std::move(*text);
}

void EnvelopeReader::take_deliver_at(NewEvent& event, std::string_view value, const std::string& prefix) {
  if (value == "null") return;
  const auto text = text_of(value);
  const auto time = text ? parse_time(*text) : std::nullopt;
  if (!time) return fault(prefix + "deliver_at", "must be an RFC 3339 time");
  if (*time > now_ + kDeliverAheadMax) return fault(prefix + "deliver_at", "must be at most 30 days ahead");
  if (*time > now_) event.deliver_at = *time;
}

void EnvelopeReader::take_metadata(NewEvent& event, std::string_view value, const std::string& prefix) {
  if (value == "null") return;
  if (!value.starts_with('{')) return fault(prefix + "metadata", "must be an object");
  if (value.size() > kMetadataBytesMax) {
    return fault(prefix + "metadata", "must have at most " + std::to_string(kMetadataBytesMax) + " bytes");
  }
  event.metadata = value;
}

EventBody EnvelopeReader::finish() {
  EventBody result;
  if (!broken_.empty()) {
    result.refusal = problem(400, "invalid_json", broken_);
  } else if (!faults_.empty()) {
    result.refusal = invalid_input(faults_);
  } else {
    result.events = std::move(events);
  }
  return result;
}

EventBody refuse(HttpResponse response) {
  EventBody result;
  result.refusal = std::move(response);
  return result;
}

EventBody refuse_encoding() {
  return refuse(problem(400, "invalid_json", "The body is not valid UTF-8."));
}

std::string item_name(std::size_t index) {
  return "[" + std::to_string(index) + "]";
}

/// Events of a batch that are larger than one event may be.
struct Oversized {
  std::vector<FieldError> items;
  void check(std::size_t index, std::size_t bytes, std::size_t bytes_max) {
    if (bytes <= bytes_max || items.size() >= kFaultsKept) return;
    items.push_back({item_name(index), "must have at most " + std::to_string(bytes_max) + " bytes"});
  }
};

bool read_array(EnvelopeReader& reader, std::string_view body, std::size_t event_bytes_max, std::size_t& count,
                Oversized& oversized) {
  JsonScanner scanner(body, kJsonDepthMax + 1);  // the array around the items is not counted
  if (scanner.peek() != '[') {
    std::string_view ignored;
    if (!scanner.value(ignored) || !scanner.finish()) return reader.fail(scanner);
    reader.fault("", "must be an array");
    reader.is_list = false;
    return true;
  }
  scanner.open('[');
  for (bool more = true;; ++count) {
    if (!scanner.next_element(more)) return reader.fail(scanner);
    if (!more) break;
    scanner.peek();  // past the spacing
    const auto from = scanner.offset();
    if (!reader.read(scanner, item_name(count))) return false;
    oversized.check(count, scanner.offset() - from, event_bytes_max);
  }
  return scanner.finish() || reader.fail(scanner);
}

bool read_lines(EnvelopeReader& reader, std::string_view body, std::size_t event_bytes_max, std::size_t& count,
                Oversized& oversized) {
  std::size_t line_number = 0;
  while (!body.empty()) {
    const auto end = std::min(body.find('\n'), body.size());
    const auto line = body.substr(0, end);
    body.remove_prefix(std::min(end + 1, body.size()));
    ++line_number;
    JsonScanner scanner(line, kJsonDepthMax);
    scanner.peek();
    if (scanner.offset() == line.size()) continue;  // nothing but spacing
    oversized.check(count, line.size(), event_bytes_max);
    reader.where = " of line " + std::to_string(line_number);
    if (!reader.read(scanner, item_name(count))) return false;
    if (!scanner.finish()) return reader.fail(scanner);
    ++count;
  }
  return true;
}

}  // namespace

EventBody read_event(std::string_view body, WallTime now) {
  if (!is_valid_utf8(body)) return refuse_encoding();
  EnvelopeReader reader(now);
  JsonScanner scanner(body, kJsonDepthMax);
  if (reader.read(scanner, "") && !scanner.finish()) reader.fail(scanner);
  return reader.finish();
}

EventBody read_batch(std::string_view body, BatchFormat format, std::size_t event_bytes_max, WallTime now) {
  if (!is_valid_utf8(body)) return refuse_encoding();
  EnvelopeReader reader(now);
  Oversized oversized;
  std::size_t count = 0;
  const bool read = format == BatchFormat::kArray ? read_array(reader, body, event_bytes_max, count, oversized)
                                                  : read_lines(reader, body, event_bytes_max, count, oversized);
  if (read && reader.is_list && (count == 0 || count > kBatchEventsMax)) {
    reader.fault("", "must have 1 to " + std::to_string(kBatchEventsMax) + " events");
  }
  auto result = reader.finish();
  if (!result.refusal && !oversized.items.empty()) {
    return refuse(problem(413, "event_too_large", "An event of the batch is too large.", oversized.items));
  }
  return result;
}

TestBody read_test(std::string_view body) {
  TestBody test;
  auto parsed = parse_object(body, true);
  if (parsed.refusal) {
    test.refusal = std::move(parsed.refusal);
    return test;
  }
  std::vector<FieldError> faults;
  JsonObject object(std::move(parsed.value), "", faults);
  const bool is_given = object.take("payload").has_value();
  object.finish();
  if (!faults.empty()) test.refusal = invalid_input(faults);
  if (!faults.empty() || !is_given) return test;
  // It is the only member.
  JsonScanner scanner(body, kJsonDepthMax);
  JsonMember member;
  bool more = false;
  if (scanner.open('{') && scanner.next_member(member, more) && more) test.payload = member.value;
  return test;
}

}  // namespace eventrelay
