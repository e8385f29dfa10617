// The people's part of the PostgreSQL store. Belongs to the store's loop; the connection is used by nothing else
// meanwhile.
#pragma once
#include "ports/people.h"
#include "storage/postgres_changes.h"
#include "storage/postgres_queries.h"

namespace eventrelay {

/// One transaction. Errors: the change's refusals; kUnavailable; kUnknown where the commit may have been done.
Awaitable<Result<PeopleResult>> change_people(PgRead read, std::optional<std::int64_t> at_ms, PeopleChange change);

/// The session with that token, where its user is still in its organization and it has not expired at that time.
PgStatement select_session(const Sha256& token, WallTime at = {});
std::optional<Session> selected_session(const PgRows& rows);
PgStatement select_member(OrganizationId org, UserId user);
std::optional<Member> selected_member(const PgRows& rows);

/// One try of a change of people. What others may exclude is decided under one lock of the installation.
class PeopleSession : public PgTransaction {
 public:
  using PgTransaction::PgTransaction;

  // Each is the whole transaction. A refusal leaves it open: roll_back() then.
  Awaitable<Result<PeopleResult>> apply(const MakeFirstLink& change);
  Awaitable<Result<PeopleResult>> apply(const CreateInvitation& change);
  Awaitable<Result<PeopleResult>> apply(const DeleteInvitation& change);
  Awaitable<Result<PeopleResult>> apply(const AcceptInvitation& change);
  Awaitable<Result<PeopleResult>> apply(const BeginSession& change);
  Awaitable<Result<PeopleResult>> apply(const TouchSession& change);
  Awaitable<Result<PeopleResult>> apply(const EndSession& change);
  Awaitable<Result<PeopleResult>> apply(const EndSessions& change);
  Awaitable<Result<PeopleResult>> apply(const SetPassword& change);
  Awaitable<Result<PeopleResult>> apply(const SwitchOrganization& change);
  Awaitable<Result<PeopleResult>> apply(const CreateOrganization& change);
  Awaitable<Result<PeopleResult>> apply(const RenameOrganization& change);
  Awaitable<Result<PeopleResult>> apply(const SetRole& change);
  Awaitable<Result<PeopleResult>> apply(const RemoveMember& change);
  Awaitable<Result<PeopleResult>> apply(const UpdateSettings& change);
  Awaitable<Result<PeopleResult>> apply(const WriteAudit& change);

 private:
  /// With the lock, and two ids. Statements after it see what was committed before it was granted.
  void begin();
  PeopleResult invite(OrganizationId organization, std::string_view email, Role role, const Sha256& token);
  void join(OrganizationId organization, UserId user, Role role);
  /// Its place among the rows is that of the session.
  std::size_t begin_session(UserId user, OrganizationId organization, const NewSession& session);
  Awaitable<PeopleResult> commit_session(UserId user, OrganizationId organization, const NewSession& session);
  /// All of that user's but one.
  void end_sessions(UserId user, const Sha256& but = {});

  // Reads, in the next batch.
  std::size_t read_has_accounts();
  std::size_t read_knows_token(const Sha256& token);                ///< of an invitation
  std::size_t read_organizations(UserId user);                      ///< how many they belong to
  std::size_t read_role(OrganizationId organization, UserId user);  ///< no row: none; whether there is another owner
};

namespace postgres_queries {

Awaitable<Result<Account>> find_account(PgRead read, std::string email);
Awaitable<Result<Session>> find_session(PgRead read, Sha256 token, WallTime now);
Awaitable<Result<bool>> knows_address(PgRead read, UserId user, std::string address);
Awaitable<Result<std::vector<OrganizationRole>>> list_organizations(PgRead read, UserId user);
Awaitable<Result<Organization>> get_organization(PgRead read, OrganizationId id);
Awaitable<Result<Page<Member>>> list_members(PgRead read, OrganizationId org, PageRequest page);
Awaitable<Result<Member>> get_member(PgRead read, OrganizationId org, UserId user);
Awaitable<Result<Page<Invitation>>> list_invitations(PgRead read, OrganizationId org, PageRequest page, WallTime now);
Awaitable<Result<Invitation>> find_invitation(PgRead read, Sha256 token, WallTime now);
Awaitable<Result<Page<AuditRow>>> list_audit(PgRead read, OrganizationId org, PageRequest page);
Awaitable<Result<Settings>> read_settings(PgRead read);
Awaitable<Result<std::vector<WorkerShare>>> list_workers(PgRead read);

}  // namespace postgres_queries
}  // namespace eventrelay
