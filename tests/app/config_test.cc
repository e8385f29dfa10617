#include "app/config.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

namespace eventrelay {
namespace {

/// A variable of the environment for as long as it lives.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) { setenv(name, value, 1); }
  ~Variable() { unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
};

/// nullopt: refused.
std::optional<Config> read(std::vector<const char*> flags) {
  std::vector<const char*> arguments{"eventrelay", "serve"};
  arguments.insert(arguments.end(), flags.begin(), flags.end());
  const auto result = read_config(static_cast<int>(arguments.size()), arguments.data());
  const auto* config = std::get_if<Config>(&result);
  return config ? std::optional(*config) : std::nullopt;
}

std::string complaint(std::vector<const char*> flags) {
  testing::internal::CaptureStderr();
  const bool accepted = read(std::move(flags)).has_value();
  const std::string text = testing::internal::GetCapturedStderr();
  return accepted ? "" : text;
}

TEST(Config, roles_and_redis_need_a_store_that_processes_share) {
  EXPECT_TRUE(read({"--role", "all"}));
  for (const char* role : {"api", "worker"}) {
    EXPECT_NE(complaint({"--role", role}).find("needs a database-url"), std::string::npos);
    EXPECT_TRUE(read({"--role", role, "--database-url", "postgres://db/x"}));
  }
  EXPECT_NE(complaint({"--role", "boss"}).find("must be one of"), std::string::npos);
  EXPECT_NE(complaint({"--redis-url", "redis://host"}).find("needs a database-url"), std::string::npos);
  for (const char* flag : {"--database-url", "--redis-url"}) EXPECT_TRUE(read({flag, ""})) << "an empty one is none";
}

TEST(Config, a_url_that_is_none_is_refused_without_repeating_its_secrets) {
  for (const char* flag : {"--database-url", "--redis-url"}) {
    const std::string text = complaint({flag, "scheme://user:secret@host"});
    EXPECT_NE(text.find(flag), std::string::npos) << text;
    EXPECT_EQ(text.find("secret"), std::string::npos) << text;
  }
}

TEST(Config, everything_is_kept_unless_days_are_set) {
  EXPECT_EQ(read({})->retention_days, 0);
  EXPECT_EQ(read({"--retention-days", "30"})->retention_days, 30);
  for (const char* days : {"-1", "3651", "7d"})
    EXPECT_NE(complaint({"--retention-days", days}).find("from 0 to 3650"), std::string::npos) << days;
}

TEST(Config, a_public_url_is_an_origin_and_nothing_more) {
  EXPECT_EQ(read({})->public_url, "");
  EXPECT_EQ(read({"--public-url", ""})->public_url, "");
  EXPECT_EQ(read({"--public-url", "https://Hooks.Example.com/"})->public_url, "https://hooks.example.com");
  EXPECT_EQ(read({"--public-url", "https://hooks.example.com:443"})->public_url, "https://hooks.example.com");
  EXPECT_EQ(read({"--public-url", "http://10.0.0.1:8080"})->public_url, "http://10.0.0.1:8080");
  for (const char* url :
       {"hooks.example.com", "https://", "https://a/b", "https://a?b", "https://a#b", "ftp://a", "https://user@a"}) {
    EXPECT_NE(complaint({"--public-url", url}).find("--public-url must be https://HOST"), std::string::npos) << url;
  }
  const Variable url("EVENTRELAY_PUBLIC_URL", "https://hooks.example.com");
  EXPECT_EQ(read({})->public_url, "https://hooks.example.com");
}

TEST(Config, proxies_are_trusted_by_ranges_of_addresses) {
  EXPECT_TRUE(read({})->trusted_proxies.empty());
  EXPECT_EQ(read({"--trusted-proxies", "10.0.0.0/8,::1"})->trusted_proxies.size(), 2u);
  EXPECT_NE(complaint({"--trusted-proxies", "proxy.lan"}).find("must be address ranges"), std::string::npos);
}

TEST(Config, a_flag_wins_over_the_environment_whichever_way_it_is_set) {
  const Variable allowed("EVENTRELAY_ALLOW_PRIVATE_TARGETS", "true");
  EXPECT_TRUE(read({})->allow_private_targets);
  EXPECT_FALSE(read({"--allow-private-targets=false"})->allow_private_targets);
  const Variable denied("EVENTRELAY_ALLOW_PRIVATE_TARGETS", "false");
  EXPECT_FALSE(read({})->allow_private_targets);
  EXPECT_TRUE(read({"--allow-private-targets"})->allow_private_targets);
  EXPECT_TRUE(read({"--allow-private-targets=true"})->allow_private_targets);
}

TEST(Config, a_role_is_taken_from_the_environment) {
  const Variable role("EVENTRELAY_ROLE", "worker");
  const Variable database("EVENTRELAY_DATABASE_URL", "postgres://db/x");
  const auto config = read({});
  ASSERT_TRUE(config);
  EXPECT_EQ(config->role, ProcessRole::kWorker);
  EXPECT_EQ(config->database_url, "postgres://db/x");
}

/// A configuration file of that text.
class ConfigFile {
 public:
  explicit ConfigFile(const std::string& text) { std::ofstream(path_) << text; }
  ~ConfigFile() { std::remove(path_.c_str()); }
  ConfigFile(const ConfigFile&) = delete;
  ConfigFile& operator=(const ConfigFile&) = delete;
  const char* path() const { return path_.c_str(); }

