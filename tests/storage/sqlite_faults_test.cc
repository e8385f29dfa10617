// The SQLite store in trouble: killed, out of disk, with a reader that does not let go, with two owners.
#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <set>

#include "tests/storage/fault_vfs.h"
#include "tests/storage/sqlite_harness.h"

namespace eventrelay {
namespace {

IngestIntent event_of(std::string type, std::size_t payload_bytes = 10) {
  IngestIntent intent;
  intent.organization = kOrg;
  intent.events.emplace_back();
  intent.events[0].type = std::move(type);
  intent.events[0].payload = '"' + std::string(payload_bytes, 'x') + '"';
  intent.catalog_version = ~std::uint64_t{0};
  return intent;
}

Result<IngestResult> ingest(StoreHarness& harness, IngestIntent intent) {
  return harness.loop.wait<Result<IngestResult>>(
      [&](auto done) { harness.store().ingest(harness.loop.loop(), std::move(intent), std::move(done)); });
}

Result<ChangeResult> change(StoreHarness& harness, Change intent) {
  return harness.loop.wait<Result<ChangeResult>>(
      [&](auto done) { harness.store().change(harness.loop.loop(), std::move(intent), std::move(done)); });
}

CreateWebhook create(std::string pattern) {
  WebhookSpec spec;
  spec.url = "https://example.com/";
  spec.event_types = {std::move(pattern)};
  return {kOrg, spec, Secret{std::string(32, 's')}};
}

/// Before any database is opened: a connection keeps the layers that it began with.
const bool kLayerInstalled = (install_fault_vfs(), true);

/// The faults of the disk end with the test.
struct FaultGuard {
  FaultGuard() { EXPECT_TRUE(kLayerInstalled); }
  ~FaultGuard() { set_disk_fault(DiskFault::kNone); }
};

/// Runs the body in a child and gives what waitpid says of its end.
template <class Body>
int status_of_child(const Body& body) {
  const pid_t child = fork();
  if (child == 0) {
    body();
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return status;
}

struct Acknowledged {
  std::int64_t event;
  std::int64_t finished;  ///< the delivery whose success was acknowledged; 0: none
};

/// Ingests and finishes without a pause, and writes what was acknowledged to the pipe, until it is killed.
void run_until_killed(const std::string& directory, int pipe) {
  RecordingHandOver hand_over;
  Metrics metrics;
  TestLoop loop;
  SqliteOptions options;
  options.data_dir = directory;
  auto store = SqliteStore::open(options, hand_over, metrics);
  if (!store) _exit(1);
  const auto tell = [pipe](Acknowledged what) {
    if (write(pipe, &what, sizeof what) != sizeof what) _exit(2);
  };
  const auto webhook =
      loop.wait<Result<ChangeResult>>([&](auto done) { (*store)->change(loop.loop(), create("*"), std::move(done)); });
  std::function<void()> next = [&] {
    (*store)->ingest(loop.loop(), event_of("load", 300), [&](Result<IngestResult> result) {
      const EventId event = result->events.at(0).id;
      tell({event.value, 0});
      FinishAttempt finish;
      finish.organization = kOrg;
      finish.webhook = webhook->webhook->id;
      finish.delivery = DeliveryId{event.value + 1};
      finish.number = 1;
      finish.state = DeliveryState::kSucceeded;
      finish.outcome.status_code = 200;
      (*store)->finish_attempt(loop.loop(), std::make_shared<const FinishAttempt>(std::move(finish)),
                               [&, event](Result<FinishResult> ended) {
                                 if (ended) tell({event.value, event.value + 1});
                                 next();
                               });
    });
  };
  for (int i = 0; i < 64; ++i) next();
  loop.run_until([] { return false; });
}

}  // namespace

TEST(SqliteFaults, what_was_acknowledged_is_there_after_each_kill) {
  constexpr int kRounds = 6;
  constexpr std::size_t kAtLeast = 40;
  TemporaryDirectory directory;
  std::set<std::int64_t> events;
  std::set<std::int64_t> finished;
  for (int round = 0; round < kRounds; ++round) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0) {
      close(ends[0]);
      run_until_killed(directory.path(), ends[1]);
      _exit(0);
    }
    close(ends[1]);
    // Each round is killed at another point of its load.
    const std::size_t until = events.size() + kAtLeast + static_cast<std::size_t>(round) * 137;
    Acknowledged what{};
    bool killed = false;
    while (read(ends[0], &what, sizeof what) == sizeof what) {
      events.insert(what.event);
      if (what.finished != 0) finished.insert(what.finished);
      if (!killed && events.size() >= until) {
        kill(child, SIGKILL);
        killed = true;
      }
    }
    close(ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(killed) << "the load did not get so far";
  }
  RecordingHandOver hand_over;
  Metrics metrics;
  TestLoop loop;
  auto store = SqliteStore::open({directory.path(), true, {}}, hand_over, metrics);
  ASSERT_TRUE(store);
  for (const std::int64_t event : events) {
    const auto seen = loop.wait((*store)->get_event(loop.loop(), kOrg, EventId{event}));
    ASSERT_TRUE(seen) << event;
    // A webhook more each round.
    EXPECT_EQ(seen->deliveries.size(), seen->event.delivery_count);
    EXPECT_GE(seen->deliveries.size(), 1u);
  }
  for (const std::int64_t id : finished) {
    const auto seen = loop.wait((*store)->get_delivery(loop.loop(), kOrg, DeliveryId{id}));
    ASSERT_TRUE(seen);
    ASSERT_EQ(seen->delivery.state, DeliveryState::kSucceeded);
    ASSERT_EQ(seen->attempts.size(), 1u);
  }
  // Gauge and rows agree: they were written together.
  const auto report = loop.wait((*store)->metrics(loop.loop(), kOrg, MetricsWindow::k1h, {}));
  std::int64_t pending = 0;
  PageRequest page{0, kPageMax};
  for (int pages = 0; pages < 10'000; ++pages) {
    const auto rows = loop.wait((*store)->list_deliveries(loop.loop(), kOrg, {.state = DeliveryState::kPending}, page));
    ASSERT_TRUE(rows);
    pending += static_cast<std::int64_t>(rows->rows.size());
    if (rows->next == 0) break;
    page.cursor = rows->next;
  }
  EXPECT_EQ(report->pending, pending);
}

TEST(SqliteFaults, a_second_process_is_kept_out) {
  SqliteHarness harness;
  RecordingHandOver hand_over;
  Metrics metrics;
  const auto second = SqliteStore::open({harness.directory(), true, {}}, hand_over, metrics);
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().message.find(harness.directory()), std::string::npos);
  harness.close();
  EXPECT_TRUE(SqliteStore::open({harness.directory(), true, {}}, hand_over, metrics));
}

