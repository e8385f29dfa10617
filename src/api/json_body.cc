#include "api/json_body.h"

#include <algorithm>
#include <set>

#include "api/json_scan.h"
#include "api/problem.h"
#include "base/limits.h"
#include "domain/header_rules.h"

namespace eventrelay {
namespace {

using Json = nlohmann::json;

ParsedObject refused(HttpResponse response) {
  return {nullptr, std::move(response)};
}

/// Parses; `repeated` becomes the first name that an object has twice.
Json parse_noting_repeats(std::string_view body, std::optional<std::string>& repeated) {
  std::vector<std::set<std::string>> names;
  const auto note = [&](int, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::object_start) names.emplace_back();
    if (event == Json::parse_event_t::object_end) names.pop_back();
    if (event == Json::parse_event_t::key && !names.back().insert(parsed.get<std::string>()).second && !repeated) {
      repeated = parsed.get<std::string>();
    }
    return true;
  };
  return Json::parse(body, note, false);
}

HttpResponse unsupported(std::string_view detail) {
  return problem(415, "", detail);
}

}  // namespace

ParsedObject parse_object(std::string_view body, bool optional) {
  if (optional && body.empty()) return {Json::object(), std::nullopt};
  if (!is_valid_utf8(body)) return refused(problem(400, "invalid_json", "The body is not valid UTF-8."));
  JsonScanner scanner(body, kJsonDepthMax);
  std::string_view ignored;
  if (!scanner.value(ignored) || !scanner.finish()) {
    return refused(problem(400, "invalid_json",
                           "The body is not valid JSON at byte " + std::to_string(scanner.offset()) + ": " +
                               std::string(scanner.fault())));
  }
  std::optional<std::string> repeated;
  auto value = parse_noting_repeats(body, repeated);
  if (repeated) return refused(problem(400, "invalid_json", "The member " + *repeated + " is there twice."));
  if (value.is_discarded()) {
    return refused(problem(400, "invalid_json", "The body has a number or an escape that cannot be read."));
  }
  if (!value.is_object()) return refused(invalid_input({{"", "must be an object"}}));
  return {std::move(value), std::nullopt};
}

std::optional<Json> JsonObject::take(const char* name) {
  const auto found = value_.find(name);
  if (found == value_.end()) return std::nullopt;
  Json member = std::move(*found);
  value_.erase(found);
  return member;
}

std::optional<std::string> JsonObject::take_text(const char* name) {
  const auto member = take(name);
  if (!member) return std::nullopt;
  if (!member->is_string()) {
    fault(name, "must be a string");
    return std::nullopt;
  }
  auto text = member->get<std::string>();
  if (text.find('\0') != std::string::npos) fault(name, "must not hold a NUL");
  return text;
}

std::optional<std::string> JsonObject::take_text_or_null(const char* name) {
  if (has(name) && value_[name].is_null()) {
    value_.erase(name);
    return std::string();
  }
  return take_text(name);
}

std::optional<bool> JsonObject::take_bool(const char* name) {
  const auto member = take(name);
  if (!member) return std::nullopt;
  if (!member->is_boolean()) {
    fault(name, "must be true or false");
    return std::nullopt;
  }
  return member->get<bool>();
}

std::optional<std::int64_t> JsonObject::take_integer(const char* name, std::int64_t least, std::int64_t most) {
  const auto member = take(name);
  if (!member) return std::nullopt;
  const bool fits =
      member->is_number_integer() &&
      (!member->is_number_unsigned() || member->get<std::uint64_t>() <= static_cast<std::uint64_t>(most)) &&
      member->get<std::int64_t>() >= least && member->get<std::int64_t>() <= most;
  if (!fits) {
    fault(name, "must be a whole number from " + std::to_string(least) + " to " + std::to_string(most));
    return std::nullopt;
  }
  return member->get<std::int64_t>();
}

std::optional<double> JsonObject::take_number(const char* name) {
  const auto member = take(name);
  if (!member) return std::nullopt;
  if (!member->is_number()) {
    fault(name, "must be a number");
    return std::nullopt;
  }
  return member->get<double>();
}

std::optional<std::vector<std::string>> JsonObject::take_texts(const char* name) {
  const auto member = take(name);
  if (!member) return std::nullopt;
  if (!member->is_array()) {
    fault(name, "must be an array of strings");
    return std::nullopt;
  }
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < member->size(); ++i) {
    if ((*member)[i].is_string()) {
      texts.push_back((*member)[i].get<std::string>());
    } else {
      fault(name + ("[" + std::to_string(i) + "]"), "must be a string");
      texts.emplace_back();
    }
  }
  return texts;
}

void JsonObject::finish() {
  for (const auto& [name, value] : value_.items()) fault(name, "is not known here");
}

std::string media_type(const HttpRequest& request) {
  const auto header = request.header("content-type");
  std::string type(header.substr(0, std::min(header.find(';'), header.size())));
  while (!type.empty() && (type.back() == ' ' || type.back() == '\t')) type.pop_back();
  std::transform(type.begin(), type.end(), type.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return type;
}

std::optional<HttpResponse> encoding_refusal(const HttpRequest& request) {
  const auto encoding = request.header("content-encoding");
  if (encoding.empty() || equal_ignoring_case(encoding, "identity")) return std::nullopt;
  return unsupported("Compressed bodies are not supported: send it as it is.");
}

std::optional<HttpResponse> media_type_refusal(const HttpRequest& request) {
  if (auto refusal = encoding_refusal(request)) return refusal;
  const auto type = media_type(request);
  if (type.empty() || type == "application/json") return std::nullopt;
  return unsupported("The body must be application/json.");
}

BodyReader::BodyReader(const HttpRequest& request, bool optional) {
  if ((refusal = media_type_refusal(request))) return;
  auto parsed = parse_object(request.body, optional);
  if ((refusal = std::move(parsed.refusal))) return;
  object.emplace(std::move(parsed.value), "", faults);
}

void BodyReader::finish() {
  if (refusal) return;
  object->finish();
  if (!faults.empty()) refusal = invalid_input(faults);
}

std::string take_required_text(BodyReader& body, const char* name) {
  const bool is_there = body.object->has(name);
  auto text = body.object->take_text(name);
  if (!is_there) body.object->fault(name, "is missing");
  return std::move(text).value_or("");
}

}  // namespace eventrelay
