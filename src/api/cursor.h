// Where a list goes on: opaque to clients, bound to its list and filters. Pure functions; any thread.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace eventrelay {

/// list: which list with which filters, in any form that is the same for the same ones. place: the store's, > 0.
std::string encode_cursor(std::string_view list, std::int64_t place);
/// nullopt: not a cursor, or one of another list.
std::optional<std::int64_t> decode_cursor(std::string_view list, std::string_view text);

}  // namespace eventrelay
