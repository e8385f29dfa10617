// Errors as values. `Result<T>` is what a call returns that can fail from outside.
// Values of these types belong to whoever holds them; nothing here is shared between threads.
#pragma once
#include <boost/system/result.hpp>
#include <string>
#include <utility>
#include <vector>

namespace eventrelay {

enum class ErrorCode {
  kInvalid,      ///< The input breaks a rule: `fields` says which.
  kNotFound,     ///< No such thing, or it belongs to another organization.
  kConflict,     ///< The state of the thing does not allow it.
  kForbidden,    ///< Whoever asks may not.
  kKeyReused,    ///< An idempotency key came again with another body.
  kTooLarge,     ///< Past a named limit.
  kUnavailable,  ///< Nothing was done; safe to call again later.
  kUnknown,      ///< It may have been done; every intent may be repeated.
  kTimeout,      ///< A deadline passed; for reads, nothing changed.
  kNotOwner,     ///< The worker's lease has been taken over: nothing was done, and nothing of it will be.
};

/// One fault of the input. `path` is a JSON path without the root: "retry.max_ms", "events[3].type".
struct FieldError {
  std::string path;
  std::string message;
  bool operator==(const FieldError&) const = default;
};

struct Error {
  ErrorCode code = ErrorCode::kInvalid;
  std::string message;
  std::vector<FieldError> fields;
};

[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location& where);

template <class T>
using Result = boost::system::result<T, Error>;

inline Error invalid(std::string path, std::string message) {
  Error error{ErrorCode::kInvalid, path + " " + message, {}};
  error.fields.push_back({std::move(path), std::move(message)});
  return error;
}
/// what: "webhook".
inline Error no_such(const char* what) {
  return {ErrorCode::kNotFound, std::string("No such ") + what, {}};
}
inline Error conflict(std::string message) {
  return {ErrorCode::kConflict, std::move(message), {}};
}
inline Error unavailable(std::string message) {
  return {ErrorCode::kUnavailable, std::move(message), {}};
}

}  // namespace eventrelay
