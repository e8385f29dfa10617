// Chance from a seed, the same on every machine.
#pragma once
#include <cassert>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace eventrelay {

class Chance {
 public:
  explicit Chance(std::uint64_t seed) : state_(seed) {}

  std::uint64_t bits() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ull);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
  }
  /// least..most, both included.
  std::int64_t between(std::int64_t least, std::int64_t most) {
    assert(least <= most);
    return least + static_cast<std::int64_t>(bits() % static_cast<std::uint64_t>(most - least + 1));
  }
  std::size_t below(std::size_t count) { return static_cast<std::size_t>(bits() % count); }
  bool percent(int chance) { return between(0, 99) < chance; }
  bool one_in(int count) { return between(1, count) == 1; }
  std::chrono::microseconds us(std::int64_t least, std::int64_t most) {
    return std::chrono::microseconds(between(least, most));
  }
  milliseconds ms(std::int64_t least, std::int64_t most) { return milliseconds(between(least, most)); }

 private:
  std::uint64_t state_;
};

}  // namespace eventrelay
