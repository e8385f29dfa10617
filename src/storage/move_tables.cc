#include "storage/move_tables.h"

#include <numeric>

namespace eventrelay {

namespace {

/// columns: names in one text; ":text" and ":bytes" follow those that are no integers.
MoveTable make_table(std::string_view name, std::string_view columns) {
  MoveTable table{name, {}};
  while (!columns.empty()) {
    const std::string_view word = columns.substr(0, columns.find(' '));
    columns.remove_prefix(std::min(columns.size(), word.size() + 1));
    const std::string_view kind = word.substr(std::min(word.find(':'), word.size()));
    const MoveKind is = kind == ":text" ? MoveKind::kText : kind == ":bytes" ? MoveKind::kBytes : MoveKind::kInteger;
    table.columns.push_back({word.substr(0, word.size() - kind.size()), is});
  }
  return table;
}

}  // namespace

std::span<const MoveTable> move_tables() {
  static const std::array<MoveTable, kMovedTables> kTables{
      make_table("organizations", "id name:text"),
      make_table("event_types", "id organization_id name:text"),
      make_table("tenants", "id organization_id name:text"),
      make_table("api_keys", "id organization_id name:text scope hash:bytes hint:text"),
      make_table("webhooks",
                 "id organization_id deleted partition ordered spec:text secret:bytes old_secret:bytes"
                 " old_secret_until_ms disabled_reason failing_since_ms updated_ms"),
      make_table("idempotency_keys", "organization_id route:text key:text fingerprint:bytes answer:bytes created_ms"),
      make_table("jobs",
                 "id organization_id kind state filter:text position bound done total rate error:text ended_ms"),
      make_table("events",
                 "id organization_id type_id tenant_id delivery_count replay_count deliver_at_ms metadata:text"
                 " payload:text"),
      make_table("deliveries",
                 "id organization_id event_id webhook_id partition type_id tenant_id state attempts position manual"
                 " first_due_ms due_ms sort_at_ms reason:text ended_id last_status last_error replay_of"),
      make_table("attempts",
                 "delivery_id number manual started_ms duration_ms status error error_message:text"
                 " request_headers:text response_headers:text response_body:bytes response_truncated"
                 " remote_address:text dns_us connect_us tls_us first_byte_us"),
      make_table("rollups",
                 "span minute organization_id webhook_id events unmatched deliveries attempts succeeded failed_attempts"
                 " retries dead cancelled latency:bytes"),
      make_table("gauges", "organization_id pending dead"),
      make_table("users", "id email:text name:text password_hash:text"),
      make_table("memberships", "organization_id user_id role joined_ms"),
      make_table("invitations", "id organization_id email:text role token:bytes expires_ms"),
      make_table("audit", "id organization_id actor:text action:text target:text address:text"),
      make_table("settings", "name:text value"),
  };
  return kTables;
}

const MoveTable& move_table(Moved table) {
  return move_tables()[static_cast<std::size_t>(table)];
}

std::int64_t total_of(const MoveCounts& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
}

}  // namespace eventrelay
