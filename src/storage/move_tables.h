// What an installation consists of when it moves from one store to another: tables with the columns that PostgreSQL
// gives them, so that only who writes an export (storage/move_export.h) knows how SQLite differs. Sessions do not move:
// people sign in again. Immutable; any thread.
#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace eventrelay {

/// A report of progress comes after so many rows.
inline constexpr std::int64_t kReportEveryRows = 1'000;

/// Their numbers are in files: a new one goes to the end.
enum class Moved : std::uint8_t {
  kOrganizations,
  kEventTypes,
  kTenants,
  kApiKeys,
  kWebhooks,
  kIdempotencyKeys,
  kJobs,
  kEvents,
  kDeliveries,
  kAttempts,
  kRollups,
  kGauges,
  kUsers,
  kMemberships,
  kInvitations,
  kAudit,
  kSettings,
};
inline constexpr std::size_t kMovedTables = 17;

enum class MoveKind : std::uint8_t { kNull, kInteger, kText, kBytes };  // these numbers too

struct MoveColumn {
  std::string_view name;
  MoveKind kind{};
};

struct MoveTable {
  std::string_view name;
  std::vector<MoveColumn> columns;
};

/// In the order of Moved.
std::span<const MoveTable> move_tables();
const MoveTable& move_table(Moved table);

/// Of a column's kind, or null. The bytes are another's.
struct MoveValue {
  MoveKind kind = MoveKind::kNull;
  std::int64_t integer = 0;
  std::string_view bytes;  ///< of a text too
};

/// Rows of each table.
using MoveCounts = std::array<std::int64_t, kMovedTables>;
std::int64_t total_of(const MoveCounts& counts);

/// Told how far the work is, every thousand rows or so. what: "deliveries".
using MoveReport = std::function<void(std::string_view what, std::int64_t done, std::int64_t total)>;

/// Why a move cannot go on: a sentence for the operator. Ends where export and import begin.
class MoveFault : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace eventrelay
