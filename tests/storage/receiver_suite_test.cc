// What every implementation of the built-in receiver must do: in memory, and in PostgreSQL.
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <set>

#include "ports/receiver.h"
#include "storage/memory_receiver.h"
#include "storage/postgres_store.h"
#include "tests/storage/store_suite.h"
#include "tests/support/manual_loop.h"
#include "tests/support/postgres_server.h"

namespace eventrelay {
namespace {

/// A receiver whose time the test moves.
class ReceiverHarness {
 public:
  virtual ~ReceiverHarness() = default;
  virtual Receiver& receiver() = 0;
  virtual EventLoop& loop() = 0;
  virtual void run_until(const std::function<bool()>& holds) = 0;
  virtual void advance(milliseconds by) = 0;
  /// As housekeeping does once a minute.
  virtual void keep_house() {}
};

class MemoryHarness final : public ReceiverHarness {
 public:
  Receiver& receiver() override { return receiver_; }
  EventLoop& loop() override { return loop_; }
  void run_until(const std::function<bool()>& holds) override {
    time_.run_ready();
    ASSERT_TRUE(holds());
  }
  void advance(milliseconds by) override { time_.run_for(by); }

 private:
  VirtualTime time_;
  ManualLoop loop_{time_};
  MemoryReceiver receiver_;
};

class PostgresReceiverHarness final : public ReceiverHarness {
 public:
  PostgresReceiverHarness() {
    PostgresOptions options;
    options.url = test::PostgresServer::shared().make_database();
    options.name = "test";
    options.clock = [this] { return from_unix_ms(now_ms_.load()); };
    store_ = std::move(*PostgresStore::open(options, hand_over_, metrics_));
  }
  ~PostgresReceiverHarness() override { store_.reset(); }
  Receiver& receiver() override { return *store_; }
  EventLoop& loop() override { return loop_.loop(); }
  void run_until(const std::function<bool()>& holds) override { loop_.run_until(holds); }
  void advance(milliseconds by) override { now_ms_ += by.count(); }
  void keep_house() override {
    const auto done = loop_.wait<Result<ChangeResult>>(
        [&](auto answer) { store_->change(loop_.loop(), ExpireKeys{from_unix_ms(0)}, std::move(answer)); });
    ASSERT_TRUE(done);
  }

 private:
  std::atomic<std::int64_t> now_ms_{1'767'225'600'000};
  TestLoop loop_;
  RecordingHandOver hand_over_;
  Metrics metrics_;
  std::unique_ptr<PostgresStore> store_;
};

struct ReceiverKind {
  std::string name;
  std::function<std::unique_ptr<ReceiverHarness>()> make;
};
void PrintTo(const ReceiverKind& kind, std::ostream* out) {
  *out << kind.name;
}

class ReceiverSuite : public testing::TestWithParam<ReceiverKind> {
 protected:
  void SetUp() override { harness = GetParam().make(); }

  template <class T, class Start>
  Result<T> wait(const Start& start) {
    std::optional<Result<T>> answer;
    start([&](Result<T> result) { answer.emplace(std::move(result)); });
    harness->run_until([&] { return answer.has_value(); });
    return std::move(*answer);
  }
  int take(const std::string& id, std::string body = "{}", OrganizationId org = kOrg, std::int64_t delivery = 5) {
    harness->advance(milliseconds(1));
    ReceivedRequest request;
    request.delivery = DeliveryId{delivery};
    request.headers = {{"webhook-id", "evt_1"}, {"x-a", "\u00e9 \"b\""}};
    request.body = std::move(body);
    request.truncated = request.body.size() > 100;
    return *wait<int>([&](auto done) {
      harness->receiver().take_request(harness->loop(), {org, id}, std::move(request), std::move(done));
    });
  }
  std::vector<ReceivedRequest> list(const std::string& id, OrganizationId org = kOrg) {
    return *wait<std::vector<ReceivedRequest>>([&](auto done) {
      harness->receiver().list_requests(harness->loop(), {org, id}, std::move(done));
    });
  }
  int answer(const std::string& id, int status, OrganizationId org = kOrg) {
    harness->advance(milliseconds(1));
    return *wait<int>([&](auto done) {
      harness->receiver().set_answer(harness->loop(), {org, id}, status, std::move(done));
    });
  }

