#include "domain/http_date.h"

#include <array>

namespace eventrelay {
namespace {

constexpr std::array<std::string_view, 7> kDays{"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                "Friday", "Saturday", "Sunday"};
constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

struct Fields {
  int year = 0;
  int month = 0;
  int day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
};

/// Takes what it reads off the front of the text.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool skip(std::string_view literal) {
    if (!text_.starts_with(literal)) return false;
    text_.remove_prefix(literal.size());
    return true;
  }
  bool number(std::size_t digits, int& value) {
    if (text_.size() < digits) return false;
    value = 0;
    for (char c : text_.substr(0, digits)) {
      if (c < '0' || c > '9') return false;
      value = value * 10 + (c - '0');
    }
    text_.remove_prefix(digits);
    return true;
  }
  bool month(int& value) {
    for (std::size_t i = 0; i < kMonths.size(); ++i) {
      if (!skip(kMonths[i])) continue;
      value = static_cast<int>(i) + 1;
      return true;
    }
    return false;
  }
  bool clock(Fields& f) {
    return number(2, f.hour) && skip(":") && number(2, f.minute) && skip(":") && number(2, f.second);
  }
  /// "06" or, as asctime writes it, " 6".
  bool padded_day(int& value) { return skip(" ") ? number(1, value) : number(2, value); }
  bool at_end() const { return text_.empty(); }

 private:
  std::string_view text_;
};

bool read_imf_fixdate(Reader in, Fields& f) {
  return in.skip(", ") && in.number(2, f.day) && in.skip(" ") && in.month(f.month) && in.skip(" ") &&
         in.number(4, f.year) && in.skip(" ") && in.clock(f) && in.skip(" GMT") && in.at_end();
}

bool read_rfc850(Reader in, Fields& f, WallTime now) {
  bool ok = in.skip(", ") && in.number(2, f.day) && in.skip("-") && in.month(f.month) && in.skip("-") &&
            in.number(2, f.year) && in.skip(" ") && in.clock(f) && in.skip(" GMT") && in.at_end();
  if (!ok) return false;
  int this_year = static_cast<int>(std::chrono::year_month_day{std::chrono::floor<std::chrono::days>(now)}.year());
  f.year += this_year - this_year % 100 + 100;
  while (f.year > this_year + 50) f.year -= 100;
  return true;
}

bool read_asctime(Reader in, Fields& f) {
  return in.skip(" ") && in.month(f.month) && in.skip(" ") && in.padded_day(f.day) && in.skip(" ") && in.clock(f) &&
         in.skip(" ") && in.number(4, f.year) && in.at_end();
}

std::optional<WallTime> to_time(const Fields& f) {
  std::chrono::year_month_day date{std::chrono::year{f.year}, std::chrono::month{static_cast<unsigned>(f.month)},
                                   std::chrono::day{static_cast<unsigned>(f.day)}};
  if (!date.ok() || f.hour > 23 || f.minute > 59 || f.second > 60) return std::nullopt;
  return std::chrono::sys_days{date} + std::chrono::hours{f.hour} + std::chrono::minutes{f.minute} +
         std::chrono::seconds{f.second};
}

}  // namespace

std::optional<WallTime> parse_http_date(std::string_view text, WallTime now) {
  for (std::string_view day : kDays) {
    if (!text.starts_with(day.substr(0, 3))) continue;
    Reader after_short(text.substr(3));
    Fields fields;
    bool ok = read_imf_fixdate(after_short, fields) || read_asctime(after_short, fields) ||
              (text.starts_with(day) && read_rfc850(Reader(text.substr(day.size())), fields, now));
    return ok ? to_time(fields) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace eventrelay
