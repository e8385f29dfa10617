// Retention: what is older than the days that are kept goes, slice by slice, in the order of ids, which carry the time.
#include "storage/sqlite_people.h"
#include "storage/sqlite_session.h"

namespace eventrelay {

namespace {

/// Rows that one slice looks at: what is kept costs little more than the step over it.
constexpr std::int64_t kRowsLookedAt = 5'000;
/// Between two rounds from the oldest row on: what was pending at the last may have ended since.
constexpr auto kRoundEvery = std::chrono::hours(1);

}  // namespace

struct SqliteSession::OldRow {
  std::int64_t id = 0;
  OrganizationId organization;
  bool dead = false;
};

int SqliteSession::days_kept() {
  return sqlite_queries::read_settings(db_).retention_days.value_or(retention_days_);
}

/// The place in the round is memory alone: after a restart a round begins, and what a rollback undid waits for the
/// next.
bool SqliteSession::retire() {
  const int days = days_kept();
  if (days == 0) return false;
  const bool is_due = !round_.under_way && time() - round_.begun >= kRoundEvery;
  if (is_due || days != round_.days) round_ = {.begun = time(), .days = days};
  const std::int64_t before = first_id_at(time() - std::chrono::days(days));
  // Events last: of deliveries that have just gone none needs its event.
  round_.under_way = retire_deliveries(before) || retire_events(before);
  return round_.under_way;
}

bool SqliteSession::retire_deliveries(std::int64_t before) {
  std::vector<OldRow> old;
  std::int64_t looked_at = 0;
  std::size_t rows = 0;
  {
    auto found = db_.use(
        "SELECT id, organization_id, state, attempts FROM deliveries WHERE id > ?1 AND id < ?2 ORDER BY id LIMIT ?3");
    found.bind(round_.deliveries).bind(before).bind(kRowsLookedAt);
    for (; rows < kJobSliceRows && found.step(); ++looked_at) {
      const auto state = static_cast<DeliveryState>(found.integer(2));
      round_.deliveries = found.integer(0);
      if (state == DeliveryState::kPending) continue;
      old.push_back({round_.deliveries, OrganizationId{found.integer(1)}, state == DeliveryState::kDead});
      rows += 1 + static_cast<std::size_t>(found.integer(3));
    }
  }
  for (const OldRow& row : old) {
    db_.use("DELETE FROM attempts WHERE delivery_id = ?1").bind(row.id).run();
    db_.use("DELETE FROM deliveries WHERE id = ?1").bind(row.id).run();
    if (row.dead) delta(row.organization).dead -= 1;
  }
  return rows >= kJobSliceRows || looked_at == kRowsLookedAt;
}

/// An event stays while a delivery of it is pending, or dead and young: people may replay that.
bool SqliteSession::retire_events(std::int64_t before) {
  std::vector<std::int64_t> old;
  std::int64_t looked_at = 0;
  {
    auto found = db_.use(
        "SELECT e.id, EXISTS (SELECT 1 FROM deliveries d INDEXED BY deliveries_of_event_by_state WHERE"
        " d.organization_id = e.organization_id AND d.state <> 1 AND d.state IN (0, 2) AND d.event_id = e.id)"
        " FROM events e WHERE e.id > ?1 AND e.id < ?2 ORDER BY e.id LIMIT ?3");
    found.bind(round_.events).bind(before).bind(kRowsLookedAt);
    for (; old.size() < kJobSliceRows && found.step(); ++looked_at) {
      round_.events = found.integer(0);
      if (found.integer(1) == 0) old.push_back(round_.events);
    }
  }
  for (const std::int64_t id : old) db_.use("DELETE FROM events WHERE id = ?1").bind(id).run();
  return old.size() >= kJobSliceRows || looked_at == kRowsLookedAt;
}

}  // namespace eventrelay
