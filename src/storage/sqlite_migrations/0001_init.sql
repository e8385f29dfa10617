-- One id space: ids carry the millisecond in which they were made, so created_at is no column.
-- An event's own deliveries have the ids that follow the event's: id+1 .. id+delivery_count.
CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO meta VALUES ('last_id', 1);

CREATE TABLE organizations (id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;
INSERT INTO organizations VALUES (1, 'default');

CREATE TABLE event_types (
  id INTEGER PRIMARY KEY, organization_id INTEGER NOT NULL, name TEXT NOT NULL,
  UNIQUE (organization_id, name)) STRICT;
CREATE TABLE tenants (
  id INTEGER PRIMARY KEY, organization_id INTEGER NOT NULL, name TEXT NOT NULL,
  UNIQUE (organization_id, name)) STRICT;

CREATE TABLE api_keys (
  id INTEGER PRIMARY KEY, organization_id INTEGER NOT NULL, name TEXT NOT NULL, scope INTEGER NOT NULL,
  hash BLOB NOT NULL UNIQUE, hint TEXT NOT NULL) STRICT;

CREATE TABLE webhooks (
  id INTEGER PRIMARY KEY, organization_id INTEGER NOT NULL, deleted INTEGER NOT NULL DEFAULT 0,
  spec TEXT NOT NULL,                        -- what people decide, as JSON
  secret BLOB NOT NULL, old_secret BLOB, old_secret_until_ms INTEGER NOT NULL DEFAULT 0,
  disabled_reason INTEGER NOT NULL DEFAULT 0, failing_since_ms INTEGER, updated_ms INTEGER NOT NULL) STRICT;
CREATE INDEX webhooks_of_organization ON webhooks (organization_id, id) WHERE deleted = 0;

CREATE TABLE events (
  id INTEGER PRIMARY KEY, organization_id INTEGER NOT NULL, type_id INTEGER NOT NULL, tenant_id INTEGER NOT NULL,
  delivery_count INTEGER NOT NULL,           -- made with the event
  replay_count INTEGER NOT NULL DEFAULT 0,   -- made by replays of it
  deliver_at_ms INTEGER, metadata TEXT NOT NULL, payload TEXT NOT NULL) STRICT;
CREATE INDEX events_by_type ON events (organization_id, type_id, id);
CREATE INDEX events_unmatched ON events (organization_id, id) WHERE delivery_count = 0;

CREATE TABLE deliveries (
  id INTEGER PRIMARY KEY, organization_id INTEGER NOT NULL, event_id INTEGER NOT NULL, webhook_id INTEGER NOT NULL,
  type_id INTEGER NOT NULL, tenant_id INTEGER NOT NULL,
  state INTEGER NOT NULL DEFAULT 0,          -- 0 pending, 1 succeeded, 2 dead, 3 cancelled
  attempts INTEGER NOT NULL DEFAULT 0,       -- all there were: numbering
  position INTEGER NOT NULL DEFAULT 0,       -- in the policy's schedule
  manual INTEGER NOT NULL DEFAULT 0,         -- a person asked for an attempt beside the schedule
  first_due_ms INTEGER NOT NULL, due_ms INTEGER NOT NULL,
  sort_at_ms INTEGER NOT NULL,               -- place in the lane: first_due if the webhook is ordered, else when it is next due
  last_status INTEGER NOT NULL DEFAULT 0, last_error INTEGER NOT NULL DEFAULT 0,
  reason TEXT NOT NULL DEFAULT '',
  ended_id INTEGER,                          -- an id made when it became final: gives ended_at and the order of the DLQ
  replay_of INTEGER) STRICT;                 -- null: made with the event; 0: a replay to a webhook that had none
CREATE INDEX deliveries_lane ON deliveries (webhook_id, sort_at_ms, id) WHERE state = 0;
CREATE INDEX deliveries_pending ON deliveries (organization_id, event_id) WHERE state = 0;
CREATE INDEX deliveries_of_webhook ON deliveries (webhook_id, id);
CREATE INDEX deliveries_replayed ON deliveries (event_id, id) WHERE replay_of IS NOT NULL;
CREATE INDEX deliveries_dead ON deliveries (organization_id, ended_id) WHERE state = 2;
CREATE INDEX deliveries_dead_of_webhook ON deliveries (webhook_id, ended_id) WHERE state = 2;
CREATE INDEX deliveries_dead_by_id ON deliveries (organization_id, id) WHERE state = 2;
CREATE INDEX deliveries_dead_of_event ON deliveries (organization_id, event_id) WHERE state = 2;
CREATE INDEX deliveries_cancelled ON deliveries (organization_id, id) WHERE state = 3;
CREATE INDEX deliveries_cancelled_of_event ON deliveries (organization_id, event_id) WHERE state = 3;

CREATE TABLE attempts (
  delivery_id INTEGER NOT NULL, number INTEGER NOT NULL, manual INTEGER NOT NULL,
  started_ms INTEGER NOT NULL, duration_ms INTEGER NOT NULL, status INTEGER NOT NULL, error INTEGER NOT NULL,
  error_message TEXT NOT NULL, request_headers TEXT NOT NULL, response_headers TEXT NOT NULL,
  response_body BLOB NOT NULL, response_truncated INTEGER NOT NULL, remote_address TEXT NOT NULL,
  dns_us INTEGER NOT NULL, connect_us INTEGER NOT NULL, tls_us INTEGER NOT NULL, first_byte_us INTEGER NOT NULL,
  PRIMARY KEY (delivery_id, number)) STRICT, WITHOUT ROWID;

CREATE TABLE idempotency_keys (
  organization_id INTEGER NOT NULL, route TEXT NOT NULL, key TEXT NOT NULL,
  fingerprint BLOB NOT NULL, answer BLOB NOT NULL,   -- the events' ids and counts of deliveries, 12 bytes each
  created_ms INTEGER NOT NULL,
  PRIMARY KEY (organization_id, route, key)) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_ms);

CREATE TABLE jobs (
  id INTEGER PRIMARY KEY, organization_id INTEGER NOT NULL, kind INTEGER NOT NULL, state INTEGER NOT NULL,
  filter TEXT NOT NULL, position INTEGER NOT NULL, bound INTEGER NOT NULL,
  done INTEGER NOT NULL DEFAULT 0, total INTEGER NOT NULL, rate INTEGER NOT NULL,
  error TEXT NOT NULL DEFAULT '', ended_ms INTEGER) STRICT;
CREATE INDEX jobs_of_organization ON jobs (organization_id, id);
CREATE INDEX jobs_open ON jobs (id) WHERE state < 2;

-- Written in the transactions of what they count.
CREATE TABLE metrics_minutes (
  organization_id INTEGER NOT NULL, minute INTEGER NOT NULL,
  events INTEGER NOT NULL, unmatched INTEGER NOT NULL, deliveries INTEGER NOT NULL, attempts INTEGER NOT NULL,
  succeeded INTEGER NOT NULL, failed_attempts INTEGER NOT NULL, retries INTEGER NOT NULL, dead INTEGER NOT NULL,
  cancelled INTEGER NOT NULL, latency BLOB NOT NULL,
  PRIMARY KEY (organization_id, minute)) STRICT, WITHOUT ROWID;
CREATE TABLE gauges (
  organization_id INTEGER PRIMARY KEY, pending INTEGER NOT NULL, dead INTEGER NOT NULL) STRICT;
INSERT INTO gauges VALUES (1, 0, 0);
