// Changes of people. All but a session's use take one lock of the installation before they read anything: there are
// few of them, and the last owner, the one who accepts, and the sessions of who is taken out need no thought then.
#include "storage/postgres_people.h"

#include <exception>

#include "base/log.h"
#include "storage/people_rules.h"
#include "storage/postgres_commit.h"

namespace eventrelay {

namespace {

/// A process that was stopped may hold it.
constexpr const char* kPeopleLockTimeout = "SELECT set_config('lock_timeout', '400ms', true)";
constexpr const char* kPeopleLock = "SELECT pg_advisory_xact_lock(7305, 6)";
/// What has ended stays for its address, under a name that is the hash of no token. $1 the time, or none.
constexpr const char* kEndOfSessions =
    "UPDATE sessions SET token = uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()),"
    " expires_ms = least(expires_ms, coalesce($1, now_ms()))";
/// One for what is made, and one for the user that is made with it.
constexpr std::size_t kIdsOfPeopleChange = 2;

PgParams bytes_of_token(const Sha256& token) {
  PgParams params;
  params.add_bytes(as_bytes(token));
  return params;
}

}  // namespace

Awaitable<Result<PeopleResult>> change_people(PgRead read, std::optional<std::int64_t> at_ms, PeopleChange change) {
  const ChangeContext context{0, at_ms, read.deadline, std::move(change.audit)};
  PeopleSession session(read.db, context);
  PgFault fault;
  try {
    Awaitable<Result<PeopleResult>> applying =
        std::visit([&session](const auto& one) { return session.apply(one); }, change);
    Result<PeopleResult> result = co_await std::move(applying);
    co_await session.roll_back();  // of what was refused
    co_return result;
  } catch (const ChangeFault& caught) {
    fault = caught.fault;
  } catch (const std::exception& caught) {  // a row that cannot be read
    fault = PgFault{{ErrorCode::kUnknown, std::string("The database is damaged: ") + caught.what(), {}}, ""};
  }
  read.db.close();  // the lock of draw_ids may be held
  spdlog::warn("a change of people failed: {} {}", fault.sqlstate, fault.error.message);
  co_return fault.error.code == ErrorCode::kUnknown ? outcome_unknown() : store_unavailable();
}

void PeopleSession::begin() {
  add("BEGIN");
  add(kPeopleLockTimeout);
  add(kPeopleLock);
  draw_ids(kIdsOfPeopleChange);
}

Awaitable<Result<PeopleResult>> PeopleSession::apply(const WriteAudit& /*change*/) {
  add("BEGIN");
  co_await commit();
  co_return PeopleResult{};
}

// ---- Reads -------------------------------------------------------------------------------------------------------

std::size_t PeopleSession::read_has_accounts() {
  return add("SELECT EXISTS (SELECT FROM users)");
}

std::size_t PeopleSession::read_knows_token(const Sha256& token) {
  return add("SELECT EXISTS (SELECT FROM invitations WHERE token = $1)", bytes_of_token(token));
}

std::size_t PeopleSession::read_organizations(UserId user) {
  PgParams params;
  params.add(user.value);
  return add("SELECT count(*) FROM memberships WHERE user_id = $1", std::move(params));
}

// ---- Invitations -------------------------------------------------------------------------------------------------

PeopleResult PeopleSession::invite(OrganizationId organization, std::string_view email, Role role,
                                   const Sha256& token) {
  const InvitationId id{next_id()};
  PgParams params;
  params.add(id.value).add(organization.value).add_text(email).add_int(static_cast<int>(role));
  params.add_bytes(as_bytes(token)).add(unix_ms(time() + kInvitationLife));
  add("INSERT INTO invitations (id, organization_id, email, role, token, expires_ms) VALUES ($1, $2, $3, $4, $5, $6)",
      std::move(params));
  note_made(to_text(id));
  PeopleResult result;
  result.id = id.value;
  return result;
}

Awaitable<Result<PeopleResult>> PeopleSession::apply(const MakeFirstLink& change) {
  begin();
  const std::size_t accounts = read_has_accounts();
  const std::size_t same = read_knows_token(change.token);
  const Rows rows = co_await run();
  if (rows[accounts].integer(0, 0) != 0) co_return conflict("Somebody has an account already");
  if (rows[same].integer(0, 0) != 0) co_return known_token();
  PgParams params;
  params.add(kFirstOrganization.value);
  add("DELETE FROM invitations WHERE organization_id = $1 AND email = ''", std::move(params));
  PeopleResult result = invite(kFirstOrganization, "", Role::kOwner, change.token);
  co_await commit();
  co_return result;
}

Awaitable<Result<PeopleResult>> PeopleSession::apply(const CreateInvitation& change) {
  if (!may_set_role(change.by, std::nullopt, change.role)) co_return owners_alone();
  begin();
  PgParams params;
  params.add(change.organization.value);
  const std::size_t exists = add("SELECT EXISTS (SELECT FROM organizations WHERE id = $1)", std::move(params));
  const std::size_t same = read_knows_token(change.token);
  const Rows rows = co_await run();
  if (rows[exists].integer(0, 0) == 0) co_return no_such("organization");
  if (rows[same].integer(0, 0) != 0) co_return known_token();
  PeopleResult result = invite(change.organization, change.email, change.role, change.token);
  co_await commit();
  co_return result;
}

Awaitable<Result<PeopleResult>> PeopleSession::apply(const DeleteInvitation& change) {
  begin();
  PgParams params;
  params.add(change.id.value).add(change.organization.value).add(context_.at_ms);
  const std::size_t gone =
      add("DELETE FROM invitations WHERE id = $1 AND organization_id = $2 AND email <> ''"
          " AND expires_ms > coalesce($3, now_ms())",
          std::move(params));
  const Rows rows = co_await run();
  if (rows[gone].affected() == 0) co_return no_such("invitation");
  co_await commit();
  co_return PeopleResult{};
}

Awaitable<Result<PeopleResult>> PeopleSession::apply(const AcceptInvitation& change) {
  begin();
  PgParams which;
  which.add_bytes(as_bytes(change.token)).add_text(change.email).add(change.user.value);
  const std::size_t found =
      add("SELECT i.id, i.organization_id, i.email, i.role, i.expires_ms, u.id,"
          " EXISTS (SELECT FROM memberships m WHERE m.organization_id = i.organization_id AND m.user_id = $3)"
          " FROM invitations i LEFT JOIN users u ON u.email = CASE i.email WHEN '' THEN $2 ELSE i.email END"
          " WHERE i.token = $1",
          std::move(which));
  const std::size_t accounts = read_has_accounts();
  const std::size_t organizations = read_organizations(change.user);
  const Rows rows = co_await run();
  const PgRows& row = rows[found];
  if (row.empty() || from_unix_ms(row.integer(0, 4)) <= time()) co_return no_such("invitation");
  const OrganizationId organization{row.integer(0, 1)};
  const std::string email(row.text(0, 2));
  const Role role = static_cast<Role>(row.integer(0, 3));
  const auto account = row.optional_integer(0, 5);
  const bool is_first = email.empty();
  if (is_first && rows[accounts].integer(0, 0) != 0) co_return no_such("invitation");
  UserId user = change.user;
  if (user) {
    if (account != user.value) co_return no_such("invitation");
    if (row.integer(0, 6) != 0) co_return is_a_member();
    if (rows[organizations].integer(0, 0) >= std::int64_t{kOrganizationsOfUserMax}) co_return too_many_organizations();
  } else {
    if (account) co_return has_an_account();
    user = UserId{next_id()};
    PgParams params;
    params.add(user.value).add_text(is_first ? change.email : email).add_text(change.name);
    params.add_text(change.password_hash);
    add("INSERT INTO users (id, email, name, password_hash) VALUES ($1, $2, $3, $4)", std::move(params));
  }
  PgParams used;
  used.add(row.integer(0, 0)).add(organization.value).add_bool(is_first);
  add("DELETE FROM invitations WHERE organization_id = $2 AND CASE WHEN $3 THEN email = '' ELSE id = $1 END",
      std::move(used));
  join(organization, user, role);
  PeopleResult result = co_await commit_session(user, organization, change.session);
  co_return result;
}

// ---- Sessions ----------------------------------------------------------------------------------------------------

std::size_t PeopleSession::begin_session(UserId user, OrganizationId organization, const NewSession& session) {
  PgParams params;
  params.add_bytes(as_bytes(session.token)).add(user.value).add(organization.value).add_text(session.address);
  params.add(unix_ms(time())).add(unix_ms(session_expiry(time(), time())));
  add("INSERT INTO sessions VALUES ($1, $2, $3, $4, $5, $5, $6) ON CONFLICT (token) DO UPDATE SET"
      " user_id = excluded.user_id, organization_id = excluded.organization_id, address = excluded.address,"
      " began_ms = excluded.began_ms, seen_ms = excluded.seen_ms, expires_ms = excluded.expires_ms",
      std::move(params));
  PgParams which;
  which.add(user.value).add_bytes(as_bytes(session.token)).add(std::int64_t{kSessionsOfUserMax} - 1);
  which.add(unix_ms(time()));
  add("DELETE FROM sessions WHERE token IN (SELECT token FROM sessions WHERE user_id = $1 AND token <> $2"
      " ORDER BY expires_ms > $4 DESC, seen_ms DESC OFFSET $3)",
      std::move(which));
  note_made(to_text(user), organization);
  return add(select_session(session.token));
}

Awaitable<PeopleResult> PeopleSession::commit_session(UserId user, OrganizationId organization,
                                                      const NewSession& session) {
  const std::size_t begun = begin_session(user, organization, session);
  const Rows rows = co_await commit();
  PeopleResult result;
  result.id = user.value;
  result.session = selected_session(rows[begun]);
  co_return result;
}

Awaitable<Result<PeopleResult>> PeopleSession::apply(const BeginSession& change) {
  begin();
  PgParams params;
  params.add(change.user.value);
  const std::size_t last =
      add("SELECT m.organization_id FROM memberships m LEFT JOIN sessions s ON s.user_id = m.user_id"
          " AND s.organization_id = m.organization_id WHERE m.user_id = $1"
          " ORDER BY s.seen_ms DESC NULLS LAST, m.joined_ms, m.organization_id LIMIT 1",
          std::move(params));
  const Rows rows = co_await run();
  if (rows[last].empty()) co_return no_such("member");
  const OrganizationId organization{rows[last].integer(0, 0)};
  PeopleResult result = co_await commit_session(change.user, organization, change.session);
  co_return result;
}

// One round trip, and nobody waits for it.
Awaitable<Result<PeopleResult>> PeopleSession::apply(const TouchSession& change) {
  add("BEGIN");
  PgParams params;
  params.add_bytes(as_bytes(change.token)).add(context_.at_ms);
  params.add(milliseconds(kSessionIdleMax).count()).add(milliseconds(kSessionMax).count());
  add("UPDATE sessions s SET seen_ms = n.ms, expires_ms = least(n.ms + $3, s.began_ms + $4)"
      " FROM (SELECT coalesce($2, now_ms()) AS ms) n WHERE s.token = $1 AND s.expires_ms > n.ms",
      std::move(params));
  co_await commit();
  co_return PeopleResult{};
}

Awaitable<Result<PeopleResult>> PeopleSession::apply(const EndSession& change) {
  begin();
  static const std::string kEndOne = std::string(kEndOfSessions) + " WHERE token = $2";
  PgParams params;
  params.add(context_.at_ms).add_bytes(as_bytes(change.token));
  const std::size_t gone = add(kEndOne.c_str(), std::move(params));
  const Rows rows = co_await run();
  if (rows[gone].affected() == 0) co_return no_such("session");
  co_await commit();
  co_return PeopleResult{};
}

void PeopleSession::end_sessions(UserId user, const Sha256& but) {
  static const std::string kEndOthers = std::string(kEndOfSessions) + " WHERE user_id = $2 AND token <> $3";
  PgParams params;
  params.add(context_.at_ms).add(user.value).add_bytes(as_bytes(but));
  add(kEndOthers.c_str(), std::move(params));
}

Awaitable<Result<PeopleResult>> PeopleSession::apply(const EndSessions& change) {
  begin();
  end_sessions(change.user);
  co_await commit();
  co_return PeopleResult{};
}

Awaitable<Result<PeopleResult>> PeopleSession::apply(const SetPassword& change) {
  begin();
  PgParams params;
  params.add(change.user.value).add_text(change.password_hash);
  const std::size_t set = add("UPDATE users SET password_hash = $2 WHERE id = $1", std::move(params));
  end_sessions(change.user, change.session);
  const Rows rows = co_await run();
  if (rows[set].affected() == 0) co_return no_such("user");
  co_await commit();
  co_return PeopleResult{};
}

Awaitable<Result<PeopleResult>> PeopleSession::apply(const SwitchOrganization& change) {
  begin();
  PgParams params;
  params.add_bytes(as_bytes(change.session)).add(change.organization.value).add(context_.at_ms);
  const std::size_t moved =
      add("UPDATE sessions s SET organization_id = $2 WHERE s.token = $1 AND s.expires_ms > coalesce($3, now_ms())"
          " AND EXISTS (SELECT FROM memberships m WHERE m.organization_id = $2 AND m.user_id = s.user_id)",
          std::move(params));
  const std::size_t now_in = add(select_session(change.session));
  const Rows rows = co_await run();
  if (rows[moved].affected() == 0) co_return no_such("organization");
  co_await commit();
  PeopleResult result;
  result.session = selected_session(rows[now_in]);
  co_return result;
}

}  // namespace eventrelay
