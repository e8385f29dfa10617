// What happened in a run, in order: a hash of all of it, and its last lines in words.
#pragma once
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/manual_loop.h"

namespace eventrelay {

class Trace {
 public:
  explicit Trace(const VirtualTime& time) : time_(time) {}

  /// what: a literal.
  void note(std::string_view what, std::int64_t a = 0, std::int64_t b = 0, std::int64_t c = 0);
  std::uint64_t hash() const { return hash_; }
  std::uint64_t length() const { return length_; }
  std::vector<std::string> last_lines() const;
  /// How many of the last lines are remembered.
  void keep(std::size_t lines) { kept_ = lines; }

 private:
  struct Line {
    SteadyTime at{};
    std::string_view what;
    std::int64_t numbers[3]{};
  };
  void mix(std::uint64_t more);

  const VirtualTime& time_;
  std::deque<Line> lines_;
  std::size_t kept_ = 60;
  std::uint64_t hash_ = 0xcbf29ce484222325ull;
  std::uint64_t length_ = 0;
};

}  // namespace eventrelay
