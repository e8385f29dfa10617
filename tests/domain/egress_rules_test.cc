#include <gtest/gtest.h>

#include "domain/target_url.h"

namespace eventrelay {
namespace {

IpAddress ip(std::string_view text) {
  auto address = IpAddress::parse(text);
  EXPECT_TRUE(address) << text;
  return address.value_or(IpAddress{});
}

EgressRules private_allowed() {
  EgressRules rules;
  rules.allow_private = true;
  return rules;
}

/// The first and the last address of each denied range, and what lies just outside of it.
struct Range {
  const char* first;
  const char* last;
  const char* before;  ///< nullptr: none, or denied by another range
  const char* after;
};

const Range kDeniedV4[] = {
    {"0.0.0.0", "0.255.255.255", nullptr, "1.0.0.0"},
    {"10.0.0.0", "10.255.255.255", "9.255.255.255", "11.0.0.0"},
    {"100.64.0.0", "100.127.255.255", "100.63.255.255", "100.128.0.0"},
    {"127.0.0.0", "127.255.255.255", "126.255.255.255", "128.0.0.0"},
    {"169.254.0.0", "169.254.255.255", "169.253.255.255", "169.255.0.0"},
    {"172.16.0.0", "172.31.255.255", "172.15.255.255", "172.32.0.0"},
    {"192.0.0.0", "192.0.0.255", "191.255.255.255", "192.0.1.0"},
    {"192.0.2.0", "192.0.2.255", "192.0.1.255", "192.0.3.0"},
    {"192.88.99.0", "192.88.99.255", "192.88.98.255", "192.88.100.0"},
    {"192.168.0.0", "192.168.255.255", "192.167.255.255", "192.169.0.0"},
    {"198.18.0.0", "198.19.255.255", "198.17.255.255", "198.20.0.0"},
    {"198.51.100.0", "198.51.100.255", "198.51.99.255", "198.51.101.0"},
    {"203.0.113.0", "203.0.113.255", "203.0.112.255", "203.0.114.0"},
    {"224.0.0.0", "239.255.255.255", "223.255.255.255", nullptr},
    {"240.0.0.0", "255.255.255.255", nullptr, nullptr},
    {"168.63.129.16", "168.63.129.16", "168.63.129.15", "168.63.129.17"},
};

const Range kDeniedV6[] = {
    {"::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", nullptr, "2000::"},
    {"2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:200::"},
    {"2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db9::"},
    {"2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2003::"},
    {"3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff:1000::"},
    {"4000::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", nullptr},
};

TEST(EgressRules, deny_the_listed_ipv4_ranges_to_the_address) {
  EgressRules rules;
  for (const auto& range : kDeniedV4) {
    EXPECT_FALSE(rules.allows(ip(range.first))) << range.first;
    EXPECT_FALSE(rules.allows(ip(range.last))) << range.last;
    if (range.before) {
      EXPECT_TRUE(rules.allows(ip(range.before))) << range.before;
    }
    if (range.after) {
      EXPECT_TRUE(rules.allows(ip(range.after))) << range.after;
    }
  }
}

TEST(EgressRules, judge_ipv4_mapped_addresses_as_ipv4) {
  EgressRules rules;
  for (const auto& range : kDeniedV4) {
    EXPECT_FALSE(rules.allows(ip("::ffff:" + std::string(range.first)))) << range.first;
    if (range.after) {
      EXPECT_TRUE(rules.allows(ip("::ffff:" + std::string(range.after)))) << range.after;
    }
  }
  EXPECT_FALSE(rules.allows(ip("::ffff:7f00:1")));
  EXPECT_FALSE(rules.allows(ip("0:0:0:0:0:ffff:a9fe:a9fe")));
  EXPECT_TRUE(rules.allows(ip("::ffff:808:808")));
}

TEST(EgressRules, allow_of_ipv6_only_the_global_range_without_its_exceptions) {
  EgressRules rules;
  for (const auto& range : kDeniedV6) {
    EXPECT_FALSE(rules.allows(ip(range.first))) << range.first;
    EXPECT_FALSE(rules.allows(ip(range.last))) << range.last;
    if (range.before) {
      EXPECT_TRUE(rules.allows(ip(range.before))) << range.before;
    }
    if (range.after) {
      EXPECT_TRUE(rules.allows(ip(range.after))) << range.after;
    }
  }
  EXPECT_TRUE(rules.allows(ip("2606:4700::1111")));
}

TEST(EgressRules, deny_the_ways_round_through_ipv6) {
  EgressRules rules;
  for (const char* address : {"::1", "::", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "fe80::1", "fc00::1",
                              "fd12:3456::1", "fec0::1", "ff02::1", "2002:7f00:1::", "2001:0:7f00:1::", "100::1"}) {
    EXPECT_FALSE(rules.allows(ip(address))) << address;
  }
}

TEST(EgressRules, with_private_ones_allow_all_but_what_is_no_host) {
  auto rules = private_allowed();
  for (const char* address :
       {"127.0.0.1", "10.1.2.3", "192.168.0.1", "169.254.169.254", "0.0.0.1", "240.0.0.1", "255.255.255.254", "::1",
        "fe80::1", "fd00::1", "64:ff9b::1", "8.8.8.8", "::ffff:127.0.0.1", "2606:4700::1111", "223.255.255.255"}) {
    EXPECT_TRUE(rules.allows(ip(address))) << address;
  }
  for (const char* address : {"0.0.0.0", "::", "::ffff:0.0.0.0", "224.0.0.1", "239.255.255.255", "::ffff:224.0.0.1",
                              "ff02::1", "ff00::", "255.255.255.255", "::ffff:255.255.255.255"}) {
    EXPECT_FALSE(rules.allows(ip(address))) << address;
  }
}

TEST(EgressRules, what_the_operator_allows_wins) {
  EgressRules rules;
  rules.allowed = {Cidr::parse("10.20.0.0/16").value(), Cidr::parse("fd00:1::/32").value(),
                   Cidr::parse("127.0.0.1").value()};
  EXPECT_TRUE(rules.allows(ip("10.20.255.255")));
  EXPECT_TRUE(rules.allows(ip("::ffff:10.20.0.1")));
  EXPECT_TRUE(rules.allows(ip("fd00:1::5")));
  EXPECT_TRUE(rules.allows(ip("127.0.0.1")));
  EXPECT_FALSE(rules.allows(ip("10.21.0.0")));
  EXPECT_FALSE(rules.allows(ip("fd00:2::5")));
  EXPECT_FALSE(rules.allows(ip("127.0.0.2")));
  EXPECT_TRUE(rules.allows(ip("8.8.8.8")));
}

TEST(Cidr, contains_what_shares_its_bits) {
  auto odd = Cidr::parse("192.168.128.0/17").value();
  EXPECT_TRUE(odd.contains(ip("192.168.128.0")));
  EXPECT_TRUE(odd.contains(ip("192.168.255.255")));
  EXPECT_FALSE(odd.contains(ip("192.168.127.255")));
  auto odd_v6 = Cidr::parse("2001:db8:8000::/33").value();
  EXPECT_TRUE(odd_v6.contains(ip("2001:db8:ffff::1")));
  EXPECT_FALSE(odd_v6.contains(ip("2001:db8:7fff::1")));
  auto single = Cidr::parse("2001:db8::1").value();
  EXPECT_TRUE(single.contains(ip("2001:db8::1")));
  EXPECT_FALSE(single.contains(ip("2001:db8::2")));
}

TEST(Cidr, of_one_family_contains_nothing_of_the_other) {
  EXPECT_TRUE(Cidr::parse("0.0.0.0/0")->contains(ip("203.0.113.7")));
  EXPECT_FALSE(Cidr::parse("0.0.0.0/0")->contains(ip("::1")));
  EXPECT_TRUE(Cidr::parse("::/0")->contains(ip("::1")));
  EXPECT_FALSE(Cidr::parse("::/0")->contains(ip("127.0.0.1")));
  EXPECT_TRUE(Cidr::parse("::ffff:0:0/96")->contains(ip("127.0.0.1")));
  EXPECT_TRUE(Cidr::parse("::ffff:10.0.0.0/104")->contains(ip("10.1.1.1")));
}

TEST(Cidr, is_written_as_it_is_read) {
  for (const char* text : {"10.0.0.0/8", "0.0.0.0/0", "192.0.2.7/32", "fd00::/8", "::/0", "2001:db8::1/128"}) {
    EXPECT_EQ(to_text(Cidr::parse(text).value()), text);
  }
  EXPECT_EQ(to_text(Cidr::parse("192.0.2.7").value()), "192.0.2.7/32");
}

TEST(Cidr, is_refused_with_a_bad_address_length_or_host_bits) {
  for (const char* text :
       {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x", "10.0.0.0/ 8", "10.0.0/8", "10.0.0.1/8",
        "fd00::/129", "fd00::1/64", "example.com/8", "10.0.0.0/8/8", "10.0.0.0/+8", "fd00::%eth0/64"}) {
    EXPECT_FALSE(Cidr::parse(text)) << text;
  }
}

TEST(IpAddress, is_read_strictly) {
  using namespace std::string_view_literals;
  EXPECT_EQ(ip("203.0.113.7"), IpAddress::v4({203, 0, 113, 7}));
  EXPECT_EQ(ip("::ffff:203.0.113.7"), IpAddress::v4({203, 0, 113, 7}));
  EXPECT_EQ(ip("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255"), ip("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"));
  EXPECT_TRUE(ip("203.0.113.7").is_v4());
  EXPECT_FALSE(ip("::203.0.113.7").is_v4());
  EXPECT_FALSE(ip("2001:db8::1").is_v4());
  for (auto text : {""sv, "127.1"sv, "0x7f.0.0.1"sv, "127.0.0.01"sv, "1.2.3.4 "sv, " 1.2.3.4"sv, "1.2.3.4\0"sv,
                    "2130706433"sv, "[::1]"sv, "fe80::1%lo"sv, "1.2.3.256"sv, "::1::"sv,
                    "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0001"sv}) {
    EXPECT_FALSE(IpAddress::parse(text)) << text;
  }
}

}  // namespace
}  // namespace eventrelay
