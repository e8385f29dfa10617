#include "api/people_body.h"

#include <algorithm>

#include "base/text.h"

namespace eventrelay {
namespace {

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

}  // namespace

std::string take_name(BodyReader& body, const char* name) {
  const auto faults_before = body.faults.size();
  auto text = take_required_text(body, name);
  if (body.faults.size() != faults_before) return text;
  const bool has_control = std::any_of(text.begin(), text.end(), [](char c) { return c >= 0 && c < ' '; });
  if (is_blank(text) || has_control || count_characters(text) > kNameCharsMax) {
    body.object->fault(name, "must have 1 to " + std::to_string(kNameCharsMax) + " characters, on one line");
  }
  return text;
}

std::string take_new_password(BodyReader& body, const char* name) {
  const auto faults_before = body.faults.size();
  auto text = take_required_text(body, name);
  if (body.faults.size() != faults_before) return text;
  const auto characters = count_characters(text);
  if (characters < kPasswordCharsMin || characters > kPasswordCharsMax) {
    body.object->fault(name, "must have " + std::to_string(kPasswordCharsMin) + " to " +
                                 std::to_string(kPasswordCharsMax) + " characters");
  }
  return text;
}

std::string take_email(BodyReader& body, const char* name) {
  const auto faults_before = body.faults.size();
  auto text = take_required_text(body, name);
  if (body.faults.size() != faults_before) return text;
  auto email = parse_email(text);
  if (!email) body.object->fault(name, "is no e-mail address");
  return std::move(email).value_or("");
}

std::optional<Role> take_role(BodyReader& body, const char* name) {
  return take_required_word(body, name, parse_role, "viewer, developer, admin or owner");
}

}  // namespace eventrelay
