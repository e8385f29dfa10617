// What a delivery carries: the body every attempt of an event sends, made once however many webhooks get it.
// Immutable and shared between threads.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "base/ids.h"

namespace eventrelay {

struct Message {
  EventId event;
  std::string id;    ///< the event's public id: webhook-id
  std::string body;  ///< {"type":…,"timestamp":…,"data":PAYLOAD}
};
using MessagePtr = std::shared_ptr<const Message>;

/// type: valid (needs no escapes). payload: valid JSON, taken over byte for byte.
MessagePtr make_message(EventId event, std::string_view type, std::string_view payload);
/// Of the event, out of the body.
std::string_view type_of(const Message& message);

}  // namespace eventrelay
