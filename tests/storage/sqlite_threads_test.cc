// The store's threads beside the writer: readers and the checkpoint.
#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "base/limits.h"
#include "storage/sqlite_checkpointer.h"
#include "storage/sqlite_readers.h"
#include "tests/storage/sqlite_harness.h"

namespace eventrelay {
namespace {

TEST(SqliteReadersTest, waiting_counts_against_the_deadline) {
  SqliteHarness harness;
  SqliteReaders readers(harness.file(), 1);
  std::promise<void> go_on;
  EventLoop& loop = harness.loop.loop();
  bool ran = false;
  readers.ask<int>(
      loop,
      [&](SqliteDb&) -> Result<int> {
        go_on.get_future().wait();
        return 1;
      },
      [](const Result<int>&) {});
  std::thread releaser;
  const auto late = harness.loop.wait<Result<int>>([&](auto done) {
    readers.ask<int>(
        loop,
        [&](SqliteDb&) -> Result<int> {
          ran = true;
          return 2;
        },
        std::move(done));
    // The second one's time runs from here: whatever the machine does, it is over when the first one ends.
    releaser = std::thread([&] {
      std::this_thread::sleep_for(kQueryTimeout);
      go_on.set_value();
    });
  });
  releaser.join();
  readers.stop();
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::kTimeout);
  EXPECT_FALSE(ran);
}

/// The log's size after so many commits of a megabyte each.
std::int64_t log_bytes_after_commits(SqliteDb& writer, SqliteCheckpointer& checkpointer, int commits) {
  std::int64_t bytes = 0;
  const std::string page(1024 * 1024, 'x');
  for (int i = 0; i < commits; ++i) {
    writer.use("INSERT INTO t VALUES (?1)").bind(page).run();
    bytes = checkpointer.after_commit();
  }
  return bytes;
}

TEST(SqliteCheckpointerTest, without_its_thread_the_writer_empties_the_log) {
  TemporaryDirectory directory;
  SqliteDb writer(directory.path() + "/a.db", SqliteDb::Mode::kWriter);
  writer.execute("CREATE TABLE t (x TEXT)");
  SqliteCheckpointer checkpointer(directory.path() + "/none/b.db", writer);
  EXPECT_LT(log_bytes_after_commits(writer, checkpointer, 40), 24 * 1024 * 1024);
  checkpointer.stop();
}

}  // namespace
}  // namespace eventrelay
