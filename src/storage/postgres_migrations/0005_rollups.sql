-- What is counted, an organization and a webhook: sums of single minutes for a day, and of hours for a month
-- (storage/rollup.h). Each commit leaves one note of what it counted, and waits for no other to do so. Whoever keeps
-- house folds the notes of minutes that are over; what was counted is in a note, or in one minute and one hour.

CREATE TABLE rollups (
  span smallint NOT NULL,                      -- minutes that the row covers: 1 or 60
  minute bigint NOT NULL,                      -- the first of them, since 1970
  organization_id bigint NOT NULL,
  webhook_id bigint NOT NULL,                  -- 0: the sum of all, with what is of no webhook
  events bigint NOT NULL, unmatched bigint NOT NULL, deliveries bigint NOT NULL, attempts bigint NOT NULL,
  succeeded bigint NOT NULL, failed_attempts bigint NOT NULL, retries bigint NOT NULL, dead bigint NOT NULL,
  cancelled bigint NOT NULL,
  latency bytea NOT NULL,                      -- LatencyHistogram::encode; a bucket may come several times
  PRIMARY KEY (span, minute, organization_id, webhook_id))
  WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);

-- No index: all of it is read, and it is small. Dead rows are many.
CREATE TABLE count_notes (
  organization_id bigint NOT NULL, minute bigint NOT NULL,
  webhooks bigint[] NOT NULL, kinds smallint[] NOT NULL,  -- CountKind
  counts integer[] NOT NULL,
  merged boolean NOT NULL DEFAULT false)       -- of several
  WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, toast_tuple_target = 8160);
CREATE TABLE counts_folded (at timestamptz NOT NULL);
INSERT INTO counts_folded VALUES ('-infinity');

-- One bucket as LatencyHistogram::encode has it: a byte, and its count, the lowest byte first.
CREATE FUNCTION encode_latency(bucket bigint, n bigint) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT substring(int8send((bucket << 32) + ((n & 255) << 24) + ((n >> 8 & 255) << 16) + ((n >> 16 & 255) << 8)
                            + (n >> 24 & 255)) FROM 4)
$$;

INSERT INTO rollups
  WITH spans AS (
    SELECT s.span, now_ms() / 60000 - s.kept AS kept_from FROM (VALUES (1, 25 * 60), (60, 31 * 24 * 60)) s(span, kept)),
  buckets AS (
    SELECT s.span, l.minute / s.span * s.span AS minute, l.organization_id, l.bucket, sum(l.count)::bigint AS n
      FROM latency_minutes l JOIN spans s ON l.minute >= s.kept_from GROUP BY 1, 2, 3, 4),
  latencies AS (
    SELECT span, minute, organization_id, string_agg(encode_latency(bucket, n), '') AS latency
      FROM buckets GROUP BY 1, 2, 3),
  counters AS (
    SELECT s.span, m.minute / s.span * s.span AS minute, m.organization_id, sum(m.events) AS events,
           sum(m.unmatched) AS unmatched, sum(m.deliveries) AS deliveries, sum(m.attempts) AS attempts,
           sum(m.succeeded) AS succeeded, sum(m.failed_attempts) AS failed_attempts, sum(m.retries) AS retries,
           sum(m.dead) AS dead, sum(m.cancelled) AS cancelled
      FROM metrics_minutes m JOIN spans s ON m.minute >= s.kept_from GROUP BY 1, 2, 3)
  SELECT c.span, c.minute, c.organization_id, 0, c.events, c.unmatched, c.deliveries, c.attempts, c.succeeded,
         c.failed_attempts, c.retries, c.dead, c.cancelled, coalesce(l.latency, '')
    FROM counters c LEFT JOIN latencies l USING (span, minute, organization_id);
DROP TABLE metrics_minutes, latency_minutes;

-- ---- Counting -----------------------------------------------------------------------------------------------------

-- How an attempt is counted: was_pending: its delivery, until then.
CREATE FUNCTION count_kind(state smallint, number integer, bucket smallint, was_pending boolean) RETURNS smallint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT (CASE WHEN state = 1 AND was_pending THEN 256 + bucket WHEN state = 2 AND was_pending THEN 2048 ELSE 0 END
          + CASE WHEN state <> 1 THEN 512 ELSE 0 END + CASE WHEN number > 1 THEN 1024 ELSE 0 END)::smallint
