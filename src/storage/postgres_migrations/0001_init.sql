-- Everything is in a schema of its own; each session's search_path names it.
-- One id space, as with SQLite: ids carry the millisecond in which they were made, so created_at is no column, and a
-- range of time is a range of ids. An event's own deliveries have the ids that follow the event's.
-- Events, deliveries and attempts are partitioned by id, some days each. No foreign keys: a partition is dropped whole.

CREATE TABLE organizations (
  id bigint PRIMARY KEY, name text NOT NULL,
  version bigint NOT NULL DEFAULT 0);          -- of its webhooks and keys; rises with each change of one
INSERT INTO organizations VALUES (1, 'default');

-- Names what is this installation's where others share a server with it: its streams in Redis.
CREATE TABLE installation (
  id bigint NOT NULL,
  retention_days integer NOT NULL DEFAULT 0);  -- as the process that started last has it: see make_partitions
INSERT INTO installation SELECT (random() * 9e15)::bigint;

CREATE TABLE event_types (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, organization_id bigint NOT NULL, name text NOT NULL,
  UNIQUE (organization_id, name));
CREATE TABLE tenants (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, organization_id bigint NOT NULL, name text NOT NULL,
  UNIQUE (organization_id, name));

CREATE TABLE api_keys (
  id bigint PRIMARY KEY, organization_id bigint NOT NULL, name text NOT NULL, scope smallint NOT NULL,
  hash bytea NOT NULL UNIQUE, hint text NOT NULL,
  deleted boolean NOT NULL DEFAULT false,      -- kept, so that every process learns of it
  version bigint NOT NULL);
CREATE INDEX api_keys_by_version ON api_keys (organization_id, version);

CREATE TABLE webhooks (
  id bigint PRIMARY KEY, organization_id bigint NOT NULL, deleted boolean NOT NULL DEFAULT false,
  partition smallint NOT NULL,                 -- stored, never computed again
  ordered boolean NOT NULL,
  spec text NOT NULL,                          -- what people decide, as JSON
  secret bytea NOT NULL, old_secret bytea, old_secret_until_ms bigint NOT NULL DEFAULT 0,
  disabled_reason smallint NOT NULL DEFAULT 0, failing_since_ms bigint, updated_ms bigint NOT NULL,
  version bigint NOT NULL);
CREATE INDEX webhooks_of_organization ON webhooks (organization_id, id) WHERE NOT deleted;
CREATE INDEX webhooks_by_version ON webhooks (organization_id, version);
CREATE INDEX webhooks_of_partition ON webhooks (partition, id) WHERE NOT deleted;

