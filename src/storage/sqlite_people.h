// The people's part of the SQLite store: changes inside the writer's transaction, reads inside a reader's snapshot.
// One thread at a time. Faults of the database are SqliteError exceptions.
#pragma once
#include "ports/people.h"
#include "storage/sqlite_db.h"

namespace eventrelay {

class SqlitePeople {
 public:
  /// now: the transaction's time.
  SqlitePeople(SqliteDb& db, IdGenerator& ids, WallTime now) : db_(db), ids_(ids), now_(now) {}

  /// A refusal may leave something half done: the caller rolls it back. `audit` is the caller's to write.
  Result<PeopleResult> apply(const PeopleChange& change);
  /// The entry, with what apply() made.
  void write_audit(AuditEntry entry);
  /// Deletes up to kJobSliceRows sessions that ended kAddressKnown ago, and as many invitations that have expired;
  /// true: there may be more.
  bool expire();

 private:
  Result<PeopleResult> apply_one(const MakeFirstLink& change);
  Result<PeopleResult> apply_one(const CreateInvitation& change);
  Result<PeopleResult> apply_one(const DeleteInvitation& change);
  Result<PeopleResult> apply_one(const AcceptInvitation& change);
  Result<PeopleResult> apply_one(const BeginSession& change);
  Result<PeopleResult> apply_one(const TouchSession& change);
  Result<PeopleResult> apply_one(const EndSession& change);
  Result<PeopleResult> apply_one(const EndSessions& change);
  Result<PeopleResult> apply_one(const SetPassword& change);
  Result<PeopleResult> apply_one(const SwitchOrganization& change);
  Result<PeopleResult> apply_one(const CreateOrganization& change);
  Result<PeopleResult> apply_one(const RenameOrganization& change);
  Result<PeopleResult> apply_one(const SetRole& change);
  Result<PeopleResult> apply_one(const RemoveMember& change);
  Result<PeopleResult> apply_one(const UpdateSettings& change);
  Result<PeopleResult> apply_one(const WriteAudit& change);

  std::int64_t next_id() { return ids_.next(now_); }
  Result<PeopleResult> invite(OrganizationId organization, std::string_view email, Role role, const Sha256& token);
  /// Who accepts by an account of theirs; what stands against it.
  std::optional<Error> fault_of_joining(const Invitation& invitation, UserId user);
  Result<UserId> make_account(const AcceptInvitation& change, const std::string& email);
  void join(OrganizationId organization, UserId user, Role role);
  PeopleResult begin_session(UserId user, OrganizationId organization, const NewSession& session);
  /// All of that user's but one.
  void end_sessions(UserId user, const Sha256& but = {});
  std::optional<Role> role_of(OrganizationId organization, UserId user);
  bool has_other_owner(OrganizationId organization, UserId user);
  /// Whether the user can belong to one more.
  bool has_room(UserId user);

  SqliteDb& db_;
  IdGenerator& ids_;
  const WallTime now_;
  OrganizationId where_;  ///< of the audit, where its entry does not say
  std::string made_;
};

namespace sqlite_queries {

Result<Account> find_account(SqliteDb& db, const std::string& email);
Result<Session> find_session(SqliteDb& db, const Sha256& token, WallTime now);
bool knows_address(SqliteDb& db, UserId user, const std::string& address);
std::vector<OrganizationRole> list_organizations(SqliteDb& db, UserId user);
Result<Organization> get_organization(SqliteDb& db, OrganizationId id);
Page<Member> list_members(SqliteDb& db, OrganizationId org, PageRequest page);
Result<Member> get_member(SqliteDb& db, OrganizationId org, UserId user);
Page<Invitation> list_invitations(SqliteDb& db, OrganizationId org, PageRequest page, WallTime now);
Result<Invitation> find_invitation(SqliteDb& db, const Sha256& token, WallTime now);
Page<AuditRow> list_audit(SqliteDb& db, OrganizationId org, PageRequest page);
Settings read_settings(SqliteDb& db);
bool has_accounts(SqliteDb& db);

}  // namespace sqlite_queries
}  // namespace eventrelay
