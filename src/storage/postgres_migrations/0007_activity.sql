-- What happens, for those who watch: kept for minutes, read by every process with readers. Not logged: after a crash of
-- the server there is nothing, which readers notice by the epoch.
CREATE UNLOGGED TABLE activity_watched (
  organization_id bigint PRIMARY KEY,
  epoch bigint NOT NULL,
  last_number bigint NOT NULL,
  since timestamptz NOT NULL,                  -- without a pause
  until timestamptz NOT NULL);
-- A row is what one process tells at a time. Its number is of its first record; each line is a record: kind, tab, JSON.
CREATE UNLOGGED TABLE activity (
  organization_id bigint NOT NULL, number bigint NOT NULL, epoch bigint NOT NULL, records integer NOT NULL,
  at timestamptz NOT NULL, lines text NOT NULL, PRIMARY KEY (organization_id, number));

-- An organization that nobody watched for a while begins a new epoch: what happened meanwhile was not recorded.
CREATE FUNCTION watch_activity(orgs bigint[], epochs bigint[], kept interval) RETURNS void LANGUAGE sql AS $$
  INSERT INTO activity_watched AS w
  SELECT o.id, o.epoch, 0, clock_timestamp(), clock_timestamp() + kept FROM unnest(orgs, epochs) AS o(id, epoch)
   ORDER BY o.id
      ON CONFLICT (organization_id) DO UPDATE SET until = excluded.until,
         epoch = CASE WHEN w.until < excluded.since THEN excluded.epoch ELSE w.epoch END,
         since = CASE WHEN w.until < excluded.since THEN excluded.since ELSE w.since END
$$;

-- The row of activity_watched stays locked to the commit: an organization's numbers become visible in their order.
CREATE FUNCTION add_activity(org bigint, added integer, added_lines text, kept integer, kept_for interval)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  watched activity_watched;
BEGIN
  UPDATE activity_watched SET last_number = last_number + added
   WHERE organization_id = org AND until >= clock_timestamp() RETURNING * INTO watched;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  INSERT INTO activity VALUES
    (org, watched.last_number - added + 1, watched.epoch, added, clock_timestamp(), added_lines);
  -- Now and then, since most find nothing.
  IF random() < 0.05 THEN
    DELETE FROM activity WHERE organization_id = org
       AND (number + records <= watched.last_number - kept OR at < clock_timestamp() - kept_for);
  END IF;
END $$;
