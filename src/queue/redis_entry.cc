#include "queue/redis_entry.h"

#include <limits>
#include <optional>
#include <unordered_map>

namespace eventrelay {
namespace {

constexpr std::uint8_t kFormat = 1;
constexpr std::uint8_t kFlagGap = 1;
constexpr std::size_t kHeadBytes = 1 + 8;
constexpr std::size_t kPendingBytesTypical = 48;
constexpr std::size_t kMessageHeadBytes = 32;  ///< its event, its lengths

// Flags of a pending delivery.
constexpr std::uint64_t kManual = 1;
constexpr std::uint64_t kHasMessage = 2;   ///< its place among the messages follows
constexpr std::uint64_t kOtherCommit = 4;  ///< not the entry's: its own follows
constexpr std::uint64_t kIsTest = 8;

class Writer {
 public:
  void byte(std::uint8_t value) { bytes_.push_back(static_cast<char>(value)); }
  void fixed64(std::uint64_t value) {
    for (int shift = 0; shift < 64; shift += 8) byte(static_cast<std::uint8_t>(value >> shift));
  }
  void number(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) byte(static_cast<std::uint8_t>(value | 0x80));
    byte(static_cast<std::uint8_t>(value));
  }
  void folded(std::int64_t value) {
    number((static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63));
  }
  template <IdPrefix prefix>
  void id(Id<prefix> value) {
    number(static_cast<std::uint64_t>(value.value));
  }
  void time(WallTime value) { folded(unix_ms(value)); }
  void text(std::string_view value) {
    number(value.size());
    bytes_.append(value);
  }
  std::size_t size() const { return bytes_.size(); }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

/// Every read says whether there was something to read; after the first that did not, none does.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}
  bool byte(std::uint8_t& value) {
    if (rest_.empty()) return false;
    value = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return true;
  }
  bool fixed64(std::uint64_t& value) {
    value = 0;
    for (int shift = 0; shift < 64; shift += 8) {
      std::uint8_t next = 0;
      if (!byte(next)) return false;
      value |= static_cast<std::uint64_t>(next) << shift;
    }
    return true;
  }
  bool number(std::uint64_t& value) {
    value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      std::uint8_t next = 0;
      if (!byte(next)) return false;
      if (shift == 63 && next > 1) return false;  // more than 64 bits
      value |= static_cast<std::uint64_t>(next & 0x7F) << shift;
      if (next < 0x80) return true;
    }
    return false;
  }
  bool number32(std::uint32_t& value) {
    std::uint64_t wide = 0;
    if (!number(wide) || wide > std::numeric_limits<std::uint32_t>::max()) return false;
    value = static_cast<std::uint32_t>(wide);
    return true;
  }
  template <IdPrefix prefix>
  bool id(Id<prefix>& id) {
    std::uint64_t wide = 0;
    if (!number(wide) || wide == 0 || wide > std::numeric_limits<std::int64_t>::max()) return false;
    id.value = static_cast<std::int64_t>(wide);
    return true;
  }
  bool time(WallTime& time) {
    std::uint64_t folded = 0;
    if (!number(folded)) return false;
    time = from_unix_ms(static_cast<std::int64_t>((folded >> 1) ^ (~(folded & 1) + 1)));
    return true;
  }
  bool text(std::string_view& text) {
    std::uint64_t size = 0;
    if (!number(size) || size > rest_.size()) return false;
    text = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return true;
  }
  /// A list's length; each item takes a byte at least, so that a false one makes nobody reserve more than there is.
  bool count(std::uint64_t& value) { return number(value) && value <= rest_.size(); }
  bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

/// The messages that go along, and their places.
struct Inlined {
  std::vector<const Message*> messages;
  std::unordered_map<const Message*, std::size_t> places;
};

Inlined choose_messages(const News& news) {
  Inlined chosen;
  std::size_t bytes = kHeadBytes + kPendingBytesTypical * news.pending.size();
  for (const PendingDelivery& delivery : news.pending) {
    const Message* message = delivery.message.get();
    if (!message || message->body.size() > kInlineBodyBytesMax || chosen.places.contains(message)) continue;
    const std::size_t more = message->body.size() + kMessageHeadBytes;
    if (bytes + more > kEntryBytesMax) continue;
    bytes += more;
    chosen.places.emplace(message, chosen.messages.size());
    chosen.messages.push_back(message);
  }
  return chosen;
}

void write_pending(Writer& out, const PendingDelivery& delivery, std::uint64_t commit, const Inlined& inlined) {
  const auto place = inlined.places.find(delivery.message.get());
  const bool has_message = delivery.message && place != inlined.places.end();
  out.number((delivery.manual ? kManual : 0) | (has_message ? kHasMessage : 0) |
             (delivery.commit != commit ? kOtherCommit : 0) | (delivery.is_test ? kIsTest : 0));
  out.id(delivery.id);
  out.id(delivery.organization);
  out.id(delivery.webhook);
  out.id(delivery.event);
  out.time(delivery.sort_at);
  out.time(delivery.due);
  out.time(delivery.first_due);
  out.number(delivery.attempts);
  out.number(delivery.position);
  if (has_message) out.number(place->second);
  if (delivery.commit != commit) out.number(delivery.commit);
}

bool read_pending(Reader& in, PendingDelivery& delivery, std::uint64_t commit,
                  const std::vector<MessagePtr>& messages) {
  std::uint64_t flags = 0;
  if (!(in.number(flags) && in.id(delivery.id) && in.id(delivery.organization) && in.id(delivery.webhook) &&
        in.id(delivery.event) && in.time(delivery.sort_at) && in.time(delivery.due) && in.time(delivery.first_due) &&
        in.number32(delivery.attempts) && in.number32(delivery.position)))
    return false;
  delivery.manual = (flags & kManual) != 0;
  delivery.is_test = (flags & kIsTest) != 0;
  delivery.commit = commit;
  if (flags & kHasMessage) {
    std::uint64_t place = 0;
    if (!in.number(place) || place >= messages.size()) return false;
    delivery.message = messages[place];
    if (delivery.message->event != delivery.event) return false;
  }
  return !(flags & kOtherCommit) || in.number(delivery.commit);
}

void begin(Writer& out, const News& news, std::uint8_t flags) {
  out.byte(kFormat);
  out.fixed64(news.commit);
  out.byte(flags);
  out.time(news.at);
}

std::string encode_with(const News& news, const Inlined& inlined) {
  Writer out;
  begin(out, news, 0);
  out.number(inlined.messages.size());
  for (const Message* message : inlined.messages) {
    out.id(message->event);
    out.text(message->body);
  }
  out.number(news.pending.size());
  for (const PendingDelivery& delivery : news.pending) write_pending(out, delivery, news.commit, inlined);
  out.number(news.cancelled.size());
  for (const DeliveryRef& delivery : news.cancelled) {
    out.id(delivery.webhook);
    out.id(delivery.id);
  }
  out.number(news.jobs.size());
  for (const JobId job : news.jobs) out.id(job);
  out.number(news.catalog.size());
  for (const CatalogMark& mark : news.catalog) {
    out.id(mark.organization);
    out.number(mark.version);
  }
  return out.take();
}

bool read_messages(Reader& in, std::vector<MessagePtr>& messages) {
  std::uint64_t count = 0;
  if (!in.count(count)) return false;
  for (; count > 0; --count) {
    auto message = std::make_shared<Message>();
    std::string_view body;
    if (!in.id(message->event) || !in.text(body)) return false;
    message->id = to_text(message->event);
    message->body = body;
    messages.push_back(std::move(message));
  }
  return true;
}

bool read_lists(Reader& in, int partition, News& news) {
  std::vector<MessagePtr> messages;
  std::uint64_t count = 0;
  if (!read_messages(in, messages) || !in.count(count)) return false;
  for (; count > 0; --count) {
    PendingDelivery& delivery = news.pending.emplace_back();
    if (!read_pending(in, delivery, news.commit, messages) || partition_of(delivery.webhook) != partition) return false;
  }
  if (!in.count(count)) return false;
  for (; count > 0; --count) {
    DeliveryRef& delivery = news.cancelled.emplace_back();
    if (!in.id(delivery.webhook) || !in.id(delivery.id) || partition_of(delivery.webhook) != partition) return false;
  }
  if (!in.count(count)) return false;
  for (; count > 0; --count) {
    if (!in.id(news.jobs.emplace_back())) return false;
  }
  if (!in.count(count)) return false;
  for (; count > 0; --count) {
    CatalogMark& mark = news.catalog.emplace_back();
    if (!in.id(mark.organization) || !in.number(mark.version)) return false;
  }
  return in.at_end();
}

}  // namespace

std::string encode_entry(const News& news) {
  std::string bytes = encode_with(news, choose_messages(news));
  if (bytes.size() <= kEntryBytesMax) return bytes;
  bytes = encode_with(news, {});
  if (bytes.size() <= kEntryBytesMax) return bytes;
  Writer gap;
  begin(gap, news, kFlagGap);
  return gap.take();
}

Arrival decode_entry(int partition, std::string_view bytes) {
  Arrival gap;
  gap.partition = partition;
  gap.is_gap = true;
  Reader in(bytes);
  std::uint8_t format = 0;
  std::uint8_t flags = 0;
  if (!in.byte(format) || !in.fixed64(gap.news.commit)) return gap;
  if (format != kFormat || !in.byte(flags) || (flags & kFlagGap)) return gap;
  Arrival arrival;
  arrival.partition = partition;
  arrival.news.commit = gap.news.commit;
  if (!in.time(arrival.news.at) || !read_lists(in, partition, arrival.news)) return gap;
  return arrival;
}

}  // namespace eventrelay