TEST(SqliteFaults, a_schema_that_is_behind_or_ahead_is_refused_with_what_to_do) {
  RecordingHandOver hand_over;
  Metrics metrics;
  TemporaryDirectory directory;
  const auto behind = SqliteStore::open({directory.path(), false, {}}, hand_over, metrics);
  ASSERT_FALSE(behind);
  EXPECT_NE(behind.error().message.find("eventrelay migrate"), std::string::npos);
  ASSERT_TRUE(migrate_sqlite(directory.path()));
  EXPECT_TRUE(SqliteStore::open({directory.path(), false, {}}, hand_over, metrics));
  sqlite3* raw = nullptr;
  ASSERT_EQ(sqlite3_open((directory.path() + "/eventrelay.db").c_str(), &raw), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(raw, "PRAGMA user_version = 9999", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(raw);
  const auto ahead = SqliteStore::open({directory.path(), true, {}}, hand_over, metrics);
  ASSERT_FALSE(ahead);
  EXPECT_NE(ahead.error().message.find("9999"), std::string::npos);
}

TEST(SqliteFaults, a_reader_that_holds_on_does_not_stop_ingest) {
  SqliteHarness harness;
  ASSERT_TRUE(change(harness, create("*")));
  sqlite3* raw = nullptr;
  ASSERT_EQ(sqlite3_open(harness.file().c_str(), &raw), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(raw, "BEGIN; SELECT count(*) FROM events", nullptr, nullptr, nullptr), SQLITE_OK);
  constexpr int kEvents = 3'000;
  int stored = 0;
  for (int i = 0; i < kEvents; ++i) {
    harness.store().ingest(harness.loop.loop(), event_of("load", 8'000),
                           [&](Result<IngestResult> result) { stored += result ? 1 : 0; });
  }
  harness.loop.run_until([&] { return stored == kEvents; });
  const auto held = std::filesystem::file_size(harness.file() + "-wal");
  sqlite3_close(raw);
  // Let go: the log is taken in and begins anew, so that it does not grow with what comes.
  for (int i = 0; i < kEvents; ++i) ASSERT_TRUE(ingest(harness, event_of("after", 8'000)));
  EXPECT_LT(std::filesystem::file_size(harness.file() + "-wal"), 2 * held);
}

TEST(SqliteFaults, a_full_disk_is_unavailable_and_ingest_goes_on_when_there_is_room) {
  const FaultGuard guard;
  SqliteHarness harness;
  ASSERT_TRUE(change(harness, create("*")));
  const auto before = ingest(harness, event_of("a"));
  ASSERT_TRUE(before);
  set_disk_fault(DiskFault::kFull);
  const auto refused = ingest(harness, event_of("b"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  set_disk_fault(DiskFault::kNone);
  const auto after = ingest(harness, event_of("c"));
  ASSERT_TRUE(after);
  EXPECT_GT(after->events.at(0).id, before->events.at(0).id);
  harness.reopen();
  const auto report = harness.loop.wait(harness.queries().metrics(harness.loop.loop(), kOrg, MetricsWindow::k15m, {}));
  EXPECT_EQ(report->totals.events, 2);
  EXPECT_EQ(report->pending, 2);
}

/// How a process ends that takes so many events in, each answered before the next, on a disk with the fault.
int status_of_ingest(DiskFault fault, int events, std::size_t payload_bytes) {
  TemporaryDirectory directory;
  return status_of_child([&] {
    RecordingHandOver hand_over;
    Metrics metrics;
    TestLoop loop;
    auto store = SqliteStore::open({directory.path(), true, {}}, hand_over, metrics);
    if (!store) return;
    set_disk_fault(fault);
    for (int i = 0; i < events; ++i) {
      loop.wait<Result<IngestResult>>(
          [&](auto done) { (*store)->ingest(loop.loop(), event_of("a", payload_bytes), std::move(done)); });
    }
  });
}

TEST(SqliteFaults, a_sync_that_fails_ends_the_process_and_is_not_tried_again) {
  const FaultGuard guard;
  const int status = status_of_ingest(DiskFault::kSyncOfLog, 1, 10);
  ASSERT_TRUE(WIFEXITED(status) || WIFSIGNALED(status));
  EXPECT_FALSE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "it answered";
}

TEST(SqliteFaults, what_is_queued_at_the_stop_is_committed_and_later_ones_are_refused) {
  TemporaryDirectory directory;
  RecordingHandOver hand_over;
  Metrics metrics;
  TestLoop loop;
  int stored = 0;
  int refused = 0;
  {
    auto store = SqliteStore::open({directory.path(), true, {}}, hand_over, metrics);
    ASSERT_TRUE(store);
    const auto note = [&](Result<IngestResult> result) { ++(result ? stored : refused); };
    for (int i = 0; i < 1'000; ++i) (*store)->ingest(loop.loop(), event_of("a"), note);
    (*store)->stop();
    (*store)->ingest(loop.loop(), event_of("late"), note);
    loop.run_until([&] { return stored + refused == 1'001; });
  }
  EXPECT_EQ(stored, 1'000);
  EXPECT_EQ(refused, 1);
  auto again = SqliteStore::open({directory.path(), true, {}}, hand_over, metrics);
  ASSERT_TRUE(again);
  EXPECT_EQ(loop.wait((*again)->metrics(loop.loop(), kOrg, MetricsWindow::k1h, {}))->totals.events, 1'000);
}

TEST(SqliteFaults, more_than_may_wait_is_refused_at_once_and_no_answer_is_lost) {
  SqliteHarness harness;
  constexpr int kEvents = 400;
  int stored = 0;
  int refused = 0;
  for (int i = 0; i < kEvents; ++i) {
    harness.store().ingest(harness.loop.loop(), event_of("large", 1024 * 1024), [&](Result<IngestResult> result) {
      if (!result) {
        EXPECT_EQ(result.error().code, ErrorCode::kUnavailable);
      }
      ++(result ? stored : refused);
    });
  }
  harness.loop.run_until([&] { return stored + refused == kEvents; });
  EXPECT_GT(stored, 0);
  const auto report = harness.loop.wait(harness.queries().metrics(harness.loop.loop(), kOrg, MetricsWindow::k15m, {}));
  EXPECT_EQ(report->totals.events, stored);
}

TEST(SqliteFaults, a_webhook_whose_creation_was_refused_gets_nothing) {
  const FaultGuard guard;
  SqliteHarness harness;
  ASSERT_TRUE(change(harness, create("a")));
  set_disk_fault(DiskFault::kFull);
  ASSERT_FALSE(change(harness, create("*")));
  set_disk_fault(DiskFault::kNone);
  EXPECT_EQ(ingest(harness, event_of("b"))->events.at(0).deliveries, 0u);
}

TEST(SqliteFaults, a_secret_whose_rotation_was_refused_is_not_taken_up_later) {
  const FaultGuard guard;
  SqliteHarness harness;
  const WebhookPtr webhook = change(harness, create("*"))->webhook;
  set_disk_fault(DiskFault::kFull);
  ASSERT_FALSE(change(harness, RotateSecret{kOrg, webhook->id, Secret{std::string(32, 'n')}}));
  set_disk_fault(DiskFault::kNone);
  WebhookPatch patch;
  patch.description = "other";
  const auto updated = change(harness, UpdateWebhook{kOrg, webhook->id, patch});
  ASSERT_TRUE(updated);
  EXPECT_EQ(updated->webhook->secret, webhook->secret);
}

TEST(SqliteFaults, a_checkpoint_whose_sync_fails_ends_the_process) {
  const FaultGuard guard;
  const int status = status_of_ingest(DiskFault::kSyncOfData, 400, 100'000);
  EXPECT_FALSE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "it went on";
}

TEST(SqliteFaults, a_key_that_is_there_already_is_a_conflict_and_spoils_nothing_beside_it) {
  SqliteHarness harness;
  ApiKey key;
  key.organization = kOrg;
  key.hash = sha256("one");
  ASSERT_TRUE(change(harness, CreateApiKey{key}));
  const auto again = change(harness, CreateApiKey{key});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::kConflict);
}

}  // namespace eventrelay