$$;

-- Adds to what is counted of an organization, and to its gauges.
DROP FUNCTION count_changes(bigint, bigint, bigint, bigint, bigint, bigint, bigint);
CREATE FUNCTION count_changes(
  p_writer bigint, p_org bigint, p_minute bigint, p_webhooks bigint[], p_kinds smallint[], p_counts integer[],
  p_pending bigint, p_dead bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF cardinality(p_kinds) > 0 THEN
    INSERT INTO count_notes VALUES (p_org, p_minute, p_webhooks, p_kinds, p_counts);
  END IF;
  INSERT INTO gauges AS g VALUES (p_org, p_writer, p_pending, p_dead)
    ON CONFLICT (organization_id, writer) DO UPDATE SET pending = g.pending + excluded.pending,
      dead = g.dead + excluded.dead;
END $$;

-- As before (0001_init.sql), but for what is counted.
CREATE OR REPLACE FUNCTION ingest(
  p_writer bigint, p_at_ms bigint, p_ids bigint, p_partitions bytea,
  r_org bigint[], r_version bigint[], r_route text[], r_key text[], r_fingerprint bytea[],
  e_request integer[], e_type bigint[], e_tenant bigint[], e_deliver_at bigint[], e_offset integer[],
  e_count integer[], e_metadata text[], e_payload text[],
  d_event integer[], d_offset integer[], d_webhook bigint[], d_partition smallint[],
  OUT base bigint, OUT xid bigint, OUT stale integer[], OUT repeated integer[], OUT answers bytea[],
  OUT fingerprints bytea[]) LANGUAGE plpgsql AS $$
DECLARE
  left_out integer[];
BEGIN
  PERFORM pg_advisory_xact_lock_shared(o) FROM (SELECT DISTINCT o FROM unnest(r_org) o ORDER BY o) orgs;
  SELECT coalesce(array_agg(r.i::integer), '{}') INTO stale
    FROM unnest(r_org, r_version) WITH ORDINALITY r(org, version, i)
    WHERE r.version IS DISTINCT FROM coalesce((SELECT o.version FROM organizations o WHERE o.id = r.org), 0);
  left_out := stale;
  repeated := '{}';
  IF cardinality(stale) = cardinality(r_org) THEN RETURN; END IF;

  base := draw_ids(p_ids, p_at_ms);
  IF cardinality(r_key) > 0 THEN
    WITH inserted AS (
      INSERT INTO idempotency_keys AS k
        SELECT r.org, r.route, r.key, r.fingerprint,
               (SELECT string_agg(int8send(base + e.off) || int4send(e.cnt), ''::bytea ORDER BY e.off)
                  FROM unnest(e_request, e_offset, e_count) e(request, off, cnt) WHERE e.request = r.i),
               created_ms(base)
          FROM unnest(r_org, r_route, r_key, r_fingerprint) WITH ORDINALITY r(org, route, key, fingerprint, i)
          WHERE NOT r.i = ANY (stale) ORDER BY r.org, r.route, r.key
        ON CONFLICT DO NOTHING RETURNING k.organization_id, k.route, k.key)
    SELECT coalesce(array_agg(r.i::integer), '{}') INTO repeated
      FROM unnest(r_org, r_route, r_key) WITH ORDINALITY r(org, route, key, i)
      WHERE NOT r.i = ANY (stale)
        AND (r.org, r.route, r.key) NOT IN (SELECT i.organization_id, i.route, i.key FROM inserted i);
    left_out := stale || repeated;
    IF cardinality(repeated) > 0 THEN
      SELECT array_agg(k.answer ORDER BY r.n), array_agg(k.fingerprint ORDER BY r.n) INTO answers, fingerprints
        FROM unnest(repeated) WITH ORDINALITY r(i, n) LEFT JOIN idempotency_keys k
          ON k.organization_id = r_org[r.i] AND k.route = r_route[r.i] AND k.key = r_key[r.i];
      IF cardinality(left_out) = cardinality(r_org) THEN RETURN; END IF;
    END IF;
  END IF;

  INSERT INTO events (id, organization_id, type_id, tenant_id, delivery_count, deliver_at_ms, metadata, payload)
    SELECT base + e.off, r_org[e.request], e.type, e.tenant, e.cnt,
           CASE WHEN e.deliver_at > created_ms(base + e.off) THEN e.deliver_at END, e.metadata, e.payload
      FROM unnest(e_request, e_type, e_tenant, e_deliver_at, e_offset, e_count, e_metadata, e_payload)
        AS e(request, type, tenant, deliver_at, off, cnt, metadata, payload)
      WHERE NOT e.request = ANY (left_out);
  IF cardinality(d_event) > 0 THEN
    INSERT INTO deliveries (id, organization_id, event_id, webhook_id, partition, type_id, tenant_id, first_due_ms,
                            due_ms, sort_at_ms)
      SELECT base + d.off, r_org[e_request[d.event]], base + e_offset[d.event], d.webhook, d.partition,
             e_type[d.event], e_tenant[d.event], due.ms, due.ms, due.ms
        FROM unnest(d_event, d_offset, d_webhook, d_partition) AS d(event, off, webhook, partition)
        CROSS JOIN LATERAL (SELECT greatest(e_deliver_at[d.event], created_ms(base + e_offset[d.event])) AS ms) due
        WHERE NOT e_request[d.event] = ANY (left_out);
    INSERT INTO commits (xid, partitions, first_id, last_id)
      VALUES (pg_current_xact_id(), p_partitions, base, base + p_ids - 1);
  END IF;

  INSERT INTO count_notes
    SELECT c.org, created_ms(base) / 60000, array_agg(c.webhook), array_agg(c.kind), array_agg(c.n) FROM (
      SELECT r_org[e.request] AS org, 0::bigint AS webhook,
             (CASE e.cnt WHEN 0 THEN -2 ELSE -1 END)::smallint AS kind, count(*)::integer AS n
        FROM unnest(e_request, e_count) AS e(request, cnt) WHERE NOT e.request = ANY (left_out) GROUP BY 1, 3
      UNION ALL
      SELECT r_org[e_request[d.event]], d.webhook, -3::smallint, count(*)::integer
        FROM unnest(d_event, d_webhook) AS d(event, webhook) WHERE NOT e_request[d.event] = ANY (left_out)
        GROUP BY 1, 2) c
      GROUP BY 1;
  INSERT INTO gauges AS g
    SELECT r_org[e.request], p_writer, sum(e.cnt), 0
      FROM unnest(e_request, e_count) AS e(request, cnt)
      WHERE e.cnt > 0 AND NOT e.request = ANY (left_out) GROUP BY 1 ORDER BY 1
    ON CONFLICT (organization_id, writer) DO UPDATE SET pending = g.pending + excluded.pending;
  xid := pg_current_xact_id()::text::bigint;
END $$;

-- The same.
CREATE OR REPLACE FUNCTION finish(
  p_writer bigint, p_worker bigint, p_epoch bigint, p_at_ms bigint,
  f_org bigint[], f_delivery bigint[], f_number integer[], f_manual smallint[], f_state smallint[],
  f_position integer[], f_due bigint[], f_reason text[], f_bucket smallint[],
  a_started bigint[], a_duration bigint[], a_status smallint[], a_error smallint[], a_message text[],
  a_request_headers text[], a_response_headers text[], a_body bytea[], a_truncated smallint[], a_remote text[],
  a_dns bigint[], a_connect bigint[], a_tls bigint[], a_first_byte bigint[],
  OUT fenced boolean, OUT states smallint[], OUT orgs bigint[], OUT versions bigint[]) LANGUAGE plpgsql AS $$
DECLARE
  base bigint;
  ended integer[];
  ended_webhook bigint[];
  late integer[] := '{}';
  late_webhook bigint[] := '{}';
BEGIN
  IF p_worker <> 0 THEN
    PERFORM 1 FROM processes p WHERE p.id = p_worker AND p.epoch = p_epoch AND NOT p.fenced FOR SHARE;
    IF NOT FOUND THEN
      fenced := true;
      RETURN;
    END IF;
  END IF;
  fenced := false;
  base := draw_ids(cardinality(f_delivery), p_at_ms);
  WITH f AS (
    SELECT * FROM unnest(f_org, f_delivery, f_number, f_manual, f_state, f_position, f_due, f_reason, a_status, a_error)
      WITH ORDINALITY AS f(org, delivery, number, manual, state, position, due, reason, status, error, i)),
  changed AS (
    UPDATE deliveries d SET
        attempts = f.number, last_status = f.status, last_error = f.error, position = f.position, state = f.state,
        reason = f.reason, manual = f.state = 0 AND d.manual AND f.manual = 0,
        due_ms = CASE f.state WHEN 0 THEN f.due ELSE d.due_ms END,
        sort_at_ms = CASE WHEN f.state <> 0 THEN d.sort_at_ms
                          WHEN is_ordered(d.webhook_id) THEN d.first_due_ms
                          WHEN d.manual AND f.manual = 0 THEN d.sort_at_ms ELSE f.due END,
        ended_id = CASE WHEN f.state <> 0 THEN base + f.i - 1 END
      FROM f
      -- By the primary key: `state = 0` would offer the planner the index of pending rows, and a range of ids the rows
      -- themselves, which it takes for few while the table is young.
      WHERE d.id = f.delivery AND d.organization_id = f.org AND d.state + 0 = 0 AND d.attempts = f.number - 1
      RETURNING f.i::integer AS i, d.webhook_id)
  SELECT coalesce(array_agg(i), '{}'), coalesce(array_agg(webhook_id), '{}') INTO ended, ended_webhook FROM changed;
  states := f_state;
  IF cardinality(ended) < cardinality(f_delivery) THEN
    WITH f AS (
      SELECT * FROM unnest(f_org, f_delivery, f_number, a_status, a_error)
        WITH ORDINALITY AS f(org, delivery, number, status, error, i) WHERE NOT i = ANY (ended)),
    changed AS (
      UPDATE deliveries d SET attempts = f.number, last_status = f.status, last_error = f.error FROM f
        WHERE d.id = f.delivery AND d.organization_id = f.org AND d.state <> 0 AND d.attempts = f.number - 1
        RETURNING f.i::integer AS i, d.webhook_id)
    SELECT coalesce(array_agg(i), '{}'), coalesce(array_agg(webhook_id), '{}') INTO late, late_webhook FROM changed;
    SELECT array_agg(CASE WHEN f.i = ANY (ended) THEN f.state
                          ELSE coalesce((SELECT d.state FROM deliveries d
                                    WHERE d.id = f.delivery AND d.organization_id = f.org), -1::smallint)
                     END ORDER BY f.i) INTO states
      FROM unnest(f_delivery, f_org, f_state) WITH ORDINALITY AS f(delivery, org, state, i);
  END IF;
  INSERT INTO attempts
    SELECT a.delivery, a.number, a.manual <> 0, a.started, a.duration, a.status, a.error, a.message, a.request_headers,
           a.response_headers, a.body, a.truncated <> 0, a.remote, a.dns, a.connect, a.tls, a.first_byte
      FROM unnest(f_delivery, f_number, f_manual, a_started, a_duration, a_status, a_error, a_message,
                  a_request_headers, a_response_headers, a_body, a_truncated, a_remote, a_dns, a_connect, a_tls,
                  a_first_byte) WITH ORDINALITY
        AS a(delivery, number, manual, started, duration, status, error, message, request_headers, response_headers,
             body, truncated, remote, dns, connect, tls, first_byte, i)
      WHERE cardinality(ended) = cardinality(f_delivery) OR a.i = ANY (ended) OR a.i = ANY (late);
  DELETE FROM handed h WHERE h.delivery_id = ANY (f_delivery);

  INSERT INTO count_notes
    SELECT c.org, created_ms(base) / 60000, array_agg(c.webhook), array_agg(c.kind), array_agg(c.n) FROM (
      SELECT f_org[x.i] AS org, x.webhook,
             count_kind(f_state[x.i], f_number[x.i], f_bucket[x.i], x.was_pending) AS kind, count(*)::integer AS n
        FROM (SELECT e.i, e.webhook, true AS was_pending FROM unnest(ended, ended_webhook) AS e(i, webhook)
              UNION ALL SELECT l.i, l.webhook, false FROM unnest(late, late_webhook) AS l(i, webhook)) x
        GROUP BY 1, 2, 3) c
      GROUP BY 1;
  INSERT INTO gauges AS g
    SELECT f_org[i], p_writer, -count(*), count(*) FILTER (WHERE f_state[i] = 2)
      FROM unnest(ended) i WHERE f_state[i] <> 0 GROUP BY 1 ORDER BY 1
    ON CONFLICT (organization_id, writer) DO UPDATE SET pending = g.pending + excluded.pending,
      dead = g.dead + excluded.dead;
  SELECT array_agg(o.id), array_agg(o.version) INTO orgs, versions FROM organizations o WHERE o.id = ANY (f_org);
END $$;

-- ---- Folding ------------------------------------------------------------------------------------------------------

-- Sums of latencies: one after the other, until they are more than 64.
CREATE FUNCTION add_latency(a bytea, b bytea) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN length(a) + length(b) <= 64 * 5 THEN a || b ELSE (
    SELECT string_agg(encode_latency(s.bucket, s.n), '' ORDER BY s.bucket) FROM (
      SELECT get_byte(l, i) AS bucket,
             sum(get_byte(l, i + 1) + (get_byte(l, i + 2) << 8) + (get_byte(l, i + 3) << 16)
                 + (get_byte(l, i + 4)::bigint << 24))::bigint AS n
        FROM (SELECT a || b AS l OFFSET 0) x, generate_series(0, length(l) - 5, 5) i GROUP BY 1) s) END
$$;

-- Folds notes, unless that was done in the last p_lately_ms or is being done. Minutes that are over become rollups, at
-- most so many webhooks of them in one call; what is left becomes one note a minute. True: there is more to do at once.
-- A note that becomes visible late is added when it does.
CREATE FUNCTION fold_counts(p_at_ms bigint, p_lately_ms bigint) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  counts_max CONSTANT bigint := 100000;        -- of notes that are not merged
  webhooks_max CONSTANT bigint := 5000;
  this_minute CONSTANT bigint := coalesce(p_at_ms, now_ms()) / 60000;
  more boolean;
BEGIN
  IF NOT EXISTS (SELECT FROM count_notes) THEN RETURN false; END IF;
  -- Also where the server's clock was set back.
  PERFORM 1 FROM counts_folded
    WHERE at NOT BETWEEN clock_timestamp() - p_lately_ms * interval '1 millisecond' AND clock_timestamp()
    FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN RETURN false; END IF;
  WITH gone AS (
    DELETE FROM count_notes WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM count_notes WHERE merged
        UNION ALL
        SELECT n.ctid FROM (
          SELECT ctid, cardinality(kinds) AS size, sum(cardinality(kinds)) OVER (ROWS UNBOUNDED PRECEDING) AS upto
            FROM count_notes WHERE NOT merged) n
          WHERE n.upto - n.size < counts_max))
      RETURNING *),
  counted AS (
    SELECT g.organization_id, g.minute, c.webhook, c.kind, sum(c.count)::bigint AS n,
           g.minute < this_minute
             AND dense_rank() OVER (ORDER BY g.minute, g.organization_id, c.webhook) <= webhooks_max AS folds
      FROM gone g CROSS JOIN LATERAL unnest(g.webhooks, g.kinds, g.counts) AS c(webhook, kind, count)
      GROUP BY g.organization_id, g.minute, c.webhook, c.kind),
  kept AS (
    INSERT INTO count_notes
      SELECT organization_id, minute, array_agg(webhook), array_agg(kind), array_agg(n::integer), true
        FROM counted WHERE NOT folds GROUP BY 1, 2),
  folded AS (
    INSERT INTO rollups AS r
      SELECT span, minute, organization_id, webhook,
             coalesce(sum(n) FILTER (WHERE kind IN (-1, -2)), 0), coalesce(sum(n) FILTER (WHERE kind = -2), 0),
             coalesce(sum(n) FILTER (WHERE kind = -3), 0), coalesce(sum(n) FILTER (WHERE kind >= 0), 0),
             coalesce(sum(n) FILTER (WHERE kind >= 0 AND (kind & 256) <> 0), 0),
             coalesce(sum(n) FILTER (WHERE kind >= 0 AND (kind & 512) <> 0), 0),
             coalesce(sum(n) FILTER (WHERE kind >= 0 AND (kind & 1024) <> 0), 0),
             coalesce(sum(n) FILTER (WHERE kind >= 0 AND (kind & 2048) <> 0), 0),
             coalesce(sum(n) FILTER (WHERE kind = -4), 0),
             add_latency('', coalesce(string_agg(encode_latency(kind & 255, n), '')
                                        FILTER (WHERE kind >= 0 AND (kind & 256) <> 0), ''))
        FROM (
          SELECT s.span, c.minute / s.span * s.span AS minute, c.organization_id, w.webhook, c.kind,
                 sum(c.n)::bigint AS n
            FROM counted c CROSS JOIN (VALUES (1), (60)) AS s(span)
              CROSS JOIN LATERAL (SELECT 0 UNION ALL SELECT c.webhook WHERE c.webhook <> 0) AS w(webhook)
            WHERE c.folds GROUP BY 1, 2, 3, 4, 5) k
        GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
      ON CONFLICT (span, minute, organization_id, webhook_id) DO UPDATE SET events = r.events + excluded.events,
        unmatched = r.unmatched + excluded.unmatched, deliveries = r.deliveries + excluded.deliveries,
        attempts = r.attempts + excluded.attempts, succeeded = r.succeeded + excluded.succeeded,
        failed_attempts = r.failed_attempts + excluded.failed_attempts, retries = r.retries + excluded.retries,
        dead = r.dead + excluded.dead, cancelled = r.cancelled + excluded.cancelled,
        latency = add_latency(r.latency, excluded.latency))
  SELECT (SELECT coalesce(sum(cardinality(kinds)), 0) >= counts_max FROM gone WHERE NOT merged)
         OR EXISTS (SELECT FROM counted WHERE NOT folds AND minute < this_minute) INTO more;
  IF NOT more THEN
    UPDATE counts_folded SET at = clock_timestamp();
  END IF;
  RETURN more;
