// A handler that is called, or destroyed, exactly once. Move-only; the callee's contract names the thread.
#pragma once
#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace eventrelay {

template <class... Args>
using Completion = boost::asio::any_completion_handler<void(Args...)>;

/// Takes the handler out; the source is empty then. Boost 1.81's move assignment never returns: move by construction,
/// by swap, or with this.
template <class... Args>
Completion<Args...> taken(Completion<Args...>& from) {
  Completion<Args...> handler;
  handler.swap(from);
  return handler;
}

/// Waits in a coroutine for an operation that takes a Completion<T>; no frame of its own.
/// `start` receives the completion. The operation must complete on the awaiting coroutine's own event loop.
///   auto result = co_await completion_of<Result<X>>([&](auto done) { store.ingest(loop, std::move(intent),
///   std::move(done)); });
template <class T, class Start>
auto completion_of(Start start) {
  return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(T)>(
      [start = std::move(start)](auto handler) mutable { start(Completion<T>(std::move(handler))); },
      boost::asio::use_awaitable);
}

}  // namespace eventrelay
