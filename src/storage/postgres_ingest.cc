#include "storage/postgres_ingest.h"

#include <algorithm>
#include <set>

#include "base/limits.h"
#include "domain/message.h"

namespace eventrelay {

namespace asio = boost::asio;

namespace {

/// A change of webhooks may come between a match and its commit so often; then the request is matched while changes
/// wait, so that no stream of them can keep it out.
constexpr int kStaleMax = 2;
/// Of a batch's names: the other lane may make room for its own each time.
constexpr int kResolveMax = 3;
/// For a lock: a request that another one keeps waiting, or one beside it, has time for more tries than one.
constexpr auto kLockWait = std::chrono::milliseconds(250);

const char* setup() {
  static const std::string kSetup =
      std::string(kHotSetup) + ", set_config('lock_timeout', '" + std::to_string(kLockWait.count()) + "ms', false)";
  return kSetup.c_str();
}

bool is_overtaken(const PgIngestItem& item) {
  return item.stale >= kStaleMax;
}

constexpr const char* kIngestSql =
    "SELECT base, xid, stale, repeated, answers, fingerprints FROM ingest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11,"
    " $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)";
/// The same, with the audit's rows of what it takes in.
constexpr const char* kIngestAuditedSql =
    "WITH taken AS MATERIALIZED (SELECT base, xid, stale, repeated, answers, fingerprints FROM ingest($1, $2, $3, $4,"
    " $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)),"
    " audited AS (INSERT INTO audit (id, organization_id, actor, action, target, address)"
    " SELECT draw_ids(1, $2), a.organization, a.actor, a.action, a.target, a.address"
    " FROM taken t, unnest($22, $23, $24, $25, $26, $27) AS a(request, organization, actor, action, target, address)"
    " WHERE NOT a.request = ANY (t.stale || t.repeated))"
    " SELECT * FROM taken";

std::string partition_bits(const PartitionSet& partitions) {
  std::string bits(kPartitions / 8, '\0');
  for (std::size_t p = 0; p < partitions.size(); ++p)
    if (partitions.test(p)) bits[p / 8] = static_cast<char>(bits[p / 8] | 1 << p % 8);
  return bits;
}

std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

/// As the function `ingest` writes it: an id and a count an event.
IngestResult decode_answer(std::string_view bytes) {
  IngestResult result;
  result.duplicate = true;
  for (std::size_t at = 0; at + 12 <= bytes.size(); at += 12) {
    IngestedEvent event;
    event.id = EventId{static_cast<std::int64_t>(big_endian(bytes.substr(at, 8)))};
    event.deliveries = static_cast<std::uint32_t>(big_endian(bytes.substr(at + 8, 4)));
    event.created_at = time_of_id(event.id.value);
    result.events.push_back(event);
  }
  return result;
}

}  // namespace

/// One commit's requests, and their columns.
struct PgIngest::Batch {
  Items items;
  std::vector<std::int64_t> r_org, r_version;
  std::vector<std::string_view> r_route, r_key, r_fingerprint;
  std::vector<std::int32_t> e_request, e_offset, e_count;
  std::vector<std::int64_t> e_type, e_tenant, e_deliver_at;
  std::vector<std::string_view> e_metadata, e_payload;
  std::vector<std::int32_t> d_event, d_offset;
  std::vector<std::int64_t> d_webhook;
  std::vector<std::int16_t> d_partition;
  std::vector<std::int32_t> a_request;
  std::vector<std::int64_t> a_organization;
  std::vector<std::string_view> a_actor, a_action, a_target, a_address;
  PartitionSet partitions;
  std::int32_t ids = 0;

  /// Of the last request.
  void add(const AuditEntry& entry) {
    a_request.push_back(static_cast<std::int32_t>(r_org.size()));
    a_organization.push_back(entry.organization.value);
    a_actor.push_back(entry.actor);
    a_action.push_back(entry.action);
    a_target.push_back(entry.target);
    a_address.push_back(entry.address);
  }