END $$;

-- A slice of the minutes that are older than 25 hours and the hours that are older than 31 days (kMinuteCountsKept,
-- kHourCountsKept); true: there may be more.
CREATE FUNCTION drop_old_rollups(p_at_ms bigint) RETURNS boolean LANGUAGE plpgsql SET enable_seqscan = 'off' AS $$
DECLARE
  rows_max CONSTANT bigint := 5000;
  dropped bigint;
BEGIN
  DELETE FROM rollups WHERE ctid = ANY (
    ARRAY(SELECT ctid FROM rollups WHERE span = 1 AND minute < p_at_ms / 60000 - 25 * 60
            ORDER BY span, minute LIMIT rows_max)
    || ARRAY(SELECT ctid FROM rollups WHERE span = 60 AND minute < p_at_ms / 60000 - 31 * 24 * 60
               ORDER BY span, minute LIMIT rows_max));
  GET DIAGNOSTICS dropped = ROW_COUNT;
  RETURN dropped >= rows_max;
END $$;

-- What one worker does once a minute: partitions ahead, old notes, counters, ended processes. True: there is more to do
-- at once.
DROP FUNCTION keep_house(bigint);
CREATE FUNCTION keep_house(p_at_ms bigint) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  old pg_snapshot;
  more boolean;
