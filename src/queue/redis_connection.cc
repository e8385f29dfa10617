#include "queue/redis_connection.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include "queue/redis_connection_impl.h"

namespace eventrelay {

namespace asio = boost::asio;
using boost::system::error_code;

RedisConnection::RedisConnection(asio::io_context& context, RedisConnectOptions options)
    : impl_(std::make_shared<Impl>(context, std::move(options))) {}
RedisConnection::~RedisConnection() {
  close();
}

asio::awaitable<Result<void>> RedisConnection::connect() {
  return Impl::connect(impl_);
}

void RedisConnection::run(RedisBatch batch, Deadline deadline, Completion<Result<RedisReplies>> done) {
  impl_->run(std::move(batch), deadline, std::move(done));
}

asio::awaitable<Result<RedisReplies>> RedisConnection::run(RedisBatch batch, Deadline deadline) {
  auto start = [impl = impl_, &batch, deadline](auto done) {
    impl->run(std::move(batch), deadline, Completion<Result<RedisReplies>>(std::move(done)));
  };
  Result<RedisReplies> replies = co_await completion_of<Result<RedisReplies>>(std::move(start));
  co_return replies;
}

bool RedisConnection::is_open() const {
  return impl_->open && impl_->ready;
}
void RedisConnection::close() {
  impl_->fail("the connection was closed");
}
const RedisEndpoint& RedisConnection::endpoint() const {
  return impl_->options.url.endpoint;
}
std::int64_t RedisConnection::client_id() const {
  return impl_->client_id;
}

void RedisConnection::when_closed(Completion<> closed) {
  if (impl_->open) {
    impl_->closed.swap(closed);  // its move assignment never returns in Boost 1.81
  } else {
    asio::post(impl_->context, std::move(closed));
  }
}

void RedisConnection::Impl::run(RedisBatch batch, Deadline deadline, Completion<Result<RedisReplies>> done) {
  if (!open || batch.commands == 0) {
    Result<RedisReplies> answer{RedisReplies()};
    if (!open) answer = unavailable("the connection to Redis has ended");
    asio::post(context,
               [done = std::move(done), answer = std::move(answer)]() mutable { std::move(done)(std::move(answer)); });
    return;
  }
  batches.push_back({batch.commands, {}, deadline, std::move(done)});
  if (unsent.empty()) {
    unsent.swap(batch.bytes);
  } else {
    unsent.append(batch.bytes);
  }
  watch(deadline);
  write();
}

void RedisConnection::Impl::write() {
  if (writes || unsent.empty() || !open) return;
  writes = true;
  in_write.swap(unsent);
  unsent.clear();
  auto wrote = [self = shared_from_this()](const error_code& error, std::size_t) {
    self->writes = false;
    if (error) return self->fail(error.message());
    self->write();
  };
  if (tls) {
    asio::async_write(*tls, asio::buffer(in_write), std::move(wrote));
  } else {
    asio::async_write(socket, asio::buffer(in_write), std::move(wrote));
  }
}

void RedisConnection::Impl::read() {
  auto got = [self = shared_from_this()](const error_code& error, std::size_t bytes) {
    if (error) return self->fail(error.message());
    self->take({self->in.data(), bytes});
    if (self->open) self->read();
  };
  if (tls) {
    tls->async_read_some(asio::buffer(in), std::move(got));
  } else {
    socket.async_read_some(asio::buffer(in), std::move(got));
  }
}

void RedisConnection::Impl::take(std::string_view bytes) {
  reader.feed(bytes);
  while (open) {
    Result<std::optional<RedisReply>> reply = reader.next();
    if (!reply) return fail(reply.error().message);
    if (!*reply) return;
    if (batches.empty()) return fail("an answer that nothing was asked for");
    Batch& front = batches.front();
    front.replies.push_back(std::move(**reply));
    if (front.replies.size() < front.commands) continue;
    Batch batch = std::move(front);
    batches.pop_front();
    std::move(batch.done)(std::move(batch.replies));  // may run(), close() or destroy the connection
  }
}

void RedisConnection::Impl::watch(Deadline deadline) {
  if (watched && *watched <= deadline) return;
  watched = deadline;
  timer.expires_at(deadline);
  timer.async_wait([self = shared_from_this(), watch = ++watches](const error_code&) {
    if (watch == self->watches) self->on_timer();
  });
}

void RedisConnection::Impl::on_timer() {
  watched.reset();
  if (!open || batches.empty()) return;
  const auto first = std::min_element(batches.begin(), batches.end(),
                                      [](const Batch& a, const Batch& b) { return a.deadline < b.deadline; });
  if (first->deadline <= std::chrono::steady_clock::now()) return fail("no answer within the deadline");
  watch(first->deadline);
}

void RedisConnection::Impl::fail(const std::string& why) {
  if (std::exchange(ended, true)) return;
  open = false;
  error_code ignored;
  socket.close(ignored);
  timer.cancel();
  const Error error{ErrorCode::kUnavailable, "Redis at " + to_text(options.url.endpoint) + ": " + why, {}};
  for (Batch& batch : std::exchange(batches, {})) {
    asio::post(context,
               [done = std::move(batch.done), error]() mutable { std::move(done)(Result<RedisReplies>(error)); });
  }
  if (closed) asio::post(context, std::exchange(closed, nullptr));
}

}  // namespace eventrelay
