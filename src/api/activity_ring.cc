#include "api/activity_ring.h"

#include <algorithm>
#include <cassert>
#include <charconv>

namespace eventrelay {

namespace {

/// "…-…" of a record that only says which reader was dropped.
std::optional<std::pair<std::int64_t, std::int64_t>> parse_range(std::string_view text) {
  const auto dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  std::pair<std::int64_t, std::int64_t> range;
  const auto whole = [](std::string_view digits, std::int64_t& value, int base) {
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
    return error == std::errc() && end == digits.data() + digits.size() && value >= 0 && !digits.starts_with('-');
  };
  if (!whole(text.substr(0, dash), range.first, 16) || !whole(text.substr(dash + 1), range.second, 16))
    return std::nullopt;
  return range;
}

void append_hex(std::string& out, std::int64_t value) {
  char digits[16];
  const auto end = std::to_chars(digits, digits + sizeof digits, value, 16).ptr;
  out.append(digits, end);
}

}  // namespace

std::string id_of(ActivityPlace place) {
  std::string id;
  append_hex(id, place.epoch);
  id += '-';
  append_hex(id, place.number);
  return id;
}

std::optional<ActivityPlace> parse_place(std::string_view text) {
  const auto pair = parse_range(text);
  if (!pair) return std::nullopt;
  return ActivityPlace{pair->first, pair->second};
}

std::string stream_text(ActivityPlace place, std::string_view kind, std::string_view data) {
  assert(data.starts_with('{') && data.find('\n') == std::string_view::npos);
  const std::string id = id_of(place);
  std::string text;
  text.reserve(2 * id.size() + kind.size() + data.size() + 40);
  text.append("id: ").append(id).append("\nevent: ").append(kind);
  text.append("\ndata: {\"id\":\"").append(id).append("\"");
  if (data != "{}") text += ',';
  text.append(data.substr(1)).append("\n\n");
  return text;
}

void ActivityRing::begin(ActivityPlace last) {
  entries_.clear();
  dropped_.clear();
  last_ = last;
  begin_ = end_ = 0;
}

void ActivityRing::append(const ActivityBatch& batch, SteadyTime now) {
  const auto count = static_cast<std::int64_t>(batch.records.size());
  if (batch.first.epoch == last_.epoch && batch.first.number + count <= last_.number + 1) return;
  if (batch.first != ActivityPlace{last_.epoch, last_.number + 1}) begin({batch.first.epoch, batch.first.number - 1});
  const SteadyTime at = now - batch.age;
  for (const ActivityRecord& record : batch.records) {
    last_.number += 1;
    Entry entry;
    entry.at = at;
    if (record.kind == kDroppedKind) {
      if (const auto range = parse_range(record.data)) add_dropped({range->first, range->second, at});
    } else {
      entry.text = stream_text(last_, record.kind, record.data);
    }
    end_ += entry.text.size();
    entry.end = end_;
    entries_.push_back(std::move(entry));
  }
}

void ActivityRing::drop_first() {
  begin_ = entries_.front().end;
  entries_.pop_front();
}

void ActivityRing::trim(SteadyTime now) {
  while (!entries_.empty() && (entries_.size() > kActivityRecordsKept || entries_.front().at + kActivityKept < now))
    drop_first();
  std::erase_if(dropped_, [&](const DroppedReader& reader) { return reader.at + kActivityKept < now; });
}

void ActivityRing::halve() {
  for (std::size_t left = (entries_.size() + 1) / 2; left > 0; --left) drop_first();
}

bool ActivityRing::has_all_after(ActivityPlace place) const {
  return place.epoch == last_.epoch && place.number <= last_.number && place.number + 1 >= first();
}

bool ActivityRing::was_dropped_at(ActivityPlace place) const {
  return place.epoch == last_.epoch && std::any_of(dropped_.begin(), dropped_.end(), [&](const auto& reader) {
           return reader.from <= place.number && place.number <= reader.to;
         });
}

std::size_t ActivityRing::offset_after(ActivityPlace place) const {
  assert(has_all_after(place));
  if (place.number + 1 == first()) return begin_;
  return entries_[static_cast<std::size_t>(place.number - first())].end;
}

const std::string* ActivityRing::next(ActivityPlace place) const {
  assert(has_all_after(place));
  const auto index = static_cast<std::size_t>(place.number + 1 - first());
  return index < entries_.size() ? &entries_[index].text : nullptr;
}

std::string ActivityRing::range_text(std::int64_t from, std::int64_t to) {
  std::string text;
  append_hex(text, from);
  text += '-';
  append_hex(text, to);
  return text;
}

}  // namespace eventrelay
