#include "storage/move_copy.h"

namespace eventrelay {

namespace {

/// A column that SQLite does not have, the same in each row.
struct Constant {
  const char* name = nullptr;
  const char* value = nullptr;
};

Constant constant_of(Moved table) {
  switch (table) {
    case Moved::kApiKeys:
    case Moved::kWebhooks:
      return {"version", "1"};  // the organization's is greater at the end
    case Moved::kGauges:
      return {"writer", "0"};  // that of ended ones
    default:
      return {};
  }
}

/// What may be there before: rows come by way of a table of the transaction's own.
const char* merge_of(Moved table) {
  if (table == Moved::kOrganizations)
    return "INSERT INTO organizations (id, name) SELECT id, name FROM copied"
           " ON CONFLICT (id) DO UPDATE SET name = excluded.name";
  if (table == Moved::kApiKeys)
    return "INSERT INTO api_keys AS k (id, organization_id, name, scope, hash, hint, version)"
           " SELECT id, organization_id, name, scope, hash, hint, version FROM copied"
           " ON CONFLICT (hash) DO UPDATE SET id = excluded.id, organization_id = excluded.organization_id,"
           " name = excluded.name, scope = excluded.scope, hint = excluded.hint, version = excluded.version,"
           " deleted = false";
  return nullptr;
}

void append_escaped(std::string& out, std::string_view text) {
  for (std::size_t at = 0;;) {
    const std::size_t next = std::min(text.find_first_of("\\\n\r\t", at), text.size());
    out.append(text, at, next - at);
    if (next == text.size()) return;
    const char c = text[next];
    out += '\\';
    out += c == '\n' ? 'n' : c == '\r' ? 'r' : c == '\t' ? 't' : c;
    at = next + 1;
  }
}

void append_hex(std::string& out, std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (const char c : bytes) {
    out += kDigits[static_cast<unsigned char>(c) >> 4];
    out += kDigits[static_cast<unsigned char>(c) & 15];
  }
}

}  // namespace

std::string copy_text_of_bytes(std::string_view bytes) {
  std::string out = "\\x";
  append_hex(out, bytes);
  return out;
}

void CopyLines::add(std::span<const MoveValue> row) {
  for (const MoveValue& value : row) {
    switch (value.kind) {
      case MoveKind::kNull:
        text_ += "\\N";
        break;
      case MoveKind::kInteger:
        text_ += std::to_string(value.integer);
        break;
      case MoveKind::kText:
        append_escaped(text_, value.bytes);
        break;
      case MoveKind::kBytes:
        text_ += "\\\\x";  // the backslash, escaped
        append_hex(text_, value.bytes);
        break;
    }
    text_ += '\t';
  }
  if (const char* value = constant_of(table_).value) {
    text_ += value;
  } else {
    text_.pop_back();
  }
  text_ += '\n';
  rows_ += 1;
}

void CopyLines::send(PgBlocking& db) const {
  const MoveTable& table = move_table(table_);
  const char* const merge = merge_of(table_);
  const std::string into = merge ? "copied" : std::string(table.name);
  if (merge)
    db.run("CREATE TEMPORARY TABLE copied ON COMMIT DROP AS SELECT * FROM " + std::string(table.name) +
           " WITH NO DATA");
  std::string columns;
  for (const MoveColumn& column : table.columns) columns.append(columns.empty() ? "" : ", ").append(column.name);
  if (const char* name = constant_of(table_).name) columns.append(", ").append(name);
  db.copy("COPY " + into + " (" + columns + ") FROM STDIN", text_);
  if (merge) db.run(merge);
}

}  // namespace eventrelay
