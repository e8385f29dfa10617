// What goes wrong, as RFC 9457 says it. Pure functions; any thread.
#pragma once
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/http_types.h"

namespace eventrelay {

/// kind: the last word of `type` ("invalid_input"); empty: about:blank. errors: each fault of the input by its path.
HttpResponse problem(int status, std::string_view kind, std::string_view detail,
                     const std::vector<FieldError>& errors = {});
/// 422 that names what is wrong.
HttpResponse invalid_input(const std::vector<FieldError>& errors);
/// The same for a list's parameters. Where only the cursor is none of the list's: 400.
HttpResponse invalid_query(const std::vector<FieldError>& errors);
/// The answer to a store's or an intake's error; 503 tells when to try again.
HttpResponse problem_of(const Error& error);

}  // namespace eventrelay
