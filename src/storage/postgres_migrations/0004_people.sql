-- Who signs in, where they belong, what they did. Tokens are kept as their hashes.
CREATE TABLE users (
  id bigint PRIMARY KEY, email text NOT NULL UNIQUE, name text NOT NULL, password_hash text NOT NULL);
CREATE TABLE memberships (
  organization_id bigint NOT NULL, user_id bigint NOT NULL,
  role smallint NOT NULL,                      -- 0 viewer, 1 developer, 2 admin, 3 owner
  joined_ms bigint NOT NULL, PRIMARY KEY (organization_id, user_id));
CREATE INDEX memberships_of_user ON memberships (user_id, joined_ms);
CREATE TABLE invitations (
  id bigint PRIMARY KEY, organization_id bigint NOT NULL,
  email text NOT NULL,                         -- empty: a first link
  role smallint NOT NULL, token bytea NOT NULL UNIQUE, expires_ms bigint NOT NULL);
CREATE INDEX invitations_of_organization ON invitations (organization_id, id);
CREATE INDEX invitations_by_expiry ON invitations (expires_ms);
CREATE TABLE sessions (
  token bytea PRIMARY KEY, user_id bigint NOT NULL, organization_id bigint NOT NULL, address text NOT NULL,
  began_ms bigint NOT NULL, seen_ms bigint NOT NULL,
  expires_ms bigint NOT NULL);                 -- as of seen_ms
CREATE INDEX sessions_of_user ON sessions (user_id, seen_ms);
CREATE INDEX sessions_by_expiry ON sessions (expires_ms);
CREATE TABLE audit (
  id bigint PRIMARY KEY, organization_id bigint NOT NULL, actor text NOT NULL, action text NOT NULL,
  target text NOT NULL, address text NOT NULL);
CREATE INDEX audit_of_organization ON audit (organization_id, id);
-- Of the installation; what is not here is as each process was started.
CREATE TABLE settings (name text PRIMARY KEY, value bigint NOT NULL);

-- flag: as the process was started.
CREATE FUNCTION days_kept(flag integer) RETURNS integer LANGUAGE sql STABLE AS $$
  SELECT coalesce((SELECT value::integer FROM settings WHERE name = 'retention_days'), flag)
$$;

CREATE OR REPLACE FUNCTION partition_days(day bigint) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN kept.days > 0 THEN (kept.days + 11) / 12
              ELSE least(365, greatest(14, (day - oldest.n) / 12)) END
    FROM (SELECT days_kept(i.retention_days) AS days FROM installation i) kept,
         (SELECT created_ms(min(p.lo)) / 86400000 AS n FROM time_partitions() p) oldest
$$;
