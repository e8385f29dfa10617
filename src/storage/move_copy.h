// Rows of one table in the text format of PostgreSQL's COPY. One thread.
#pragma once
#include <string>

#include "storage/move_tables.h"
#include "storage/postgres_blocking.h"

namespace eventrelay {

/// As PostgreSQL reads bytes in text.
std::string copy_text_of_bytes(std::string_view bytes);

class CopyLines {
 public:
  explicit CopyLines(Moved table) : table_(table) {}

  void add(std::span<const MoveValue> row);
  Moved table() const { return table_; }
  std::size_t rows() const { return rows_; }
  std::size_t bytes() const { return text_.size(); }
  /// In the transaction that is open, whose search_path names the schema. Throws PgBlockingFault.
  void send(PgBlocking& db) const;

 private:
  Moved table_;
  std::size_t rows_ = 0;
  std::string text_;
};

}  // namespace eventrelay
