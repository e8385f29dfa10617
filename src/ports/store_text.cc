// The words for the store's states on the wire.
#include <array>

#include "ports/store.h"
#include "ports/store_queries.h"

namespace eventrelay {
namespace {

constexpr std::array<std::string_view, 5> kEventStatusWords{"unmatched", "pending", "dead", "succeeded", "cancelled"};

}  // namespace

std::string_view to_text(JobKind kind) {
  switch (kind) {
    case JobKind::kReplayDead:
      return "replay_dead";
    case JobKind::kPurgeDead:
      return "purge_dead";
    case JobKind::kCancelPending:
      return "cancel_pending";
  }
  return "";
}

std::string_view to_text(JobState state) {
  switch (state) {
    case JobState::kPending:
      return "pending";
    case JobState::kRunning:
      return "running";
    case JobState::kDone:
      return "done";
    case JobState::kFailed:
      return "failed";
    case JobState::kCancelled:
      return "cancelled";
  }
  return "";
}

std::string_view to_text(EventStatus status) {
  return kEventStatusWords[static_cast<std::size_t>(status)];
}

std::optional<EventStatus> parse_event_status(std::string_view text) {
  for (std::size_t i = 0; i < kEventStatusWords.size(); ++i) {
    if (kEventStatusWords[i] == text) return static_cast<EventStatus>(i);
  }
  return std::nullopt;
}

}  // namespace eventrelay
