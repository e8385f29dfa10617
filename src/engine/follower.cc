#include "engine/follower.h"

#include <algorithm>
#include <utility>

namespace eventrelay {

namespace {
/// Until a read that failed is made again.
constexpr auto kReadAgainAfter = milliseconds(200);
/// Reads of commits' news at a time.
constexpr int kNewsReadsMax = 4;
/// News that wait for the catalog, and their payloads; of more the store is read.
constexpr std::size_t kNewsWaitingMax = 10'000;
constexpr std::size_t kNewsWaitingBytesMax = 8 * 1024 * 1024;

std::size_t payload_bytes_of(const News& news) {
  std::size_t bytes = 0;
  for (const PendingDelivery& delivery : news.pending)
    if (delivery.message) bytes += delivery.message->body.size();
  return bytes;
}

PartitionSet only(int partition) {
  return PartitionSet{}.set(static_cast<std::size_t>(partition));
}
}  // namespace

Follower::Follower(EventLoop& loop, CommitLog& log, Feed* feed, std::vector<LoopEngine> engines,
                   const LoopCatalog& catalog, Claim claim)
    : loop_(loop),
      log_(log),
      feed_(feed),
      engines_(std::move(engines)),
      catalog_(catalog),
      claim_(std::move(claim)),
      alarm_(loop.make_alarm([this] { run_due(); })),
      self_(std::make_shared<Follower*>(this)) {}

Follower::~Follower() = default;

void Follower::start() {
  running_ = true;
  if (feed_) {
    feed_->listen([self = std::weak_ptr(self_)](Arrival arrival) {
      if (const auto alive = self.lock()) (*alive)->on_arrival(std::move(arrival));
    });
  }
  next_log_read_ = loop_.now();
  run_due();
}

void Follower::stop() {
  running_ = false;
  alarm_->clear();
}

void Follower::follow(const PartitionSet& partitions, std::function<void()> noted) {
  const bool more = (partitions & ~followed_).any();
  followed_ = partitions;
  for (auto& [commit, owed] : owed_) owed.partitions &= followed_;
  std::erase_if(owed_, [](const auto& owed) { return owed.second.partitions.none(); });
  if (!more) {
    if (feed_) feed_->follow(partitions, [](bool) {});
    loop_.post([noted = std::move(noted)] { noted(); });
    return;
  }
  auto go_on = [self = std::weak_ptr(self_), noted = std::move(noted)](bool) {
    const auto alive = self.lock();
    if (!alive) return;
    (*alive)->follows_.push_back(noted);
    (*alive)->catch_up();
  };
  if (feed_) return feed_->follow(partitions, std::move(go_on));
  go_on(false);
}

void Follower::run_due() {
  if (!running_) return;
  const SteadyTime now = loop_.now();
  while (!notes_.empty() && notes_.front().due <= now) {
    const CommitNote note = std::move(notes_.front().note);
    notes_.pop_front();
    if (claim_and_owe(note.commit, note.partitions, note.partitions)) doubted_until_ = now + kFeedDoubted;
  }
  if (owed_again_ && *owed_again_ <= now) owed_again_.reset();
  read_owed();
  if (catch_up_again_ && *catch_up_again_ <= now) {
    catch_up_again_.reset();
    catch_up();
  }
  // A feed that went down meanwhile is noticed here: then the log is read as often as it must be.
  if (is_alone() && followed_.any()) next_log_read_ = std::min(next_log_read_, now + kLogReadEveryAlone);
  if (next_log_read_ <= now && !reading_log_) read_log();
  set_alarm();
}

void Follower::set_alarm() {
  if (!running_) return;
  std::optional<SteadyTime> next;
  const auto consider = [&](SteadyTime at) { next = next ? std::min(*next, at) : at; };
  if (!reading_log_) consider(next_log_read_);
  if (feed_) consider(loop_.now() + kArrivalGrace);  // a look whether it is up
  if (!notes_.empty()) consider(notes_.front().due);
  if (owed_again_) consider(*owed_again_);
  if (catch_up_again_) consider(*catch_up_again_);
  if (next) alarm_->set(*next);
}

// ---- The log -----------------------------------------------------------------------------------------------------

void Follower::read_log() {
  reading_log_ = true;
  log_.read_commits(loop_, seen_.value_or(ReadPoint{}), [self = std::weak_ptr(self_)](Result<CommitPage> page) {
    if (const auto alive = self.lock()) (*alive)->on_page(std::move(page));
  });
}

void Follower::on_page(Result<CommitPage> page) {
  reading_log_ = false;
  const SteadyTime now = loop_.now();
  const bool alone = is_alone() && followed_.any();
  next_log_read_ = now + (alone ? kLogReadEveryAlone : milliseconds(kLogReadEvery));
  if (!page) {
    next_log_read_ = now + kReadAgainAfter;
    return set_alarm();
  }
  const bool first = !seen_;
  seen_ = page->seen;
  if (page->overflow) {
    rescan(followed_);
  } else if (!first) {
    for (CommitNote& note : page->notes) {
      if ((note.partitions & followed_).none()) continue;
      if (alone) {
        claim_and_owe(note.commit, note.partitions, note.partitions);
      } else {
        notes_.push_back({now + kArrivalGrace, note});
      }
    }
  }
  read_owed();
  if (first) catch_up();
  set_alarm();
}

/// others: what else the commit touched.
bool Follower::claim_and_owe(std::uint64_t commit, const PartitionSet& partitions, const PartitionSet& others) {
  const PartitionSet ours = claim_(commit, partitions & followed_);
  if (ours.none()) return false;
  Owed& owed = owed_[commit];
  owed.partitions |= ours;
  owed.others |= others;
  return true;
}

Follower::Batch Follower::take_batch() {
  // One read brings all these commits left in all these partitions: what was brought already must not be among it, for
  // it may be over by now.
  Batch batch;
  PartitionSet asked;
  PartitionSet others;
  for (auto it = owed_.begin(); it != owed_.end() && batch.size() < kCommitsReadMax;) {
    const PartitionSet brought = it->second.others & ~it->second.partitions;
    if ((it->second.partitions & others).any() || (brought & asked).any()) {
      ++it;
      continue;
    }
    asked |= it->second.partitions;
    others |= brought;
    batch.insert(*it);
    it = owed_.erase(it);
  }
  return batch;
}

void Follower::read_owed() {
  while (running_ && !owed_again_ && !owed_.empty() && news_reads_ < kNewsReadsMax) {
    Batch batch = take_batch();
    std::vector<std::uint64_t> commits;
    PartitionSet partitions;
    for (const auto& [commit, owed] : batch) {
      commits.push_back(commit);
      partitions |= owed.partitions;
    }
    news_reads_ += 1;
    log_.read_news(loop_, std::move(commits), partitions,
                   [self = std::weak_ptr(self_), batch = std::move(batch)](Result<CommitNews> news) {
                     if (const auto alive = self.lock()) (*alive)->on_commit_news(batch, std::move(news));
                   });
  }
}

void Follower::on_commit_news(const Batch& batch, Result<CommitNews> news) {
  news_reads_ -= 1;
  PartitionSet partitions;
  for (const auto& [commit, owed] : batch) partitions |= owed.partitions;
  if (news) {
    if (news->overflow.any()) rescan(news->overflow & partitions);
    deliver(std::move(news->news), partitions);
  } else {
    for (const auto& [commit, owed] : batch) {
      if ((owed.partitions & followed_).none()) continue;
      Owed& again = owed_[commit];
      again.partitions |= owed.partitions & followed_;
      again.others |= owed.others;
    }
    owed_again_ = loop_.now() + kReadAgainAfter;
  }
  read_owed();
  set_alarm();
}

// ---- Arrivals ----------------------------------------------------------------------------------------------------

void Follower::on_arrival(Arrival arrival) {
  const PartitionSet partition = only(arrival.partition);
  if (!running_ || (partition & followed_).none()) return;
  const std::uint64_t commit = arrival.news.commit;
  if (arrival.is_gap && commit == 0) return rescan(partition);
  if (arrival.is_gap) {
    // Of its other partitions nothing is known here.
    claim_and_owe(commit, partition, all_partitions());
    read_owed();
    return set_alarm();
  }
  if (claim_(commit, partition).any()) deliver(std::move(arrival.news), partition);
}

// ---- The catalog -------------------------------------------------------------------------------------------------

bool Follower::knows_catalog(const News& news) {
  return std::all_of(news.catalog.begin(), news.catalog.end(), [&](const CatalogMark& mark) {
    const auto caught = caught_up_.find(mark.organization);
    return catalog_.webhooks().version(mark.organization) >= mark.version ||
           (caught != caught_up_.end() && caught->second >= mark.version);
  });
}

void Follower::deliver(News news, const PartitionSet& partitions) {
  const bool behind_others = std::any_of(waiting_.begin(), waiting_.end(), [&](const Waiting& earlier) {
    return (earlier.partitions & partitions).any();
  });
  if (!behind_others && knows_catalog(news)) return send(std::move(news));
  const std::size_t bytes = payload_bytes_of(news);
  if (waiting_.size() >= kNewsWaitingMax || waiting_bytes_ + bytes > kNewsWaitingBytesMax) return rescan(partitions);
  waiting_bytes_ += bytes;
  waiting_.push_back({std::move(news), partitions, bytes});
  catch_up();
}

void Follower::catch_up() {
  const bool has_follows = seen_ && !follows_.empty();
  if (!running_ || catching_up_ || catch_up_again_ || (waiting_.empty() && !has_follows)) return;
  std::map<OrganizationId, std::uint64_t> newest;
  for (const Waiting& waiting : waiting_) {
    if (knows_catalog(waiting.news)) continue;
    for (const CatalogMark& mark : waiting.news.catalog)
      newest[mark.organization] = std::max(newest[mark.organization], mark.version);
  }
  std::vector<CatalogMark> marks;
  // Who begins to follow partitions needs every change.
  if (!has_follows)
    for (const auto& [organization, version] : newest) marks.push_back({organization, version});
  std::vector<CatalogMark> known;
  known.reserve(newest.size());
  for (const auto& [organization, version] : newest) known.push_back({organization, version});
  catching_up_ = true;
  log_.catch_up(loop_, std::move(marks),
                [self = std::weak_ptr(self_), known, follows = has_follows ? follows_.size() : 0](Result<void> done) {
                  if (const auto alive = self.lock()) (*alive)->on_caught_up(known, follows, done.has_value());
                });
}

void Follower::on_caught_up(const std::vector<CatalogMark>& marks, std::size_t follows, bool done) {
  catching_up_ = false;
  if (!done) {
    catch_up_again_ = loop_.now() + kReadAgainAfter;
    return set_alarm();
  }
  for (const CatalogMark& mark : marks) {
    std::uint64_t& version = caught_up_[mark.organization];
    version = std::max(version, mark.version);
  }
  deliver_waiting();
  std::vector<std::function<void()>> noted;
  for (std::size_t i = 0; i < follows; ++i) noted.push_back(std::move(follows_[i]));
  follows_.erase(follows_.begin(), follows_.begin() + static_cast<std::ptrdiff_t>(follows));
  for (const auto& run : noted) run();
  catch_up();
}

void Follower::deliver_waiting() {
  std::deque<Waiting> rest;
  PartitionSet blocked;
  for (Waiting& waiting : std::exchange(waiting_, {})) {
    if ((waiting.partitions & blocked).none() && knows_catalog(waiting.news)) {
      waiting_bytes_ -= waiting.payload_bytes;
      send(std::move(waiting.news));
      continue;
    }
    blocked |= waiting.partitions;
    rest.push_back(std::move(waiting));
  }
  waiting_ = std::move(rest);
}

// ---- To the engines ----------------------------------------------------------------------------------------------

void Follower::send(News news) {
  std::vector<News> shares(engines_.size());
  const auto share_of = [&](WebhookId id) -> News& {
    return shares[static_cast<std::size_t>(partition_of(id)) % shares.size()];
  };
  for (PendingDelivery& delivery : news.pending) {
    News& share = share_of(delivery.webhook);
    share.pending.push_back(std::move(delivery));
  }
  for (const DeliveryRef& delivery : news.cancelled) share_of(delivery.webhook).cancelled.push_back(delivery);
  shares.front().jobs = std::move(news.jobs);
  for (std::size_t i = 0; i < shares.size(); ++i) {
    if (shares[i].empty()) continue;
    shares[i].at = news.at;
    shares[i].commit = news.commit;
    engines_[i].loop->post(
        [engine = engines_[i].engine, share = std::move(shares[i])]() mutable { engine->on_news(std::move(share)); });
  }
}

void Follower::rescan(const PartitionSet& partitions) {
  if (partitions.none()) return;
  tell_all(engines_, [partitions](Engine& engine) { engine.rescan(partitions); });
}

}  // namespace eventrelay
