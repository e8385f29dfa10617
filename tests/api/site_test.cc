#include "api/site.h"

#include <gtest/gtest.h>

namespace eventrelay {
namespace {

using HeaderLine = std::pair<std::string_view, std::string_view>;

const Site kLocal{"http://127.0.0.1:8080", false, true, {}};
const Site kPublic{"https://hooks.example.com", true, false, {}};

HttpRequest posted(std::vector<HeaderLine> headers) {
  HttpRequest request;
  request.method = "POST";
  request.headers = std::move(headers);
  request.remote_address = "10.0.0.9";
  return request;
}

TEST(Site, a_cookie_is_secure_and_bound_to_the_host_where_the_public_url_is_https) {
  EXPECT_EQ(set_session_cookie(kPublic, "abc"),
            "__Host-eventrelay=abc; Path=/; Max-Age=2592000; HttpOnly; SameSite=Strict; Secure");
  EXPECT_EQ(set_session_cookie(kLocal, "abc"), "eventrelay=abc; Path=/; Max-Age=2592000; HttpOnly; SameSite=Strict");
  EXPECT_EQ(set_session_cookie({"http://hooks.lan", true, false, {}}, "abc"), set_session_cookie(kLocal, "abc"));
  EXPECT_NE(set_session_cookie(kLocal, "").find("eventrelay=; Path=/; Max-Age=0;"), std::string::npos);
}

TEST(Site, the_cookie_is_found_among_others_by_its_whole_name) {
  EXPECT_EQ(session_cookie(kLocal, posted({{"Cookie", "a=b; eventrelay=t1;c=d"}})), "t1");
  EXPECT_EQ(session_cookie(kLocal, posted({{"cookie", "a=b"}, {"cookie", " eventrelay=t2"}})), "t2");
  EXPECT_EQ(session_cookie(kPublic, posted({{"cookie", "__Host-eventrelay=t3"}})), "t3");
  for (const char* other : {"", ";", "eventrelay", "eventrelay=", "eventrelays=x", "my-eventrelay=x",
                            "__Host-eventrelay=x", "Eventrelay=x"}) {
    EXPECT_EQ(session_cookie(kLocal, posted({{"cookie", other}})), "") << other;
  }
  EXPECT_EQ(session_cookie(kPublic, posted({{"cookie", "eventrelay=x"}})), "") << "a neighbour could have set it";
}

int refusal_status(const Site& site, const HttpRequest& request) {
  return origin_refusal(site, request).value_or(HttpResponse{}).status;
}

TEST(Site, a_change_comes_from_the_public_origin_or_from_no_browser) {
  EXPECT_EQ(refusal_status(kPublic, posted({})), 200);
  EXPECT_EQ(refusal_status(kPublic, posted({{"Origin", "https://hooks.example.com"}})), 200);
  for (const char* site : {"same-origin", "none"}) {
    EXPECT_EQ(refusal_status(kPublic, posted({{"Sec-Fetch-Site", site}})), 200) << site;
  }
  for (const char* site : {"same-site", "cross-site", "", "anything"}) {
    EXPECT_EQ(refusal_status(kPublic, posted({{"Sec-Fetch-Site", site}})), 403) << site;
  }
  for (const char* origin : {"null", "", "http://hooks.example.com", "https://hooks.example.com:8443",
                             "https://hooks.example.com.evil.example", "https://evil.example"}) {
    EXPECT_EQ(refusal_status(kPublic, posted({{"Origin", origin}})), 403) << origin;
    EXPECT_EQ(refusal_status(kPublic, posted({{"Sec-Fetch-Site", "same-origin"}, {"Origin", origin}})), 403) << origin;
  }
  EXPECT_EQ(refusal_status(kPublic, posted({{"Host", "127.0.0.1:8080"}, {"Origin", "http://127.0.0.1:8080"}})), 403)
      << "the public URL alone says what is ours";
}

TEST(Site, without_a_public_url_the_origin_is_the_loopback_host_that_was_asked) {
  const auto status = [](std::string_view host, std::string_view origin) {
    return refusal_status(kLocal, posted({{"Host", host}, {"Origin", origin}}));
  };
  EXPECT_EQ(status("127.0.0.1:8080", "http://127.0.0.1:8080"), 200);
  EXPECT_EQ(status("localhost:9000", "http://localhost:9000"), 200);
  EXPECT_EQ(status("[::1]:8080", "http://[::1]:8080"), 200);
  EXPECT_EQ(status("127.0.0.1:8080", "http://127.0.0.1:3000"), 403) << "another program's page";
  EXPECT_EQ(status("127.0.0.1:8080", "https://127.0.0.1:8080"), 403);
  EXPECT_EQ(status("evil.example:8080", "http://evil.example:8080"), 403) << "a name that was turned to loopback";
  EXPECT_EQ(status("127.0.0.1:8080", "null"), 403);
}

TEST(Site, what_changes_nothing_may_come_from_anywhere) {
  for (const char* method : {"GET", "HEAD", "OPTIONS"}) {
    auto request = posted({{"Origin", "https://evil.example"}, {"Sec-Fetch-Site", "cross-site"}});
    request.method = method;
    EXPECT_EQ(refusal_status(kPublic, request), 200) << method;
  }
}

TEST(Site, nobody_signs_in_over_a_network_in_the_clear) {
  EXPECT_FALSE(sign_in_refusal(kLocal));
  EXPECT_FALSE(sign_in_refusal(kPublic));
  const auto refusal = sign_in_refusal({"http://0.0.0.0:8080", false, false, {}});
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->status, 403);
  EXPECT_NE(refusal->body.find("--public-url"), std::string::npos);
}

TEST(Site, an_address_is_believed_from_trusted_proxies_alone) {
  const auto address = [](std::vector<HeaderLine> headers, std::string_view peer, const char* trusted = "10.0.0.0/8") {
    auto request = posted(std::move(headers));
    request.remote_address = peer;
    return client_address({"", true, false, {Cidr::parse(trusted).value()}}, request);
  };
  EXPECT_EQ(address({{"X-Forwarded-For", "203.0.113.5"}}, "10.0.0.9"), "203.0.113.5");
  EXPECT_EQ(address({{"X-Forwarded-For", "203.0.113.5"}}, "192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(address({}, "10.0.0.9"), "10.0.0.9");
  EXPECT_EQ(address({{"X-Forwarded-For", "198.51.100.7, 203.0.113.5 , 10.1.1.1"}}, "10.0.0.9"), "203.0.113.5")
      << "what the client says of itself does not count";
  EXPECT_EQ(address({{"X-Forwarded-For", "198.51.100.7"}, {"x-forwarded-for", "203.0.113.5"}}, "10.0.0.9"),
            "203.0.113.5");
  EXPECT_EQ(address({{"X-Forwarded-For", "203.0.113.5, unknown"}}, "10.0.0.9"), "10.0.0.9");
  EXPECT_EQ(address({{"X-Forwarded-For", "10.2.2.2"}}, "10.0.0.9"), "10.2.2.2");
  EXPECT_EQ(address({{"X-Forwarded-For", "2001:db8::1"}}, "::1", "::1"), "2001:db8::1");
  EXPECT_EQ(address({}, "::ffff:203.0.113.5"), "203.0.113.5");
}

}  // namespace
}  // namespace eventrelay
