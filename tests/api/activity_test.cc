#include "api/activity.h"

#include <gtest/gtest.h>

#include <deque>

#include "tests/support/manual_loop.h"

namespace eventrelay {
namespace {

constexpr OrganizationId kOne{1};
constexpr OrganizationId kTwo{2};

/// The store that processes share, as far as they tell each other through it.
class FakeShared final : public SharedActivity {
 public:
  struct Stream {
    ActivityPlace last;
    SteadyTime since{};
    std::vector<ActivityBatch> batches;
  };
  explicit FakeShared(VirtualTime& virtual_time) : time(virtual_time) {}

  void exchange(EventLoop& loop, Question question, Completion<Result<Answer>> done) override {
    exchanges += 1;
    Result<Answer> result = answer(question);
    if (fails) result = unavailable("The test decided so");
    loop.post([done = std::move(done), result = std::move(result)]() mutable { std::move(done)(std::move(result)); });
  }

  VirtualTime& time;
  std::map<OrganizationId, Stream> streams;
  int exchanges = 0;
  bool fails = false;

 private:
  Answer answer(const Question& question) {
    if (fails) return {};
    for (const OrganizationId id : question.watch) streams.try_emplace(id, Stream{{next_epoch++, 0}, time.now(), {}});
    for (const auto& [id, records] : question.add) {
      if (!streams.contains(id)) continue;
      Stream& stream = streams[id];
      stream.batches.push_back({{stream.last.epoch, stream.last.number + 1}, milliseconds(0), records});
      stream.last.number += static_cast<std::int64_t>(records.size());
    }
    Answer answer;
    for (const auto& [id, stream] : streams)
      answer.watched.push_back({id, stream.last, std::chrono::duration_cast<milliseconds>(time.now() - stream.since)});
    for (const auto& [id, after] : question.after) {
      if (!streams.contains(id)) continue;
      for (const ActivityBatch& batch : streams[id].batches)
        if (batch.first.epoch != after.epoch || batch.first.number > after.number)
          answer.batches.emplace_back(id, batch);
    }
    return answer;
  }
  std::int64_t next_epoch = 100;
};

struct Process {
  explicit Process(VirtualTime& time, SharedActivity* shared = nullptr) : loop(time) { activity.start(loop, shared); }
  ~Process() { activity.stop(); }

  std::unique_ptr<ActivityReader> reader(OrganizationId organization = kOne) {
    return activity.admit(loop, organization, [this] { wakes += 1; });
  }
  void tell(const std::string& what, OrganizationId organization = kOne,
            ActivityKind kind = ActivityKind::kWebhookUpdated) {
    if (activity.wants(organization, kind)) activity.add(organization, kind, R"({"what":")" + what + R"("})");
  }

