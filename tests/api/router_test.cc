#include "api/router.h"

#include <gtest/gtest.h>

#include "api/caller.h"
#include "base/crypto.h"

namespace eventrelay {
namespace {

Awaitable<HttpResponse> first(ApiContext&, ApiCall) {
  co_return HttpResponse{};
}
Awaitable<HttpResponse> second(ApiContext&, ApiCall) {
  co_return HttpResponse{};
}

Router make_router() {
  Router router;
  router.add("GET", "/api/things", Access::kViewer, Takes::kNothing, first);
  router.add("POST", "/api/things", Access::kAdmin, Takes::kNothing, second);
  router.add("POST", "/api/things/batch", Access::kPublish, Takes::kNothing, first);
  router.add("GET", "/api/things/{id}", Access::kViewer, Takes::kNothing, second);
  router.add("POST", "/api/things/{id}/replay", Access::kAdmin, Takes::kNothing, first);
  return router;
}

TEST(Router, a_literal_path_wins_over_an_id) {
  const auto router = make_router();
  EXPECT_EQ(router.match("/api/things").find("POST")->handler, &second);
  const auto batch = router.match("/api/things/batch");
  ASSERT_NE(batch.routes, nullptr);
  EXPECT_EQ(batch.find("GET"), nullptr);
  EXPECT_EQ(batch.allowed(), "POST");
}

TEST(Router, an_id_is_taken_from_the_path) {
  const auto router = make_router();
  const auto shown = router.match("/api/things/x1");
  ASSERT_NE(shown.routes, nullptr);
  EXPECT_EQ(shown.id, "x1");
  EXPECT_EQ(shown.find("GET")->handler, &second);
  const auto replayed = router.match("/api/things/x2/replay");
  ASSERT_NE(replayed.routes, nullptr);
  EXPECT_EQ(replayed.id, "x2");
}

TEST(Router, head_finds_get_and_the_rest_is_listed) {
  const auto router = make_router();
  EXPECT_EQ(router.match("/api/things").find("HEAD")->handler, &first);
  EXPECT_EQ(router.match("/api/things").find("PUT"), nullptr);
  EXPECT_EQ(router.match("/api/things").allowed(), "GET, POST");
}

TEST(Router, other_paths_are_not_found) {
  const auto router = make_router();
  for (const std::string_view path :
       {"", "/", "*", "/api", "/api/", "/api/thing", "/api/things/", "/api/things//replay", "/api/things/x/other",
        "/api/things/x/replay/", "/api/things/x/replay/y", "/API/things", "//api/things", "http://x/api/things"}) {
    EXPECT_EQ(router.match(path).routes, nullptr) << path;
  }
}

TEST(Router, the_rest_is_what_is_not_below_api) {
  auto router = make_router();
  router.add("GET", "/*", Access::kOpen, Takes::kAnything, first);
  router.add("GET", "/metrics", Access::kOpen, Takes::kAnything, second);
  for (const std::string_view path :
       {"/", "/*", "/webhooks/whk_1", "/apis", "/API/things", "//api/things", "/metrics/"}) {
    const auto match = router.match(path);
    ASSERT_NE(match.routes, nullptr) << path;
    EXPECT_EQ(match.find("GET")->handler, &first) << path;
  }
  EXPECT_EQ(router.match("/metrics").find("GET")->handler, &second);
  for (const std::string_view path : {"", "*", "/api", "/api/", "/api/nowhere", "/api/things/x/other", "http://x/"}) {
    EXPECT_EQ(router.match(path).routes, nullptr) << path;
  }
}

HttpRequest with_headers(std::vector<std::pair<std::string_view, std::string_view>> headers) {
  HttpRequest request;
  request.headers = std::move(headers);
  return request;
}

TEST(Authentication, a_key_comes_in_either_header) {
  EXPECT_EQ(presented_key(with_headers({{"Authorization", "Bearer abc"}})), "abc");
  EXPECT_EQ(presented_key(with_headers({{"authorization", "bearer  abc"}})), "abc");
  EXPECT_EQ(presented_key(with_headers({{"X-Api-Key", "abc"}})), "abc");
  EXPECT_EQ(presented_key(with_headers({{"Authorization", "Basic abc"}})), "");
  EXPECT_EQ(presented_key(with_headers({{"Authorization", "Bearer "}})), "");
  EXPECT_EQ(presented_key(with_headers({})), "");
}

TEST(Authentication, only_known_keys_are_somebody) {
  LoopCatalog catalog;
  ApiKey key;
  key.id = ApiKeyId{7};
  key.organization = kFirstOrganization;
  key.hash = sha256("known-key-0123456789");
  catalog.apply({key, false});
  EXPECT_EQ(caller_by_key("known-key-0123456789", catalog).key, key.id);
  EXPECT_FALSE(caller_by_key("known-key-012345678", catalog).is_known());
  EXPECT_FALSE(caller_by_key("", catalog).is_known());
  catalog.apply({key, true});
  EXPECT_FALSE(caller_by_key("known-key-0123456789", catalog).is_known());
}

TEST(Authentication, the_log_names_a_key_by_its_id_and_a_person_by_their_address) {
  Caller key;
  key.key = ApiKeyId{7};
  EXPECT_EQ(actor_of(key), to_text(ApiKeyId{7}));
  EXPECT_EQ(actor_of(caller_by_session({{UserId{1}, "ada@example.com", "Ada"}, {}, {}, {}}, {})), "ada@example.com");
}

}  // namespace
}  // namespace eventrelay
