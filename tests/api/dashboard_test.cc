#include "api/dashboard.h"

#include <algorithm>

#include "base/embedded.h"
#include "tests/api/api_fixture.h"

namespace eventrelay {
namespace {

constexpr std::string_view kScript = "/assets/app-12345678.js";

const DashboardFile kFiles[] = {
    {kScript, "text/javascript; charset=utf-8", "h1", "the whole script", "gzipped", "br"},
    {"/assets/icon-12345678.svg", "image/svg+xml", "h2", "icon", "", ""},
    {"/index.html", "text/html; charset=utf-8", "h3", "the whole page", "page.gz", "page.br"},
};

using RequestHeaders = std::vector<std::pair<std::string_view, std::string_view>>;

HttpResponse get_file(std::string_view target, RequestHeaders headers = {}) {
  return dashboard_answer(kFiles, HttpRequest{"GET", target, std::move(headers), "", "127.0.0.1"});
}

std::string file_header(const HttpResponse& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return "";
}

std::string coding_for(std::string_view accept_encoding, std::string_view target = kScript) {
  const auto response = get_file(target, {{"accept-encoding", accept_encoding}});
  const auto coding = file_header(response, "content-encoding");
  EXPECT_EQ(response.content() == "br" || response.content() == "page.br", coding == "br") << accept_encoding;
  EXPECT_EQ(file_header(response, "vary"), "accept-encoding");
  return coding;
}

TEST(Dashboard, the_smallest_encoding_that_a_client_takes_is_sent) {
  EXPECT_EQ(coding_for("gzip, deflate, br, zstd"), "br");
  EXPECT_EQ(coding_for("br;q=0.1, gzip;q=1.0"), "br");
  EXPECT_EQ(coding_for("GZIP"), "gzip");
  EXPECT_EQ(coding_for("gzip;q=0.5 , br ; q=0"), "gzip");
  EXPECT_EQ(coding_for("br;q=0.000,gzip;q=0."), "");
  EXPECT_EQ(coding_for("*"), "br");
  EXPECT_EQ(coding_for("br;q=0, *;q=0.5"), "gzip");
  EXPECT_EQ(coding_for("*;q=0"), "");
  EXPECT_EQ(coding_for("gzip, *;q=0"), "gzip");
  EXPECT_EQ(coding_for("identity, brotli, , ;q=1"), "");
  EXPECT_EQ(coding_for(""), "");
  EXPECT_EQ(coding_for("br, gzip", "/assets/icon-12345678.svg"), "") << "it would be no smaller";
  EXPECT_EQ(get_file(kScript).content(), "the whole script");
}

TEST(Dashboard, what_is_named_by_its_content_is_kept_and_the_page_is_asked_for_each_time) {
  EXPECT_EQ(file_header(get_file(kScript), "cache-control"), "public, max-age=31536000, immutable");
  EXPECT_EQ(file_header(get_file("/"), "cache-control"), "no-cache");
}

TEST(Dashboard, any_other_path_is_the_page) {
  for (const std::string_view target : {"/", "/index.html", "/webhooks/whk_1?tab=secret", "/assets", "/?a=/assets/x"}) {
    const auto response = get_file(target);
    EXPECT_EQ(response.status, 200) << target;
    EXPECT_EQ(response.content(), "the whole page") << target;
    EXPECT_EQ(response.content_type, "text/html; charset=utf-8");
    EXPECT_NE(file_header(response, "content-security-policy").find("default-src 'none'"), std::string::npos);
    EXPECT_EQ(file_header(response, "content-security-policy").find("unsafe"), std::string::npos);
  }
}

TEST(Dashboard, an_asset_that_is_not_there_is_not_the_page) {
  for (const std::string_view target :
       {"/assets/", "/assets/app-00000000.js", "/assets/app-12345678.js/", "/assets/../x"}) {
    const auto response = get_file(target);
    EXPECT_EQ(response.status, 404) << target;
    EXPECT_EQ(response.content_type, "application/problem+json");
    EXPECT_EQ(file_header(response, "cache-control"), "no-store");
  }
  EXPECT_EQ(get_file("/assets/app-12345678.js?v=1").status, 200);
}

TEST(Dashboard, who_has_it_already_gets_no_body) {
  const auto tag = file_header(get_file("/", {{"accept-encoding", "br"}}), "etag");
  const auto status = [&](std::string_view known, std::string_view coding = "br") {
    const auto response = get_file("/", {{"accept-encoding", coding}, {"if-none-match", known}});
    EXPECT_EQ(response.content().empty(), response.status == 304);
    EXPECT_EQ(file_header(response, "cache-control"), "no-cache");
    EXPECT_FALSE(file_header(response, "etag").empty());
    return response.status;
  };
  EXPECT_EQ(status(tag), 304);
  EXPECT_EQ(status("\"other\", W/" + tag), 304);
  EXPECT_EQ(status("*"), 304);
  EXPECT_EQ(status("\"other\""), 200);
  EXPECT_EQ(status(""), 200);
  EXPECT_EQ(status(tag, "gzip"), 200) << "the same page in another encoding has another tag";
}

using DashboardRoute = ApiTest;

TEST_F(DashboardRoute, the_dashboard_needs_no_key_and_takes_no_path_from_the_api) {
  const auto status = [&](std::string_view method, std::string_view target) {
    return ask(request(method, target, "", "")).status;
  };
  EXPECT_EQ(ask(request("GET", "/events/evt_1?x=1", "", "")).content_type, "text/html; charset=utf-8");
  EXPECT_EQ(status("HEAD", "/"), 200);
  EXPECT_EQ(status("POST", "/"), 405);
  EXPECT_EQ(status("GET", "/assets/nothing.js"), 404);
  EXPECT_EQ(status("GET", "/api"), 404);
  EXPECT_EQ(status("GET", "/api/nowhere"), 401);
  EXPECT_EQ(ask(request("GET", "/api/nowhere")).content_type, "application/problem+json");
  EXPECT_EQ(ask(request("GET", "/healthz", "", "")).body, R"({"status":"ok"})");
}

TEST_F(DashboardRoute, who_only_delivers_has_no_dashboard) {
  auto unserved = options();
  unserved.serves_api = false;
  Api watched(ports, unserved);
  EXPECT_EQ(loop.wait(watched.refusal(request("GET", "/", "", "")))->status, 404);
}

TEST(Dashboard, the_files_in_the_binary_are_sorted_and_have_the_page) {
  const auto files = dashboard_files();
  const auto lower = [](const DashboardFile& a, const DashboardFile& b) { return a.path < b.path; };
  EXPECT_TRUE(std::is_sorted(files.begin(), files.end(), lower));
  const auto page =
      std::find_if(files.begin(), files.end(), [](const auto& file) { return file.path == "/index.html"; });
  ASSERT_NE(page, files.end());
  EXPECT_TRUE(page->plain.starts_with("<!doctype html>"));
  EXPECT_TRUE(page->gzip.starts_with("\x1f\x8b"));
  EXPECT_LT(page->brotli.size(), page->plain.size());
}

}  // namespace
}  // namespace eventrelay
