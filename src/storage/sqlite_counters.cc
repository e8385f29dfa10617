// What commits count: a note each, in the transaction of what it counts, folded into rollups when the minute is over.
#include <algorithm>

#include "storage/commit_limits.h"
#include "storage/sqlite_session.h"

namespace eventrelay {

namespace {

/// So many new ones are folded, or as many as the last fold left: a report reads them one by one.
constexpr std::int64_t kNotesMax = 500;
/// Webhooks of a minute that one commit folds: some 10 ms.
constexpr int kFoldedMax = 1'000;

}  // namespace

void SqliteSession::write_counters() {
  for (const auto& [organization, delta] : deltas_) {
    insert_note(organization, unix_ms(time()) / 60'000, delta.note);
    if (delta.pending == 0 && delta.dead == 0) continue;
    db_.use(
           "INSERT INTO gauges VALUES (?1, ?2, ?3)"
           " ON CONFLICT (organization_id) DO UPDATE SET pending = pending + ?2, dead = dead + ?3")
        .bind(organization)
        .bind(delta.pending)
        .bind(delta.dead)
        .run();
  }
  if (notes_ >= std::max(kNotesMax, notes_left_) || (notes_ > 0 && time() - folded_at_ >= kFoldEvery)) fold_counts();
}

void SqliteSession::insert_note(std::int64_t organization, std::int64_t minute, const CountNote& note) {
  if (note.empty()) return;
  const std::string counts = note.encode();
  db_.use("INSERT INTO count_notes (organization_id, minute, counts) VALUES (?1, ?2, ?3)")
      .bind(organization)
      .bind(minute)
      .bind_blob(counts)
      .run();
  notes_ += 1;
}

void SqliteSession::fold_counts() {
  std::map<std::pair<std::int64_t, std::int64_t>, CountNote> minutes;  // with the organization
  {
    auto notes = db_.use("SELECT minute, organization_id, counts FROM count_notes");
    while (notes.step()) minutes[{notes.integer(0), notes.integer(1)}].add(notes.text(2));
  }
  db_.use("DELETE FROM count_notes").run();
  folded_at_ = time();
  notes_ = 0;
  const std::int64_t this_minute = unix_ms(time()) / 60'000;
  int room = kFoldedMax;
  for (auto& [key, note] : minutes) {
    const auto& [minute, organization] = key;
    if (minute < this_minute && room > 0) {
      Rollup whole;
      for (; room > 0 && !note.empty(); --room) {
        const auto [webhook, rollup] = note.take();
        whole.add(rollup);
        if (webhook != kWholeOrganization) write_rollups(minute, organization, webhook, rollup);
      }
      write_rollups(minute, organization, kWholeOrganization, whole);
    }
    insert_note(organization, minute, note);
  }
  notes_left_ = room == 0 ? 0 : notes_;
  notes_ = room == 0 ? kNotesMax : 0;  // the next commit goes on
}

void SqliteSession::write_rollups(std::int64_t minute, std::int64_t organization, WebhookId webhook,
                                  const Rollup& more) {
  for (const std::int64_t span : {kMinuteSpan, kHourSpan}) {
    const std::int64_t first = minute / span * span;
    LatencyHistogram latency = more.latency;
    {
      auto row = db_.use(
          "SELECT latency FROM rollups WHERE span = ?1 AND minute = ?2 AND organization_id = ?3 AND webhook_id = ?4");
      row.bind(span).bind(first).bind(organization).bind(webhook.value);
      if (row.step()) latency.add(row.text(0));
    }
    const std::string encoded = latency.encode();
    auto write = db_.use(
        "INSERT INTO rollups VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)"
        " ON CONFLICT (span, minute, organization_id, webhook_id) DO UPDATE SET events = events + ?5,"
        " unmatched = unmatched + ?6, deliveries = deliveries + ?7, attempts = attempts + ?8,"
        " succeeded = succeeded + ?9, failed_attempts = failed_attempts + ?10, retries = retries + ?11,"
        " dead = dead + ?12, cancelled = cancelled + ?13, latency = ?14");
    write.bind(span).bind(first).bind(organization).bind(webhook.value);
    for (const auto counter : kCounters) write.bind(more.counters.*counter);
    write.bind_blob(encoded).run();
  }
}

bool SqliteSession::drop_old_rollups() {
  bool more = false;
  const auto drop = [&](std::int64_t span, milliseconds kept) {
    db_.use(
           "DELETE FROM rollups WHERE (span, minute, organization_id, webhook_id) IN (SELECT span, minute,"
           " organization_id, webhook_id FROM rollups WHERE span = ?1 AND minute < ?2 ORDER BY minute LIMIT ?3)")
        .bind(span)
        .bind(unix_ms(time() - kept) / 60'000)
        .bind(std::int64_t{kJobSliceRows})
        .run();
    if (db_.changes() >= std::int64_t{kJobSliceRows}) more = true;
  };
  drop(kMinuteSpan, kMinuteCountsKept);
  drop(kHourSpan, kHourCountsKept);
  return more;
}

}  // namespace eventrelay