  ManualLoop loop;
  Activity activity;
  int wakes = 0;
};

class ActivityTest : public testing::Test {
 protected:
  /// Until it is open; the answer.
  std::optional<Result<void>> open(ActivityReader& reader, milliseconds within = milliseconds(5'000)) {
    auto opened = std::make_shared<std::optional<Result<void>>>();
    reader.open([opened](Result<void> result) { *opened = std::move(result); });
    const SteadyTime until = time.now() + within;
    while (!*opened && time.now() < until) time.run_for(milliseconds(10));
    return *opened;
  }
  static std::string text(ActivityReader& reader) {
    std::string out;
    reader.take(out, 1 << 20);
    return out;
  }
  static bool has(const std::string& text, const std::string& what) { return text.find(what) != std::string::npos; }
  static std::string last_id(const std::string& text) {
    const auto at = text.rfind("id: ");
    return text.substr(at + 4, text.find('\n', at) - at - 4);
  }
  void tick() { time.run_for(kActivityTick + milliseconds(1)); }

  VirtualTime time;
};

TEST_F(ActivityTest, nothing_is_recorded_before_the_first_reader_and_five_minutes_after_the_last) {
  Process process(time);
  EXPECT_FALSE(process.activity.is_recording());
  EXPECT_FALSE(process.activity.wants(kOne, ActivityKind::kEventCreated));
  auto reader = process.reader();
  EXPECT_TRUE(process.activity.is_recording());
  EXPECT_TRUE(process.activity.wants(kOne, ActivityKind::kEventCreated));
  EXPECT_FALSE(process.activity.wants(kTwo, ActivityKind::kEventCreated));
  reader.reset();
  time.run_for(kActivityKept - std::chrono::seconds(1));
  EXPECT_TRUE(process.activity.is_recording());
  time.run_for(std::chrono::seconds(2));
  EXPECT_FALSE(process.activity.is_recording());
  EXPECT_EQ(time.next(), std::nullopt) << "and nothing ticks";
}

TEST_F(ActivityTest, readers_are_woken_and_get_the_same_text) {
  Process process(time);
  auto one = process.reader(), two = process.reader(), other = process.reader(kTwo);
  for (auto* reader : {one.get(), two.get(), other.get()}) EXPECT_TRUE(has(reader->begin(""), "id: "));
  process.tell("a");
  process.tell("b");
  EXPECT_EQ(text(*one), "") << "told together";
  tick();
  EXPECT_EQ(process.wakes, 2);
  const std::string told = text(*one);
  EXPECT_TRUE(has(told, R"("what":"a")") && has(told, R"("what":"b")"));
  EXPECT_EQ(text(*two), told);
  EXPECT_EQ(text(*other), "");
}

TEST_F(ActivityTest, a_reader_goes_on_after_its_id) {
  Process process(time);
  auto reader = process.reader();
  reader->begin("");
  process.tell("a");
  tick();
  const std::string id = last_id(text(*reader));
  reader.reset();
  process.tell("b");
  tick();
  auto back = process.reader();
  EXPECT_EQ(back->begin(id), "");
  const std::string told = text(*back);
  EXPECT_TRUE(has(told, R"("what":"b")"));
  EXPECT_FALSE(has(told, R"("what":"a")"));
}

TEST_F(ActivityTest, ids_that_are_unknown_or_too_old_give_a_gap) {
  Process process(time);
  auto reader = process.reader();
  const std::string id = last_id(reader->begin(""));
  for (const std::string unknown : {"x", "1-1"}) EXPECT_TRUE(has(reader->begin(unknown), R"("reason":"unknown")"));
  process.tell("a");
  tick();
  time.run_for(kActivityKept + std::chrono::seconds(1));
  auto back = process.reader();
  EXPECT_TRUE(has(back->begin(id), R"("reason":"expired")"));
  Process restarted(time);
  auto after = restarted.reader();
  EXPECT_TRUE(has(after->begin(id), R"("reason":"unknown")"));
}

TEST_F(ActivityTest, a_reader_that_is_64_KiB_behind_is_so_and_is_told_when_it_returns) {
  Process process(time);
  auto slow = process.reader();
  const std::string id = last_id(slow->begin(""));
  process.tell(std::string(kStreamBehindBytesMax - 1'000, 'x'));
  tick();
  EXPECT_FALSE(slow->is_behind());
  process.tell(std::string(2'000, 'x'));
  tick();
  EXPECT_TRUE(slow->is_behind());
  auto fresh = process.reader();
  EXPECT_EQ(fresh->begin(id), "");
  EXPECT_FALSE(fresh->is_behind()) << "what was there when it came does not count";
  slow->drop();
  auto back = process.reader();
  EXPECT_TRUE(has(back->begin(id), R"("reason":"too_slow")"));
}

TEST_F(ActivityTest, a_reader_that_is_ten_seconds_behind_is_so) {
  Process process(time);
  auto slow = process.reader();
  slow->begin("");
  process.tell("a");
  process.tell("b");
  tick();
  std::string out;
  slow->take(out, 1);  // one of the two
  time.run_for(kStreamBehindMax - std::chrono::seconds(1));
  EXPECT_FALSE(slow->is_behind());
  time.run_for(std::chrono::seconds(2));
  EXPECT_TRUE(slow->is_behind());
  slow->take(out, out.size() + 1);
  EXPECT_FALSE(slow->is_behind());
}

TEST_F(ActivityTest, a_reader_that_takes_long_for_what_was_there_before_it_is_not_behind) {
  Process process(time);
  auto before = process.reader();
  const std::string id = last_id(before->begin(""));
  for (int i = 0; i < 40; ++i) process.tell(std::string(1'000, 'x'));
  tick();
  auto back = process.reader();
  back->begin(id);
  std::string out;
  back->take(out, 1);
  time.run_for(kStreamBehindMax + std::chrono::seconds(1));
  process.tell("new");
  tick();
  EXPECT_FALSE(back->is_behind());
  back->take(out, out.size() + 1);
  time.run_for(kStreamBehindMax - std::chrono::seconds(1));
  EXPECT_FALSE(back->is_behind());
  time.run_for(std::chrono::seconds(2));
  EXPECT_TRUE(back->is_behind()) << "what came since does count";
}

TEST_F(ActivityTest, above_the_rate_a_summary_is_told) {
  Process process(time);
  auto reader = process.reader();
  reader->begin("");
  tick();
  for (std::size_t i = 0; i < kStreamSinglesPerSecond + 5; ++i) process.tell("e", kOne, ActivityKind::kEventCreated);
  time.run_for(milliseconds(1'500));
  const std::string told = text(*reader);
  EXPECT_TRUE(has(told, "event: summary"));
  EXPECT_TRUE(has(told, R"("events":5,)"));
}

TEST_F(ActivityTest, of_a_jobs_progress_only_the_last_of_a_tick_is_told) {
  Process process(time);
  auto reader = process.reader();
  reader->begin("");
  for (const char* done : {"1", "2"})
    process.activity.add(kOne, ActivityKind::kJobProgress, std::string(R"({"done":)") + done + "}", JobId{7});
  tick();
  const std::string told = text(*reader);
  EXPECT_TRUE(has(told, R"("done":2)"));
  EXPECT_FALSE(has(told, R"("done":1)"));
}

TEST_F(ActivityTest, there_is_room_for_so_many_readers) {
  Process process(time);
  std::vector<std::unique_ptr<ActivityReader>> readers;
  while (auto reader = process.reader()) readers.push_back(std::move(reader));
  EXPECT_EQ(readers.size(), kStreamReadersMax);
  readers.pop_back();
  EXPECT_TRUE(process.reader());
}

TEST_F(ActivityTest, what_all_organizations_keep_is_bounded) {
  Process process(time);
  std::vector<std::unique_ptr<ActivityReader>> readers;
  const std::string large(100'000, 'x');
  for (std::int64_t organization = 1; organization <= 4; ++organization) {
    readers.push_back(process.reader(OrganizationId{organization}));
    readers.back()->begin("");
    for (int i = 0; i < 40; ++i) process.tell(large, OrganizationId{organization});
  }
  tick();
  std::size_t kept = 0;
  for (auto& reader : readers) {
    std::string out;
    while (out.size() < 10'000'000) {
      const std::size_t before = out.size();
      reader->take(out, out.size() + 1);
      if (out.size() == before) break;
    }
    kept += has(out, "event: gap") ? 1 : 0;
  }
  EXPECT_GE(kept, 3U) << "who has not read what was dropped is told";
}

TEST_F(ActivityTest, two_processes_give_the_same_records_the_same_ids) {
  FakeShared shared(time);
  Process api(time, &shared), other_api(time, &shared), worker(time, &shared);
  auto here = api.reader();
  ASSERT_TRUE(open(*here).value());
  here->begin("");
  auto there = other_api.reader();
  ASSERT_TRUE(open(*there).value());
  there->begin("");
  worker.tell("worker");
  api.tell("api");
  time.run_for(milliseconds(1'000));
  const std::string told = text(*here);
  EXPECT_TRUE(has(told, R"("what":"worker")") && has(told, R"("what":"api")"));
  EXPECT_EQ(text(*there), told);
}

TEST_F(ActivityTest, a_first_reader_waits_until_every_process_records) {
  FakeShared shared(time);
  Process api(time, &shared), worker(time, &shared);
  time.run_for(std::chrono::seconds(2));
  auto reader = api.reader();
  const SteadyTime asked = time.now();
  ASSERT_TRUE(open(*reader).value());
  EXPECT_GE(time.now() - asked, kActivitySpread);
  EXPECT_TRUE(worker.activity.is_recording());
  auto second = api.reader();
  const SteadyTime again = time.now();
  ASSERT_TRUE(open(*second).value());
  EXPECT_LT(time.now() - again, milliseconds(300)) << "but the next does not";
}

TEST_F(ActivityTest, a_reader_goes_on_at_another_process) {
  FakeShared shared(time);
  Process api(time, &shared), other_api(time, &shared);
  auto reader = api.reader();
  ASSERT_TRUE(open(*reader).value());
  const std::string id = last_id(reader->begin(""));
  reader.reset();
  api.tell("missed");
  time.run_for(std::chrono::seconds(1));
  auto back = other_api.reader();
  ASSERT_TRUE(open(*back).value());
  EXPECT_EQ(back->begin(id), "");
  EXPECT_TRUE(has(text(*back), R"("what":"missed")"));
}

TEST_F(ActivityTest, a_reader_that_one_process_dropped_is_told_by_another) {
  FakeShared shared(time);
  Process api(time, &shared), other_api(time, &shared);
  auto reader = api.reader();
  ASSERT_TRUE(open(*reader).value());
  const std::string id = last_id(reader->begin(""));
  api.tell("a");
  time.run_for(std::chrono::seconds(1));
  reader->drop();
  time.run_for(std::chrono::seconds(1));
  auto back = other_api.reader();
  ASSERT_TRUE(open(*back).value());
  EXPECT_TRUE(has(back->begin(id), R"("reason":"too_slow")"));
}

TEST_F(ActivityTest, what_a_failed_exchange_took_along_is_told_as_lost) {
  FakeShared shared(time);
  Process api(time, &shared);
  auto reader = api.reader();
  ASSERT_TRUE(open(*reader).value());
  reader->begin("");
  api.tell("lost");
  shared.fails = true;
  time.run_for(std::chrono::seconds(1));
  auto refused = api.reader();
  EXPECT_FALSE(open(*refused).value());
  shared.fails = false;
  time.run_for(std::chrono::seconds(2));
  EXPECT_TRUE(has(text(*reader), R"("reason":"lost")"));
}

TEST_F(ActivityTest, a_shared_store_that_has_forgotten_everything_gives_a_gap) {
  FakeShared shared(time);
  Process api(time, &shared);
  auto reader = api.reader();
  ASSERT_TRUE(open(*reader).value());
  reader->begin("");
  shared.streams.clear();
  time.run_for(std::chrono::seconds(2));
  EXPECT_TRUE(has(text(*reader), "event: gap"));
  api.tell("after");
  time.run_for(std::chrono::seconds(1));
  EXPECT_TRUE(has(text(*reader), R"("what":"after")"));
}

TEST_F(ActivityTest, without_readers_a_process_only_looks_now_and_then) {
  FakeShared shared(time);
  Process api(time, &shared);
  time.run_for(std::chrono::seconds(10));
  EXPECT_LE(shared.exchanges, 10'000 / kActivityLookEvery.count() + 2);
}

TEST_F(ActivityTest, what_is_left_at_the_end_is_passed_on) {
  FakeShared shared(time);
  Process api(time, &shared), worker(time, &shared);
  auto reader = api.reader();
  ASSERT_TRUE(open(*reader).value());
  reader->begin("");
  worker.tell("last");
  bool flushed = false;
  worker.activity.flush([&] { flushed = true; });
  time.run_ready();
  EXPECT_TRUE(flushed);
  EXPECT_EQ(shared.streams[kOne].batches.size(), 1U);
}

}  // namespace
}  // namespace eventrelay
