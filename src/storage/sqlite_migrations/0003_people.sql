-- Who signs in, where they belong, what they did. Tokens are kept as their hashes.
CREATE TABLE users (
  id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT NOT NULL, password_hash TEXT NOT NULL) STRICT;
CREATE TABLE memberships (
  organization_id INTEGER NOT NULL, user_id INTEGER NOT NULL,
  role INTEGER NOT NULL,                     -- 0 viewer, 1 developer, 2 admin, 3 owner
  joined_ms INTEGER NOT NULL,
  PRIMARY KEY (organization_id, user_id)) STRICT, WITHOUT ROWID;
CREATE INDEX memberships_of_user ON memberships (user_id, joined_ms);
CREATE TABLE invitations (
  id INTEGER PRIMARY KEY, organization_id INTEGER NOT NULL,
  email TEXT NOT NULL,                       -- empty: a first link
  role INTEGER NOT NULL, token BLOB NOT NULL UNIQUE, expires_ms INTEGER NOT NULL) STRICT;
CREATE INDEX invitations_of_organization ON invitations (organization_id, id);
CREATE INDEX invitations_by_expiry ON invitations (expires_ms);
CREATE TABLE sessions (
  token BLOB PRIMARY KEY, user_id INTEGER NOT NULL, organization_id INTEGER NOT NULL, address TEXT NOT NULL,
  began_ms INTEGER NOT NULL, seen_ms INTEGER NOT NULL,
  expires_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;  -- as of seen_ms
CREATE INDEX sessions_of_user ON sessions (user_id, seen_ms);
CREATE INDEX sessions_by_expiry ON sessions (expires_ms);
CREATE TABLE audit (
  id INTEGER PRIMARY KEY, organization_id INTEGER NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL,
  target TEXT NOT NULL, address TEXT NOT NULL) STRICT;
CREATE INDEX audit_of_organization ON audit (organization_id, id);
-- Of the installation; what is not here is as the process was started.
CREATE TABLE settings (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
