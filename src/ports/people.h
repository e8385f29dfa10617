// The people's part of a store: users, their organizations and roles, sessions, invitations, the audit log, settings.
// Implementations: SQLite, PostgreSQL. Thread-safe, as ports/store.h says; what is written here has no news, and is
// in force with the next read of any process.
//
// Tokens (of sessions, invitations, first links) are 256 random bits that only their holder has; the store has their
// hashes. E-mail addresses are as parse_email() gives them.
#pragma once
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/crypto.h"
#include "base/ids.h"
#include "base/limits.h"
#include "base/time.h"
#include "domain/people.h"
#include "ports/store_queries.h"

namespace eventrelay {

struct User {
  UserId id;
  std::string email;  ///< unique
  std::string name;
};
/// For signing in.
struct Account {
  User user;
  std::string password_hash;
};
struct Organization {
  OrganizationId id;
  std::string name;
};
/// An organization, and what a user is in it.
struct OrganizationRole {
  OrganizationId id;
  std::string name;
  Role role{};
};
struct Member {
  User user;
  Role role{};
  WallTime joined_at{};
};
/// One that is alive: used within kSessionIdleMax, begun within kSessionMax, its user still in its organization.
struct Session {
  User user;
  OrganizationRole organization;  ///< that it is in; name and role as they are now
  WallTime began_at{};
  WallTime seen_at{};
};
/// One that is open. Its id tells created_at.
struct Invitation {
  InvitationId id;
  OrganizationId organization;
  std::string email;  ///< empty: a first link, of which who accepts says it
  Role role{};
  WallTime expires_at{};
};
struct AuditRow {
  AuditId id;  ///< tells created_at
  AuditEntry entry;
};
/// Of the whole installation; unset: as each process was started.
struct Settings {
  std::optional<int> retention_days;  ///< 0..kRetentionDaysMax; 0: everything is kept
};

/// A worker, and how much of the work is its own.
struct WorkerShare {
  std::string name;  ///< where it listens
  std::size_t partitions = 0;
};

// ---- Changes -----------------------------------------------------------------------------------------------------

/// The right to make the first account, the owner of kFirstOrganization, for kInvitationLife. Earlier ones end.
/// Errors: kConflict (somebody has an account).
struct MakeFirstLink {
  Sha256 token{};
};
/// Errors: kForbidden (may_set_role), kNotFound (the organization).
struct CreateInvitation {
  OrganizationId organization;
  std::string email;
  Role role{};
  Role by{};  ///< of who invites
  Sha256 token{};
};
/// Errors: kNotFound.
struct DeleteInvitation {
  OrganizationId organization;
  InvitationId id;
};
struct NewSession {
  Sha256 token{};
  std::string address;
};
/// Uses the invitation up, makes the account or takes `user` into the organization, and begins a session there.
/// Errors: kNotFound (the token is unknown, used or expired; `user` has another e-mail than was invited), kConflict
/// (without `user`: the e-mail has an account; with: they are a member already, or kOrganizationsOfUserMax).
struct AcceptInvitation {
  Sha256 token{};
  UserId user;        ///< 0: a new account, of the next three
  std::string email;  ///< for a first link; an invitation has its own
  std::string name;
  std::string password_hash;
  NewSession session;
};
/// In the organization of the user's last used session if they still belong to it, else in the one they joined first.
/// Errors: kNotFound (there is no such user).
struct BeginSession {
  UserId user;
  NewSession session;
};
/// It was used now: not more often than each kSessionTouchEvery. Nothing where it is not alive.
struct TouchSession {
  Sha256 token{};
};
inline constexpr auto kSessionTouchEvery = std::chrono::minutes(1);
/// Nothing brings it back; its address stays known. Errors: kNotFound.
struct EndSession {
  Sha256 token{};
};
/// All of that user's; likewise.
struct EndSessions {
  UserId user;
};
/// Ends the user's other sessions. Errors: kNotFound.
struct SetPassword {
  UserId user;
  std::string password_hash;
  Sha256 session{};  ///< that stays
};
/// Errors: kNotFound (not alive, or its user does not belong to the organization).
struct SwitchOrganization {
  Sha256 session{};
  OrganizationId organization;
};
/// Errors: kNotFound (the user), kConflict (kOrganizationsOfUserMax).
struct CreateOrganization {
  UserId owner;
  std::string name;
};
/// Errors: kNotFound.
struct RenameOrganization {
  OrganizationId organization;
  std::string name;
};
/// Errors: kNotFound (no member), kForbidden (may_set_role), kConflict (no owner would be left).
struct SetRole {
  OrganizationId organization;
  UserId user;
  Role role{};
  Role by{};  ///< of who asks
};
/// Takes the user out of the organization at once; invitations of theirs to it end. Their sessions there move to the
/// organization of theirs that they joined first. Who belongs to no other has no account any more: they could not sign
/// in to accept what they are invited to later. Errors: as SetRole.
struct RemoveMember {
  OrganizationId organization;
  UserId user;
  Role by{};
};
/// All of them anew. In force on all processes within a minute.
struct UpdateSettings {
  Settings settings;
};
/// Changes nothing: what was done is not the store's to do (a secret that was shown). REQUIRES: `audit`.
struct WriteAudit {};

/// With the entry of the audit log that is committed with it, or not at all. AuditEntry::organization 0: that of the
/// session (AcceptInvitation, BeginSession), or the one that is made (CreateOrganization).
struct PeopleChange
    : std::variant<MakeFirstLink, CreateInvitation, DeleteInvitation, AcceptInvitation, BeginSession, TouchSession,
                   EndSession, EndSessions, SetPassword, SwitchOrganization, CreateOrganization, RenameOrganization,
                   SetRole, RemoveMember, UpdateSettings, WriteAudit> {
  using variant::variant;
  std::optional<AuditEntry> audit;
};

struct PeopleResult {
  std::int64_t id = 0;             ///< of the invitation, user or organization that was made
  std::optional<Session> session;  ///< of AcceptInvitation, BeginSession, SwitchOrganization
  std::optional<Member> member;    ///< of SetRole: as they are now
};

// ---- The port ----------------------------------------------------------------------------------------------------

class PeopleStore {
 public:
  virtual ~PeopleStore() = default;

