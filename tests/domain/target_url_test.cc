#include "domain/target_url.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace eventrelay {
namespace {

std::string fault_of(std::string_view text) {
  auto url = parse_target_url(text);
  if (url) return "";
  EXPECT_EQ(url.error().code, ErrorCode::kInvalid);
  EXPECT_EQ(url.error().fields.size(), 1u);
  EXPECT_EQ(url.error().fields.at(0).path, "url");
  return url.error().fields.at(0).message;
}

TEST(TargetUrl, is_taken_apart) {
  auto url = parse_target_url("https://Hooks.Example.com:8443/in/42?key=a%20b&x=[1]#part").value();
  EXPECT_TRUE(url.tls);
  EXPECT_EQ(url.host, "hooks.example.com");
  EXPECT_EQ(url.port, 8443);
  EXPECT_EQ(url.target, "/in/42?key=a%20b&x=[1]");
  EXPECT_EQ(url.authority, "hooks.example.com:8443");
}

TEST(TargetUrl, has_the_ports_of_its_scheme) {
  auto plain = parse_target_url("http://example.com").value();
  EXPECT_FALSE(plain.tls);
  EXPECT_EQ(plain.port, 80);
  EXPECT_EQ(plain.authority, "example.com");
  auto tls = parse_target_url("HTTPS://example.com").value();
  EXPECT_TRUE(tls.tls);
  EXPECT_EQ(tls.port, 443);
  EXPECT_EQ(tls.authority, "example.com");
}

TEST(TargetUrl, leaves_the_default_port_out_of_the_host_header) {
  EXPECT_EQ(parse_target_url("http://example.com:80/")->authority, "example.com");
  EXPECT_EQ(parse_target_url("https://example.com:443/")->authority, "example.com");
  EXPECT_EQ(parse_target_url("http://example.com:443/")->authority, "example.com:443");
  EXPECT_EQ(parse_target_url("https://example.com:80/")->authority, "example.com:80");
}

TEST(TargetUrl, always_has_a_path) {
  EXPECT_EQ(parse_target_url("http://example.com")->target, "/");
  EXPECT_EQ(parse_target_url("http://example.com?a=1")->target, "/?a=1");
  EXPECT_EQ(parse_target_url("http://example.com?")->target, "/?");
}

TEST(TargetUrl, drops_the_fragment) {
  EXPECT_EQ(parse_target_url("http://example.com#top")->target, "/");
  EXPECT_EQ(parse_target_url("http://example.com/a#b?c/d#e")->target, "/a");
  EXPECT_EQ(parse_target_url("http://example.com/a?b#c")->target, "/a?b");
}

TEST(TargetUrl, takes_names_with_underscores_digits_and_punycode) {
  for (const char* host : {"localhost", "my_service.internal", "3com.com", "xn--bcher-kva.example", "1.2.3.4.com",
                           "a-b.c", "0x7f.com", "x0"}) {
    EXPECT_EQ(fault_of("http://" + std::string(host) + "/"), "") << host;
  }
}

TEST(TargetUrl, takes_addresses_as_they_are_written_strictly) {
  EXPECT_EQ(parse_target_url("http://127.0.0.1:9000/")->authority, "127.0.0.1:9000");
  auto v6 = parse_target_url("https://[2001:DB8::1]:8443/x").value();
  EXPECT_EQ(v6.host, "2001:db8::1");
  EXPECT_EQ(v6.authority, "[2001:db8::1]:8443");
  EXPECT_EQ(parse_target_url("http://[::1]")->authority, "[::1]");
  EXPECT_EQ(parse_target_url("http://[::ffff:127.0.0.1]")->host, "::ffff:127.0.0.1");
}

// inet_aton and the resolvers built on it read all of these as addresses.
TEST(TargetUrl, refuses_every_other_spelling_of_an_ipv4_address) {
  for (const char* host : {"2130706433", "0",           "127.1",       "127.0.1",      "0x7f.1",
                           "0x7f.0.0.1", "0x7f000001",  "0X7F.1",      "017700000001", "0177.0.0.1",
                           "127.0.0.01", "127.0.0.0x1", "127.0.0.1.",  "127.0.0.256",  "256.1.1.1",
                           "1.2.3.4.5",  "1.2.3",       "127.0.0.1.1", "0x",           "a.0x",
                           "foo.1",      "foo.0x1f",    "4294967296",  "00.0.0.0",     "999999999999999999999"}) {
    EXPECT_NE(fault_of("http://" + std::string(host) + "/"), "") << host;
  }
}

TEST(TargetUrl, refuses_bad_brackets) {
  for (const char* url :
       {"http://[::1", "http://::1/", "http://[]/", "http://[127.0.0.1]/", "http://[fe80::1%25eth0]/",
        "http://[fe80::1%eth0]/", "http://[::1]x/", "http://[::1]]/", "http://[[::1]]/", "http://[::g]/",
        "http://[1:2:3:4:5:6:7]/", "http://[example.com]/", "http://x[::1]/", "http://[v1.a]/"}) {
    EXPECT_NE(fault_of(url), "") << url;
  }
}

TEST(TargetUrl, refuses_other_schemes) {
  for (const char* url : {"ftp://example.com", "file:///etc/passwd", "gopher://example.com", "javascript:alert(1)",
                          "//example.com", "example.com", "http:/example.com", "http:example.com", "http",
                          "https:", "httpss://example.com", " http://example.com", "unix:///run/x"}) {
    EXPECT_NE(fault_of(url), "") << url;
  }
}

TEST(TargetUrl, refuses_user_info) {
  for (const char* url : {"http://user@example.com", "http://user:pw@example.com/", "http://@example.com",
                          "http://example.com:80@evil.example/", "http://a@b@c/"}) {
    EXPECT_EQ(fault_of(url), "may not have a user name or password") << url;
  }
  EXPECT_EQ(fault_of("http://example.com/@user?x=a@b"), "");
}

TEST(TargetUrl, refuses_a_host_that_is_none) {
  for (const char* url : {"http://", "https:///path", "http://:80/", "http://?x", "http://#x", "http://./",
                          "http://../", "http://.example.com", "http://example..com", "http://example.com./",
                          "http://ex%61mple.com/", "http://127.0.0.1%2f@x", "http://exa*mple.com", "http://a,b/",
                          "http://exam!ple.com", "http://a'b/", "http://a\"b/", "http://a|b/", "http://a+b/"}) {
    EXPECT_NE(fault_of(url), "") << url;
  }
}

TEST(TargetUrl, has_names_of_at_most_253_characters_in_labels_of_at_most_63) {
  std::string label(63, 'a');
  std::string host = label + "." + label + "." + label + "." + std::string(61, 'b');
  EXPECT_EQ(host.size(), 253u);
  EXPECT_EQ(fault_of("http://" + host), "");
  EXPECT_NE(fault_of("http://" + host + "b"), "");
  EXPECT_NE(fault_of("http://" + label + "a.com"), "");
}

TEST(TargetUrl, has_a_port_of_1_to_65535) {
  EXPECT_EQ(parse_target_url("http://example.com:1")->port, 1);
  EXPECT_EQ(parse_target_url("http://example.com:65535")->port, 65535);
  EXPECT_EQ(parse_target_url("http://example.com:0080")->port, 80);
  for (const char* port :
       {":0", ":65536", ":99999", ":-1", ":+80", ":", ":80a", ":a", ":8 0", ":80:80", "::80", ":4294967376"}) {
    EXPECT_NE(fault_of("http://example.com" + std::string(port) + "/"), "") << port;
  }
}

TEST(TargetUrl, refuses_backslashes_spaces_controls_and_non_ascii_anywhere) {
  using namespace std::string_view_literals;
  for (auto url : {"http://example.com\\@evil.example/"sv, "http:\\\\example.com"sv, "http://example.com/a\\b"sv,
                   "http://example.com/a b"sv, "http://example.com/\r\nHost: x"sv, "http://example.com/\t"sv,
                   "http://example.com/\0"sv, "http://example.com/\x7f"sv,
                   "http://b\xc3\xbc"
                   "cher.example/"sv,
                   "http://example.com/\xc3\xbc"sv, "http://example.com/\n"sv, "http://exam\tple.com/"sv,
                   "http://example.com/ "sv, "http://example.com/#a b"sv}) {
    EXPECT_NE(fault_of(url), "") << url;
  }
}

TEST(TargetUrl, has_at_most_2048_characters) {
  std::string url = "http://example.com/";
  url.append(kUrlCharsMax - url.size(), 'x');
  EXPECT_EQ(fault_of(url), "");
  EXPECT_NE(fault_of(url + "x"), "");
  EXPECT_NE(fault_of(""), "");
}

}  // namespace
}  // namespace eventrelay
