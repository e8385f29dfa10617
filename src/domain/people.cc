#include "domain/people.h"

#include <algorithm>
#include <array>

#include "base/limits.h"

namespace eventrelay {
namespace {

constexpr std::array<std::string_view, 4> kRoleWords{"viewer", "developer", "admin", "owner"};

}  // namespace

std::string_view to_text(Role role) {
  return kRoleWords[static_cast<std::size_t>(role)];
}

std::optional<Role> parse_role(std::string_view text) {
  const auto* const word = std::find(kRoleWords.begin(), kRoleWords.end(), text);
  if (word == kRoleWords.end()) return std::nullopt;
  return static_cast<Role>(word - kRoleWords.begin());
}

bool may_set_role(Role by, std::optional<Role> from, std::optional<Role> to) {
  return by == Role::kOwner || (from != Role::kOwner && to != Role::kOwner);
}

std::optional<std::string> parse_email(std::string_view text) {
  const auto at = text.find('@');
  if (text.size() > kEmailCharsMax || at == 0 || at == std::string_view::npos || at + 1 == text.size() ||
      text.find('@', at + 1) != std::string_view::npos)
    return std::nullopt;
  std::string email(text);
  for (char& c : email) {
    if (c <= ' ' || c > '~') return std::nullopt;
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return email;
}

}  // namespace eventrelay
