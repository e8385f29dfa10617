// The running program: event loops with their parts, the store beside them, in the order in which they start and stop.
// Owned by main(); start(), stop() and the destructor on one thread.
#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "app/config.h"

namespace eventrelay {

class Server {
 public:
  /// Opens the store, listens, starts the loops, makes the first API key and the first link where they are needed, then
  /// serves.
  /// Errors: a sentence for the operator; nothing is left running.
  static Result<std::unique_ptr<Server>> start(const Config& config);
  /// Ends the loops at once where stop() was not called.
  ~Server();

  /// Where it listens: "127.0.0.1:8080", also when port 0 was asked for.
  const std::string& address() const;
  /// The API key made at this start; empty when there was one. Shown once.
  const std::string& new_api_key() const;
  /// By which the first administrator makes their account; empty once somebody has one, and where nobody can sign in.
  const std::string& first_link() const;

  /// Drains: no new requests, attempts under way end by their own deadlines and are committed. What is not
  /// over within kDrainTime is dropped: it is sent again by whoever comes next.
  void stop();

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace eventrelay
