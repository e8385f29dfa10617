#include "storage/postgres_change_lane.h"

#include "base/log.h"

namespace eventrelay {

namespace asio = boost::asio;

namespace {
/// For one change with all its statements; and for those before it.
constexpr auto kChangeTimeout = std::chrono::seconds(5);
/// For the rest of an old partition to be copied and the partition to be dropped.
constexpr auto kRetireTimeout = std::chrono::seconds(10);

/// The engine's own: it asks again.
bool is_repeated(const Change& change) {
  return std::holds_alternative<AdvanceJob>(change) || std::holds_alternative<ExpireKeys>(change);
}
}  // namespace

PgChangeLane::PgChangeLane(asio::io_context& context, PgConnectOptions connect, Options options, PgCatalog& catalog,
                           HandOver& hand_over, Metrics& metrics)
    : link_(context, std::move(connect),
            "SELECT set_config('jit', 'off', false), set_config('lock_timeout', '2s', false)"),
      options_(std::move(options)),
      catalog_(catalog),
      hand_over_(hand_over),
      metrics_(metrics),
      queue_(context) {}

void PgChangeLane::submit(PgChangeItem item) {
  item.submitted = std::chrono::steady_clock::now();
  if (!queue_.push(item)) answer(std::move(item), store_unavailable());
}

void PgChangeLane::answer(PgChangeItem item, Result<ChangeResult> result) {
  EventLoop& loop = *item.loop;
  if (item.finished) {
    // The attempt's end is committed, whatever became of its webhook's health.
    loop.post([done = std::move(item.finished), finish = *item.finish_result]() mutable { std::move(done)(finish); });
    return;
  }
  if (!item.done) return;
  loop.post(
      [done = std::move(item.done), result = std::move(result)]() mutable { std::move(done)(std::move(result)); });
}

void PgChangeLane::answer_overdue(const PgPulse& pulse) {
  const auto now = std::chrono::steady_clock::now();
  const auto before = now - kAnswerWithin;
  const bool is_silent = pulse.is_silent_since(before);
  const auto is_overdue = [&](const PgChangeItem& item) {
    if (item.health) return false;  // nobody waits for it
    if (is_silent) return item.submitted <= before;
    return item.submitted <= now - kChangeTimeout && !is_repeated(item.change);
  };
  for (PgChangeItem& item : queue_.take_if(is_overdue)) answer(std::move(item), store_unavailable());
  if (!is_silent || !in_commit_ || in_commit_->health || !in_commit_->done || in_commit_->submitted > before) return;
  PgChangeItem answered;
  answered.loop = in_commit_->loop;
  answered.done.swap(in_commit_->done);
  answer(std::move(answered), in_commit_->is_sent ? outcome_unknown() : store_unavailable());
}

asio::awaitable<void> PgChangeLane::run() {
  while (true) {
    auto waiting = queue_.wait();
    co_await std::move(waiting);
    if (queue_.is_done()) co_return link_.close();
    auto items = queue_.take(1, kCommitBytesMax);
    for (PgChangeItem& item : items) {
      auto applying = apply(std::move(item));
      co_await std::move(applying);
    }
  }
}

asio::awaitable<PgResult<ChangeOutcome>> PgChangeLane::commit(PgChangeItem& item) {
  auto getting = link_.get();
  auto db = co_await std::move(getting);
  if (!db) co_return PgFault{db.error(), ""};
  if (!item.health && !item.done) co_return PgFault{store_unavailable(), ""};  // so it was answered
  item.is_sent = true;
  ChangeContext context{options_.writer, options_.clock ? std::optional(unix_ms(options_.clock())) : std::nullopt,
                        std::chrono::steady_clock::now() + kChangeTimeout};
  if (item.health) {
    auto applying = apply_health(**db, context, item.health);
    co_return co_await std::move(applying);
  }
  bool more = false;
  if (std::holds_alternative<ExpireKeys>(item.change)) {
    auto keeping = keep_house(**db, context.at_ms);
    more = co_await std::move(keeping);
    if (!(*db)->is_open()) co_return PgFault{store_unavailable(), ""};
    context.deadline = std::chrono::steady_clock::now() + kChangeTimeout;
  }
  auto applying = apply_change(**db, context, item.change);
  auto outcome = co_await std::move(applying);
  if (more && outcome && outcome->result) outcome->result->more = true;
  co_return outcome;
}

// Once a minute, by whoever runs the jobs.
asio::awaitable<bool> PgChangeLane::keep_house(PgConnection& db, std::optional<std::int64_t> at_ms) {
  PgParams params;
  params.add(at_ms);
  auto keeping = db.query("SELECT keep_house(coalesce($1, now_ms()))", std::move(params),
                          std::chrono::steady_clock::now() + kChangeTimeout);
  const auto kept = co_await std::move(keeping);
  if (!kept) spdlog::warn("the database's housekeeping failed: {}", kept.error().error.message);
  const bool more = kept && kept->integer(0, 0) != 0;
  if (!db.is_open()) co_return false;
  auto retiring = retire_partition(db, at_ms);
  const bool retired = co_await std::move(retiring);
  co_return more || retired;
}

// One a call: what people change does not wait for all.
asio::awaitable<bool> PgChangeLane::retire_partition(PgConnection& db, std::optional<std::int64_t> at_ms) {
  PgParams params;
  params.add(at_ms).add_int(options_.retention_days);
  auto asking = db.query(
      "SELECT CASE WHEN days > 0 THEN retire_days(coalesce($1, now_ms()) - days * 86400000::bigint) END"
      " FROM days_kept($2) AS days",
      std::move(params), std::chrono::steady_clock::now() + kRetireTimeout);
  const auto retired = co_await std::move(asking);
  if (!retired) {
    const PgFault& fault = retired.error();
    const auto level = fault.sqlstate == pg_state::kLockTimeout ? spdlog::level::debug : spdlog::level::warn;
    spdlog::log(level, "old deliveries are not dropped yet: {}", fault.error.message);
    co_return false;
  }
  if (retired->is_null(0, 0)) co_return false;
  spdlog::info("retention: dropped what was final of the partition {}", retired->text(0, 0));
  co_return true;
}

asio::awaitable<void> PgChangeLane::apply(PgChangeItem item) {
  in_commit_ = &item;
  auto committing = commit(item);
  auto outcome = co_await std::move(committing);
  in_commit_ = nullptr;
  if (!outcome) {
    const ErrorCode code = outcome.error().error.code;
    link_.settle(outcome.error());
    if (code == ErrorCode::kInvalid) spdlog::error("a change failed: {}", outcome.error().error.message);
    answer(std::move(item), code == ErrorCode::kUnknown ? outcome_unknown() : store_unavailable());
    co_return;
  }
  if (!outcome->result || outcome->news.empty()) {
    answer(std::move(item), std::move(outcome->result));
    co_return;
  }
  metrics_.deliveries_cancelled.Increment(static_cast<double>(outcome->news.cancelled.size()));
  // Answered when every loop of this process has taken it in.
  Completion<> applied([item = std::move(item), result = std::move(outcome->result)]() mutable {
    answer(std::move(item), std::move(result));
  });
  auto publishing = publish(std::move(outcome->news), std::move(applied));
  co_await std::move(publishing);
}

asio::awaitable<void> PgChangeLane::publish(News news, Completion<> applied) {
  const std::vector<CatalogMark> marks = news.catalog;
  if (catalog_.absorb(news)) {
    hand_over_.publish(std::move(news), std::move(applied));
    co_return;
  }
  // Another process changed something before: that first, and this with it.
  if (!news.empty()) hand_over_.publish(std::move(news), {});
  auto shared = std::make_shared<Completion<>>(std::move(applied));
  auto catching = catalog_.catch_up(marks, [shared] { std::move (*shared)(); });
  const auto caught = co_await std::move(catching);
  // The change is committed; the loops learn of it with the next look at the versions.
  if (!caught && *shared) std::move (*shared)();
}

}  // namespace eventrelay
