#include "storage/postgres_catalog.h"

#include <algorithm>

#include "base/limits.h"

namespace eventrelay {

void PgCatalog::load(const Catalog& catalog) {
  for (const WebhookPtr& webhook : catalog.webhooks) webhooks_.put(webhook);
  for (const CatalogMark& mark : catalog.versions) {
    webhooks_.reach_version(mark.organization, mark.version);
    known_[mark.organization] = mark.version;
  }
}

bool PgCatalog::absorb(News& news) {
  // Of a replay the mark says what it was matched with: that may be another process's change, not taken in here yet.
  if (news.webhooks.empty() && news.keys.empty())
    return std::all_of(news.catalog.begin(), news.catalog.end(),
                       [&](const CatalogMark& mark) { return known_[mark.organization] >= mark.version; });
  for (const CatalogMark& mark : news.catalog) {
    if (known_[mark.organization] + 1 == mark.version) continue;
    news.webhooks.clear();
    news.keys.clear();
    news.catalog.clear();
    return false;
  }
  for (const WebhookPtr& webhook : news.webhooks) webhooks_.put(webhook);
  for (const CatalogMark& mark : news.catalog) {
    webhooks_.reach_version(mark.organization, mark.version);
    known_[mark.organization] = mark.version;
  }
  return true;
}

boost::asio::awaitable<Result<void>> PgCatalog::catch_up(std::vector<CatalogMark> marks, Completion<> applied) {
  const auto deadline = PgConnection::Deadline::clock::now() + kQueryTimeout;
  auto taking = pool_.take(deadline);
  auto loan = co_await std::move(taking);
  if (!loan) co_return loan.error();
  auto catching = catch_up_on(PgRead{loan->db(), deadline}, std::move(marks), std::move(applied));
  co_return co_await std::move(catching);
}

boost::asio::awaitable<Result<void>> PgCatalog::catch_up_on(PgRead read, std::vector<CatalogMark> marks,
                                                            Completion<> applied) {
  if (marks.empty()) {
    auto asking = read.db.query("SELECT id, version FROM organizations WHERE version > 0", PgParams(), read.deadline);
    const auto rows = co_await std::move(asking);
    if (!rows) co_return rows.error().error;
    for (int i = 0; i < rows->size(); ++i)
      marks.push_back({OrganizationId{rows->integer(i, 0)}, static_cast<std::uint64_t>(rows->integer(i, 1))});
  }
  std::vector<CatalogMark> after;
  for (const CatalogMark& mark : marks)
    if (known_[mark.organization] < mark.version) after.push_back({mark.organization, known_[mark.organization]});
  if (after.empty()) {
    // What is known may still be on its way to the loops; this follows it.
    hand_over_.publish(News{}, std::move(applied));
    co_return Result<void>();
  }
  auto reading = postgres_queries::read_catalog_changes(read, std::move(after));
  auto changes = co_await std::move(reading);
  if (!changes) co_return changes.error();
  News news;
  // Another reading, or a change of this process, may have come in meanwhile.
  const auto is_known = [&](OrganizationId organization, std::uint64_t version) {
    return version <= known_[organization];
  };
  for (WebhookPtr& webhook : changes->webhooks) {
    if (is_known(webhook->organization, webhook->version)) continue;
    webhooks_.put(webhook);
    news.webhooks.push_back(std::move(webhook));
  }
  news.keys = std::move(changes->keys);
  for (const CatalogMark& mark : changes->versions) {
    if (is_known(mark.organization, mark.version)) continue;
    webhooks_.reach_version(mark.organization, mark.version);
    known_[mark.organization] = mark.version;
    news.catalog.push_back(mark);
  }
  if (news.catalog.empty()) news.keys.clear();
  hand_over_.publish(std::move(news), std::move(applied));
  co_return Result<void>();
}

}  // namespace eventrelay
