#include "base/time.h"

#include <cassert>

namespace eventrelay {
namespace {

using std::chrono::days;
using std::chrono::sys_days;

constexpr std::int64_t kSecondsPerDay = 86'400;
constexpr WallTime kFirstTime{sys_days{std::chrono::year{0} / 1 / 1}};
constexpr WallTime kEndTime{sys_days{std::chrono::year{10'000} / 1 / 1}};

char* put_digits(char* out, unsigned value, int count) {
  for (int i = count - 1; i >= 0; --i) {
    out[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
  return out + count;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Takes what it reads off the front of the text; after the first fault it stays at fault.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  int digits(std::size_t count) {
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (text_.empty() || !is_digit(text_.front())) return fail();
      value = value * 10 + (take() - '0');
    }
    return value;
  }
  void expect(char c, char other) {
    if (!text_.empty() && (text_.front() == c || text_.front() == other)) {
      text_.remove_prefix(1);
    } else {
      fail();
    }
  }
  bool skip(char c) {
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  /// 1 to 9 digits; what is finer than a millisecond is cut off.
  int fraction_ms() {
    int value = 0;
    std::size_t count = 0;
    for (; !text_.empty() && is_digit(text_.front()); ++count) {
      int digit = take() - '0';
      if (count < 3) value = value * 10 + digit;
    }
    if (count == 0 || count > 9) return fail();
    for (; count < 3; ++count) value *= 10;
    return value;
  }
  /// "Z" or "+hh:mm" or "-hh:mm", in seconds.
  int offset_s() {
    if (skip('Z') || skip('z')) return 0;
    bool west = skip('-');
    if (!west) expect('+', '+');
    int hours = digits(2);
    expect(':', ':');
    int minutes = digits(2);
    if (hours > 23 || minutes > 59) return fail();
    int seconds = hours * 3'600 + minutes * 60;
    return west ? -seconds : seconds;
  }
  bool all_read() const { return ok_ && text_.empty(); }

 private:
  char take() {
    char c = text_.front();
    text_.remove_prefix(1);
    return c;
  }
  int fail() {
    ok_ = false;
    return 0;
  }

  std::string_view text_;
  bool ok_ = true;
};

}  // namespace

std::string format_time(WallTime time) {
  assert(time >= kFirstTime && time < kEndTime);
  auto day = std::chrono::floor<days>(time);
  std::chrono::year_month_day date{day};
  auto ms = static_cast<unsigned>((time - day).count());
  char text[24];
  char* out = put_digits(text, static_cast<unsigned>(static_cast<int>(date.year())), 4);
  *out++ = '-';
  out = put_digits(out, static_cast<unsigned>(date.month()), 2);
  *out++ = '-';
  out = put_digits(out, static_cast<unsigned>(date.day()), 2);
  *out++ = 'T';
  out = put_digits(out, ms / 3'600'000, 2);
  *out++ = ':';
  out = put_digits(out, ms / 60'000 % 60, 2);
  *out++ = ':';
  out = put_digits(out, ms / 1'000 % 60, 2);
  *out++ = '.';
  out = put_digits(out, ms % 1'000, 3);
  *out++ = 'Z';
  return {text, out};
}

std::optional<WallTime> parse_time(std::string_view text) {
  Reader reader(text);
  int year = reader.digits(4);
  reader.expect('-', '-');
  int month = reader.digits(2);
  reader.expect('-', '-');
  int day = reader.digits(2);
  reader.expect('T', 't');
  int hour = reader.digits(2);
  reader.expect(':', ':');
  int minute = reader.digits(2);
  reader.expect(':', ':');
  int second = reader.digits(2);
  int ms = reader.skip('.') ? reader.fraction_ms() : 0;
  int offset = reader.offset_s();
  if (!reader.all_read() || hour > 23 || minute > 59 || second > 60) return std::nullopt;

  std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                                   std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok()) return std::nullopt;
  std::chrono::sys_seconds whole{sys_days{date} + std::chrono::seconds{hour * 3'600 + minute * 60 + second - offset}};
  // A leap second is the last of a UTC day; it counts as the first of the next.
  if (second == 60 && whole.time_since_epoch().count() % kSecondsPerDay != 0) return std::nullopt;
  WallTime time = whole + milliseconds{ms};
  if (time < kFirstTime || time >= kEndTime) return std::nullopt;
  return time;
}

}  // namespace eventrelay
