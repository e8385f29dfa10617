#include "app/config.h"

#include <toml++/toml.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <optional>
#include <variant>

#include "queue/redis_url.h"

namespace eventrelay {

namespace {

/// One thing that can be set, in its three spellings: --a-name, EVENTRELAY_A_NAME, a_name.
struct Option {
  std::string name;  ///< "data-dir"
  std::string help;
  bool flag = false;  ///< a boolean: --name alone means true, --name=false turns it off
  /// Takes the text over; what is wrong with it, or empty.
  std::function<std::string(Config&, const std::string&)> set;
};

std::string environment_name(const std::string& name) {
  std::string out = "EVENTRELAY_";
  for (const char c : name) out += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

std::string toml_key(std::string name) {
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

template <class Number>
std::string set_number(const std::string& text, Number min, Number max, Number& out) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < min || value > max)
    return "must be a whole number from " + std::to_string(min) + " to " + std::to_string(max);
  out = value;
  return "";
}

std::string set_bool(const std::string& text, bool& out) {
  if (text != "true" && text != "false" && text != "1" && text != "0") return "must be true or false";
  out = text == "true" || text == "1";
  return "";
}

std::string set_listen(Config& config, const std::string& text) {
  const auto colon = text.rfind(':');
  std::string host = colon == std::string::npos ? "" : text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  if (!IpAddress::parse(host)) return "must be ADDRESS:PORT, such as 127.0.0.1:8080, 0.0.0.0:8080 or [::1]:8080";
  config.listen_host = host;
  return set_number<std::uint16_t>(text.substr(colon + 1), 0, 65'535, config.listen_port);
}

std::string set_ranges(const std::string& text, std::vector<Cidr>& out) {
  out.clear();
  for (std::size_t at = 0; at <= text.size();) {
    const auto comma = std::min(text.find(',', at), text.size());
    const auto cidr = Cidr::parse(text.substr(at, comma - at));
    if (!cidr) return "must be address ranges such as 10.0.0.0/8,fd00::/8";
    out.push_back(*cidr);
    at = comma + 1;
  }
  return "";
}

std::string set_public_url(Config& config, const std::string& text) {
  config.public_url.clear();
  if (text.empty()) return "";
  const auto url = parse_target_url(text);
  if (!url || url->target != "/" || text.find('#') != std::string::npos)
    return "must be https://HOST or https://HOST:PORT, without a path (http:// where no TLS is used at all)";
  config.public_url = (url->tls ? "https://" : "http://") + url->authority;
  return "";
}

/// parsed: nullopt where the text is none of the words.
template <class T>
std::string set_word(const std::optional<T>& parsed, const char* words, T& out) {
  if (!parsed) return std::string("must be one of ") + words;
  out = *parsed;
  return "";
}

std::optional<ProcessRole> parse_process_role(std::string_view text) {
  if (text == "all") return ProcessRole::kAll;
  if (text == "api") return ProcessRole::kApi;
  return text == "worker" ? std::optional(ProcessRole::kWorker) : std::nullopt;
}

/// The text is a secret: what is wrong with it never repeats it.
std::string set_database_url(Config& config, const std::string& text) {
  config.database_url = text;
  const bool known = text.empty() || text.starts_with("postgres://") || text.starts_with("postgresql://") ||
                     text.find('=') != std::string::npos;
  return known ? "" : "must be a PostgreSQL URL: postgres://user:password@host:port/database";
}

std::string set_redis_url(Config& config, const std::string& text) {
  config.redis_url = text;
  if (text.empty()) return "";
  const auto url = parse_redis_url(text);
  return url ? "" : url.error().message;
}

const std::vector<Option>& options() {
  static const std::vector<Option> all{
      {"listen", "address and port of the API (127.0.0.1:8080)", false, set_listen},
      {"data-dir", "where everything is kept (./eventrelay-data)", false,
       [](Config& c, const std::string& v) {
         c.data_dir = v;
         return std::string(v.empty() ? "must not be empty" : "");
       }},
      {"database-url", "PostgreSQL, for many processes: postgres://user:password@host/database (none: SQLite)", false,
       set_database_url},
      {"redis-url", "Redis, which hands over between processes faster: redis://host:6379 or rediss:// (none)", false,
       set_redis_url},
      {"role", "all, api or worker: what this process of several does (all)", false,
       [](Config& c, const std::string& v) { return set_word(parse_process_role(v), "all, api, worker", c.role); }},
      {"migrate", "bring the schema up to date at the start (true)", false,
       [](Config& c, const std::string& v) { return set_bool(v, c.migrate); }},
      {"retention-days", "days that events and final deliveries are kept, 1 to 3650 (0: for ever)", false,
       [](Config& c, const std::string& v) { return set_number<int>(v, 0, kRetentionDaysMax, c.retention_days); }},
      {"allow-private-targets", "let webhooks point to loopback and private addresses", true,
       [](Config& c, const std::string& v) { return set_bool(v, c.allow_private_targets); }},
      {"allow-targets", "address ranges that webhooks may point to although private: 10.0.0.0/8,fd00::/8", false,
       [](Config& c, const std::string& v) { return set_ranges(v, c.allow_targets); }},
      {"public-url", "how browsers reach this: https://hooks.example.com (none: people sign in over loopback alone)",
       false, set_public_url},
      {"trusted-proxies", "address ranges of proxies whose X-Forwarded-For tells the client: 10.0.0.0/8 (none)", false,
       [](Config& c, const std::string& v) { return set_ranges(v, c.trusted_proxies); }},
      {"event-bytes-max", "largest body of one event, in bytes (262144)", false,
       [](Config& c, const std::string& v) {
         return set_number<std::size_t>(v, 1'024, kEventBytesMax, c.event_bytes_max);
       }},
      {"loops", "event loops (one a core)", false,
       [](Config& c, const std::string& v) { return set_number<unsigned>(v, 0, 64, c.loops); }},
      {"in-flight-max", "attempts under way at once, of all webhooks (from the limit of open files)", false,
       [](Config& c, const std::string& v) { return set_number<std::size_t>(v, 0, 65'536, c.in_flight_max); }},
      {"log-format", "text or json (text)", false,
       [](Config& c, const std::string& v) { return set_word(parse_log_format(v), "text, json", c.log_format); }},
      {"log-level", "trace, debug, info, warn, error or off (info)", false,
       [](Config& c, const std::string& v) {
         return set_word(parse_log_level(v), "trace, debug, info, warn, error, off", c.log_level);
       }},
  };
  return all;
}

/// As a flag's value would be; nullopt for what no flag can say.
std::optional<std::string> text_of(const toml::node& node) {
  if (node.is_string()) return node.value<std::string>();
  if (node.is_boolean()) return *node.value<bool>() ? "true" : "false";
  if (node.is_integer()) return std::to_string(*node.value<std::int64_t>());
  return std::nullopt;
}

/// The key's text in the file, or nullopt; an array is joined with commas. Throws as read_file().
std::optional<std::string> from_file(const toml::table& file, const std::string& key) {
  const toml::node* node = file.get(key);
  if (!node) return std::nullopt;
  std::optional<std::string> text = text_of(*node);
  if (const auto* array = node->as_array()) {
    text.emplace();
    for (const auto& item : *array) {
      const auto word = text_of(item);
      if (!word) throw std::runtime_error(key + " in the configuration file must be an array of texts");
      *text += (text->empty() ? "" : ",") + *word;
    }
  }
  if (!text) throw std::runtime_error(key + " in the configuration file must be a text, a number or a boolean");
  return text;
}

/// Throws std::runtime_error with a sentence for the operator.
toml::table read_file(const std::string& path) {
  if (path.empty()) return {};
  toml::table file;
  try {
    file = toml::parse_file(path);
  } catch (const toml::parse_error& error) {
    throw std::runtime_error(path + ": " + std::string(error.description()));
  }
  for (const auto& entry : file) {
    const std::string key(entry.first.str());
    const auto known = [&key](const Option& option) { return toml_key(option.name) == key; };
    if (std::none_of(options().begin(), options().end(), known))
      throw std::runtime_error(path + ": unknown key " + key);
  }
  return file;
}

/// What a command can be told: all, where it says nothing.
bool takes(Command command, const std::string& option) {
  const bool is_log = option.starts_with("log-");
  if (command == Command::kExport) return is_log || option == "data-dir";
  if (command == Command::kImport) return is_log || option == "database-url";
  return true;
}

void apply(Config& config, const std::map<std::string, std::string>& flags, const toml::table& file) {
  for (const Option& option : options()) {
    if (!takes(config.command, option.name)) continue;
    std::string where;
    std::optional<std::string> value;
    const std::string variable = environment_name(option.name);
    if (const auto flag = flags.find(option.name); flag != flags.end()) {
      where = "--" + option.name;
      value = flag->second;
    } else if (const char* set = std::getenv(variable.c_str())) {
      where = variable;
      value = set;
    } else {
      where = toml_key(option.name) + " in the configuration file";
      value = from_file(file, toml_key(option.name));
    }
    if (!value) continue;
    if (const std::string fault = option.set(config, *value); !fault.empty())
      throw std::runtime_error(where + " " + fault);
  }
  if (const char* key = std::getenv("EVENTRELAY_API_KEY")) config.api_key = key;
  if (config.command == Command::kImport && config.database_url.empty())
    throw std::runtime_error("import needs a database-url: where everything goes to");
  if (config.database_url.empty() && config.role != ProcessRole::kAll)
    throw std::runtime_error("role api or worker needs a database-url: processes share PostgreSQL");
  if (config.database_url.empty() && !config.redis_url.empty())
    throw std::runtime_error("redis-url needs a database-url: Redis only hands over what PostgreSQL keeps");
}

}  // namespace

std::variant<Config, ConfigExit> read_config(int argc, const char* const* argv) {
  CLI::App app{"EventRelay delivers webhooks: events in over HTTP, signed requests out, retried until they arrive."};
  app.require_subcommand(1);
  const std::vector<std::pair<Command, CLI::App*>> commands{
      {Command::kServe, app.add_subcommand("serve", "run the server")},
      {Command::kMigrate, app.add_subcommand("migrate", "bring the store's schema up to date, then exit")},
      {Command::kExport, app.add_subcommand("export", "write all of an embedded installation into one file")},
      {Command::kImport, app.add_subcommand("import", "take an export into PostgreSQL; goes on where it was stopped")},
      {Command::kVersion, app.add_subcommand("version", "print the version")}};
  std::map<std::string, std::string> values;
  std::string file;
  Config config;
  for (const auto& [command, parser] : commands) {
    if (command == Command::kVersion) continue;
    if (command == Command::kExport)
      parser->add_option("FILE", config.file, "where to; - for standard output")->required();
    if (command == Command::kImport) parser->add_option("FILE", config.file, "the export")->required();
    parser->add_option("--config", file, "TOML file with the same settings (EVENTRELAY_CONFIG)")
        ->envname("EVENTRELAY_CONFIG");
    for (const Option& option : options()) {
      if (!takes(command, option.name)) continue;
      const std::string help = option.help + " [" + environment_name(option.name) + "]";
      const auto take = [&values, name = option.name](const std::string& value) { values[name] = value; };
      if (option.flag) {
        const auto take_flag = [take](std::int64_t set) { take(set > 0 ? "true" : "false"); };
        parser->add_flag_function("--" + option.name, take_flag, help);
      } else {
        parser->add_option_function<std::string>("--" + option.name, take, help);
      }
    }
  }
  try {
    app.parse(argc, argv);
    for (const auto& [command, parser] : commands)
      if (parser->parsed()) config.command = command;
    if (config.command != Command::kVersion) apply(config, values, read_file(file));
    return config;
  } catch (const CLI::ParseError& error) {
    return ConfigExit{app.exit(error)};
  } catch (const std::runtime_error& error) {
    std::cerr << "eventrelay: " << error.what() << "\n";
    return ConfigExit{2};
  }
}

}  // namespace eventrelay
