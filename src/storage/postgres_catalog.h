// The process's view of webhooks and keys on PostgreSQL: what it matches again with, and how what changed elsewhere
// reaches its loops. Belongs to the store's loop.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <vector>

#include "domain/webhook_index.h"
#include "ports/store.h"
#include "storage/postgres_link.h"
#include "storage/postgres_queries.h"

namespace eventrelay {

class PgCatalog {
 public:
  PgCatalog(PgPool& pool, HandOver& hand_over) : pool_(pool), hand_over_(hand_over) {}

  const WebhookIndex& webhooks() const { return webhooks_; }
  /// What the store had when it was opened.
  void load(const Catalog& catalog);
  /// A change of this process is committed: takes it in, or, where other processes changed something before it, takes
  /// it out of the news and says so: catch_up() brings both, in order. False too where deliveries were matched with
  /// what is not taken in yet.
  bool absorb(News& news);
  /// Reads what changed of these organizations since their known versions (of all, where none is named), and publishes
  /// it. Errors as reads.
  boost::asio::awaitable<Result<void>> catch_up(std::vector<CatalogMark> marks, Completion<> applied = {});
  /// The same on a connection of the caller's.
  boost::asio::awaitable<Result<void>> catch_up_on(PgRead read, std::vector<CatalogMark> marks,
                                                   Completion<> applied = {});

 private:
  PgPool& pool_;
  HandOver& hand_over_;
  WebhookIndex webhooks_;
  std::map<OrganizationId, std::uint64_t> known_;  ///< every organization that was heard of
};

}  // namespace eventrelay
