-- Retention: whole partitions go, by DROP, when all of one is old enough. What is still pending of such a time stays, in
-- small tables that take the places of its three: pending deliveries with their attempts, and the events that something
-- may still send. Such a rest takes in the rest before it while both are small, so that their number is bounded by that
-- of the pending deliveries, not by the days.
--
-- The copy is made without a lock: statements with a generic plan, such as every commit of attempts' ends, lock each
-- partition, so that a lock held while rows are copied would stop all of them. Then, for a moment, nobody else is at the
-- tables; and if any of the rows to be kept is another version than before the copy, or there are others (a dead one
-- was reopened, one has ended, an old event was replayed), all is undone and the next minute tries again. Who waited for
-- that lock takes his snapshot after it and finds the rows where they are now.

-- Outside of the ids from lo to hi, the deliveries that may still need an event of these ids: pending, or dead and to be
-- replayed by people. They are replays, or an event's own that came into the next partition. At most p_limit.
CREATE FUNCTION others_of_events(lo bigint, hi bigint, p_limit bigint, OUT ids bigint[], OUT event_ids bigint[])
LANGUAGE plpgsql SET plan_cache_mode = 'force_generic_plan' SET enable_seqscan = 'off' AS $$
BEGIN
  SELECT array_agg(o.id ORDER BY o.id), array_agg(o.event_id ORDER BY o.id) INTO ids, event_ids FROM (
    SELECT d.id, d.event_id FROM deliveries d
      WHERE d.event_id >= lo AND d.event_id < hi AND d.replay_of IS NOT NULL AND d.state IN (0, 2)
        AND (d.id < lo OR d.id >= hi)
    UNION ALL
    SELECT d.id, d.event_id FROM deliveries d
      WHERE d.id >= hi AND d.id < hi + 4194304 AND d.event_id >= lo AND d.event_id < hi AND d.replay_of IS NULL
        AND d.state IN (0, 2)
    LIMIT p_limit) o;
END $$;

-- What is to be kept of the ids from lo to hi: how many rows (counted up to p_limit), the events, and a number that stands
-- for just these versions of just these rows. An attempt is written with its delivery's row.
CREATE FUNCTION rest_of(
  lo bigint, hi bigint, p_limit bigint, OUT rows bigint, OUT event_ids bigint[], OUT version numeric)
LANGUAGE plpgsql AS $$
DECLARE
  others record;
BEGIN
  others := others_of_events(lo, hi, p_limit);
  -- Bounds in the text: only the partitions between them are planned for.
  EXECUTE format($q$
    WITH own AS MATERIALIZED (
      SELECT d.event_id, d.attempts, concat_ws(' ', d.id, d.xmin, d.ctid) AS version FROM deliveries d
        WHERE d.state = 0 AND d.id >= %1$s AND d.id < %2$s LIMIT $1),
    kept AS MATERIALIZED (
      SELECT e.id, concat_ws(' ', e.id, e.xmin, e.ctid) AS version FROM events e
        WHERE e.id >= %1$s AND e.id < %2$s AND e.id IN (SELECT event_id FROM own UNION SELECT unnest($3))),
    versions AS (SELECT version FROM own UNION ALL SELECT version FROM kept UNION ALL SELECT unnest($2)::text)
    SELECT (SELECT count(*) + coalesce(sum(attempts), 0) FROM own) + cardinality($2),
           (SELECT coalesce(array_agg(id ORDER BY id), '{}') FROM kept),
           (SELECT coalesce(sum(hashtextextended(version, 0)), 0) FROM versions)
    $q$, lo, hi)
    INTO rows, event_ids, version
    USING p_limit, coalesce(others.ids, '{}'), coalesce(others.event_ids, '{}');
END $$;

-- Takes the partitions of the ids from lo to hi away, all but their rest; false where that is more than p_rows_max. Raises
-- lock_not_available, and has done nothing, where others are at it.
CREATE FUNCTION retire(lo bigint, hi bigint, p_rows_max bigint) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  parents CONSTANT text[] := ARRAY['events', 'deliveries', 'attempts'];
  names CONSTANT text[] := ARRAY(SELECT p.name FROM time_partitions() p WHERE p.lo >= $1 AND p.hi <= $2
                                  ORDER BY p.lo);
  until_at timestamptz;
  rest record;
  parent text;
  name text;
  child text;
