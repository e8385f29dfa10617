// Reads, the catalog, the commit log and the leases.
#include <algorithm>

#include "tests/sim/shared_sim_store.h"

namespace eventrelay {

namespace {
constexpr auto kReadTimeout = milliseconds(1'500);

Error unavailable() {
  return Error{ErrorCode::kUnavailable, "The simulation decided so", {}};
}
}  // namespace

// ---- Reads ---------------------------------------------------------------------------------------------------------

template <class T, class Snapshot>
void SharedSimStore::read(EventLoop& loop, Completion<Result<T>> done, Snapshot snapshot) {
  struct Open {
    Completion<Result<T>> done;
    Result<T> result = unavailable();
  };
  auto open = std::make_shared<Open>(Open{std::move(done)});
  const bool fails = chance_.percent(options_.weather.read_fails);
  const bool late = chance_.percent(options_.weather.read_late);
  const auto until_snapshot = late ? chance_.us(0, 300'000) : chance_.us(50, 1'500);
  const auto until_answer = late ? chance_.us(0, 700'000) : chance_.us(20, 2'000);
  // The question may be half sent when its process stops: the server has it or not, and answers by itself.
  time_.at(time_.now() + until_snapshot, [self = std::weak_ptr(self_), &loop, open, fails, until_answer, snapshot] {
    const auto alive = self.lock();
    if (!alive) return;
    if (!fails && (*alive)->server_.is_up()) open->result = snapshot();
    (*alive)->later(until_answer,
                    [&loop, open] { loop.post([open] { std::move(open->done)(std::move(open->result)); }); });
  });
}

void SharedSimStore::read_due(EventLoop& loop, DueQuery query, Completion<Result<DuePage>> done) {
  read<DuePage>(loop, std::move(done), [this, query]() -> Result<DuePage> {
    DuePage page = server_.database().due(query);
    page.seen = server_.snapshot();
    return page;
  });
}

void SharedSimStore::read_lanes(EventLoop& loop, const PartitionSet& partitions, WebhookId after, std::size_t limit,
                                Completion<Result<LanePage>> done) {
  read<LanePage>(loop, std::move(done), [this, partitions, after, limit]() -> Result<LanePage> {
    LanePage page = server_.database().lanes(partitions, after, std::min<std::size_t>(limit, 3));
    if (options_.fault != SimFault::kScanUnseen) page.seen = server_.snapshot();
    return page;
  });
}

void SharedSimStore::read_messages(EventLoop& loop, std::vector<EventId> events,
                                   Completion<Result<std::vector<MessagePtr>>> done) {
  read<std::vector<MessagePtr>>(loop, std::move(done), [this, events]() -> Result<std::vector<MessagePtr>> {
    std::vector<MessagePtr> messages;
    for (const EventId event : events) messages.push_back(server_.database().message(event));
    return messages;
  });
}

void SharedSimStore::read_open_jobs(EventLoop& loop, Completion<Result<std::vector<JobSummary>>> done) {
  read<std::vector<JobSummary>>(loop, std::move(done),
                                [this]() -> Result<std::vector<JobSummary>> { return server_.database().open_jobs(); });
}

// ---- The commit log ------------------------------------------------------------------------------------------------

void SharedSimStore::read_commits(EventLoop& loop, ReadPoint since, Completion<Result<CommitPage>> done) {
  read<CommitPage>(loop, std::move(done),
                   [this, since]() -> Result<CommitPage> { return server_.read_commits(since); });
}

void SharedSimStore::read_news(EventLoop& loop, std::vector<std::uint64_t> commits, PartitionSet partitions,
                               Completion<Result<CommitNews>> done) {
  read<CommitNews>(loop, std::move(done), [this, commits, partitions]() -> Result<CommitNews> {
    return server_.read_news(commits, partitions);
  });
}

// ---- The catalog ---------------------------------------------------------------------------------------------------

Result<Catalog> SharedSimStore::load_catalog() {
  Catalog catalog = server_.database().open();
  for (const WebhookPtr& webhook : catalog.webhooks) index_.put(webhook);
  known_ = server_.database().version();
  index_.reach_version(kFirstOrganization, known_);
  return catalog;
}

void SharedSimStore::settle_targets(IngestIntent& intent) const {
  const std::uint64_t version = index_.version(intent.organization);
  if (intent.catalog_version == version || options_.fault == SimFault::kVersionUnchecked) return;
  for (NewEvent& event : intent.events) event.targets = index_.match(intent.organization, event.type, event.tenant);
  intent.catalog_version = version;
}

void SharedSimStore::publish_change(News news, Completion<> applied) {
  std::vector<CatalogMark> marks = news.catalog;
  // Of a replay the mark says what it was matched with: that may be a change of another process.
  const bool is_change = !news.webhooks.empty() || !news.keys.empty();
  if (!is_change && (marks.empty() || marks.front().version <= known_))
    return hand_over_.publish(std::move(news), std::move(applied));
  const bool follows = is_change && marks.front().version == known_ + 1;
  if (follows) {
    for (const WebhookPtr& webhook : news.webhooks) index_.put(webhook);
    for (const CatalogMark& mark : marks) {
      known_ = mark.version;
      index_.reach_version(mark.organization, mark.version);
    }
    return hand_over_.publish(std::move(news), std::move(applied));
  }
  news.webhooks.clear();
  if (is_change) news.catalog.clear();
  if (!news.empty()) hand_over_.publish(std::move(news), {});
  auto shared = std::make_shared<Completion<>>(std::move(applied));
  catch_up_then(
      marks.front().version > known_,
      [shared](bool done) {
        // The change is committed; the loops learn of it with the next look.
        if (!done && *shared) std::move (*shared)();
      },
      [shared] { std::move (*shared)(); });
}

void SharedSimStore::look() {
  if (std::exchange(looking_, true)) return;
  catch_up_then(true, [this](bool) { looking_ = false; }, {});
}

/// any: changes may be missing. read: once it is known what there is; applied: once all loops have it.
void SharedSimStore::catch_up_then(bool any, std::function<void(bool)> read, Completion<> applied) {
  auto then = std::make_shared<Completion<>>(std::move(applied));
  if (!any) {
    hand_over_.publish(News{}, taken(*then));
    return read(true);
  }
  const bool fails = chance_.percent(options_.weather.read_fails);
  struct Answer {
    bool done = false;
    std::vector<WebhookPtr> webhooks;
    std::uint64_t version = 0;
  };
  auto answer = std::make_shared<Answer>();
  time_.at(time_.now() + chance_.us(50, 1'500),
           [self = std::weak_ptr(self_), then, read, fails, answer, after = known_] {
             const auto alive = self.lock();
             if (!alive) return;
             SimDatabase& database = (*alive)->server_.database();
             answer->done = !fails && (*alive)->server_.is_up();
             answer->version = database.version();
             for (const auto& [id, webhook] : database.webhooks())
               if (answer->done && webhook.version > after)
                 answer->webhooks.push_back(std::make_shared<const Webhook>(webhook));
             (*alive)->later((*alive)->chance_.us(20, 2'000), [store = *alive, then, read, answer] {
               if (!answer->done) return read(false);
               News news;
               for (const WebhookPtr& webhook : answer->webhooks) {
                 if (webhook->version <= store->known_) continue;
                 store->index_.put(webhook);
                 news.webhooks.push_back(webhook);
               }
               std::sort(news.webhooks.begin(), news.webhooks.end(),
                         [](const WebhookPtr& a, const WebhookPtr& b) { return a->version < b->version; });
               if (answer->version > store->known_) {
                 store->known_ = answer->version;
                 store->index_.reach_version(kFirstOrganization, answer->version);
                 news.catalog.push_back({kFirstOrganization, answer->version});
               }
               store->hand_over_.publish(std::move(news), taken(*then));
               read(true);
             });
           });
}

void SharedSimStore::catch_up(EventLoop& loop, std::vector<CatalogMark> marks, Completion<Result<void>> done) {
  auto shared = std::make_shared<Completion<Result<void>>>(std::move(done));
  const auto answer = [&loop, shared](Result<void> result) {
    loop.post([shared, result] { std::move (*shared)(result); });
  };
  const bool any = marks.empty() || marks.front().version > known_;
  thread_.post([this, any, answer] {
    catch_up_then(
        any,
        [answer](bool done_reading) {
          if (!done_reading) answer(unavailable());
        },
        [answer] { answer(Result<void>()); });
  });
}

// ---- Leases --------------------------------------------------------------------------------------------------------

template <class T, class Act>
void SharedSimStore::ask_lease(EventLoop& loop, Completion<Result<T>> done, Act act) {
  auto shared = std::make_shared<Completion<Result<T>>>(std::move(done));
  const bool fails = chance_.percent(options_.lease_fails);
  const bool is_done = !fails || chance_.one_in(2);
  const auto answer_after = fails ? std::chrono::microseconds(kReadTimeout) : chance_.us(20, 2'000);
  time_.at(time_.now() + chance_.us(50, 2'000),
           [self = std::weak_ptr(self_), &loop, shared, act, fails, is_done, answer_after] {
             const auto alive = self.lock();
             if (!alive) return;
             SharedSimStore* store = *alive;
             const auto answer = [self, &loop, shared, fails, answer_after](Result<T> result) {
               const auto still = self.lock();
               if (!still) return;
               if (fails) result = unavailable();
               if (fails || !(*still)->server_.is_up()) (*still)->witness_.on_lease_trouble();
               (*still)->later(answer_after, [&loop, shared, result] {
                 loop.post([shared, result] { std::move (*shared)(result); });
               });
             };
             if (!is_done || !store->server_.is_up()) return answer(unavailable());
             act(*store, answer);
           });
}

void SharedSimStore::join(EventLoop& loop, Completion<Result<WorkerToken>> done) {
  auto told = [self = std::weak_ptr(self_), done = std::move(done)](Result<WorkerToken> token) mutable {
    const auto alive = self.lock();
    if (alive && token) (*alive)->token_ = *token;
    std::move(done)(std::move(token));
  };
  ask_lease<WorkerToken>(loop, std::move(told),
                         [](SharedSimStore& store, auto answer) { answer(store.server_.join(store.process_)); });
}

void SharedSimStore::renew(EventLoop& loop, WorkerToken token, Completion<Result<LeaseView>> done) {
  ask_lease<LeaseView>(loop, std::move(done),
                       [token](SharedSimStore& store, auto answer) { answer(store.server_.renew(token)); });
}

void SharedSimStore::fence(EventLoop& loop, WorkerToken token, WorkerId worker, std::uint64_t counter,
                           Completion<Result<bool>> done) {
  ask_lease<bool>(loop, std::move(done), [token, worker, counter](SharedSimStore& store, auto answer) {
    store.server_.fence(token, worker, counter, answer);
  });
}

void SharedSimStore::claim(EventLoop& loop, WorkerToken token, PartitionSet wanted,
                           Completion<Result<PartitionSet>> done) {
  ask_lease<PartitionSet>(loop, std::move(done), [token, wanted](SharedSimStore& store, auto answer) {
    answer(store.server_.claim(token, wanted));
  });
}

void SharedSimStore::release(EventLoop& loop, WorkerToken token, PartitionSet partitions,
                             std::vector<HandedDelivery> handed, Completion<Result<void>> done) {
  ask_lease<void>(loop, std::move(done), [token, partitions, handed](SharedSimStore& store, auto answer) {
    answer(store.server_.release(token, partitions, handed));
  });
}

void SharedSimStore::set_draining(EventLoop& loop, WorkerToken token, Completion<Result<void>> done) {
  ask_lease<void>(loop, std::move(done),
                  [token](SharedSimStore& store, auto answer) { answer(store.server_.set_draining(token)); });
}

void SharedSimStore::leave(EventLoop& loop, WorkerToken token, Completion<Result<void>> done) {
  ask_lease<void>(loop, std::move(done),
                  [token](SharedSimStore& store, auto answer) { answer(store.server_.leave(token)); });
}

}  // namespace eventrelay