CREATE TABLE events (
  id bigint NOT NULL, organization_id bigint NOT NULL, type_id bigint NOT NULL, tenant_id bigint NOT NULL,
  delivery_count integer NOT NULL,             -- made with the event
  replay_count integer NOT NULL DEFAULT 0,     -- made by replays of it
  deliver_at_ms bigint, metadata text NOT NULL, payload text NOT NULL,
  PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE INDEX events_by_type ON events (organization_id, type_id, id);
CREATE INDEX events_unmatched ON events (organization_id, id) WHERE delivery_count = 0;

CREATE TABLE deliveries (
  id bigint NOT NULL, organization_id bigint NOT NULL, event_id bigint NOT NULL, webhook_id bigint NOT NULL,
  partition smallint NOT NULL,
  type_id bigint NOT NULL, tenant_id bigint NOT NULL,
  state smallint NOT NULL DEFAULT 0,           -- 0 pending, 1 succeeded, 2 dead, 3 cancelled
  attempts integer NOT NULL DEFAULT 0,         -- all there were: numbering
  position integer NOT NULL DEFAULT 0,         -- in the policy's schedule
  manual boolean NOT NULL DEFAULT false,       -- a person asked for an attempt beside the schedule
  first_due_ms bigint NOT NULL, due_ms bigint NOT NULL,
  sort_at_ms bigint NOT NULL,                  -- place in the lane: the first due time if ordered, else the next
  reason text NOT NULL DEFAULT '', ended_id bigint,
  last_status smallint NOT NULL DEFAULT 0, last_error smallint NOT NULL DEFAULT 0,
  replay_of bigint,                            -- of a replay: the earlier delivery, or 0
  PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE INDEX deliveries_lane ON deliveries (partition, webhook_id, sort_at_ms, id) WHERE state = 0;
CREATE INDEX deliveries_of_webhook ON deliveries (webhook_id, id);
CREATE INDEX deliveries_of_event_by_state ON deliveries (organization_id, state, event_id) WHERE state <> 1;
CREATE INDEX deliveries_failed_by_state ON deliveries (organization_id, state, id) WHERE state > 1;
CREATE INDEX deliveries_dead ON deliveries (organization_id, ended_id) WHERE state = 2;
CREATE INDEX deliveries_dead_of_webhook ON deliveries (webhook_id, ended_id) WHERE state = 2;
CREATE INDEX deliveries_replays ON deliveries (event_id, id) WHERE replay_of IS NOT NULL;

CREATE TABLE attempts (
  delivery_id bigint NOT NULL, number integer NOT NULL, manual boolean NOT NULL, started_ms bigint NOT NULL,
  duration_ms bigint NOT NULL, status smallint NOT NULL, error smallint NOT NULL, error_message text NOT NULL,
  request_headers text NOT NULL, response_headers text NOT NULL, response_body bytea NOT NULL,
  response_truncated boolean NOT NULL, remote_address text NOT NULL,
  dns_us bigint NOT NULL, connect_us bigint NOT NULL, tls_us bigint NOT NULL, first_byte_us bigint NOT NULL,
  PRIMARY KEY (delivery_id, number)) PARTITION BY RANGE (delivery_id);

CREATE TABLE idempotency_keys (
  organization_id bigint NOT NULL, route text NOT NULL, key text NOT NULL, fingerprint bytea NOT NULL,
  answer bytea NOT NULL,                       -- an id and a count for each event, big-endian
  created_ms bigint NOT NULL, PRIMARY KEY (organization_id, route, key));
CREATE INDEX idempotency_keys_by_time ON idempotency_keys (created_ms);

CREATE TABLE jobs (
  id bigint PRIMARY KEY, organization_id bigint NOT NULL, kind smallint NOT NULL, state smallint NOT NULL,
  filter text NOT NULL, position bigint NOT NULL, bound bigint NOT NULL, done bigint NOT NULL DEFAULT 0,
  total bigint NOT NULL, rate integer NOT NULL, error text NOT NULL DEFAULT '', ended_ms bigint);
CREATE INDEX jobs_of_organization ON jobs (organization_id, id);
CREATE INDEX jobs_open ON jobs (id) WHERE state < 2;

-- Counters: a row for each organization, minute and writing connection, so that no two commits wait for each other.
-- Minutes of ended writers are folded into writer 0.
CREATE TABLE metrics_minutes (
  organization_id bigint NOT NULL, minute bigint NOT NULL, writer bigint NOT NULL,
  events bigint NOT NULL DEFAULT 0, unmatched bigint NOT NULL DEFAULT 0, deliveries bigint NOT NULL DEFAULT 0,
  attempts bigint NOT NULL DEFAULT 0, succeeded bigint NOT NULL DEFAULT 0, failed_attempts bigint NOT NULL DEFAULT 0,
  retries bigint NOT NULL DEFAULT 0, dead bigint NOT NULL DEFAULT 0, cancelled bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (organization_id, minute, writer)) WITH (fillfactor = 50);
CREATE TABLE latency_minutes (
  organization_id bigint NOT NULL, minute bigint NOT NULL, writer bigint NOT NULL, bucket smallint NOT NULL,
  count bigint NOT NULL, PRIMARY KEY (organization_id, minute, writer, bucket)) WITH (fillfactor = 50);
CREATE TABLE gauges (
  organization_id bigint NOT NULL, writer bigint NOT NULL, pending bigint NOT NULL, dead bigint NOT NULL,
  PRIMARY KEY (organization_id, writer)) WITH (fillfactor = 50);

-- One note a commit that made or changed deliveries, however many: what no hand-over brought is found by it.
-- Read are those that the reader's last snapshot did not see: a commit of a lower number may become visible later.
CREATE TABLE commits (
  xid xid8 PRIMARY KEY, partitions bytea NOT NULL,  -- 256 bits
  first_id bigint, last_id bigint,             -- the ids that an ingest drew
  ids bigint[]);                               -- deliveries that were changed
-- Notes of what `seen` saw are no more; who has not seen `moved` reads everything anew (retire). No mere bound of
-- numbers: one transaction that stays open, in any database of the server, is below all others.
CREATE TABLE commits_dropped (seen pg_snapshot NOT NULL, moved xid8 NOT NULL);
INSERT INTO commits_dropped VALUES ('1:1:', '0');
-- What was to be seen each minute, of the last ten (keep_house).
CREATE TABLE commits_seen (
  n bigint GENERATED ALWAYS AS IDENTITY, at timestamptz NOT NULL DEFAULT clock_timestamp(), seen pg_snapshot NOT NULL);

-- Processes and leases. A lease carries no time: `counter` rises, and who takes over has seen it stand still.
CREATE TABLE processes (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, version text NOT NULL,
  is_worker boolean NOT NULL, epoch bigint NOT NULL DEFAULT 0, fenced boolean NOT NULL DEFAULT false,
  draining boolean NOT NULL DEFAULT false, counter bigint NOT NULL DEFAULT 0,
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(), seen_at timestamptz NOT NULL DEFAULT clock_timestamp())
  WITH (fillfactor = 50);
CREATE TABLE partitions (n smallint PRIMARY KEY, owner bigint NOT NULL DEFAULT 0) WITH (fillfactor = 50);
INSERT INTO partitions SELECT n FROM generate_series(0, 255) n;
-- Deliveries that a partition's former owner has under way.
CREATE TABLE handed (
  delivery_id bigint PRIMARY KEY, webhook_id bigint NOT NULL, partition smallint NOT NULL, owner bigint NOT NULL,
  number integer NOT NULL, until_ms bigint NOT NULL);

CREATE SEQUENCE ids;

-- ---- Ids ----------------------------------------------------------------------------------------------------------

CREATE FUNCTION created_ms(id bigint) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
  AS 'SELECT (id >> 22) + 1577836800000';
CREATE FUNCTION first_id_at(ms bigint) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
  AS 'SELECT greatest(ms - 1577836800000, 0) << 22';
CREATE FUNCTION now_ms() RETURNS bigint LANGUAGE sql VOLATILE
  AS 'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint';

-- The first of n consecutive ids, by this server's clock and only rising, also where the clock steps back: what is
-- drawn after another draw has ended is greater. The lock is held inside this call alone; a session whose call has
-- failed may hold it still, and is to be closed (PgLink::settle).
CREATE FUNCTION draw_ids(n bigint, at_ms bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  base bigint;
BEGIN
  PERFORM pg_advisory_lock(7305, 1);
  SELECT greatest(last_value + 1, first_id_at(coalesce(at_ms, now_ms()))) INTO base FROM ids;
  PERFORM setval('ids', base + n - 1);
  PERFORM pg_advisory_unlock(7305, 1);
  RETURN base;
END $$;

-- ---- Partitions by time -------------------------------------------------------------------------------------------

-- The partitions of deliveries, in their order; those of events and attempts have the same names and bounds.
CREATE FUNCTION time_partitions(OUT name text, OUT lo bigint, OUT hi bigint, OUT is_rest boolean) RETURNS SETOF record
LANGUAGE sql STABLE AS $$
  SELECT substring(c.relname FROM '^deliveries_(.*)$'), b.bound[1]::bigint, b.bound[2]::bigint,
         obj_description(c.oid, 'pg_class') IS NOT NULL
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    CROSS JOIN LATERAL regexp_match(pg_get_expr(c.relpartbound, c.oid), $r$FROM \('(\d+)'\) TO \('(\d+)'\)$r$) b(bound)
    WHERE i.inhparent = 'deliveries'::regclass ORDER BY 2
$$;

-- How many days the partition of that day is to have. A twelfth of what is kept: plans and locks are of every partition,
-- and some fifteen are as good as one. Where all is kept, a twelfth of the time since the oldest, between two weeks and a
-- year: 51 partitions in ten years, and from then on one more each year.
CREATE FUNCTION partition_days(day bigint) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN i.retention_days > 0 THEN (i.retention_days + 11) / 12
              ELSE least(365, greatest(14, (day - oldest.n) / 12)) END
    FROM installation i, (SELECT created_ms(min(p.lo)) / 86400000 AS n FROM time_partitions() p) oldest
$$;

-- Makes partitions for the days (UTC) from that time on, where there are none; gives the number of tables. Each follows
-- the one before it, or comes before the one after it, where these are near; whatever their widths, no two overlap.
-- Beside everything else: ATTACH takes no lock that an insert waits for.
CREATE FUNCTION make_partitions(from_ms bigint, days integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  made integer := 0;
  day bigint;
  width bigint;
  prior_end bigint;                            -- the first day after the partitions before that day
  next_start bigint;                           -- the first day of those after it
  start bigint;
  made_until bigint := 0;
  parent text;
  child text;
BEGIN
  PERFORM pg_advisory_xact_lock(7305, 2);
  FOR day IN
    WITH p AS MATERIALIZED (SELECT * FROM time_partitions())
    SELECT d FROM generate_series(from_ms / 86400000, from_ms / 86400000 + days - 1) d
      WHERE NOT EXISTS (SELECT FROM p WHERE p.lo <= first_id_at(d * 86400000) AND p.hi > first_id_at(d * 86400000))
      ORDER BY d
  LOOP
    CONTINUE WHEN day < made_until;
    SELECT max(created_ms(p.hi)) FILTER (WHERE p.hi <= first_id_at(day * 86400000)) / 86400000,
           min(created_ms(p.lo)) FILTER (WHERE p.lo > first_id_at(day * 86400000)) / 86400000
      INTO prior_end, next_start FROM time_partitions() p;
    width := partition_days(day);
    start := CASE WHEN day - prior_end < width THEN prior_end
                  WHEN next_start - day <= width THEN greatest(prior_end, next_start - width)
                  ELSE day END;
    made_until := least(start + width, next_start, created_ms(9223372036854775807) / 86400000);  -- where ids end
    FOREACH parent IN ARRAY ARRAY['events', 'deliveries', 'attempts'] LOOP
      child := parent || '_' || to_char(to_timestamp(start * 86400) AT TIME ZONE 'UTC', 'YYYYMMDD');
      EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS)', child, parent);
      EXECUTE format('ALTER TABLE %I SET (autovacuum_vacuum_scale_factor = 0.05)', child);
      EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)', parent, child,
                     first_id_at(start * 86400000), first_id_at(made_until * 86400000));
      made := made + 1;
    END LOOP;
  END LOOP;
  RETURN made;
END $$;

-- ---- Ingest -------------------------------------------------------------------------------------------------------

CREATE FUNCTION name_ids(tbl text, orgs bigint[], names text[]) RETURNS TABLE (ids bigint[]) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('INSERT INTO %I (organization_id, name) SELECT DISTINCT o, n FROM unnest($1, $2) AS x(o, n)'
                 ' ORDER BY o, n ON CONFLICT DO NOTHING', tbl) USING orgs, names;
  RETURN QUERY EXECUTE format('SELECT array_agg(t.id ORDER BY x.i) FROM unnest($1, $2) WITH ORDINALITY AS x(o, n, i)'
                              ' JOIN %I t ON t.organization_id = x.o AND t.name = x.n', tbl) USING orgs, names;
END $$;

-- Takes in the events of several requests as one commit. Request r_*[i], event e_*[j] of request e_request[j], delivery
-- d_*[k] of event d_event[k]; offsets are from the first id drawn. Requests that were matched against another version
-- of the organization's webhooks are left out (`stale`), and those whose idempotency key exists (`repeated`, with the
-- first answer). The lock keeps changes of webhooks away from between the check and the commit.
CREATE FUNCTION ingest(
  p_writer bigint, p_at_ms bigint, p_ids bigint, p_partitions bytea,
  r_org bigint[], r_version bigint[], r_route text[], r_key text[], r_fingerprint bytea[],
  e_request integer[], e_type bigint[], e_tenant bigint[], e_deliver_at bigint[], e_offset integer[],
  e_count integer[], e_metadata text[], e_payload text[],
  d_event integer[], d_offset integer[], d_webhook bigint[], d_partition smallint[],
  OUT base bigint, OUT xid bigint, OUT stale integer[], OUT repeated integer[], OUT answers bytea[],
  OUT fingerprints bytea[]) LANGUAGE plpgsql AS $$
