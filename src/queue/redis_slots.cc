#include "queue/redis_slots.h"

#include <algorithm>
#include <charconv>

namespace eventrelay {
namespace {

/// CRC-16/XMODEM, as the cluster's specification has it.
std::uint16_t crc16(std::string_view text) {
  unsigned crc = 0;
  for (const char c : text) {
    crc ^= static_cast<unsigned>(static_cast<unsigned char>(c)) << 8;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 0x8000) ? (crc << 1) ^ 0x1021 : crc << 1;
  }
  return static_cast<std::uint16_t>(crc & 0xFFFF);
}

bool is_slot(std::int64_t value) {
  return value >= 0 && value < kRedisSlots;
}

}  // namespace

int redis_slot(std::string_view key) {
  const auto open = key.find('{');
  if (open != key.npos) {
    const auto close = key.find('}', open + 1);
    if (close != key.npos && close > open + 1) key = key.substr(open + 1, close - open - 1);
  }
  return crc16(key) % kRedisSlots;
}

std::optional<RedisSlotMap> RedisSlotMap::parse(const RedisReply& reply, const RedisEndpoint& asked) {
  if (reply.kind != RedisReply::Kind::kArray) return std::nullopt;
  RedisSlotMap map;
  for (const RedisReply& range : reply.items) {
    if (range.items.size() < 3 || range.items[2].items.size() < 2) return std::nullopt;
    const std::int64_t first = range.items[0].integer;
    const std::int64_t last = range.items[1].integer;
    const RedisReply& master = range.items[2];
    const std::int64_t port = master.items[1].integer;
    if (!is_slot(first) || !is_slot(last) || port < 1 || port > 65'535) return std::nullopt;
    RedisEndpoint endpoint{master.items[0].text, static_cast<std::uint16_t>(port)};
    if (endpoint.host.empty() || endpoint.host == "?") endpoint.host = asked.host;
    const std::uint16_t index = map.index_of(endpoint);
    for (std::int64_t slot = first; slot <= last; ++slot) map.owners_[static_cast<std::size_t>(slot)] = index;
  }
  return map;
}

std::uint16_t RedisSlotMap::index_of(const RedisEndpoint& master) {
  const auto found = std::find(masters_.begin(), masters_.end(), master);
  const auto index = found - masters_.begin();
  if (found == masters_.end()) masters_.push_back(master);
  return static_cast<std::uint16_t>(index + 1);
}

const RedisEndpoint* RedisSlotMap::master_of(int slot) const {
  const std::uint16_t owner = owners_[static_cast<std::size_t>(slot)];
  return owner == 0 ? nullptr : &masters_[owner - 1u];
}

void RedisSlotMap::move(int slot, const RedisEndpoint& to) {
  owners_[static_cast<std::size_t>(slot)] = index_of(to);
}

std::optional<RedisRedirect> parse_redirect(const RedisReply& reply, const RedisEndpoint& asked) {
  if (!reply.is_error()) return std::nullopt;
  std::string_view text = reply.text;
  RedisRedirect redirect;
  redirect.ask = text.starts_with("ASK ");
  if (!redirect.ask && !text.starts_with("MOVED ")) return std::nullopt;
  text.remove_prefix(text.find(' ') + 1);
  const auto space = text.find(' ');
  const auto colon = text.rfind(':');
  if (space == text.npos || colon == text.npos || colon < space) return std::nullopt;
  const std::string_view port = text.substr(colon + 1);
  redirect.to.port = 0;
  std::from_chars(text.data(), text.data() + space, redirect.slot);
  std::from_chars(port.data(), port.data() + port.size(), redirect.to.port);
  redirect.to.host = text.substr(space + 1, colon - space - 1);
  if (redirect.to.host.empty() || redirect.to.host == "?") redirect.to.host = asked.host;
  if (!is_slot(redirect.slot) || redirect.to.port == 0) return std::nullopt;
  return redirect;
}

}  // namespace eventrelay
