#include "tests/sim/trace.h"

namespace eventrelay {

void Trace::mix(std::uint64_t more) {
  for (int i = 0; i < 8; ++i, more >>= 8) hash_ = (hash_ ^ (more & 0xff)) * 0x100000001b3ull;
}

void Trace::note(std::string_view what, std::int64_t a, std::int64_t b, std::int64_t c) {
  length_ += 1;
  for (const char letter : what) hash_ = (hash_ ^ static_cast<unsigned char>(letter)) * 0x100000001b3ull;
  mix(static_cast<std::uint64_t>(time_.now().time_since_epoch().count()));
  for (const std::int64_t number : {a, b, c}) mix(static_cast<std::uint64_t>(number));
  lines_.push_back({time_.now(), what, {a, b, c}});
  if (lines_.size() > kept_) lines_.pop_front();
}

std::vector<std::string> Trace::last_lines() const {
  std::vector<std::string> texts;
  for (const Line& line : lines_) {
    std::string text = std::to_string(line.at.time_since_epoch().count()) + "us " + std::string(line.what);
    for (const std::int64_t number : line.numbers) text += " " + std::to_string(number);
    texts.push_back(std::move(text));
  }
  return texts;
}

}  // namespace eventrelay