  std::unique_ptr<ReceiverHarness> harness;
};

TEST_P(ReceiverSuite, what_was_sent_is_listed_the_newest_first) {
  EXPECT_TRUE(list("a").empty());
  EXPECT_EQ(take("a", "{\"n\":1}"), kReceiverStatus);
  take("a", std::string(200, 'x'), kOrg, 6);
  const auto got = list("a");
  ASSERT_EQ(got.size(), 2u);
  EXPECT_EQ(got[0].delivery, DeliveryId{6});
  EXPECT_TRUE(got[0].truncated);
  EXPECT_EQ(got[1].body, "{\"n\":1}");
  EXPECT_FALSE(got[1].truncated);
  EXPECT_EQ(got[1].headers, (Headers{{"webhook-id", "evt_1"}, {"x-a", "\u00e9 \"b\""}}));
  EXPECT_GT(got[0].id.value, got[1].id.value);
  EXPECT_EQ(got[0].received_at - got[1].received_at, milliseconds(1));
  EXPECT_TRUE(list("b").empty());
  EXPECT_TRUE(list("a", kOtherOrg).empty()) << "another organization's";
}

TEST_P(ReceiverSuite, it_answers_what_was_said_last) {
  EXPECT_EQ(answer("a", 500), 500);
  EXPECT_EQ(take("a"), 500);
  EXPECT_EQ(take("a", "{}", kOtherOrg), kReceiverStatus);
  EXPECT_EQ(take("b"), kReceiverStatus);
  answer("a", 204);
  EXPECT_EQ(take("a"), 204);
}

TEST_P(ReceiverSuite, it_keeps_the_newest_requests) {
  for (std::size_t n = 0; n < kReceiverRequestsKept + 3; ++n) take("a", std::to_string(n));
  const auto got = list("a");
  ASSERT_EQ(got.size(), kReceiverRequestsKept);
  EXPECT_EQ(got.front().body, "52");
  EXPECT_EQ(got.back().body, "3");
}

TEST_P(ReceiverSuite, of_an_organizations_receivers_those_that_were_used_last_stay) {
  take("other", "{}", kOtherOrg);
  for (std::size_t n = 0; n < kReceiversOfOrganizationMax; ++n) take("r" + std::to_string(n));
  answer("r0", 500);
  take("one-more");
  EXPECT_EQ(list("r0").size(), 1u) << "it was used";
  EXPECT_TRUE(list("r1").empty());
  EXPECT_EQ(list("r2").size(), 1u);
  EXPECT_EQ(list("one-more").size(), 1u);
  EXPECT_EQ(list("other", kOtherOrg).size(), 1u);
}

TEST_P(ReceiverSuite, of_all_receivers_those_that_were_used_last_stay) {
  for (std::size_t n = 0; n <= kReceiversMax; ++n) answer("a", 201, OrganizationId{static_cast<std::int64_t>(n) + 1});
  EXPECT_EQ(take("a", "{}", OrganizationId{kReceiversMax + 1}), 201);
  EXPECT_EQ(take("a", "{}", OrganizationId{3}), 201);
  EXPECT_EQ(take("a", "{}", OrganizationId{1}), kReceiverStatus) << "it went, and begins anew";
}

TEST_P(ReceiverSuite, all_of_it_is_forgotten_after_a_while) {
  answer("a", 500);
  take("a", "1");
  harness->advance(kReceiverKept - milliseconds(2));
  ASSERT_EQ(list("a").size(), 1u);
  EXPECT_EQ(take("a", "2"), 500) << "it was used within the hour";
  harness->advance(milliseconds(1));
  const auto got = list("a");
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].body, "2");
  harness->advance(kReceiverKept);
  harness->keep_house();
  EXPECT_TRUE(list("a").empty());
  EXPECT_EQ(take("a"), kReceiverStatus);
}

TEST_P(ReceiverSuite, one_that_was_forgotten_begins_anew_before_any_housekeeping) {
  answer("a", 500);
  harness->advance(kReceiverKept);
  EXPECT_EQ(take("a"), kReceiverStatus);
}

INSTANTIATE_TEST_SUITE_P(Memory, ReceiverSuite,
                         testing::Values(ReceiverKind{"memory", [] { return std::make_unique<MemoryHarness>(); }}),
                         [](const auto& kind) { return kind.param.name; });
INSTANTIATE_TEST_SUITE_P(Postgres, ReceiverSuite,
                         testing::Values(ReceiverKind{"postgres",
                                                      [] { return std::make_unique<PostgresReceiverHarness>(); }}),
                         [](const auto& kind) { return kind.param.name; });

TEST(MemoryReceiverTest, the_bytes_of_all_requests_are_bounded) {
  VirtualTime time;
  ManualLoop loop{time};
  MemoryReceiver receiver;
  const std::size_t requests = kReceiverBytesMax / kReceiverBodyBytesKept;
  const std::size_t organizations = requests / kReceiverRequestsKept + 1;
  std::size_t kept = 0;
  for (std::size_t n = 0; n < organizations * kReceiverRequestsKept; ++n) {
    ReceivedRequest request;
    request.body = std::string(kReceiverBodyBytesKept, 'x');
    const OrganizationId org{static_cast<std::int64_t>(n / kReceiverRequestsKept) + 1};
    receiver.take_request(loop, {org, "a"}, std::move(request), [](const Result<int>&) {});
  }
  for (std::size_t n = 0; n < organizations; ++n) {
    receiver.list_requests(loop, {OrganizationId{static_cast<std::int64_t>(n) + 1}, "a"},
                           [&](const Result<std::vector<ReceivedRequest>>& list) { kept += list->size(); });
  }
  time.run_ready();
  EXPECT_LT(kept, requests);
  EXPECT_GE(kept, requests - 2 * kReceiverRequestsKept);
}

}  // namespace
}  // namespace eventrelay
