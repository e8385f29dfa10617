#include <gtest/gtest.h>
#include <openssl/pem.h>

#include <filesystem>

#include "tests/storage/postgres_fixture.h"
#include "tests/support/child_process.h"
#include "tests/support/tls_certificates.h"

namespace eventrelay::test {
namespace {

/// What `write` puts into a file that PostgreSQL can read and nobody else.
template <class Write>
std::string pem_file(const std::string& path, const Write& write) {
  FILE* file = fopen(path.c_str(), "w");
  write(file);
  fclose(file);
  give_to_servers(path);
  return path;
}

struct PostgresTlsTest : ::testing::Test {
  TestAuthority authority;
  std::string folder = make_server_folder("eventrelay_tls");
  TestLoop loop;

  std::vector<std::string> settings() {
    const auto tls = authority.make_server({"DNS:localhost,IP:127.0.0.1"});
    const auto certificate = pem_file(folder + "/certificate",
                                      [&](FILE* file) { PEM_write_X509(file, SSL_CTX_get0_certificate(tls.get())); });
    const auto key = pem_file(folder + "/key", [&](FILE* file) {
      PEM_write_PrivateKey(file, SSL_CTX_get0_privatekey(tls.get()), nullptr, nullptr, 0, nullptr, nullptr);
    });
    return {"ssl=on", "ssl_cert_file=" + certificate, "ssl_key_file=" + key};
  }
  ~PostgresTlsTest() override { std::filesystem::remove_all(folder); }
};

TEST_F(PostgresTlsTest, megabytes_go_both_ways_over_tls) {
  const PostgresServer server(settings());
  const auto verified = server.url("postgres") + "?sslmode=verify-full&sslrootcert=";
  EXPECT_TRUE(loop.wait(PgConnection::connect(loop.context(), {verified + folder + "/certificate"})).has_error());
  auto connection = loop.wait(PgConnection::connect(loop.context(), {verified + authority.file()})).value();

  const auto soon = steady_clock::now() + seconds(30);
  // Of many sizes: the last bytes may be decrypted and not yet read when the socket falls silent.
  int answered = 0;
  for (std::size_t size = 1; size < 4'000'000; size = size * 3 + 5'000) {
    const std::string text(size, 'x');
    auto answer = loop.wait(connection->query("SELECT $1", PgParams().add_text(text), soon));
    EXPECT_EQ(answer.value().text(0, 0), text);
    ++answered;
    connection->run({{"SELECT $1", PgParams().add_text(text)}}, soon,
                    [&](const auto& rows) { answered += rows ? 1 : 0; });
  }
  const auto sent = answered + static_cast<int>(connection->under_way());
  loop.run_until([&] { return answered == sent; });
  const auto used =
      loop.wait(connection->query("SELECT ssl::int FROM pg_stat_ssl WHERE pid = pg_backend_pid()", PgParams(), soon));
  EXPECT_EQ(used.value().integer(0, 0), 1);
}

}  // namespace
}  // namespace eventrelay::test