BEGIN
  rest := rest_of(lo, hi, p_rows_max + 1);
  IF rest.rows > p_rows_max THEN RETURN false; END IF;
  IF rest.rows > 0 THEN
    FOREACH parent IN ARRAY parents LOOP
      child := parent || '_' || names[1] || '_rest';
      EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING INDEXES)', child, parent);
      -- Says what ATTACH would otherwise read all rows for.
      EXECUTE format('ALTER TABLE %1$I SET (autovacuum_vacuum_scale_factor = 0.05), ADD CONSTRAINT of_time'
                     ' CHECK (%2$I >= %3$s AND %2$I < %4$s)',
                     child, CASE parent WHEN 'attempts' THEN 'delivery_id' ELSE 'id' END, lo, hi);
    END LOOP;
    EXECUTE format('INSERT INTO %I SELECT * FROM deliveries WHERE state = 0 AND id >= %s AND id < %s',
                   'deliveries_' || names[1] || '_rest', lo, hi);
    EXECUTE format('INSERT INTO %I SELECT * FROM events WHERE id >= %s AND id < %s AND id = ANY ($1)',
                   'events_' || names[1] || '_rest', lo, hi) USING rest.event_ids;
    EXECUTE format('INSERT INTO %I SELECT a.* FROM %I d JOIN attempts a ON a.delivery_id = d.id'
                   ' AND a.delivery_id >= %s AND a.delivery_id < %s',
                   'attempts_' || names[1] || '_rest', 'deliveries_' || names[1] || '_rest', lo, hi);
  END IF;

  -- While this waits, inserts into other partitions wait behind it: 100 ms in all. In the order in which others lock them.
  until_at := clock_timestamp() + interval '100 ms';
  FOREACH parent IN ARRAY parents LOOP
    PERFORM set_config('lock_timeout',
      greatest(extract(epoch FROM until_at - clock_timestamp()) * 1000, 1)::integer::text, true);
    EXECUTE format('LOCK TABLE ONLY %I IN ACCESS EXCLUSIVE MODE', parent);
  END LOOP;
  -- Nobody is at them by way of the parents now: who holds one otherwise, a vacuum or a dump, is not waited for.
  FOREACH parent IN ARRAY parents LOOP
    FOREACH name IN ARRAY names LOOP
      EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE NOWAIT', parent || '_' || name);
    END LOOP;
  END LOOP;
  IF rest IS DISTINCT FROM rest_of(lo, hi, p_rows_max + 1) THEN
    RAISE EXCEPTION 'old deliveries were changed meanwhile' USING ERRCODE = 'lock_not_available';
  END IF;

  EXECUTE format('INSERT INTO gauges AS g SELECT organization_id, 0, 0, -count(*) FROM deliveries'
                 ' WHERE state = 2 AND id >= %s AND id < %s GROUP BY 1 ORDER BY 1'
                 ' ON CONFLICT (organization_id, writer) DO UPDATE SET dead = g.dead + excluded.dead', lo, hi);
  FOREACH parent IN ARRAY parents LOOP
    FOREACH name IN ARRAY names LOOP
      EXECUTE format('DROP TABLE %I', parent || '_' || name);
    END LOOP;
    CONTINUE WHEN rest.rows = 0;
    child := parent || '_' || names[1];
    EXECUTE format('ALTER TABLE %I RENAME TO %I', child || '_rest', child);
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)', parent, child, lo, hi);
    EXECUTE format('COMMENT ON TABLE %I IS ''the rest of what was retired''', child);
  END LOOP;
  -- A snapshot of before this commit, used after it, shows the rest neither here nor there. Whoever may have looked with
  -- one is told to read everything again.
  IF rest.rows > 0 THEN
    UPDATE commits_dropped SET moved = pg_current_xact_id();
  END IF;
  RETURN true;
END $$;

-- Takes away the oldest partition that ended before that time and has something to give; its name, or null: there is none.
-- One that has nothing to keep goes whole; of one that has little, all but that; of one that has much, nothing before it
-- is less. A rest goes when there is nothing more to keep of it, or into the one before it. Raises lock_not_available: to
-- be tried again later.
-- By indexes alone: a partition may hold a year, and what is looked for is few of its rows.
CREATE FUNCTION retire_days(p_before_ms bigint) RETURNS text LANGUAGE plpgsql
SET enable_seqscan = 'off' SET enable_hashjoin = 'off' SET enable_mergejoin = 'off' AS $$
DECLARE
  rest_max CONSTANT bigint := 20000;           -- deliveries with their attempts
  part record;
  kept bigint;                                 -- pending deliveries; of a rest with their attempts
  rest_lo bigint;                              -- where the rest just before begins, if it is one
  rest_kept bigint;
BEGIN
  -- Two workers may believe that it is theirs to do.
  IF NOT pg_try_advisory_xact_lock(7305, 5) THEN RETURN NULL; END IF;
  FOR part IN SELECT p.* FROM time_partitions() p WHERE created_ms(p.hi) <= p_before_ms LOOP
    -- Most that are not to go are found here.
    EXECUTE format('SELECT count(*) + coalesce(sum(p.attempts), 0) FROM (SELECT %s AS attempts FROM %I'
                   ' WHERE state = 0 LIMIT $1) p', CASE WHEN part.is_rest THEN 'attempts' ELSE '0' END,
                   'deliveries_' || part.name) INTO kept USING rest_max + 1;
    IF kept = 0 AND retire(part.lo, part.hi, CASE WHEN part.is_rest THEN 0 ELSE rest_max END) THEN
      RETURN part.name;
    END IF;
    IF coalesce(rest_kept + kept <= rest_max, false) AND retire(rest_lo, part.hi, rest_max) THEN RETURN part.name; END IF;
    IF NOT part.is_rest AND kept BETWEEN 1 AND rest_max AND retire(part.lo, part.hi, rest_max) THEN
      RETURN part.name;
    END IF;
    rest_lo := part.lo;
    rest_kept := CASE WHEN part.is_rest THEN kept END;
  END LOOP;
  RETURN NULL;
END $$;
