// GET /api/stream: what happens in the caller's organization, as server-sent events (WHATWG HTML, "Server-sent
// events").
#include "api/routes.h"

namespace eventrelay {
namespace {

/// Of what is written at a time.
constexpr std::size_t kPieceBytes = 16 * 1024;
constexpr std::string_view kHeartbeat = ": still here\n\n";

class EventStream final : public ResponseStream {
 public:
  EventStream(ApiContext& api, Caller caller) : api_(api), caller_(std::move(caller)) {}

  ~EventStream() override {
    if (reader_) api_.metrics.stream_readers.Decrement();
  }
  EventStream(const EventStream&) = delete;
  EventStream& operator=(const EventStream&) = delete;

  /// self: this one. False: there are too many readers.
  bool admit(const std::shared_ptr<EventStream>& self) {
    reader_ = api_.activity.admit(api_.loop, caller_.organization, [stream = std::weak_ptr(self)] {
      if (const auto alive = stream.lock()) alive->wake();
    });
    if (reader_) api_.metrics.stream_readers.Increment();
    return reader_ != nullptr;
  }
  Awaitable<Result<void>> open() {
    auto opened = completion_of<Result<void>>([this](auto done) { reader_->open(std::move(done)); });
    co_return co_await std::move(opened);
  }
  void begin(std::string_view last_id) {
    first_ = reader_->begin(last_id);
    alarm_ = api_.loop.make_alarm([this] { wake(); });
    checked_at_ = api_.loop.now();
    check_at_ = api_.loop.now() + kStreamCheckEvery;
    heartbeat_at_ = api_.loop.now() + kStreamHeartbeat;
  }

  Awaitable<bool> next(std::string& out) override {
    out.append(std::exchange(first_, {}));
    while (!ended_) {
      if (api_.loop.now() >= check_at_) {
        auto checking = may_go_on();
        const bool may = co_await std::move(checking);
        if (!may) co_return false;
        check_at_ = api_.loop.now() + kStreamCheckEvery;
      }
      reader_->take(out, kPieceBytes);
      if (out.empty() && api_.loop.now() >= heartbeat_at_) out.append(kHeartbeat);
      if (!out.empty()) {
        if (api_.loop.now() >= heartbeat_at_) heartbeat_at_ = api_.loop.now() + kStreamHeartbeat;
        co_return true;
      }
      alarm_->set(std::min(check_at_, heartbeat_at_));
      auto waiting = completion_of<bool>([this](Completion<bool> done) { waiter_.swap(done); });
      co_await std::move(waiting);
    }
    co_return false;
  }
  bool is_behind() const override { return reader_->is_behind(); }
  void drop() override { reader_->drop(); }
  void end() override {
    ended_ = true;
    wake();
  }

 private:
  void wake() {
    if (!waiter_) return;
    auto waiter = taken(waiter_);
    std::move(waiter)(true);
  }

  /// A key may have been deleted meanwhile, a session ended or moved to another organization, a role taken. While the
  /// store cannot say, nothing is known to have changed; but not for long.
  Awaitable<bool> may_go_on() {
    Caller now;
    if (caller_.key) {
      now = caller_by_key(api_.catalog.find_key(caller_.token));
    } else {
      auto read = api_.people.find_session(api_.loop, caller_.token);
      auto session = co_await std::move(read);
      if (!session && session.error().code != ErrorCode::kNotFound)
        co_return api_.loop.now() < checked_at_ + kStreamUncheckedMax;
      if (session) now = caller_by_session(std::move(*session), caller_.token);
    }
    checked_at_ = api_.loop.now();
    co_return may(now, Access::kViewer) && now.organization == caller_.organization;
  }

  ApiContext& api_;
  const Caller caller_;
  std::unique_ptr<ActivityReader> reader_;
  std::string first_;
  std::unique_ptr<Alarm> alarm_;
  SteadyTime checked_at_{};
  SteadyTime check_at_{};
  SteadyTime heartbeat_at_{};
  Completion<bool> waiter_;
  bool ended_ = false;
};

Awaitable<HttpResponse> stream(ApiContext& api, ApiCall call) {
  HttpResponse response;
  response.content_type = "text/event-stream";
  response.headers = {{"cache-control", "no-store"}, {"x-accel-buffering", "no"}};
  if (call.request.method == "HEAD") co_return response;
  auto events = std::make_shared<EventStream>(api, call.caller);
  if (!events->admit(events)) {
    HttpResponse refusal = problem_of(Error{ErrorCode::kTimeout, "Too many read the stream here.", {}});
    co_return refusal;
  }
  auto opening = events->open();
  const auto opened = co_await std::move(opening);
  if (!opened) co_return problem_of(Error{ErrorCode::kTimeout, opened.error().message, {}});
  events->begin(call.request.header("last-event-id"));
  response.stream = std::move(events);
  co_return response;
}

}  // namespace

void add_stream_routes(Router& router) {
  router.add("GET", "/api/stream", Access::kViewer, Takes::kNothing, stream);
}

}  // namespace eventrelay
