// Rows that several queries show, and how a page of any is read.
#pragma once
#include <optional>

#include "ports/store_queries.h"
#include "storage/codec.h"
#include "storage/sqlite_db.h"

namespace eventrelay::sqlite_queries {

std::optional<DeliveryRow> find_delivery_row(SqliteDb& db, OrganizationId org, std::int64_t id);
std::optional<EventRow> find_event_row(SqliteDb& db, OrganizationId org, std::int64_t id);

/// Reads up to one row more than the page holds, to know whether there are more.
template <class Row, class Read, class IdOf>
Page<Row> read_page(SqliteStatement& rows, std::size_t limit, const Read& read, const IdOf& id_of) {
  Page<Row> page;
  while (rows.step()) {
    if (page.rows.size() == limit) {
      page.next = id_of(page.rows.back());
      break;
    }
    page.rows.push_back(read(rows));
  }
  return page;
}

}  // namespace eventrelay::sqlite_queries
