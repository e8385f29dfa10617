// What an operator can set: flags over environment over file over defaults. Read once at the start; then immutable.
#pragma once
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/limits.h"
#include "base/log.h"
#include "base/result.h"
#include "domain/target_url.h"

namespace eventrelay {

enum class Command { kServe, kMigrate, kExport, kImport, kVersion };

/// What a process of several does: takes requests, delivers, or both.
enum class ProcessRole { kAll, kApi, kWorker };

struct Config {
  Command command = Command::kServe;
  std::string file;  ///< of an export or import
  std::string listen_host = "127.0.0.1";
  std::uint16_t listen_port = 8080;
  std::string data_dir = "./eventrelay-data";
  std::string database_url;              ///< PostgreSQL; empty: SQLite in data_dir
  std::string redis_url;                 ///< empty: none
  ProcessRole role = ProcessRole::kAll;  ///< other than all: with database_url only
  bool migrate = true;                   ///< serve brings the schema up to date
  int retention_days = 0;                ///< of events and final deliveries; 0: all are kept
  bool allow_private_targets = false;
  std::vector<Cidr> allow_targets;
  std::string public_url;             ///< "https://hooks.example.com"; empty: people sign in over loopback alone
  std::vector<Cidr> trusted_proxies;  ///< whose X-Forwarded-For counts
  std::size_t event_bytes_max = kEventBytesDefault;
  unsigned loops = 0;             ///< event loops; 0: one a core
  std::size_t in_flight_max = 0;  ///< attempts under way in the process; 0: from the limit of file descriptors
  LogFormat log_format = LogFormat::kText;
  spdlog::level::level_enum log_level = spdlog::level::info;
  std::string api_key;  ///< the first organization's first key; empty: made at the first start
};

/// argv as main() has it. Prints the help or a clear message where the arguments ask for it or are wrong; the error
/// then carries the exit status in `exit_code`.
struct ConfigExit {
  int exit_code = 0;
};
std::variant<Config, ConfigExit> read_config(int argc, const char* const* argv);

}  // namespace eventrelay
