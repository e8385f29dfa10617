// The PostgreSQL store in the suite of store behaviours.
#include <stdexcept>

#include "storage/postgres_store.h"
#include "tests/storage/store_suite.h"
#include "tests/support/postgres_server.h"

namespace eventrelay {

/// A database of its own on the test program's server.
class PostgresHarness final : public StoreHarness {
 public:
  PostgresHarness() : url_(test::PostgresServer::shared().make_database()) { open(); }
  ~PostgresHarness() override { store_.reset(); }
  Store& store() override { return *store_; }
  StoreQueries& queries() override { return *store_; }
  PeopleStore& people() override { return *store_; }
  void reopen() override {
    store_.reset();
    open();
  }
  std::string sql(const std::string& text) override {
    return test::PostgresServer::shared().sql(url_, "SET search_path TO eventrelay; " + text);
  }

 private:
  void open() {
    PostgresOptions options;
    options.url = url_;
    options.name = "test";
    options.retention_days = retention_days;
    options.clock = [this] { return now(); };
    auto opened = PostgresStore::open(options, hand_over, metrics);
    if (!opened) throw std::runtime_error(opened.error().message);
    store_ = std::move(*opened);
  }

  const std::string url_;
  std::unique_ptr<PostgresStore> store_;
};

INSTANTIATE_TEST_SUITE_P(Postgres, StoreSuite,
                         testing::Values(StoreKind{"postgres", [] { return std::make_unique<PostgresHarness>(); }}),
                         [](const auto& kind) { return kind.param.name; });

}  // namespace eventrelay
