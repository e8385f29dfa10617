// What people type about themselves and each other, and its rules: names, e-mail addresses, passwords, roles. One
// caller's.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "api/json_body.h"
#include "domain/people.h"

namespace eventrelay {

inline constexpr std::size_t kNameCharsMax = 128;  ///< of a person, an organization, a key
inline constexpr std::size_t kPasswordCharsMin = 12;
inline constexpr std::size_t kPasswordCharsMax = 1'000;

/// A body that is an object, or why it is none. Its members are taken from `object`; then finish().
struct BodyReader {
  /// optional: an empty body is an empty object.
  explicit BodyReader(const HttpRequest& request, bool optional = false);
  BodyReader(const BodyReader&) = delete;
  BodyReader& operator=(const BodyReader&) = delete;
  /// Also for what was not taken. After this there is a refusal, or all that was taken keeps the rules.
  void finish();

  std::optional<HttpResponse> refusal;
  std::vector<FieldError> faults;
  std::optional<JsonObject> object;  ///< none where there is a refusal
};

// Each gives what there is, also where it is a fault. REQUIRES: body.object.
std::string take_required_text(BodyReader& body, const char* name);
std::string take_name(BodyReader& body, const char* name);
std::string take_new_password(BodyReader& body, const char* name);
std::string take_email(BodyReader& body, const char* name);
std::optional<Role> take_role(BodyReader& body, const char* name);

}  // namespace eventrelay
