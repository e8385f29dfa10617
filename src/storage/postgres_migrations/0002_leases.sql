-- Workers and what they own (ports/leases.h). All faults of a lease are by `epoch` and `fenced`, never by time.

-- Of all workers: one whose row was taken away meanwhile must not get an epoch that it has had.
CREATE SEQUENCE epochs;

-- A process that was away for long finds its row gone (keep_house), and gets it again under the number that its
-- connections carry in their names.
CREATE FUNCTION join_worker(p_id bigint, p_name text, p_version text) RETURNS bigint LANGUAGE sql AS $$
  INSERT INTO processes AS p (id, name, version, is_worker, epoch) OVERRIDING SYSTEM VALUE
    VALUES (p_id, p_name, p_version, true, nextval('epochs'))
    ON CONFLICT (id) DO UPDATE SET is_worker = true, fenced = false, draining = false, epoch = excluded.epoch,
      counter = p.counter + 1, seen_at = clock_timestamp()
    RETURNING epoch;
$$;

-- Holds the worker's row against a fence until the transaction's end; raises ER001 where it is fenced already.
CREATE FUNCTION hold_token(p_id bigint, p_epoch bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM processes p WHERE p.id = p_id AND p.epoch = p_epoch AND NOT p.fenced FOR SHARE;
  IF NOT FOUND THEN RAISE EXCEPTION 'the lease was taken over' USING ERRCODE = 'ER001'; END IF;
END $$;

CREATE FUNCTION renew_lease(
  p_id bigint, p_epoch bigint, OUT at_ms bigint, OUT workers bigint[], OUT counters bigint[], OUT draining boolean[],
  OUT owners bigint[], OUT h_webhook bigint[], OUT h_delivery bigint[], OUT h_until bigint[],
  OUT h_number integer[]) LANGUAGE plpgsql AS $$
BEGIN
  UPDATE processes p SET counter = p.counter + 1, seen_at = clock_timestamp()
    WHERE p.id = p_id AND p.epoch = p_epoch AND NOT p.fenced;
  IF NOT FOUND THEN RAISE EXCEPTION 'the lease was taken over' USING ERRCODE = 'ER001'; END IF;
  at_ms := now_ms();
  DELETE FROM handed h WHERE h.until_ms < at_ms;
  SELECT array_agg(p.id ORDER BY p.id), array_agg(p.counter ORDER BY p.id), array_agg(p.draining ORDER BY p.id)
    INTO workers, counters, draining FROM processes p WHERE p.is_worker AND NOT p.fenced;
  SELECT array_agg(n.owner ORDER BY n.n) INTO owners FROM partitions n;
  SELECT array_agg(h.webhook_id ORDER BY h.delivery_id), array_agg(h.delivery_id ORDER BY h.delivery_id),
         array_agg(h.until_ms ORDER BY h.delivery_id), array_agg(h.number ORDER BY h.delivery_id)
    INTO h_webhook, h_delivery, h_until, h_number
    FROM handed h JOIN partitions n ON n.n = h.partition WHERE n.owner = p_id AND h.owner <> p_id;
END $$;

-- Fences the worker if its counter still stands where it was seen. Its row's lock may be held by a commit of its own:
-- the caller's lock_timeout bounds the wait, then it ends the worker's connections and tries again.
CREATE FUNCTION fence_worker(p_id bigint, p_epoch bigint, p_worker bigint, p_counter bigint) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM hold_token(p_id, p_epoch);
  UPDATE processes SET fenced = true WHERE id = p_worker AND counter = p_counter AND NOT fenced;
  IF NOT FOUND THEN RETURN false; END IF;
  UPDATE partitions SET owner = 0 WHERE owner = p_worker;
  RETURN true;
END $$;

-- Ends the connections of a process: what they hold is let go of. They carry the process's number in their name.
CREATE FUNCTION end_connections(p_worker bigint) RETURNS bigint LANGUAGE sql AS $$
  SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE application_name = 'eventrelay ' || p_worker AND datname = current_database() AND usename = current_user
      AND pid <> pg_backend_pid();
$$;

CREATE FUNCTION claim_partitions(p_id bigint, p_epoch bigint, p_wanted smallint[]) RETURNS smallint[]
LANGUAGE plpgsql AS $$
DECLARE
  got smallint[];
BEGIN
  PERFORM pg_advisory_xact_lock(7305, 3);
  PERFORM hold_token(p_id, p_epoch);
  WITH taken AS (UPDATE partitions SET owner = p_id WHERE n = ANY (p_wanted) AND owner = 0 RETURNING n)
  SELECT coalesce(array_agg(n ORDER BY n), '{}') INTO got FROM taken;
  RETURN got;
END $$;

-- Gives partitions away with the attempts that are under way in them. The rows' locks order this with the ends of these
-- attempts: one that is committed before is not handed, one that is committed after takes its own row out again. A
-- delivery that was cancelled meanwhile is handed too: an ordered webhook waits for what is under way.
CREATE FUNCTION release_partitions(
  p_id bigint, p_epoch bigint, p_partitions smallint[], h_webhook bigint[], h_partition smallint[],
  h_delivery bigint[], h_number integer[], h_until bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM hold_token(p_id, p_epoch);
  INSERT INTO handed (delivery_id, webhook_id, partition, owner, number, until_ms)
    SELECT h.delivery, h.webhook, h.partition, p_id, h.number, h.until
      FROM unnest(h_webhook, h_partition, h_delivery, h_number, h_until)
        AS h(webhook, partition, delivery, number, until)
      JOIN partitions n ON n.n = h.partition AND n.owner = p_id
      JOIN (SELECT d.id, d.attempts FROM deliveries d WHERE d.id = ANY (h_delivery) ORDER BY d.id FOR SHARE) d ON d.id = h.delivery AND d.attempts = h.number - 1
    ON CONFLICT (delivery_id) DO UPDATE SET owner = excluded.owner, number = excluded.number,
      until_ms = excluded.until_ms;
  UPDATE partitions SET owner = 0 WHERE n = ANY (p_partitions) AND owner = p_id;
END $$;

CREATE FUNCTION set_draining(p_id bigint, p_epoch bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  UPDATE processes SET draining = true WHERE id = p_id AND epoch = p_epoch AND NOT fenced;
  IF NOT FOUND THEN RAISE EXCEPTION 'the lease was taken over' USING ERRCODE = 'ER001'; END IF;
END $$;

CREATE FUNCTION leave_worker(p_id bigint, p_epoch bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM hold_token(p_id, p_epoch);
  UPDATE partitions SET owner = 0 WHERE owner = p_id;
  UPDATE processes SET is_worker = false WHERE id = p_id;
END $$;

-- ---- Housekeeping -------------------------------------------------------------------------------------------------

-- What one worker does once a minute: partitions ahead, old notes, counters of ended processes, ended processes.
CREATE FUNCTION keep_house(p_at_ms bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  old_minute bigint := p_at_ms / 60000 - 120;
  old pg_snapshot;
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

  -- Rows of single writers become one a minute after two hours.
  WITH gone AS (DELETE FROM metrics_minutes WHERE writer <> 0 AND minute < old_minute RETURNING *)
  INSERT INTO metrics_minutes AS m
    SELECT organization_id, minute, 0, sum(events), sum(unmatched), sum(deliveries), sum(attempts), sum(succeeded),
           sum(failed_attempts), sum(retries), sum(dead), sum(cancelled) FROM gone GROUP BY 1, 2 ORDER BY 1, 2
    ON CONFLICT (organization_id, minute, writer) DO UPDATE SET events = m.events + excluded.events,
      unmatched = m.unmatched + excluded.unmatched, deliveries = m.deliveries + excluded.deliveries,
      attempts = m.attempts + excluded.attempts, succeeded = m.succeeded + excluded.succeeded,
      failed_attempts = m.failed_attempts + excluded.failed_attempts, retries = m.retries + excluded.retries,
      dead = m.dead + excluded.dead, cancelled = m.cancelled + excluded.cancelled;
  WITH gone AS (DELETE FROM latency_minutes WHERE writer <> 0 AND minute < old_minute RETURNING *)
  INSERT INTO latency_minutes AS l SELECT organization_id, minute, 0, bucket, sum(count) FROM gone
    GROUP BY 1, 2, 4 ORDER BY 1, 2, 4
    ON CONFLICT (organization_id, minute, writer, bucket) DO UPDATE SET count = l.count + excluded.count;
  -- Gauges of processes that are no more. A writer's number is its process's times four, and which of its connections.
  WITH ended AS (DELETE FROM processes WHERE seen_at < clock_timestamp() - interval '1 hour'
                   AND (fenced OR NOT is_worker) RETURNING id),
       gone AS (DELETE FROM gauges g USING ended e WHERE g.writer / 4 = e.id RETURNING g.*)
  INSERT INTO gauges AS g SELECT organization_id, 0, sum(pending), sum(dead) FROM gone GROUP BY 1 ORDER BY 1
    ON CONFLICT (organization_id, writer) DO UPDATE SET pending = g.pending + excluded.pending,
      dead = g.dead + excluded.dead;
END $$;
