#include "domain/message.h"

namespace eventrelay {

namespace {
constexpr std::string_view kBeforeType = R"({"type":")";
}  // namespace

MessagePtr make_message(EventId event, std::string_view type, std::string_view payload) {
  constexpr std::string_view kBeforeTime = R"(","timestamp":")";
  constexpr std::string_view kBeforePayload = R"(","data":)";
  auto created_at = format_time(time_of_id(event.value));
  auto message = std::make_shared<Message>();
  message->event = event;
  message->id = to_text(event);
  std::string& body = message->body;
  body.reserve(kBeforeType.size() + type.size() + kBeforeTime.size() + created_at.size() + kBeforePayload.size() +
               payload.size() + 1);
  body.append(kBeforeType).append(type).append(kBeforeTime).append(created_at).append(kBeforePayload);
  body.append(payload).push_back('}');
  return message;
}

std::string_view type_of(const Message& message) {
  const std::string_view body(message.body);
  if (!body.starts_with(kBeforeType)) return {};
  return body.substr(kBeforeType.size(), body.find('"', kBeforeType.size()) - kBeforeType.size());
}

}  // namespace eventrelay
