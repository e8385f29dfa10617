// What people type about themselves and each other, and its rules: names, e-mail addresses, passwords, roles. One
// caller's.
#pragma once
#include <optional>
#include <string>

#include "api/json_body.h"
#include "domain/people.h"

namespace eventrelay {

inline constexpr std::size_t kNameCharsMax = 128;  ///< of a person, an organization, a key
inline constexpr std::size_t kPasswordCharsMin = 12;
inline constexpr std::size_t kPasswordCharsMax = 1'000;

// Each gives what there is, also where it is a fault. REQUIRES: body.object.
std::string take_name(BodyReader& body, const char* name);
std::string take_new_password(BodyReader& body, const char* name);
std::string take_email(BodyReader& body, const char* name);
std::optional<Role> take_role(BodyReader& body, const char* name);

}  // namespace eventrelay
