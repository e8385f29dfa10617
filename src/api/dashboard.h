// The dashboard's files as answers: which of them a path gets, in which encoding, and how long it may be kept. They
// hold no secrets and need nobody to be signed in. Pure functions; any thread.
#pragma once
#include <span>
#include <string_view>

#include "base/embedded.h"
#include "net/http_types.h"

namespace eventrelay {

/// The answer to a GET or HEAD: the file at the target's path; at any other path the page itself, whose own router
/// knows the paths, but 404 in /assets/. files: sorted by path, with /index.html among them; they live as long as the
/// process.
HttpResponse dashboard_answer(std::span<const DashboardFile> files, const HttpRequest& request);

}  // namespace eventrelay
