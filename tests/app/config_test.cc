#include "app/config.h"

#include <gtest/gtest.h>
#include <stdlib.h>

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

TEST(Config, one_process_with_its_own_store_is_the_only_deployment_yet) {
  EXPECT_TRUE(read({"--role", "all"}));
  for (const char* role : {"api", "worker"}) {
    EXPECT_NE(complaint({"--role", role}).find("--role"), std::string::npos);
    EXPECT_NE(complaint({"--role", role}).find("not supported yet"), std::string::npos);
  }
  EXPECT_NE(complaint({"--role", "boss"}).find("must be one of"), std::string::npos);
  for (const char* flag : {"--database-url", "--redis-url"}) {
    EXPECT_NE(complaint({flag, "scheme://host"}).find("not supported yet"), std::string::npos) << flag;
    EXPECT_TRUE(read({flag, ""})) << "an empty one is none";
  }
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

TEST(Config, what_is_not_supported_yet_is_not_ignored_in_the_environment) {
  for (const char* name : {"EVENTRELAY_DATABASE_URL", "EVENTRELAY_REDIS_URL", "EVENTRELAY_ROLE"}) {
    const Variable variable(name, "worker");
    const std::string text = complaint({});
    EXPECT_NE(text.find(name), std::string::npos) << text;
    EXPECT_NE(text.find("not supported yet"), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace eventrelay
