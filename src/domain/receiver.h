// The built-in test receiver's URLs: http://receiver.eventrelay.internal/ID. No name is looked up for them, and nothing
// leaves the process. Pure; any thread.
#pragma once
#include <optional>
#include <string_view>

#include "domain/target_url.h"

namespace eventrelay {

inline constexpr std::string_view kReceiverHost = "receiver.eventrelay.internal";

/// 1 to kReceiverIdCharsMax of a to z, 0 to 9 and -.
bool is_receiver_id(std::string_view text);
/// Whether it names the receiver's host, with whatever path.
bool is_receiver(const TargetUrl& url);
/// The ID, a view into the URL; nullopt where it is none of the receiver's.
std::optional<std::string_view> receiver_id(const TargetUrl& url);

}  // namespace eventrelay
