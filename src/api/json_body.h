// Small JSON bodies: of webhooks, keys, replays, bulk actions. Reads them into nlohmann's values and takes members out
// by name and type; what is wrong or unknown is a fault with its path. One caller's.
#pragma once
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/http_types.h"

namespace eventrelay {

/// A JSON object whose members are taken out one by one; a member that is null counts as absent only where said.
class JsonObject {
 public:
  /// prefix: of the paths of faults, "retry.".
  JsonObject(nlohmann::json value, std::string prefix, std::vector<FieldError>& faults)
      : value_(std::move(value)), prefix_(std::move(prefix)), faults_(&faults) {}

  bool has(const char* name) const { return value_.contains(name); }
  std::optional<nlohmann::json> take(const char* name);
  std::optional<std::string> take_text(const char* name);
  /// As take_text; null gives an empty text.
  std::optional<std::string> take_text_or_null(const char* name);
  std::optional<bool> take_bool(const char* name);
  /// A whole number from least to most.
  std::optional<std::int64_t> take_integer(const char* name, std::int64_t least, std::int64_t most);
  std::optional<double> take_number(const char* name);
  std::optional<std::vector<std::string>> take_texts(const char* name);
  void fault(const std::string& name, std::string message) { faults_->push_back({prefix_ + name, std::move(message)}); }
  /// Everything that was not taken is unknown.
  void finish();

 private:
  nlohmann::json value_;
  std::string prefix_;
  std::vector<FieldError>* faults_;
};

struct ParsedObject {
  nlohmann::json value;
  std::optional<HttpResponse> refusal;
};

/// 400 for what is no JSON, too deep, or has a member twice at any level; 422 for anything but an object.
/// An empty body is an empty object where `optional` is set.
ParsedObject parse_object(std::string_view body, bool optional = false);

/// 415 unless the body is plain application/json (no content type passes too).
std::optional<HttpResponse> media_type_refusal(const HttpRequest& request);
/// The media type in lower case without its parameters.
std::string media_type(const HttpRequest& request);
/// 415 for a Content-Encoding, which is not supported.
std::optional<HttpResponse> encoding_refusal(const HttpRequest& request);

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
  std::optional<JsonObject> object;  ///< none where the body is none
};

/// What there is, also where it is a fault; empty where there is none, which is one. REQUIRES: body.object.
std::string take_required_text(BodyReader& body, const char* name);
/// parse: nullopt for what is none of the words. REQUIRES: body.object.
template <class Parse>
auto take_required_word(BodyReader& body, const char* name, Parse parse, const char* words) {
  const auto faults_before = body.faults.size();
  const auto word = parse(take_required_text(body, name));
  if (!word && body.faults.size() == faults_before) body.object->fault(name, std::string("must be ") + words);
  return word;
}

}  // namespace eventrelay