DECLARE
  left_out integer[];
  this_minute bigint;
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

  this_minute := created_ms(base) / 60000;
  INSERT INTO metrics_minutes AS m (organization_id, minute, writer, events, unmatched, deliveries)
    SELECT r_org[e.request], this_minute, p_writer, count(*), count(*) FILTER (WHERE e.cnt = 0), sum(e.cnt)
      FROM unnest(e_request, e_count) AS e(request, cnt) WHERE NOT e.request = ANY (left_out) GROUP BY 1 ORDER BY 1
    ON CONFLICT (organization_id, minute, writer) DO UPDATE SET events = m.events + excluded.events,
      unmatched = m.unmatched + excluded.unmatched, deliveries = m.deliveries + excluded.deliveries;
  INSERT INTO gauges AS g
    SELECT r_org[e.request], p_writer, sum(e.cnt), 0
      FROM unnest(e_request, e_count) AS e(request, cnt)
      WHERE e.cnt > 0 AND NOT e.request = ANY (left_out) GROUP BY 1 ORDER BY 1
    ON CONFLICT (organization_id, writer) DO UPDATE SET pending = g.pending + excluded.pending;
  xid := pg_current_xact_id()::text::bigint;
END $$;

-- ---- The ends of attempts -----------------------------------------------------------------------------------------

