-- The built-in test receiver: what it was sent, and what it answers. Nothing to be kept over a crash of the server.
CREATE UNLOGGED TABLE receivers (
  organization_id bigint NOT NULL, id text NOT NULL, status smallint NOT NULL, used_ms bigint NOT NULL,
  PRIMARY KEY (organization_id, id));
CREATE INDEX receivers_by_use ON receivers (used_ms);
CREATE UNLOGGED TABLE received (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, organization_id bigint NOT NULL, receiver text NOT NULL,
  at_ms bigint NOT NULL, delivery_id bigint NOT NULL,
  headers text NOT NULL,                       -- JSON
  body text NOT NULL, truncated boolean NOT NULL,
  FOREIGN KEY (organization_id, receiver) REFERENCES receivers ON DELETE CASCADE);
CREATE INDEX received_of_receiver ON received (organization_id, receiver, id);

-- Makes it where there is none, locks it, marks it as used; what it answers. p_status: from now on; NULL: as before.
-- Of the organization, and of all, p_max_own and p_max stay, those that were used last.
CREATE FUNCTION use_receiver(p_org bigint, p_id text, p_status smallint, p_fresh smallint, p_at_ms bigint,
                             p_kept_ms bigint, p_max_own bigint, p_max bigint) RETURNS smallint LANGUAGE plpgsql AS $$
DECLARE
  answer smallint;
  is_new boolean;
BEGIN
  INSERT INTO receivers AS r VALUES (p_org, p_id, coalesce(p_status, p_fresh), p_at_ms)
    ON CONFLICT (organization_id, id) DO UPDATE SET
      status = coalesce(p_status, CASE WHEN r.used_ms > p_at_ms - p_kept_ms THEN r.status ELSE p_fresh END),
      used_ms = greatest(r.used_ms, p_at_ms)
    RETURNING status, xmax = 0 INTO answer, is_new;
  IF is_new THEN
    -- What another holds is in use, or going.
    DELETE FROM receivers WHERE (organization_id, id) IN (
      SELECT r.organization_id, r.id FROM receivers r WHERE (r.organization_id, r.id) IN (
        (SELECT o.organization_id, o.id FROM receivers o WHERE o.organization_id = p_org AND o.id <> p_id
           ORDER BY o.used_ms DESC OFFSET p_max_own - 1)
        UNION ALL
        (SELECT o.organization_id, o.id FROM receivers o WHERE o.organization_id <> p_org OR o.id <> p_id
           ORDER BY o.used_ms DESC OFFSET p_max - 1))
      FOR UPDATE SKIP LOCKED);
  END IF;
  RETURN answer;
END $$;
