#include <gtest/gtest.h>

#include "net/dns_resolver.h"
#include "net/happy_eyeballs.h"
#include "tests/net/client_fixture.h"
#include "tests/support/raw_dns_server.h"

namespace eventrelay::test {
namespace {

IpAddress ip(const char* text) {
  return IpAddress::parse(text).value();
}

struct DnsTest : ClientTest {
  RawDnsServer dns;

  DnsTest() { limits.dns_servers = dns.address(); }

  AttemptOutcome send_to(const std::string& name, const RawServer& server, milliseconds timeout = 5s) {
    return send("http://" + name + ":" + std::to_string(server.port()) + "/", "{}", timeout);
  }
};

TEST_F(DnsTest, a_name_is_looked_up_and_its_time_told) {
  dns.set("hooks.test", {"127.0.0.1"});
  RawServer server(always(ok_answer()));
  const auto outcome = send_to("hooks.test", server);
  EXPECT_EQ(outcome.error, AttemptError::kNone) << outcome.error_message;
  EXPECT_GE(outcome.timings.dns_us, 0);
  EXPECT_EQ(outcome.remote_address, "127.0.0.1:" + std::to_string(server.port()));
}

TEST_F(DnsTest, localhost_needs_no_name_server) {
  dns.set_silent(true);
  RawServer server(always(ok_answer()));
  EXPECT_EQ(send_to("localhost", server).error, AttemptError::kNone);
  EXPECT_EQ(dns.questions(), 0);
}

TEST_F(DnsTest, a_name_with_one_denied_address_is_refused_whole) {
  rules.allow_private = false;
  rules.allowed.push_back(Cidr::parse("127.0.0.1").value());
  dns.set("allowed.test", {"127.0.0.1"});
  dns.set("mixed.test", {"127.0.0.1", "127.0.0.2"});
  dns.set("families.test", {"127.0.0.1", "fd00::1"});
  dns.set("mapped.test", {"::ffff:10.0.0.1"});
  dns.set("metadata.test", {"169.254.169.254"});
  RawServer server(always(ok_answer()));
  for (const char* name : {"mixed.test", "families.test", "mapped.test", "metadata.test"}) {
    const auto outcome = send_to(name, server);
    EXPECT_EQ(outcome.error, AttemptError::kAddressDenied) << name;
    EXPECT_EQ(outcome.remote_address, "");
    EXPECT_GE(outcome.timings.dns_us, 0);
  }
  EXPECT_EQ(server.connections(), 0);
  EXPECT_EQ(send_to("allowed.test", server).error, AttemptError::kNone);
}

TEST_F(DnsTest, an_unknown_name_is_a_dns_error_and_not_remembered) {
  RawServer server(always(ok_answer()));
  const auto outcome = send_to("nobody.test", server);
  EXPECT_EQ(outcome.error, AttemptError::kDns);
  EXPECT_NE(outcome.error_message.find("nobody.test"), std::string::npos);
  dns.set("nobody.test", {"127.0.0.1"});
  EXPECT_EQ(send_to("nobody.test", server).error, AttemptError::kNone);
}

TEST_F(DnsTest, one_family_is_enough_where_the_other_fails) {
  dns.set("half.test", {"127.0.0.1"});
  dns.fail("half.test", 28);
  RawServer server(always(ok_answer()));
  EXPECT_EQ(send_to("half.test", server).error, AttemptError::kNone);
}

TEST_F(DnsTest, a_silent_name_server_costs_the_attempts_time_only) {
  dns.set_silent(true);
  RawServer server(always(ok_answer()));
  const auto outcome = send_to("hooks.test", server, 200ms);
  EXPECT_EQ(outcome.error, AttemptError::kTimeout);
  EXPECT_LT(outcome.duration, 2s);
  // The query is still open: neither the end of the client nor the loop's waits for it.
  const auto begun = std::chrono::steady_clock::now();
  client.reset();
  loop.restart();
  loop.run();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 500ms);
}

TEST_F(DnsTest, attempts_at_one_name_share_a_query_and_an_answer_is_kept_for_a_while) {
  dns.set("hooks.test", {"127.0.0.1"});
  limits.idle_total = 0;  // each attempt connects anew
  limits.dns_ttl = 300ms;
  RawServer server(always(ok_answer()));
  int done = 0;
  for (int i = 0; i < 10; ++i) {
    the_client().send(request("http://hooks.test:" + std::to_string(server.port()) + "/"),
                      [&](AttemptOutcome outcome) { done += outcome.error == AttemptError::kNone; });
  }
  ASSERT_TRUE(run_until([&] { return done == 10; }));
  EXPECT_EQ(dns.questions(), 2);  // A and AAAA
  EXPECT_EQ(send_to("hooks.test", server).error, AttemptError::kNone);
  EXPECT_EQ(dns.questions(), 2);
  const auto later = std::chrono::steady_clock::now() + 350ms;
  run_until([&] { return std::chrono::steady_clock::now() > later; });
  EXPECT_EQ(send_to("hooks.test", server).error, AttemptError::kNone);
  EXPECT_EQ(dns.questions(), 4);
}

TEST_F(DnsTest, the_oldest_name_gives_way_when_the_cache_is_full) {
  limits.dns_entries = 2;
  limits.idle_total = 0;
  RawServer server(always(ok_answer()));
  for (const char* name : {"a.test", "b.test", "c.test"}) {
    dns.set(name, {"127.0.0.1"});
    EXPECT_EQ(send_to(name, server).error, AttemptError::kNone);
  }
  EXPECT_EQ(dns.questions(), 6);
  send_to("c.test", server);
  EXPECT_EQ(dns.questions(), 6);
  send_to("a.test", server);
  EXPECT_EQ(dns.questions(), 8);
}

TEST_F(DnsTest, the_next_address_is_tried_when_one_refuses) {
  RawServer server(always(ok_answer()));  // on IPv4 alone
  dns.set("both.test", {"::1", "127.0.0.1"});
  const auto outcome = send_to("both.test", server);
  EXPECT_EQ(outcome.error, AttemptError::kNone) << outcome.error_message;
  EXPECT_EQ(outcome.remote_address, "127.0.0.1:" + std::to_string(server.port()));
}

TEST_F(DnsTest, an_address_that_does_not_answer_costs_a_quarter_of_a_second) {
  // A listener whose queue is full lets a connection hang.
  boost::asio::ip::tcp::acceptor full(loop, {boost::asio::ip::make_address("127.0.0.2"), 0}, true);
  full.listen(0);
  const auto port = full.local_endpoint().port();
  std::vector<std::unique_ptr<boost::asio::ip::tcp::socket>> fillers;
  for (int i = 0; i < 4; ++i) {
    fillers.push_back(std::make_unique<boost::asio::ip::tcp::socket>(loop));
    fillers.back()->async_connect(full.local_endpoint(), [](const boost::system::error_code&) {});
  }
  RawServer server(always(ok_answer()), "127.0.0.1", nullptr, port);
  dns.set("slow.test", {"127.0.0.2", "127.0.0.1"});
  const auto outcome = send_to("slow.test", server);
  EXPECT_EQ(outcome.error, AttemptError::kNone) << outcome.error_message;
  EXPECT_EQ(outcome.remote_address, "127.0.0.1:" + std::to_string(port));
  EXPECT_GE(outcome.timings.connect_us, 240'000);
  EXPECT_LT(outcome.timings.connect_us, 3'000'000);

  limits.connect = 100ms;
  client.reset();
  EXPECT_EQ(send("http://127.0.0.2:" + std::to_string(port) + "/").error, AttemptError::kConnectTimeout);
  EXPECT_EQ(send("http://127.0.0.2:" + std::to_string(port) + "/", "{}", 50ms).error, AttemptError::kTimeout);
}

TEST_F(DnsTest, a_completion_may_destroy_the_client_after_a_failed_look_up) {
  bool done = false;
  the_client().send(request("http://nobody.test/"), [&](AttemptOutcome) {
    client.reset();
    done = true;
  });
  EXPECT_TRUE(run_until([&] { return done; }));
}

TEST(InTurns, families_alternate_and_ipv6_is_first) {
  EXPECT_EQ(in_turns({ip("1.1.1.1"), ip("1.1.1.2"), ip("1.1.1.3"), ip("2001::1"), ip("2001::2")}),
            (std::vector{ip("2001::1"), ip("1.1.1.1"), ip("2001::2"), ip("1.1.1.2"), ip("1.1.1.3")}));
}

}  // namespace
}  // namespace eventrelay::test
