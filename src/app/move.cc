#include "app/move.h"

#include <unistd.h>

#include <chrono>
#include <iomanip>
#include <iostream>

#include "storage/move_export.h"
#include "storage/move_import.h"

namespace eventrelay {

namespace {

constexpr auto kProgressEvery = std::chrono::seconds(1);

/// A line a second, and one whenever the work comes to something else.
MoveReport make_progress() {
  struct State {
    std::string what;
    std::chrono::steady_clock::time_point shown_at;
  };
  return [state = State()](std::string_view what, std::int64_t done, std::int64_t total) mutable {
    const auto now = std::chrono::steady_clock::now();
    if (state.what == what && now - state.shown_at < kProgressEvery) return;
    state = {std::string(what), now};
    std::cerr << what << ": " << done << " of " << total << " rows (" << (total == 0 ? 100 : done * 100 / total)
              << " %)\n";
  };
}

int fail(std::string_view message) {
  std::cerr << "eventrelay: " << message << "\n";
  return 1;
}

void print_line(std::ostream& out, std::string_view name, const std::vector<std::string>& cells) {
  out << std::left << std::setw(18) << name << std::right;
  for (const std::string& cell : cells) out << std::setw(14) << cell;
  out << "\n";
}

}  // namespace

int export_installation(const Config& config) {
  const bool to_output = config.file == "-";
  if (to_output && ::isatty(STDOUT_FILENO) != 0) return fail("An export is not for a terminal: name a file");
  const auto counts = export_sqlite(config.data_dir, config.file, make_progress());
  if (!counts) return fail(counts.error().message);
  std::ostream& out = to_output ? std::cerr : std::cout;
  print_line(out, "", {"rows"});
  for (std::size_t i = 0; i < kMovedTables; ++i) print_line(out, move_tables()[i].name, {std::to_string((*counts)[i])});
  out << "Exported. Its secrets and payloads are in the file as they are\n";
  return 0;
}

int import_installation(const Config& config) {
  const auto summary = import_postgres(config.database_url, config.file, make_progress());
  if (!summary) return fail(summary.error().message);
  if (summary->was_done) {
    std::cout << "The file was imported into this database before: nothing to do\n";
    return 0;
  }
  print_line(std::cout, "", {"in the file", "in PostgreSQL"});
  for (std::size_t i = 0; i < kMovedTables; ++i)
    print_line(std::cout, move_tables()[i].name,
               {std::to_string(summary->in_file[i]), std::to_string(summary->in_database[i])});
  if (!summary->matches())
    return fail("The counts differ: the import is not done. Is another process using the database?");
  std::cout << "Imported\n";
  return 0;
}

}  // namespace eventrelay