BEGIN
  PERFORM make_partitions(p_at_ms, 4);
  -- Notes go that were to be seen ten minutes ago already, however long ago they were made: whose last read was later
  -- has seen them. One at a time, so that what was dropped only grows.
  PERFORM 1 FROM commits_dropped FOR UPDATE;
  WITH gone AS (DELETE FROM commits_seen WHERE n <= (
                  SELECT max(n) FROM commits_seen WHERE at < clock_timestamp() - interval '10 minutes')
                RETURNING n, seen)
  SELECT seen INTO old FROM gone ORDER BY n DESC LIMIT 1;
  IF old IS NOT NULL THEN
    DELETE FROM commits WHERE xid < pg_snapshot_xmax(old) AND pg_visible_in_snapshot(xid, old);
    UPDATE commits_dropped SET seen = old;
  END IF;
  INSERT INTO commits_seen (seen) VALUES (pg_current_snapshot());

  more := fold_counts(p_at_ms, 0);
  IF drop_old_rollups(p_at_ms) THEN more := true; END IF;
  -- Gauges of processes that are no more. A writer's number is its process's times four, and which of its connections.
  WITH ended AS (DELETE FROM processes WHERE seen_at < clock_timestamp() - interval '1 hour'
                   AND (fenced OR NOT is_worker) RETURNING id),
       gone AS (DELETE FROM gauges g USING ended e WHERE g.writer / 4 = e.id RETURNING g.*)
  INSERT INTO gauges AS g SELECT organization_id, 0, sum(pending), sum(dead) FROM gone GROUP BY 1 ORDER BY 1
    ON CONFLICT (organization_id, writer) DO UPDATE SET pending = g.pending + excluded.pending,
      dead = g.dead + excluded.dead;
  RETURN more;
END $$;