 private:
  const std::string path_ = testing::TempDir() + "config_test_" + std::to_string(getpid()) + ".toml";
};

TEST(Config, a_file_says_what_flags_say) {
  const ConfigFile file(
      "retention_days = 7\nallow_private_targets = true\nallow_targets = [\"10.0.0.0/8\", \"fd00::/8\"]\n");
  const auto config = read({"--config", file.path()});
  ASSERT_TRUE(config);
  EXPECT_EQ(config->retention_days, 7);
  EXPECT_TRUE(config->allow_private_targets);
  EXPECT_EQ(config->allow_targets.size(), 2u);
}

TEST(Config, a_value_of_a_kind_that_no_flag_has_is_refused_and_not_taken_for_none) {
  for (const char* text : {"database_url = { host = \"db\" }", "[database_url]\nhost = \"db\"", "database_url = 1.5",
                           "allow_targets = [[\"10.0.0.0/8\"]]"}) {
    const ConfigFile file(text);
    EXPECT_NE(complaint({"--config", file.path()}).find("in the configuration file must be"), std::string::npos)
        << text;
  }
}

std::optional<Config> read_command(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "eventrelay");
  const auto result = read_config(static_cast<int>(arguments.size()), arguments.data());
  const auto* config = std::get_if<Config>(&result);
  return config ? std::optional(*config) : std::nullopt;
}

TEST(Config, a_move_takes_a_file_and_the_store_that_it_is_about) {
  const auto to_file = read_command({"export", "--data-dir", "/d", "/f"});
  ASSERT_TRUE(to_file);
  EXPECT_EQ(to_file->command, Command::kExport);
  EXPECT_EQ(to_file->data_dir, "/d");
  EXPECT_EQ(to_file->file, "/f");
  EXPECT_EQ(read_command({"export", "-"})->file, "-");
  const auto from_file = read_command({"import", "/f", "--database-url", "postgres://db/x"});
  ASSERT_TRUE(from_file);
  EXPECT_EQ(from_file->command, Command::kImport);
  EXPECT_EQ(from_file->database_url, "postgres://db/x");
  testing::internal::CaptureStderr();
  EXPECT_FALSE(read_command({"export"}));
  EXPECT_FALSE(read_command({"export", "--database-url", "postgres://db/x", "/f"})) << "it is from SQLite";
  EXPECT_FALSE(read_command({"import", "/f"})) << "it needs a database";
  testing::internal::GetCapturedStderr();
}

TEST(Config, a_move_minds_what_the_environment_has_for_it_alone) {
  const Variable directory("EVENTRELAY_DATA_DIR", "/d");
  const Variable role("EVENTRELAY_ROLE", "worker");
  EXPECT_EQ(read_command({"export", "/f"})->data_dir, "/d");
  const Variable database("EVENTRELAY_DATABASE_URL", "postgres://db/x");
  EXPECT_EQ(read_command({"import", "/f"})->database_url, "postgres://db/x");
}

}  // namespace
}  // namespace eventrelay
