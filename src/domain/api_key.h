// Keys to the API: 256 random bits, shown once, kept as a hash. Values and pure functions; any thread.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/crypto.h"
#include "base/ids.h"

namespace eventrelay {

/// admin may do everything, read may look, publish may send events.
enum class Scope : std::uint8_t { kAdmin = 0, kPublish = 1, kRead = 2 };
std::string_view to_text(Scope scope);
std::optional<Scope> parse_scope(std::string_view text);

struct ApiKey {
  ApiKeyId id;
  OrganizationId organization;
  std::string name;
  Scope scope = Scope::kAdmin;
  Sha256 hash{};
  std::string hint;  ///< the last four characters
};

/// "er_" and 43 characters of base64url.
std::string random_api_key();
/// A key that an operator brings: 16 to 256 printable ASCII characters. No space at its ends: a header's value loses
/// it.
bool is_acceptable_api_key(std::string_view key);

}  // namespace eventrelay