-- Volatile, so that it sees what was committed while the row it is asked for waited for its lock; a sub-select would not.
CREATE FUNCTION is_ordered(p_webhook bigint) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  RETURN (SELECT w.ordered FROM webhooks w WHERE w.id = p_webhook);
END $$;

-- Commits the ends of attempts, each only where its delivery is pending and has had the attempts before: what a fenced
-- or late owner brings changes nothing, and spoils nothing of the others. An attempt that ended on a delivery already
-- final is recorded. p_worker 0: no leases. Returns the states as committed (-1: no such delivery), the current
-- versions of the organizations concerned, and whether the worker is fenced; then nothing was done.
CREATE FUNCTION finish(
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
  late integer[] := '{}';
  this_minute bigint;
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
  this_minute := created_ms(base) / 60000;
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
      RETURNING f.i::integer AS i)
  SELECT coalesce(array_agg(i), '{}') INTO ended FROM changed;
  states := f_state;
  IF cardinality(ended) < cardinality(f_delivery) THEN
    WITH f AS (
      SELECT * FROM unnest(f_org, f_delivery, f_number, a_status, a_error)
        WITH ORDINALITY AS f(org, delivery, number, status, error, i) WHERE NOT i = ANY (ended)),
    changed AS (
      UPDATE deliveries d SET attempts = f.number, last_status = f.status, last_error = f.error FROM f
        WHERE d.id = f.delivery AND d.organization_id = f.org AND d.state <> 0 AND d.attempts = f.number - 1
        RETURNING f.i::integer AS i)
    SELECT coalesce(array_agg(i), '{}') INTO late FROM changed;
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

  INSERT INTO metrics_minutes AS m
      (organization_id, minute, writer, attempts, succeeded, failed_attempts, retries, dead)
    SELECT f_org[x.i], this_minute, p_writer, count(*), count(*) FILTER (WHERE x.on_time AND f_state[x.i] = 1),
           count(*) FILTER (WHERE f_state[x.i] <> 1), count(*) FILTER (WHERE f_number[x.i] > 1),
           count(*) FILTER (WHERE x.on_time AND f_state[x.i] = 2)
      FROM (SELECT i, true AS on_time FROM unnest(ended) i UNION ALL SELECT i, false FROM unnest(late) i) x
      GROUP BY 1 ORDER BY 1
    ON CONFLICT (organization_id, minute, writer) DO UPDATE SET attempts = m.attempts + excluded.attempts,
      succeeded = m.succeeded + excluded.succeeded, failed_attempts = m.failed_attempts + excluded.failed_attempts,
      retries = m.retries + excluded.retries, dead = m.dead + excluded.dead;
  INSERT INTO latency_minutes AS l
    SELECT f_org[i], this_minute, p_writer, f_bucket[i], count(*) FROM unnest(ended) i WHERE f_state[i] = 1
      GROUP BY 1, 4 ORDER BY 1, 4
    ON CONFLICT (organization_id, minute, writer, bucket) DO UPDATE SET count = l.count + excluded.count;
  INSERT INTO gauges AS g
    SELECT f_org[i], p_writer, -count(*), count(*) FILTER (WHERE f_state[i] = 2)
      FROM unnest(ended) i WHERE f_state[i] <> 0 GROUP BY 1 ORDER BY 1
    ON CONFLICT (organization_id, writer) DO UPDATE SET pending = g.pending + excluded.pending,
      dead = g.dead + excluded.dead;
  SELECT array_agg(o.id), array_agg(o.version) INTO orgs, versions FROM organizations o WHERE o.id = ANY (f_org);
