// The SQLite store in the suite of store behaviours.
#include "tests/storage/sqlite_harness.h"

namespace eventrelay {

INSTANTIATE_TEST_SUITE_P(Sqlite, StoreSuite,
                         testing::Values(StoreKind{"sqlite", [] { return std::make_unique<SqliteHarness>(); }}),
                         [](const auto& kind) { return kind.param.name; });

}  // namespace eventrelay
