#include <sys/stat.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <variant>

#include "app/config.h"
#include "app/move.h"
#include "app/server.h"
#include "storage/postgres_store.h"
#include "storage/sqlite_store.h"

namespace eventrelay {
namespace {

int fail(const Error& error) {
  std::cerr << "eventrelay: " << error.message << "\n";
  return 1;
}

/// Returns after SIGTERM or SIGINT; from then on another one ends the process at once.
void wait_for_signal() {
  boost::asio::io_context loop(1);
  boost::asio::signal_set signals(loop, SIGTERM, SIGINT);
  signals.async_wait([](const boost::system::error_code&, int) {});
  loop.run();
}

void exit_at_next_signal() {
  for (const int signal : {SIGTERM, SIGINT}) std::signal(signal, [](int) { std::_Exit(1); });
}

int serve(const Config& config) {
  auto server = Server::start(config);
  if (!server) return fail(server.error());
  if (const std::string& key = (*server)->new_api_key(); !key.empty()) {
    std::cout << "API key (shown this once): " << key << std::endl;
  }
  if (const std::string& link = (*server)->first_link(); !link.empty()) {
    std::cout << "First administrator, by this link (works once): " << link << std::endl;
  }
  spdlog::info("listening on {}", (*server)->address());
  wait_for_signal();
  exit_at_next_signal();
  spdlog::info("draining: no new requests; attempts under way run to their end");
  (*server)->stop();
  spdlog::info("stopped");
  return 0;
}

int migrate(const Config& config) {
  const auto version =
      config.database_url.empty() ? migrate_sqlite(config.data_dir) : migrate_postgres(config.database_url);
  if (!version) return fail(version.error());
  std::cout << "The schema is at version " << *version << "\n";
  return 0;
}

int run(int argc, char** argv) {
  const auto read = read_config(argc, argv);
  if (const auto* exit = std::get_if<ConfigExit>(&read)) return exit->exit_code;
  const Config& config = std::get<Config>(read);
  set_up_log(config.log_format, config.log_level);
  std::signal(SIGPIPE, SIG_IGN);
  umask(S_IRWXG | S_IRWXO);  // payloads and secrets are in the files, whatever the directory lets through
  switch (config.command) {
    case Command::kServe:
      return serve(config);
    case Command::kMigrate:
      return migrate(config);
    case Command::kExport:
      return export_installation(config);
    case Command::kImport:
      return import_installation(config);
    case Command::kVersion:
      std::cout << "eventrelay " << EVENTRELAY_VERSION << "\n";
      return 0;
  }
  return 2;
}

}  // namespace
}  // namespace eventrelay

int main(int argc, char** argv) {
  try {
    return eventrelay::run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "eventrelay: " << error.what() << "\n";
    return 1;
  }
}
