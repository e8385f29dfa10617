// The store's people as their port has them.
#include "storage/postgres_people.h"
#include "storage/postgres_store_impl.h"

namespace eventrelay {

void PostgresStore::change_people(EventLoop& loop, PeopleChange change, Completion<Result<PeopleResult>> done) {
  impl_->reads().change_for_people<PeopleResult>(
      loop,
      [at_ms = impl_->at_ms(), change = std::move(change)](PgRead read) {
        return eventrelay::change_people(read, at_ms, change);
      },
      std::move(done));
}

Awaitable<Result<Account>> PostgresStore::find_account(EventLoop& loop, std::string email) {
  return impl_->reads().for_people<Account>(
      loop, [email = std::move(email)](PgRead read) { return postgres_queries::find_account(read, email); });
}

Awaitable<Result<Session>> PostgresStore::find_session(EventLoop& loop, Sha256 token) {
  return impl_->reads().for_people<Session>(
      loop, [=, now = impl_->now()](PgRead read) { return postgres_queries::find_session(read, token, now); });
}

Awaitable<Result<bool>> PostgresStore::knows_address(EventLoop& loop, UserId user, std::string address) {
  return impl_->reads().for_people<bool>(loop, [user, address = std::move(address)](PgRead read) {
    return postgres_queries::knows_address(read, user, address);
  });
}

Awaitable<Result<std::vector<OrganizationRole>>> PostgresStore::list_organizations(EventLoop& loop, UserId user) {
  return impl_->reads().for_people<std::vector<OrganizationRole>>(
      loop, [=](PgRead read) { return postgres_queries::list_organizations(read, user); });
}

Awaitable<Result<Organization>> PostgresStore::get_organization(EventLoop& loop, OrganizationId id) {
  return impl_->reads().for_people<Organization>(
      loop, [=](PgRead read) { return postgres_queries::get_organization(read, id); });
}

Awaitable<Result<Page<Member>>> PostgresStore::list_members(EventLoop& loop, OrganizationId org, PageRequest page) {
  return impl_->reads().for_people<Page<Member>>(
      loop, [=](PgRead read) { return postgres_queries::list_members(read, org, page); });
}

Awaitable<Result<Member>> PostgresStore::get_member(EventLoop& loop, OrganizationId org, UserId user) {
  return impl_->reads().for_people<Member>(loop,
                                           [=](PgRead read) { return postgres_queries::get_member(read, org, user); });
}

Awaitable<Result<Page<Invitation>>> PostgresStore::list_invitations(EventLoop& loop, OrganizationId org,
                                                                    PageRequest page) {
  return impl_->reads().for_people<Page<Invitation>>(
      loop, [=, now = impl_->now()](PgRead read) { return postgres_queries::list_invitations(read, org, page, now); });
}

Awaitable<Result<Invitation>> PostgresStore::find_invitation(EventLoop& loop, Sha256 token) {
  return impl_->reads().for_people<Invitation>(
      loop, [=, now = impl_->now()](PgRead read) { return postgres_queries::find_invitation(read, token, now); });
}

Awaitable<Result<Page<AuditRow>>> PostgresStore::list_audit(EventLoop& loop, OrganizationId org, PageRequest page) {
  return impl_->reads().for_people<Page<AuditRow>>(
      loop, [=](PgRead read) { return postgres_queries::list_audit(read, org, page); });
}

Awaitable<Result<Settings>> PostgresStore::read_settings(EventLoop& loop) {
  return impl_->reads().for_people<Settings>(loop, [](PgRead read) { return postgres_queries::read_settings(read); });
}

Awaitable<Result<std::vector<WorkerShare>>> PostgresStore::list_workers(EventLoop& loop) {
  return impl_->reads().for_people<std::vector<WorkerShare>>(
      loop, [](PgRead read) { return postgres_queries::list_workers(read); });
}

}  // namespace eventrelay
