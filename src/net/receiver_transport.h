// Answers what goes to the built-in receiver in this process, and lets everything else through to the network: so such
// a request meets no name lookup, no egress rules and no socket. Belongs to its loop's thread.
#pragma once
#include "ports/receiver.h"
#include "ports/transport.h"

namespace eventrelay {

class ReceiverTransport final : public Transport {
 public:
  /// All outlive this.
  ReceiverTransport(EventLoop& loop, Receiver& receiver, Transport& network)
      : loop_(loop), receiver_(receiver), network_(network) {}
  void send(OutboundRequest request, Completion<AttemptOutcome> done) override;

 private:
  EventLoop& loop_;
  Receiver& receiver_;
  Transport& network_;
};

}  // namespace eventrelay
