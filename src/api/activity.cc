#include "api/activity.h"

#include <algorithm>
#include <cassert>

#include "api/json_writer.h"
#include "base/crypto.h"

namespace eventrelay {

namespace {

std::string gap_data(WallTime at, std::string_view reason) {
  JsonWriter json;
  json.open('{').time("at", at).field("reason", reason).close('}');
  return json.take();
}

}  // namespace

// ---- Readers -----------------------------------------------------------------------------------------------------

ActivityReader::ActivityReader(Activity& activity, EventLoop& loop, OrganizationId organization,
                               std::function<void()> wake)
    : activity_(activity),
      loop_(loop),
      organization_(organization),
      wake_(std::make_shared<const std::function<void()>>(std::move(wake))) {}

ActivityReader::~ActivityReader() {
  const std::lock_guard lock(activity_.mutex_);
  activity_.remove(*this);
}

void ActivityReader::open(Completion<Result<void>> done) {
  if (!activity_.shared_) {
    loop_.post([done = std::move(done)]() mutable { std::move(done)(Result<void>()); });
    return;
  }
  auto opening = std::make_unique<Activity::Opening>();
  opening->reader = this;
  opening->loop = &loop_;
  opening->done.swap(done);
  {
    const std::lock_guard lock(activity_.mutex_);
    activity_.organizations_.at(organization_).openings.push_back(std::move(opening));
  }
  activity_.kick();
}

std::string ActivityReader::gap(ActivityPlace place, std::string_view reason) const {
  return stream_text(place, "gap", gap_data(loop_.wall_now(), reason));
}

std::string ActivityReader::begin(std::string_view last_id) {
  const std::lock_guard lock(activity_.mutex_);
  const ActivityRing& ring = activity_.organizations_.at(organization_).ring;
  const auto place = parse_place(last_id);
  const bool known = place && place->epoch == ring.last().epoch && place->number <= ring.last().number;
  const bool whole = known && ring.has_all_after(*place) && !ring.was_dropped_at(*place);
  place_ = began_ = whole ? *place : ring.last();
  live_from_ = ring.end();
  // An id without data moves the reader's place and is no event.
  if (last_id.empty()) return ": from here on\nid: " + id_of(place_) + "\n\n";
  if (whole) return {};
  if (!known) return gap(place_, "unknown");
  return gap(place_, ring.was_dropped_at(*place) ? "too_slow" : "expired");
}

void ActivityReader::take(std::string& out, std::size_t bytes) {
  const std::lock_guard lock(activity_.mutex_);
  const ActivityRing& ring = activity_.organizations_.at(organization_).ring;
  woken_ = false;
  if (!ring.has_all_after(place_)) {
    place_ = began_ = ring.last();
    live_from_ = ring.end();
    behind_since_.reset();
    out.append(gap(place_, "lost"));
    return;
  }
  const std::string* text = nullptr;
  while (out.size() < bytes && (text = ring.next(place_)) != nullptr) {
    out.append(*text);
    place_.number += 1;
  }
  if (waiting_bytes(ring) == 0) {
    behind_since_.reset();
  } else if (!behind_since_) {
    behind_since_ = loop_.now();
  }
}

bool ActivityReader::is_behind() const {
  const std::lock_guard lock(activity_.mutex_);
  const ActivityRing& ring = activity_.organizations_.at(organization_).ring;
  if (!ring.has_all_after(place_)) return place_.epoch == ring.last().epoch;
  const std::size_t bytes = waiting_bytes(ring);
  if (bytes > kStreamBehindBytesMax) return true;
  return bytes > 0 && behind_since_ && loop_.now() - *behind_since_ > kStreamBehindMax;
}

std::size_t ActivityReader::waiting_bytes(const ActivityRing& ring) const {
  return ring.end() - std::max(ring.offset_after(place_), live_from_);
}

void ActivityReader::drop() {
  const std::lock_guard lock(activity_.mutex_);
  auto& organization = activity_.organizations_.at(organization_);
  if (place_.epoch != organization.ring.last().epoch) return;
  organization.ring.add_dropped({began_.number, place_.number, loop_.now()});
  if (activity_.shared_)
    organization.pending.push_back({std::string(kDroppedKind), ActivityRing::range_text(began_.number, place_.number)});
}

std::unique_ptr<ActivityReader> Activity::admit(EventLoop& loop, OrganizationId organization,
                                                std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  if (loop_ == nullptr || readers_ >= kStreamReadersMax) return nullptr;
  auto [place, made] = organizations_.try_emplace(organization);
  if (made && !shared_) place->second.ring.begin({random_number(), 0});
  std::unique_ptr<ActivityReader> reader(new ActivityReader(*this, loop, organization, std::move(wake)));
  place->second.readers.push_back(reader.get());
  readers_ += 1;
  recording_.store(true, std::memory_order_relaxed);
  if (made) kick();
  return reader;
}

void Activity::remove(ActivityReader& reader) {
  Organization& organization = organizations_.at(reader.organization_);
  std::erase(organization.readers, &reader);
  std::erase_if(organization.openings, [&](const auto& opening) { return opening->reader == &reader; });
  organization.unread_since = reader.loop_.now();
  readers_ -= 1;
}

void Activity::wake(Organization& organization) {
  for (ActivityReader* reader : organization.readers) {
    if (std::exchange(reader->woken_, true)) continue;
    reader->loop_.post([wake = std::weak_ptr(reader->wake_)] {
      if (const auto alive = wake.lock()) (*alive)();
    });
  }
}

// ---- Recording ---------------------------------------------------------------------------------------------------

bool Activity::wants(OrganizationId organization, ActivityKind kind) {
  const std::lock_guard lock(mutex_);
  const auto found = organizations_.find(organization);
  return found != organizations_.end() && found->second.pace.admit(kind);
}

void Activity::add(OrganizationId organization, ActivityKind kind, std::string data, JobId job) {
  const std::lock_guard lock(mutex_);
  const auto found = organizations_.find(organization);
  if (found == organizations_.end()) return;
  Organization& into = found->second;
  if (job) {
    const auto [place, first] = into.jobs.try_emplace(job, into.pending.size());
    if (!first) {
      into.pending[place->second].data = std::move(data);
      return;
    }
  }
  into.pending.push_back({std::string(to_text(kind)), std::move(data)});
  if (into.pending.size() < kActivityRecordsKept) return;
  take_pending(into);
  into.lost = true;
}

std::vector<ActivityRecord> Activity::take_pending(Organization& organization) {
  organization.jobs.clear();
  return std::exchange(organization.pending, {});
}

void Activity::end_seconds(SteadyTime now) {
  const auto at = [this] { return "{\"at\":\"" + format_time(loop_->wall_now()) + "\","; };
  for (auto& [id, organization] : organizations_) {
    if (std::exchange(organization.lost, false))
      organization.pending.push_back({"gap", gap_data(loop_->wall_now(), "lost")});
    if (auto summary = organization.pace.end_second(now))
      organization.pending.push_back({"summary", at() + *summary + "}"});
  }
}

/// Of one process alone.
void Activity::take_in(SteadyTime now) {
  for (auto& [id, organization] : organizations_) {
    if (organization.pending.empty()) continue;
    ActivityBatch batch;
    batch.first = organization.ring.last();
    batch.first.number += 1;
    batch.records = take_pending(organization);
    organization.ring.append(batch, now);
    wake(organization);
  }
}

void Activity::trim(SteadyTime now) {
  std::size_t bytes = 0;
  for (auto one = organizations_.begin(); one != organizations_.end();) {
    Organization& organization = one->second;
    const bool left = !shared_ && organization.unread_since + kActivityKept < now;
    if (!organization.is_read() && (left || (shared_ && !organization.watched))) {
      one = organizations_.erase(one);
      continue;
    }
    organization.ring.trim(now);
    bytes += organization.ring.bytes();
    ++one;
  }
  while (bytes > kActivityBytesMax) {
    const auto largest =
        std::max_element(organizations_.begin(), organizations_.end(),
                         [](const auto& a, const auto& b) { return a.second.ring.bytes() < b.second.ring.bytes(); });
    bytes -= largest->second.ring.bytes();
    largest->second.ring.halve();
    bytes += largest->second.ring.bytes();
  }
  recording_.store(!organizations_.empty(), std::memory_order_relaxed);
}

// ---- Its time ----------------------------------------------------------------------------------------------------

Activity::~Activity() = default;

void Activity::start(EventLoop& loop, SharedActivity* shared) {
  const std::lock_guard lock(mutex_);
  loop_ = &loop;
  shared_ = shared;
  alarm_ = loop.make_alarm([this] { tick(); });
  if (shared) alarm_->set(loop.now());
}

void Activity::kick() {
  loop_->post([self = std::weak_ptr(self_)] {
    const auto alive = self.lock();
    if (!alive || !(*alive)->alarm_) return;
    (*alive)->again_ = true;
    (*alive)->tick();
  });
}

void Activity::tick() {
  const SteadyTime now = loop_->now();
  {
    const std::lock_guard lock(mutex_);
    end_seconds(now);
    if (!shared_) take_in(now);
    trim(now);
    finish_openings(now);
  }
  if (shared_) exchange();
  set_alarm();
}

void Activity::set_alarm() {
  if (!alarm_) return;
  if (shared_ || is_recording()) alarm_->set(loop_->now() + kActivityTick);
}

void Activity::flush(Completion<> done) {
  if (!shared_ || !alarm_) return std::move(done)();
  flushed_.swap(done);
  again_ = true;
  tick();
}

// ---- Among many processes ----------------------------------------------------------------------------------------

SharedActivity::Question Activity::question(SteadyTime now) {
  SharedActivity::Question question;
  for (auto& [id, organization] : organizations_) {
    if (organization.is_read()) {
      if (!organization.watch_said || *organization.watch_said + kActivityWatchEvery < now) {
        question.watch.push_back(id);
        organization.watch_said = now;
      }
      question.after.emplace_back(id, organization.ring.last());
      for (auto& opening : organization.openings) opening->asked = true;
    }
    if (!organization.pending.empty()) question.add.emplace_back(id, take_pending(organization));
  }
  return question;
}

void Activity::exchange() {
  if (exchanging_) return;
  const SteadyTime now = loop_->now();
  SharedActivity::Question asked;
  {
    const std::lock_guard lock(mutex_);
    asked = question(now);
  }
  const bool idle = asked.watch.empty() && asked.add.empty() && asked.after.empty();
  if (idle && !again_ && now < exchanged_at_ + kActivityLookEvery) return;
  again_ = false;
  exchanging_ = true;
  exchanged_at_ = now;
  std::vector<OrganizationId> added;
  for (const auto& [id, records] : asked.add) added.push_back(id);
  shared_->exchange(*loop_, std::move(asked),
                    [self = std::weak_ptr(self_), added = std::move(added)](auto answer) mutable {
                      if (const auto alive = self.lock()) (*alive)->on_answer(std::move(added), std::move(answer));
                    });
}

void Activity::on_answer(std::vector<OrganizationId> added, Result<SharedActivity::Answer> answer) {
  exchanging_ = false;
  const SteadyTime now = loop_->now();
  {
    const std::lock_guard lock(mutex_);
    if (answer) {
      take_answer(*answer, now);
      again_ = again_ || answer->more;
    } else {
      // Whether they are there or not: who reads is told to look for themselves.
      for (const OrganizationId id : added)
        if (const auto found = organizations_.find(id); found != organizations_.end()) found->second.lost = true;
      fail_openings(unavailable("Nothing is heard of what happens elsewhere"));
    }
    trim(now);
    finish_openings(now);
  }
  if (flushed_ && !again_) {
    auto flushed = taken(flushed_);
    std::move(flushed)();
  }
  if (again_) exchange();
}

void Activity::take_answer(const SharedActivity::Answer& answer, SteadyTime now) {
  for (auto& [id, organization] : organizations_) organization.watched = false;
  for (const auto& [id, batch] : answer.batches) {
    const auto found = organizations_.find(id);
    if (found == organizations_.end()) continue;
    found->second.ring.append(batch, now);
    wake(found->second);
  }
  for (const auto& one : answer.watched) {
    Organization& organization = organizations_[one.organization];
    organization.watched = true;
    if (!organization.is_read()) continue;
    ActivityRing& ring = organization.ring;
    // Another epoch, or what there was is dropped already.
    if (!answer.more && (ring.last().epoch != one.last.epoch || ring.last().number < one.last.number)) {
      ring.begin(one.last);
      wake(organization);
    }
    for (auto& opening : organization.openings) {
      if (opening->asked && !opening->ready_at && !answer.more)
        opening->ready_at = now + std::max(milliseconds(0), kActivitySpread - one.watched_for);
    }
  }
  for (auto& [id, organization] : organizations_)
    if (!organization.watched) organization.watch_said.reset();
}

void Activity::finish_openings(SteadyTime now) {
  for (auto& [id, organization] : organizations_) {
    std::erase_if(organization.openings, [&](const auto& opening) {
      if (!opening->ready_at || *opening->ready_at > now) return false;
      opening->loop->post([done = taken(opening->done)]() mutable { std::move(done)(Result<void>()); });
      return true;
    });
  }
}

void Activity::fail_openings(const Error& error) {
  for (auto& [id, organization] : organizations_) {
    std::erase_if(organization.openings, [&](const auto& opening) {
      if (!opening->asked) return false;
      opening->loop->post([done = taken(opening->done), error]() mutable { std::move(done)(error); });
      return true;
    });
    organization.watch_said.reset();
  }
}

}  // namespace eventrelay