  /// Errors, beside those of the change: kUnavailable, kUnknown. Of changes that exclude each other, on any processes,
  /// one comes first and the others find what it left.
  virtual void change_people(EventLoop& loop, PeopleChange change, Completion<Result<PeopleResult>> done) = 0;

  // Errors: kUnavailable, kTimeout, and of one thing kNotFound. Each list is as the store_queries.h says.

  virtual Awaitable<Result<Account>> find_account(EventLoop& loop, std::string email) = 0;
  /// One indexed query: for every request of a browser.
  virtual Awaitable<Result<Session>> find_session(EventLoop& loop, Sha256 token) = 0;
  /// Whether a session of the user's began at that address that is alive, or has ended within kAddressKnown; of the
  /// newest kSessionsOfUserMax.
  virtual Awaitable<Result<bool>> knows_address(EventLoop& loop, UserId user, std::string address) = 0;
  /// Those of a user, the first joined first; at most kOrganizationsOfUserMax.
  virtual Awaitable<Result<std::vector<OrganizationRole>>> list_organizations(EventLoop& loop, UserId user) = 0;
  virtual Awaitable<Result<Organization>> get_organization(EventLoop& loop, OrganizationId id) = 0;
  virtual Awaitable<Result<Page<Member>>> list_members(EventLoop& loop, OrganizationId org, PageRequest page) = 0;
  virtual Awaitable<Result<Member>> get_member(EventLoop& loop, OrganizationId org, UserId user) = 0;
  /// Without first links.
  virtual Awaitable<Result<Page<Invitation>>> list_invitations(EventLoop& loop, OrganizationId org,
                                                               PageRequest page) = 0;
  /// A first link too.
  virtual Awaitable<Result<Invitation>> find_invitation(EventLoop& loop, Sha256 token) = 0;
  virtual Awaitable<Result<Page<AuditRow>>> list_audit(EventLoop& loop, OrganizationId org, PageRequest page) = 0;
  virtual Awaitable<Result<Settings>> read_settings(EventLoop& loop) = 0;
  /// The workers that share the store and are alive, by name; none of a store that one process has to itself.
  virtual Awaitable<Result<std::vector<WorkerShare>>> list_workers(EventLoop& loop) = 0;
};

}  // namespace eventrelay
