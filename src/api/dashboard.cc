#include "api/dashboard.h"

#include <algorithm>
#include <cassert>

#include "api/routes.h"
#include "domain/header_rules.h"

namespace eventrelay {
namespace {

/// The names in it change with their contents.
constexpr std::string_view kAssets = "/assets/";
constexpr std::string_view kPage = "/index.html";
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlanks = " \t";
  const auto begin = std::min(text.find_first_not_of(kBlanks), text.size());
  const auto end = text.find_last_not_of(kBlanks) + 1;
  return begin < end ? text.substr(begin, end - begin) : std::string_view();
}

/// Takes what stands before the separator, and that, off the text.
std::string_view take_item(std::string_view& text, char separator) {
  const auto end = std::min(text.find(separator), text.size());
  const auto item = trim(text.substr(0, end));
  text.remove_prefix(std::min(end + 1, text.size()));
  return item;
}

/// Whether an Accept-Encoding lets the coding in. Of a weight only zero counts: smaller is better for both sides.
bool accepts(std::string_view list, std::string_view coding) {
  bool any = false;
  while (!list.empty()) {
    auto weight = take_item(list, ',');
    const auto name = take_item(weight, ';');
    weight = trim(weight);
    const bool refused = weight.starts_with("q=") && weight.find_first_not_of("0.", 2) == std::string_view::npos;
    if (equal_ignoring_case(name, coding)) return !refused;
    if (name == "*") any = !refused;
  }
  return any;
}

/// Whether an If-None-Match names the tag.
bool names(std::string_view list, std::string_view tag) {
  while (!list.empty()) {
    auto item = take_item(list, ',');
    if (item.starts_with("W/")) item.remove_prefix(2);
    if (item == tag || item == "*") return true;
  }
  return false;
}

const DashboardFile* find_file(std::span<const DashboardFile> files, std::string_view path) {
  const auto place = std::lower_bound(files.begin(), files.end(), path,
                                      [](const DashboardFile& file, std::string_view at) { return file.path < at; });
  return place != files.end() && place->path == path ? &*place : nullptr;
}

/// The whole file, in the smallest encoding that the client takes.
HttpResponse file_answer(const DashboardFile& file, std::string_view accept_encoding) {
  HttpResponse response;
  response.content_type = file.content_type;
  response.static_body = file.plain;
  std::string_view coding;
  if (!file.brotli.empty() && accepts(accept_encoding, "br")) {
    response.static_body = file.brotli;
    coding = "br";
  } else if (!file.gzip.empty() && accepts(accept_encoding, "gzip")) {
    response.static_body = file.gzip;
    coding = "gzip";
  }
  if (!coding.empty()) response.headers.emplace_back("content-encoding", coding);
  response.headers.emplace_back("vary", "accept-encoding");
  const bool named_by_content = file.path.starts_with(kAssets);
  response.headers.emplace_back("cache-control", named_by_content ? "public, max-age=31536000, immutable" : "no-cache");
  std::string tag = "\"";
  tag.append(file.hash).append(coding).append("\"");
  response.headers.emplace_back("etag", std::move(tag));
  response.headers.emplace_back("content-security-policy", kPolicy);
  response.headers.emplace_back("referrer-policy", "no-referrer");
  return response;
}

Awaitable<HttpResponse> dashboard(ApiContext&, ApiCall call) {
  co_return dashboard_answer(dashboard_files(), call.request);
}

}  // namespace

HttpResponse dashboard_answer(std::span<const DashboardFile> files, const HttpRequest& request) {
  const auto path = request.target.substr(0, request.target.find('?'));
  const auto* file = find_file(files, path);
  if (file == nullptr && path.starts_with(kAssets)) {
    auto missing = problem(404, "", "There is nothing at this path.");
    // While a new version is rolled out, one process may have what another lacks.
    missing.headers.emplace_back("cache-control", "no-store");
    return missing;
  }
  if (file == nullptr) file = find_file(files, kPage);
  assert(file != nullptr);
  auto response = file_answer(*file, request.header("accept-encoding"));
  const auto tag = std::find_if(response.headers.begin(), response.headers.end(),
                                [](const auto& header) { return header.first == "etag"; });
  if (names(request.header("if-none-match"), tag->second)) {
    response.status = 304;
    response.static_body = {};
  }
  return response;
}

void add_dashboard_routes(Router& router) {
  router.add("GET", "/*", Access::kOpen, Takes::kAnything, dashboard);
}

}  // namespace eventrelay
