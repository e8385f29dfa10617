#include "api/problem.h"

#include <algorithm>

#include "api/json_writer.h"

namespace eventrelay {
namespace {

/// More faults than this are not listed: a batch can have a thousand times as many.
constexpr std::size_t kErrorsShown = 100;

HttpResponse try_again(std::string_view detail) {
  auto response = problem(503, "unavailable", detail);
  response.headers.emplace_back("retry-after", "1");
  return response;
}

}  // namespace

HttpResponse problem(int status, std::string_view kind, std::string_view detail,
                     const std::vector<FieldError>& errors) {
  JsonWriter json;
  json.open('{');
  json.field("type", kind.empty() ? std::string("about:blank") : "urn:eventrelay:problem:" + std::string(kind));
  json.field("title", reason_phrase(status)).field("status", std::int64_t{status}).field("detail", detail);
  if (!errors.empty()) {
    json.key("errors").open('[');
    for (std::size_t i = 0; i < std::min(errors.size(), kErrorsShown); ++i) {
      json.open('{').field("path", errors[i].path).field("message", errors[i].message).close('}');
    }
    json.close(']');
  }
  json.close('}');
  HttpResponse response;
  response.status = status;
  response.content_type = "application/problem+json";
  response.body = json.take();
  return response;
}

HttpResponse invalid_input(const std::vector<FieldError>& errors) {
  return problem(422, "invalid_input", "The input breaks a rule; `errors` says which.", errors);
}

HttpResponse invalid_query(const std::vector<FieldError>& errors) {
  const bool only_cursor = errors.size() == 1 && errors.front().path == "cursor";
  return only_cursor ? problem(400, "invalid_cursor", "The cursor is none of this list with these filters.", errors)
                     : invalid_input(errors);
}

HttpResponse problem_of(const Error& error) {
  switch (error.code) {
    case ErrorCode::kInvalid:
      return error.fields.empty() ? problem(422, "invalid_input", error.message) : invalid_input(error.fields);
    case ErrorCode::kNotFound:
      return problem(404, "not_found", "There is no such thing.");
    case ErrorCode::kConflict:
      return problem(409, "conflict", error.message);
    case ErrorCode::kForbidden:
      return problem(403, "", error.message);
    case ErrorCode::kKeyReused:
      return problem(422, "idempotency_key_reused", "This Idempotency-Key came before with another body.",
                     {{"Idempotency-Key", "came before with another body"}});
    case ErrorCode::kTooLarge:
      return problem(422, "too_many_deliveries", error.message);
    case ErrorCode::kUnavailable:
      return try_again("The store cannot take this now. Nothing was done.");
    case ErrorCode::kUnknown:
      return try_again("The store did not say whether this was done. With an Idempotency-Key it is safe to repeat.");
    case ErrorCode::kTimeout:
    case ErrorCode::kNotOwner:
      return try_again(error.message);
  }
  return problem(500, "", "An internal error.");
}

}  // namespace eventrelay
