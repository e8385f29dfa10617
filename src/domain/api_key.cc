#include "domain/api_key.h"

#include <algorithm>

namespace eventrelay {
namespace {

constexpr std::string_view kKeyPrefix = "er_";
constexpr std::size_t kKeyCharsMin = 16;
constexpr std::size_t kKeyCharsMax = 256;

}  // namespace

std::string_view to_text(Scope scope) {
  switch (scope) {
    case Scope::kAdmin:
      return "admin";
    case Scope::kPublish:
      return "publish";
    case Scope::kRead:
      return "read";
  }
  return "";
}

std::optional<Scope> parse_scope(std::string_view text) {
  if (text == "admin") return Scope::kAdmin;
  if (text == "publish") return Scope::kPublish;
  if (text == "read") return Scope::kRead;
  return std::nullopt;
}

std::string random_api_key() {
  return std::string(kKeyPrefix) + random_token();
}

bool is_acceptable_api_key(std::string_view key) {
  return key.size() >= kKeyCharsMin && key.size() <= kKeyCharsMax && key.front() != ' ' && key.back() != ' ' &&
         std::all_of(key.begin(), key.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

}  // namespace eventrelay
