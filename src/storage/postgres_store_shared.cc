// What the processes that share the store know of each other: its ports of leases, of the commit log and of activity.
#include "storage/postgres_activity.h"
#include "storage/postgres_leases.h"
#include "storage/postgres_queries.h"
#include "storage/postgres_store_impl.h"

namespace eventrelay {

namespace leases = postgres_leases;

// ---- The commit log ----------------------------------------------------------------------------------------------

void PostgresStore::read_commits(EventLoop& loop, ReadPoint since, Completion<Result<CommitPage>> done) {
  impl_->reads().for_engine<CommitPage>(
      loop, [since = std::move(since)](PgRead read) { return postgres_queries::read_commits(read, since); },
      std::move(done));
}

void PostgresStore::read_news(EventLoop& loop, std::vector<std::uint64_t> commits, PartitionSet partitions,
                              Completion<Result<CommitNews>> done) {
  impl_->reads().for_engine<CommitNews>(
      loop,
      [=, commits = std::move(commits)](PgRead read) { return postgres_queries::read_news(read, commits, partitions); },
      std::move(done));
}

void PostgresStore::catch_up(EventLoop& loop, std::vector<CatalogMark> marks, Completion<Result<void>> done) {
  impl_->catch_up(loop, std::move(marks), std::move(done));
}

// ---- Activity ----------------------------------------------------------------------------------------------------

void PostgresStore::exchange(EventLoop& loop, Question question, Completion<Result<Answer>> done) {
  impl_->reads().for_activity<Answer>(
      loop, [question = std::move(question)](PgRead read) { return exchange_activity(read, question); },
      std::move(done));
}

// ---- Leases ------------------------------------------------------------------------------------------------------

void PostgresStore::join(EventLoop& loop, Completion<Result<WorkerToken>> done) {
  impl_->reads().for_lease<WorkerToken>(
      loop, [impl = impl_.get()](PgRead read) { return leases::join(read, impl->process(), impl->name()); },
      std::move(done));
}

void PostgresStore::renew(EventLoop& loop, WorkerToken token, Completion<Result<LeaseView>> done) {
  impl_->reads().for_lease<LeaseView>(
      loop, [=](PgRead read) { return leases::renew(read, token); }, std::move(done));
}

void PostgresStore::fence(EventLoop& loop, WorkerToken token, WorkerId worker, std::uint64_t counter,
                          Completion<Result<bool>> done) {
  impl_->reads().for_lease<bool>(
      loop, [=](PgRead read) { return leases::fence(read, token, worker, counter); }, std::move(done));
}

void PostgresStore::claim(EventLoop& loop, WorkerToken token, PartitionSet wanted,
                          Completion<Result<PartitionSet>> done) {
  impl_->reads().for_lease<PartitionSet>(
      loop, [=](PgRead read) { return leases::claim(read, token, wanted); }, std::move(done));
}

void PostgresStore::release(EventLoop& loop, WorkerToken token, PartitionSet partitions,
                            std::vector<HandedDelivery> handed, Completion<Result<void>> done) {
  impl_->reads().for_lease<void>(
      loop, [=, handed = std::move(handed)](PgRead read) { return leases::release(read, token, partitions, handed); },
      std::move(done));
}

void PostgresStore::set_draining(EventLoop& loop, WorkerToken token, Completion<Result<void>> done) {
  impl_->reads().for_lease<void>(
      loop, [=](PgRead read) { return leases::set_draining(read, token); }, std::move(done));
}

void PostgresStore::leave(EventLoop& loop, WorkerToken token, Completion<Result<void>> done) {
  impl_->reads().for_lease<void>(
      loop, [=](PgRead read) { return leases::leave(read, token); }, std::move(done));
}

}  // namespace eventrelay
