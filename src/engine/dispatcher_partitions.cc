// Which lanes the dispatcher has: partitions that come and go, and what former owners have under way in them.
#include <algorithm>

#include "engine/dispatcher.h"

namespace eventrelay {

namespace {
/// Lanes found per slice of a scan.
constexpr std::size_t kScanLanes = 500;
/// From an attempt's end to its commit: so much longer a new owner leaves the delivery alone.
constexpr auto kHandedMargin = std::chrono::seconds(3);

std::size_t index_of(WebhookId id) {
  return static_cast<std::size_t>(partition_of(id));
}
}  // namespace

// ---- Lanes -------------------------------------------------------------------------------------------------------

bool Dispatcher::owns(WebhookId id) const {
  return owned_.test(index_of(id));
}

bool Dispatcher::is_scanned(WebhookId id) const {
  return scanned_.test(index_of(id));
}

Lane* Dispatcher::find_lane(WebhookId id) {
  const auto found = lanes_.find(id);
  return found == lanes_.end() ? nullptr : found->second.get();
}

Lane* Dispatcher::lane_of(WebhookId id) {
  if (Lane* lane = find_lane(id)) return lane;
  Lane* lane = make_lane(id);
  // Until the scan has ended nobody knows what the store holds for it.
  if (lane && !is_scanned(id)) lane->window.set_beyond(LaneKey{});
  return lane;
}

Lane* Dispatcher::make_lane(WebhookId id) {
  if (!owns(id)) return nullptr;
  WebhookPtr webhook = catalog_.webhooks().find(id);
  if (!webhook) {
    unknown_.insert(id);
    return nullptr;
  }
  auto lane = std::make_unique<Lane>(std::move(webhook), options_.window, options_.faults);
  for (auto it = handed_.lower_bound({id, DeliveryId{}}); it != handed_.end() && it->first.first == id; ++it)
    lane->held.insert(it->first.second);
  // What that scan did not find, it saw to be over.
  if (const auto& seen = scan_seen_[index_of(id)]) lane->reads.note(LaneKey{}, *seen);
  return lanes_.emplace(id, std::move(lane)).first->second.get();
}

// ---- Partitions --------------------------------------------------------------------------------------------------

void Dispatcher::own(const PartitionSet& gained, const std::vector<HandedDelivery>& handed) {
  const PartitionSet ours = gained & of_loop_;
  owned_ |= ours;
  for (const HandedDelivery& delivery : handed)
    if (ours.test(index_of(delivery.webhook))) hold(delivery);
  note_handed_end();
  for (auto& [id, lane] : lanes_) {
    if (!lane->leaving || !owns(id)) continue;
    // What was busy when it was given away is read again at its end.
    lane->leaving = false;
    lane->failing_since = lane->webhook()->failing_since;
    lane->failing_untold = false;
    lane->window.set_beyond(LaneKey{});
  }
  begin_scan(ours);
  settle_all(ours);
}

void Dispatcher::disown(const PartitionSet& lost) {
  const PartitionSet ours = lost & owned_;
  owned_ &= ~ours;
  scanned_ &= ~ours;
  cut_scans(ours);
  for (std::size_t p = 0; p < kPartitions; ++p)
    if (ours.test(p)) scan_seen_[p].reset();
  std::erase_if(handed_, [&](const auto& held) { return ours.test(index_of(held.first.first)); });
  std::erase_if(unknown_, [&](WebhookId id) { return ours.test(index_of(id)); });
  for (auto& [id, lane] : lanes_) {
    if (!ours.test(index_of(id))) continue;
    lane->leaving = true;
    lane->window.forget();
    lane->forget_reads();
    lane->refill_generation = 0;
    lane->held.clear();
    for (auto& [delivery, busy] : lane->busy) {
      // Others may change it before its end; and what is not sent yet will not be.
      busy.reread = LaneKey{};
      busy.handed = true;
    }
  }
  settle_all(ours);
}

void Dispatcher::settle_all(const PartitionSet& partitions) {
  for (auto it = lanes_.begin(); it != lanes_.end();) {
    Lane& lane = *it->second;
    const bool affected = partitions.test(index_of(it->first));
    ++it;  // the lane may end
    if (affected) settle(lane);
  }
  pump();
}

std::vector<HandedDelivery> Dispatcher::under_way(const PartitionSet& partitions) const {
  std::vector<HandedDelivery> sent;
  const SteadyTime now = loop_.now();
  const WallTime wall_now = loop_.wall_now();
  for (const auto& [id, lane] : lanes_) {
    if (!partitions.test(index_of(id))) continue;
    for (const auto& [delivery, busy] : lane->busy) {
      if (busy.stage == Busy::Stage::kLoading) continue;
      const auto left = std::chrono::ceil<milliseconds>(std::max(busy.ends - now, SteadyTime::duration(0)));
      sent.push_back({id, delivery, wall_now + left + milliseconds(kHandedMargin), busy.delivery.attempts + 1});
    }
  }
  return sent;
}

void Dispatcher::set_lease(WorkerToken token, SteadyTime valid_until) {
  if (!lease_ || lease_->token != token) lease_ = std::make_shared<Lease>(Lease{token});
  lease_->valid_until = valid_until;
  refused_ = false;
  pump();
}

// ---- Under way at former owners ----------------------------------------------------------------------------------

void Dispatcher::set_handed(const std::vector<HandedDelivery>& handed) {
  auto gone = handed_;
  for (const HandedDelivery& delivery : handed) {
    if (!owns(delivery.webhook) || delivery.until <= loop_.wall_now()) continue;
    hold(delivery);
    gone.erase({delivery.webhook, delivery.delivery});
  }
  for (const auto& [key, until] : gone) let_go(key);
  note_handed_end();
  pump();
}

void Dispatcher::hold(const HandedDelivery& delivery) {
  const SteadyTime until = loop_.now() + std::max(milliseconds(0), delivery.until - loop_.wall_now());
  handed_.insert_or_assign(HandedKey{delivery.webhook, delivery.delivery}, until);
  Lane* lane = find_lane(delivery.webhook);
  if (!lane || !lane->held.insert(delivery.delivery).second) return;
  lane->window.erase(delivery.delivery);
  settle(*lane);
}

void Dispatcher::let_go(const HandedKey& key) {
  const auto [webhook, delivery] = key;
  handed_.erase(key);
  Lane* lane = lane_of(webhook);
  if (!lane) return;
  lane->held.erase(delivery);
  // Its end may have come after what was read, or is being read, of the lane.
  lane->window.touch(delivery);
  lane->window.set_beyond(LaneKey{});
  settle(*lane);
}

void Dispatcher::end_handed(SteadyTime now) {
  std::vector<HandedKey> over;
  for (const auto& [key, until] : handed_)
    if (until <= now) over.push_back(key);
  for (const HandedKey& key : over) let_go(key);
  note_handed_end();
}

void Dispatcher::note_handed_end() {
  next_handed_end_.reset();
  for (const auto& [key, until] : handed_)
    next_handed_end_ = next_handed_end_ ? std::min(*next_handed_end_, until) : until;
}

// ---- Finding lanes -----------------------------------------------------------------------------------------------

void Dispatcher::rescan(const PartitionSet& partitions) {
  PartitionSet wanted = partitions & owned_;
  for (auto& [id, scan] : scans_) {
    scan.again |= wanted & scan.partitions;
    wanted &= ~scan.partitions;
  }
  begin_scan(wanted);
}

void Dispatcher::begin_scan(const PartitionSet& partitions) {
  scanned_ &= ~partitions;
  cut_scans(partitions);
  if (partitions.none()) return;
  scans_.emplace(++scans_begun_, Scan{partitions});
  scan_lanes(scans_begun_, WebhookId{});
}

void Dispatcher::cut_scans(const PartitionSet& partitions) {
  for (auto& [id, scan] : scans_) scan.partitions &= ~partitions;
  std::erase_if(scans_, [](const auto& scan) { return scan.second.partitions.none(); });
}

void Dispatcher::scan_lanes(std::uint64_t scan, WebhookId after) {
  const auto found = scans_.find(scan);
  if (found == scans_.end()) return;
  store_.read_lanes(loop_, found->second.partitions, after, kScanLanes,
                    [self = std::weak_ptr(self_), scan, after](Result<LanePage> page) {
                      if (const auto alive = self.lock()) (*alive)->on_lanes(scan, std::move(page), after);
                    });
}

void Dispatcher::on_lanes(std::uint64_t scan, Result<LanePage> page, WebhookId after) {
  const auto found = scans_.find(scan);
  if (found == scans_.end()) return;
  if (!page) {
    retry_later([this, scan, after] { scan_lanes(scan, after); });
    set_alarm();
    return;
  }
  const Scan& known = found->second;
  if (!known.seen && page->seen.is_numbered()) found->second.seen = std::make_shared<const ReadPoint>(page->seen);
  for (const LaneStart& start : page->lanes) {
    after = start.webhook;
    // Given away, or being found anew, since this was asked.
    if (!known.partitions.test(index_of(start.webhook))) continue;
    Lane* lane = find_lane(start.webhook);
    if (!lane) lane = make_lane(start.webhook);
    if (!lane) continue;
    lane->window.set_beyond(LaneKey{start.next_sort_at, DeliveryId{}});
    lane->reads.note(LaneKey{}, page->seen);
    settle(*lane);
  }
  if (page->done) {
    const PartitionSet again = known.partitions & known.again;
    scanned_ |= known.partitions;
    for (std::size_t p = 0; p < kPartitions; ++p)
      if (known.partitions.test(p)) scan_seen_[p] = known.seen;
    scans_.erase(found);
    begin_scan(again);
  } else {
    scan_lanes(scan, after);
  }
  pump();
}

}  // namespace eventrelay
