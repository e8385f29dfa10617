#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <mutex>
#include <thread>

#include "tests/net/client_fixture.h"
#include "tests/support/tls_certificates.h"

namespace eventrelay::test {
namespace {

struct TlsClientTest : ClientTest {
  TestAuthority authority;

  TlsClientTest() {
    ::setenv("SSL_CERT_FILE", authority.file().c_str(), 1);
    tls = make_client_tls();
  }
  ~TlsClientTest() override { ::unsetenv("SSL_CERT_FILE"); }

  static std::string url(const RawServer& server, const std::string& host = "localhost") {
    return "https://" + host + ":" + std::to_string(server.port()) + "/hook";
  }
  AttemptOutcome send_to(const ServerCertificate& certificate, const std::string& host = "localhost") {
    const SslContext context = authority.make_server(certificate);
    RawServer server(always(ok_answer()), "127.0.0.1", context.get());
    auto outcome = send(url(server, host));
    client.reset();
    return outcome;
  }
};

TEST_F(TlsClientTest, a_server_that_proves_its_name_gets_the_request) {
  const auto context = authority.make_server({.names = "DNS:localhost"});
  std::string seen, name;
  RawServer server(
      [&](RawConnection& connection) {
        name = SSL_get_servername(connection.tls(), TLSEXT_NAMETYPE_host_name);
        seen = connection.read_request().value_or("");
        connection.send(ok_answer("secret"));
        connection.wait_until_closed();
      },
      "127.0.0.1", context.get());
  const auto outcome = send(url(server), std::string(100'000, 'x'));
  EXPECT_EQ(outcome.error, AttemptError::kNone) << outcome.error_message;
  EXPECT_EQ(outcome.response_body, "secret");
  EXPECT_GE(outcome.timings.tls_us, 0);
  EXPECT_GE(outcome.timings.dns_us, 0);
  EXPECT_EQ(name, "localhost");
  EXPECT_TRUE(seen.ends_with("\r\n\r\n" + std::string(100'000, 'x')));
}

TEST_F(TlsClientTest, an_address_is_proven_by_the_certificate_and_not_sent_as_a_name) {
  const auto context = authority.make_server({.names = "IP:127.0.0.1"});
  bool named = true;
  RawServer server(
      [&](RawConnection& connection) {
        named = SSL_get_servername(connection.tls(), TLSEXT_NAMETYPE_host_name) != nullptr;
        connection.read_request();
        connection.send(ok_answer());
        connection.wait_until_closed();
      },
      "127.0.0.1", context.get());
  EXPECT_EQ(send(url(server, "127.0.0.1")).error, AttemptError::kNone);
  EXPECT_FALSE(named);
}

TEST_F(TlsClientTest, certificates_that_do_not_fit_are_refused_and_the_reason_is_told) {
  const auto expect_refused = [&](const ServerCertificate& certificate, const std::string& host,
                                  const std::string& reason) {
    const auto outcome = send_to(certificate, host);
    EXPECT_EQ(outcome.error, AttemptError::kTls) << reason;
    EXPECT_NE(outcome.error_message.find(reason), std::string::npos) << outcome.error_message;
    EXPECT_EQ(outcome.status_code, 0);
    EXPECT_FALSE(outcome.remote_address.empty());
  };
  expect_refused({.names = "DNS:example.com"}, "localhost", "hostname mismatch");
  expect_refused({.names = "DNS:127.0.0.1,IP:127.0.0.2"}, "127.0.0.1", "IP address mismatch");
  expect_refused({.names = "DNS:localhost", .starts_in_days = -9, .ends_in_days = -2}, "localhost", "expired");
  expect_refused({.names = "DNS:localhost", .starts_in_days = 2, .ends_in_days = 9}, "localhost", "not yet valid");
  expect_refused({.names = "DNS:localhost", .self_signed = true}, "localhost", "self-signed");
}

TEST_F(TlsClientTest, an_unknown_authority_is_refused) {
  const TestAuthority stranger;
  const auto context = stranger.make_server({.names = "DNS:localhost"});
  RawServer server(always(ok_answer()), "127.0.0.1", context.get());
  EXPECT_EQ(send(url(server)).error, AttemptError::kTls);
}

TEST_F(TlsClientTest, versions_before_1_2_are_refused) {
  // Else OpenSSL's own level would refuse them.
  SSL_CTX_set_security_level(tls->native_handle(), 0);
  SSL_CTX_set_cipher_list(tls->native_handle(), "ALL:@SECLEVEL=0");
  EXPECT_EQ(send_to({.names = "DNS:localhost", .tls_version_max = TLS1_1_VERSION}).error, AttemptError::kTls);
  EXPECT_EQ(send_to({.names = "DNS:localhost", .tls_version_max = TLS1_2_VERSION}).error, AttemptError::kNone);
}

TEST_F(TlsClientTest, a_server_without_tls_is_a_tls_error) {
  RawServer plain([](RawConnection& connection) { connection.send("HTTP/1.1 400 Bad Request\r\n\r\n"); });
  EXPECT_EQ(send(url(plain)).error, AttemptError::kTls);
}

class TlsVersionTest : public TlsClientTest, public testing::WithParamInterface<int> {};

TEST_P(TlsVersionTest, a_connection_is_kept_and_later_ones_resume_its_session) {
  const auto context = authority.make_server({.names = "DNS:localhost", .tls_version_max = GetParam()});
  std::mutex mutex;
  std::vector<bool> resumed;
  RawServer server(
      [&](RawConnection& connection) {
        {
          const std::lock_guard lock(mutex);
          resumed.push_back(SSL_session_reused(connection.tls()) == 1);
        }
        for (int i = 0; i < 2 && connection.read_request(); ++i) connection.send(ok_answer());
      },
      "127.0.0.1", context.get());
  for (int i = 0; i < 4; ++i) {
    const auto outcome = send(url(server));
    EXPECT_EQ(outcome.error, AttemptError::kNone) << outcome.error_message;
    EXPECT_EQ(outcome.timings.tls_us >= 0, i % 2 == 0);
  }
  EXPECT_EQ(resumed, (std::vector{false, true}));
}

INSTANTIATE_TEST_SUITE_P(Versions, TlsVersionTest, testing::Values(TLS1_2_VERSION, TLS1_3_VERSION));

TEST_F(TlsClientTest, a_kept_connection_that_dies_before_an_answer_is_replaced) {
  const auto context = authority.make_server({.names = "DNS:localhost"});
  RawServer server(
      [](RawConnection& connection) {
        connection.read_request();
        connection.send(ok_answer());
        connection.read_request();
        if (connection.number() == 0) connection.reset();
      },
      "127.0.0.1", context.get());
  EXPECT_EQ(send(url(server)).error, AttemptError::kNone);
  EXPECT_EQ(send(url(server)).error, AttemptError::kNone);
  EXPECT_EQ(server.connections(), 2);
}

TEST_F(TlsClientTest, an_answer_cut_off_without_a_farewell_is_not_complete) {
  const auto context = authority.make_server({.names = "DNS:localhost"});
  for (const bool farewell : {true, false}) {
    RawServer server(
        [&](RawConnection& connection) {
          connection.read_request();
          connection.send("HTTP/1.1 200 OK\r\n\r\nuntil the end");
          if (!farewell) SSL_set_quiet_shutdown(connection.tls(), 1);
        },
        "127.0.0.1", context.get());
    const auto outcome = send(url(server));
    EXPECT_EQ(outcome.error, farewell ? AttemptError::kNone : AttemptError::kConnectionClosed);
  }
}

TEST_F(TlsClientTest, a_handshake_that_hangs_ends_with_the_connect_deadline_or_the_attempts) {
  RawServer server([](RawConnection& connection) { connection.wait_until_closed(); });
  EXPECT_EQ(send(url(server), "{}", 100ms).error, AttemptError::kTimeout);
  client.reset();
  limits.connect = 100ms;
  EXPECT_EQ(send(url(server), "{}", 5s).error, AttemptError::kConnectTimeout);
}

TEST_F(TlsClientTest, the_connect_deadline_ends_with_the_handshake) {
  limits.connect = 300ms;
  const auto context = authority.make_server({.names = "DNS:localhost"});
  RawServer server(
      [](RawConnection& connection) {
        if (!connection.read_request()) return;
        std::this_thread::sleep_for(500ms);
        connection.send(ok_answer());
      },
      "127.0.0.1", context.get());
  EXPECT_EQ(send(url(server)).error, AttemptError::kNone);
}

TEST_F(TlsClientTest, a_certificate_file_without_certificates_is_refused_at_the_start) {
  const std::string broken = authority.file() + ".broken";
  std::ofstream(broken) << "not a certificate\n";
  ::setenv("SSL_CERT_FILE", broken.c_str(), 1);
  EXPECT_THROW(make_client_tls(), std::runtime_error);
  ::setenv("SSL_CERT_FILE", "/nonexistent/file.pem", 1);
  EXPECT_THROW(make_client_tls(), std::runtime_error);
  ::unsetenv("SSL_CERT_FILE");
  EXPECT_NO_THROW(make_client_tls());
  std::remove(broken.c_str());
}

}  // namespace
}  // namespace eventrelay::test