  void add(std::int64_t type, std::int64_t tenant, const NewEvent& event) {
    e_request.push_back(static_cast<std::int32_t>(r_org.size()));
    e_offset.push_back(ids++);
    e_count.push_back(static_cast<std::int32_t>(event.targets.size()));
    e_type.push_back(type);
    e_tenant.push_back(tenant);
    e_deliver_at.push_back(event.deliver_at ? unix_ms(*event.deliver_at) : 0);
    e_metadata.push_back(event.metadata);
    e_payload.push_back(event.payload);
    for (const WebhookId webhook : event.targets) {
      d_event.push_back(static_cast<std::int32_t>(e_request.size()));
      d_offset.push_back(ids++);
      d_webhook.push_back(webhook.value);
      d_partition.push_back(static_cast<std::int16_t>(partition_of(webhook)));
      partitions.set(static_cast<std::size_t>(d_partition.back()));
    }
  }
};

PgIngest::PgIngest(asio::io_context& context, PgConnectOptions connect, Options options, PgCatalog& catalog,
                   PgNames& names, HandOver& hand_over, Metrics& metrics)
    : options_(std::move(options)),
      lane_(context, std::move(connect), kIngestInterval, "events", metrics, setup()),
      catalog_(catalog),
      names_(names),
      hand_over_(hand_over),
      metrics_(metrics) {}

asio::awaitable<void> PgIngest::run() {
  return lane_.run([this](Items items) { return commit(std::move(items)); });
}

void PgIngest::answer_overdue() {
  const auto now = std::chrono::steady_clock::now();
  Answers<IngestResult> late;
  for (PgIngestItem& item : lane_.queue.take_if([&](const PgIngestItem& one) { return one.answer_by <= now; }))
    if (item.done) late.add(*item.loop, std::move(item.done), store_unavailable());
  if (in_commit_) {
    for (PgIngestItem& item : *in_commit_)
      if (item.done && item.answer_by <= now)
        late.add(*item.loop, taken(item.done), is_sent_ ? outcome_unknown() : store_unavailable());
  }
  late.post();
}

void PgIngest::answer(PgIngestItem& item, Result<IngestResult> result) {
  if (item.done) lane_.answers.add(*item.loop, std::move(item.done), std::move(result));
}

std::optional<Error> PgIngest::settle_targets(IngestIntent& intent) const {
  const WebhookIndex& webhooks = catalog_.webhooks();
  const std::uint64_t version = webhooks.version(intent.organization);
  std::size_t deliveries = 0;
  for (NewEvent& event : intent.events) {
    if (intent.targets_fixed) {
      for (const WebhookId id : event.targets) {
        const WebhookPtr webhook = webhooks.find(id);
        if (!webhook || webhook->organization != intent.organization) return no_such("webhook");
      }
    } else if (intent.catalog_version != version) {
      event.targets = webhooks.match(intent.organization, event.type, event.tenant);
    }
    deliveries += event.targets.size();
  }
  intent.catalog_version = version;
  if (deliveries > kTargetsPerCommitItemMax)
    return Error{ErrorCode::kTooLarge, "The events match more webhooks than one request may deliver to", {}};
  return std::nullopt;
}

PgNames::Missing PgIngest::missing_names(const Batch& batch) {
  PgNames::Missing missing;
  for (const PgIngestItem& item : batch.items) {
    for (const NewEvent& event : item.intent.events) {
      names_.find(PgNames::Kind::kEventType, item.intent.organization, event.type, missing);
      names_.find(PgNames::Kind::kTenant, item.intent.organization, event.tenant, missing);
    }
  }
  return missing;
}

asio::awaitable<std::optional<PgFault>> PgIngest::resolve_names(PgConnection& db, const Batch& batch,
                                                                PgConnection::Deadline deadline) {
  for (int tries = 0;; ++tries) {
    PgNames::Missing missing = missing_names(batch);
    if (names_.make_room(missing)) missing = missing_names(batch);
    if (missing.empty()) co_return std::nullopt;
    if (tries == kResolveMax) co_return PgFault{store_unavailable(), ""};
    auto resolving = names_.resolve(db, std::move(missing), deadline);
    const auto resolved = co_await std::move(resolving);
    if (!resolved) co_return resolved.error();
  }
}

void PgIngest::fill(Batch& batch) {
  PgNames::Missing none;
  Items taken;
  std::set<std::tuple<OrganizationId, std::string, std::string>> keys;
  Items again;
  for (PgIngestItem& item : batch.items) {
    if (!item.done) continue;  // it was answered meanwhile, as not done
    if (auto error = settle_targets(item.intent)) {
      // A webhook that somebody named may be younger than what is known here.
      if (item.intent.targets_fixed && item.stale == 0) {
        ++item.stale;
        again.push_back(std::move(item));
      } else {
        answer(item, std::move(*error));
      }
      continue;
    }
    // Of two with the same key in one commit the second waits for the first's answer.
    const auto& key = item.intent.key;
    if (key && !keys.emplace(item.intent.organization, key->route, key->key).second) {
      again.push_back(std::move(item));
      continue;
    }
    taken.push_back(std::move(item));
  }
  if (!again.empty()) lane_.queue.put_back(std::move(again));
  batch.items = std::move(taken);
  for (const PgIngestItem& item : batch.items) {
    batch.r_org.push_back(item.intent.organization.value);
    batch.r_version.push_back(static_cast<std::int64_t>(item.intent.catalog_version));
    if (item.intent.key) {
      batch.r_route.push_back(item.intent.key->route);
      batch.r_key.push_back(item.intent.key->key);
      batch.r_fingerprint.push_back(as_bytes(item.intent.key->fingerprint));
    }
    if (item.intent.audit) batch.add(*item.intent.audit);
    for (const NewEvent& event : item.intent.events)
      batch.add(*names_.find(PgNames::Kind::kEventType, item.intent.organization, event.type, none),
                *names_.find(PgNames::Kind::kTenant, item.intent.organization, event.tenant, none), event);
  }
}

asio::awaitable<PgResult<PgRows>> PgIngest::send(PgConnection& db, Batch& batch) {
  PgParams params;
  params.add(options_.writer);
  params.add(options_.clock ? std::optional(unix_ms(options_.clock())) : std::nullopt);
  params.add(std::int64_t{batch.ids}).add_bytes(partition_bits(batch.partitions));
  params.add_array(batch.r_org).add_array(batch.r_version).add_array(batch.r_route).add_array(batch.r_key);
  params.add_bytes_array(batch.r_fingerprint);
  params.add_array(batch.e_request).add_array(batch.e_type).add_array(batch.e_tenant).add_array(batch.e_deliver_at);
  params.add_array(batch.e_offset).add_array(batch.e_count).add_array(batch.e_metadata).add_array(batch.e_payload);
  params.add_array(batch.d_event).add_array(batch.d_offset).add_array(batch.d_webhook).add_array(batch.d_partition);
  const bool audited = !batch.a_request.empty();
  if (audited) {
    params.add_array(batch.a_request).add_array(batch.a_organization).add_array(batch.a_actor);
    params.add_array(batch.a_action).add_array(batch.a_target).add_array(batch.a_address);
  }
  is_sent_ = true;
  auto asking = db.query(audited ? kIngestAuditedSql : kIngestSql, std::move(params),
                         std::chrono::steady_clock::now() + kCommitTimeout);
  co_return co_await std::move(asking);
}

asio::awaitable<void> PgIngest::commit(Items items) {
  const auto begun = std::chrono::steady_clock::now();
  Batch batch;
  batch.items = std::move(items);
  in_commit_ = &batch.items;
  is_sent_ = false;
  struct Leave {
    Items*& in_commit;
    ~Leave() { in_commit = nullptr; }
  } leave{in_commit_};
  auto getting = lane_.link.get();
  auto db = co_await std::move(getting);
  if (!db) {
    lane_.note_fault(db.error());
    for (PgIngestItem& item : batch.items) answer(item, store_unavailable());
    co_return;
  }
  const bool holds = std::ranges::any_of(batch.items, is_overtaken);
  auto trying = try_commit(**db, batch);
  const auto rows = co_await std::move(trying);
  if (holds) let_go(**db);
  if (!rows) {
    take_fault(std::move(batch.items), rows.error());
    co_return;
  }
  if (batch.items.empty()) co_return;
  lane_.note_commit(batch.items.size(), begun);
  take_result(batch, *rows);
  // Matched against webhooks that have changed since: again, with what they are then.
  Items again;
  for (PgIngestItem& item : batch.items) {
    if (!item.done) continue;  // so it was answered
    ++item.stale;
    again.push_back(std::move(item));
  }
  if (!again.empty()) lane_.queue.put_back(std::move(again));
}

/// The rows of `ingest`; none asked for where the batch comes out empty.
asio::awaitable<PgResult<PgRows>> PgIngest::try_commit(PgConnection& db, Batch& batch) {
  const auto deadline = std::chrono::steady_clock::now() + kCommitTimeout;
  if (std::ranges::any_of(batch.items, is_overtaken)) {
    auto holding = hold_webhooks(db, batch.items);
    const auto fault = co_await std::move(holding);
    if (fault) co_return *fault;
  }
  if (std::ranges::any_of(batch.items, [](const PgIngestItem& item) { return item.stale > 0; })) {
    auto catching = catalog_.catch_up_on(PgRead{db, deadline}, {});
    const auto caught = co_await std::move(catching);
    if (!caught) co_return PgFault{store_unavailable(), ""};
  }
  auto resolving = resolve_names(db, batch, deadline);
  const auto unresolved = co_await std::move(resolving);
  if (unresolved) co_return *unresolved;
  fill(batch);
  if (batch.items.empty()) co_return PgRows();
  auto sending = send(db, batch);
  auto rows = co_await std::move(sending);
  if (rows || rows.error().sqlstate != pg_state::kNoPartition) co_return rows;
  is_sent_ = false;
  PgParams params;
  params.add(options_.clock ? std::optional(unix_ms(options_.clock())) : std::nullopt);
  auto making = db.query("SELECT make_partitions(coalesce($1, now_ms()), 2)", std::move(params), deadline);
  const auto made = co_await std::move(making);
  if (!made) co_return made.error();
  auto sending_again = send(db, batch);
  co_return co_await std::move(sending_again);
}

// Locks of the session: they last over several transactions, and `ingest` takes the same without waiting.
asio::awaitable<std::optional<PgFault>> PgIngest::hold_webhooks(PgConnection& db, const Items& items) {
  std::set<std::int64_t> overtaken;
  for (const PgIngestItem& item : items)
    if (is_overtaken(item)) overtaken.insert(item.intent.organization.value);
  const std::vector<std::int64_t> organizations(overtaken.begin(), overtaken.end());
  PgParams params;
  params.add_array(std::span<const std::int64_t>(organizations));
  auto asking = db.query("SELECT pg_advisory_lock_shared(o) FROM unnest($1) o", std::move(params),
                         std::chrono::steady_clock::now() + kCommitTimeout);
  const auto held = co_await std::move(asking);
  if (held) co_return std::nullopt;
  co_return held.error();
}

void PgIngest::let_go(PgConnection& db) {
  std::vector<PgStatement> statements(1);
  statements[0].sql = "SELECT pg_advisory_unlock_all()";
  db.run(std::move(statements), std::chrono::steady_clock::now() + kCommitTimeout, [](const auto&) {});
}

/// Answers what is committed or repeated and publishes its news; what is left in the batch is stale.
void PgIngest::take_result(Batch& batch, const PgRows& rows) {
  const std::int64_t base = rows.integer(0, 0);
  std::vector<char> stale(batch.items.size());
  std::map<std::size_t, std::size_t> repeated;  // request to its place among the answers
  for (const std::int64_t i : rows.integers(0, 2)) stale[static_cast<std::size_t>(i) - 1] = 1;
  for (const std::int64_t i : rows.integers(0, 3)) repeated.emplace(static_cast<std::size_t>(i) - 1, repeated.size());
  const auto answers = rows.texts(0, 4);
  const auto fingerprints = rows.texts(0, 5);

  News news;
  news.commit = static_cast<std::uint64_t>(rows.is_null(0, 1) ? 0 : rows.integer(0, 1));
  Items left;
  std::size_t event_at = 0;
  std::map<OrganizationId, std::uint64_t> versions;
  for (std::size_t i = 0; i < batch.items.size(); ++i) {
    PgIngestItem& item = batch.items[i];
    const std::size_t first_event = event_at;
    event_at += item.intent.events.size();
    if (stale[i]) {
      left.push_back(std::move(item));
      continue;
    }
    if (const auto place = repeated.find(i); place != repeated.end()) {
      const std::size_t at = place->second;
      if (at >= answers.size() || fingerprints[at].empty()) {
        left.push_back(std::move(item));  // it expired in this moment
      } else if (fingerprints[at] != as_bytes(item.intent.key->fingerprint)) {
        answer(item, key_reused());
      } else {
        answer(item, decode_answer(answers[at]));
      }
      continue;
    }
    IngestResult result;
    result.events.reserve(item.intent.events.size());
    for (std::size_t e = first_event; e < event_at; ++e) {
      const NewEvent& event = item.intent.events[e - first_event];
      IngestedEvent made;
      made.id = EventId{base + batch.e_offset[e]};
      made.created_at = time_of_id(made.id.value);
      made.deliveries = static_cast<std::uint32_t>(event.targets.size());
      const WallTime due = event.deliver_at ? std::max(*event.deliver_at, made.created_at) : made.created_at;
      const MessagePtr message = event.targets.empty() ? nullptr : make_message(made.id, event.type, event.payload);
      for (std::size_t t = 0; t < event.targets.size(); ++t) {
        news.pending.push_back(PendingDelivery{.id = DeliveryId{made.id.value + 1 + static_cast<std::int64_t>(t)},
                                               .organization = item.intent.organization,
                                               .webhook = event.targets[t],
                                               .event = made.id,
                                               .sort_at = due,
                                               .due = due,
                                               .first_due = due,
                                               .is_test = item.intent.targets_fixed,
                                               .message = message,
                                               .commit = news.commit});
      }
      result.events.push_back(made);
    }
    versions[item.intent.organization] = item.intent.catalog_version;
    metrics_.events.Increment(static_cast<double>(result.events.size()));
    answer(item, std::move(result));
  }
  batch.items = std::move(left);
  if (versions.empty()) return;
  news.at = time_of_id(base);
  for (const auto& [organization, version] : versions) news.catalog.push_back({organization, version});
  hand_over_.publish(std::move(news), {});
}

/// Answers the items, or puts them back: in the queue they are answered in time, as what was not done.
void PgIngest::take_fault(Items items, const PgFault& fault) {
  lane_.link.settle(fault);
  const bool is_of_locks = fault.sqlstate == pg_state::kLockTimeout || fault.sqlstate == pg_state::kDeadlock;
  // One request's fault must not fail the others, nor must one that waits for another with its key keep them waiting.
  const bool is_of_one = is_of_an_item(fault) || (is_of_locks && items.front().intent.key);
  const bool goes_on = is_of_locks || (is_of_one && items.size() > 1);
  if (!goes_on) lane_.note_fault(fault.error);
  const bool is_last = is_of_one && items.size() == 1;  // the others first
  const auto time_for_a_try = std::chrono::steady_clock::now() + kLockWait;
  Items again;
  for (PgIngestItem& item : items) {
    if (!item.done) continue;  // so it was answered
    if (!goes_on || (is_of_locks && item.answer_by <= time_for_a_try)) {
      answer(item, is_sent_ && fault.error.code == ErrorCode::kUnknown ? outcome_unknown() : store_unavailable());
      continue;
    }
    item.alone = item.alone || is_of_one;
    if (!is_last) {
      again.push_back(std::move(item));
    } else if (!lane_.queue.push(item)) {
      answer(item, store_unavailable());
    }
  }
  lane_.queue.put_back(std::move(again));
}

}  // namespace eventrelay
