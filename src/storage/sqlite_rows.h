// Rows that several queries show.
#pragma once
#include <optional>

#include "ports/store_queries.h"
#include "storage/codec.h"
#include "storage/sqlite_db.h"

namespace eventrelay::sqlite_queries {

std::optional<DeliveryRow> find_delivery_row(SqliteDb& db, OrganizationId org, std::int64_t id);
std::optional<EventRow> find_event_row(SqliteDb& db, OrganizationId org, std::int64_t id);

}  // namespace eventrelay::sqlite_queries
