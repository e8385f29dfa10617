-- What is counted, an organization and a webhook: sums of single minutes for a day, and of hours for a month
-- (storage/rollup.h). Minutes of the organizations come over; of webhooks nothing was counted before.
CREATE TABLE rollups (
  span INTEGER NOT NULL,                     -- minutes that the row covers: 1 or 60
  minute INTEGER NOT NULL,                   -- the first of them, since 1970
  organization_id INTEGER NOT NULL,
  webhook_id INTEGER NOT NULL,               -- 0: the sum of all, with what is of no webhook
  events INTEGER NOT NULL, unmatched INTEGER NOT NULL, deliveries INTEGER NOT NULL, attempts INTEGER NOT NULL,
  succeeded INTEGER NOT NULL, failed_attempts INTEGER NOT NULL, retries INTEGER NOT NULL, dead INTEGER NOT NULL,
  cancelled INTEGER NOT NULL, latency BLOB NOT NULL,
  PRIMARY KEY (span, minute, organization_id, webhook_id)) STRICT, WITHOUT ROWID;

-- What is not in them yet: what each commit counted, written in its transaction; now and then put together.
CREATE TABLE count_notes (
  id INTEGER PRIMARY KEY, organization_id INTEGER NOT NULL, minute INTEGER NOT NULL, counts BLOB NOT NULL) STRICT;

INSERT INTO rollups
  SELECT 1, minute, organization_id, 0, events, unmatched, deliveries, attempts, succeeded, failed_attempts, retries,
         dead, cancelled, latency
    FROM metrics_minutes WHERE minute >= strftime('%s', 'now') / 60 - 25 * 60;
-- Latencies one after the other are their sum.
INSERT INTO rollups
  SELECT 60, minute / 60 * 60, organization_id, 0, sum(events), sum(unmatched), sum(deliveries), sum(attempts),
         sum(succeeded), sum(failed_attempts), sum(retries), sum(dead), sum(cancelled),
         CAST(coalesce(group_concat(latency, ''), '') AS BLOB)
    FROM metrics_minutes WHERE minute >= strftime('%s', 'now') / 60 - 31 * 24 * 60
    GROUP BY minute / 60, organization_id;
DROP TABLE metrics_minutes;
