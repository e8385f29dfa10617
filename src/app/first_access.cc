#include "app/first_access.h"

#include <chrono>
#include <future>
#include <memory>
#include <thread>

#include "base/crypto.h"
#include "base/log.h"

namespace eventrelay {
namespace {

/// For one of them.
constexpr auto kAccessTime = 30s;
constexpr auto kTryAgainAfter = 250ms;

/// begin(completion): asks the store for it.
template <class T, class Begin>
Result<T> wait_for_store(Begin begin) {
  auto promise = std::make_shared<std::promise<Result<T>>>();
  auto answer = promise->get_future();
  begin([promise](Result<T> result) { promise->set_value(std::move(result)); });
  if (answer.wait_for(kAccessTime) != std::future_status::ready) return unavailable("The store did not answer in time");
  return answer.get();
}

}  // namespace

Result<std::string> FirstAccess::make_api_key(const Catalog& catalog) {
  if (!config.api_key.empty()) {
    const Sha256 hash = sha256(config.api_key);
    for (const ApiKey& key : catalog.keys)
      if (key.hash == hash) return std::string();
    auto added = add_key("EVENTRELAY_API_KEY", config.api_key);
    // Another process has made it since the catalog was read: this one is not ready before it knows it too.
    if (!added && added.error().code == ErrorCode::kConflict && shared_store) {
      added = wait_for_store<void>([&](auto done) { shared_store->catch_up(loop, {}, std::move(done)); });
    }
    if (!added) return added.error();
    return std::string();
  }
  if (!catalog.keys.empty() || config.role == ProcessRole::kWorker) return std::string();
  std::string key = random_api_key();
  auto added = add_key("first key", key);
  if (!added) return added.error();
  return key;
}

Result<void> FirstAccess::add_key(const std::string& name, const std::string& key) {
  ApiKey made;
  made.organization = kFirstOrganization;
  made.name = name;
  made.scope = Scope::kAdmin;
  made.hash = sha256(key);
  made.hint = key.substr(key.size() - 4);
  auto result =
      wait_for_store<ChangeResult>([&](auto done) { store.change(loop, CreateApiKey{made}, std::move(done)); });
  if (!result) return result.error();
  return {};
}

Result<std::string> FirstAccess::make_link(const Site& site) {
  if (config.role == ProcessRole::kWorker) return std::string();
  if (!site.can_sign_in()) {
    spdlog::info("nobody can sign in: set public-url to how browsers reach this server; API keys work");
    return std::string();
  }
  // A change of people is answered within a second, also where the database is busy with a start of many processes.
  const auto end = std::chrono::steady_clock::now() + kAccessTime;
  while (true) {
    const std::string token = random_token();
    auto made = wait_for_store<PeopleResult>(
        [&](auto done) { people.change_people(loop, MakeFirstLink{sha256(token)}, std::move(done)); });
    if (made) return accept_link(site, token);
    if (made.error().code == ErrorCode::kConflict) return std::string();
    if (std::chrono::steady_clock::now() >= end) return made.error();
    std::this_thread::sleep_for(kTryAgainAfter);  // main's thread, which has nothing else to do yet
  }
}

}  // namespace eventrelay