END $$;

-- ---- Changes ------------------------------------------------------------------------------------------------------

-- For a change of webhooks or keys: waits until no ingest is between its check and its commit, keeps new ones away, and
-- gives the version that the change is to carry.
CREATE FUNCTION next_version(org bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  risen bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(org);
  UPDATE organizations SET version = version + 1 WHERE id = org RETURNING version INTO risen;
  IF risen IS NULL THEN
    INSERT INTO organizations VALUES (org, '', 1);
    risen := 1;
  END IF;
  RETURN risen;
END $$;

-- Leaves the note of a commit that changed deliveries; gives its number.
CREATE FUNCTION note_commit(p_partitions bytea, p_first bigint, p_last bigint, p_ids bigint[]) RETURNS bigint
LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO commits (xid, partitions, first_id, last_id, ids)
    VALUES (pg_current_xact_id(), p_partitions, p_first, p_last, p_ids);
  RETURN pg_current_xact_id()::text::bigint;
END $$;

-- Adds to an organization's counters and gauges.
CREATE FUNCTION count_changes(
  p_writer bigint, p_org bigint, p_minute bigint, p_deliveries bigint, p_cancelled bigint, p_pending bigint,
  p_dead bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO metrics_minutes AS m (organization_id, minute, writer, deliveries, cancelled)
    VALUES (p_org, p_minute, p_writer, p_deliveries, p_cancelled)
    ON CONFLICT (organization_id, minute, writer) DO UPDATE SET deliveries = m.deliveries + excluded.deliveries,
      cancelled = m.cancelled + excluded.cancelled;
  INSERT INTO gauges AS g VALUES (p_org, p_writer, p_pending, p_dead)
    ON CONFLICT (organization_id, writer) DO UPDATE SET pending = g.pending + excluded.pending,
      dead = g.dead + excluded.dead;
END $$;
