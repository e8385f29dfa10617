#include "storage/postgres_dial.h"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <map>
#include <utility>

#include "storage/postgres_fault.h"
#include "storage/postgres_resolver.h"

namespace eventrelay {
namespace asio = boost::asio;
namespace {

using Settings = std::map<std::string, std::string>;
using Descriptor = asio::posix::stream_descriptor;

/// What the URL may set otherwise: a server that is gone is noticed within seconds.
const Settings kDefaults{
    {"keepalives_idle", "5"},      {"keepalives_interval", "2"}, {"keepalives_count", "3"},
    {"tcp_user_timeout", "15000"}, {"gssencmode", "disable"},
};

/// Nothing when the URL cannot be read. libpq's message would quote it, with the password in it.
std::optional<Settings> settings_of(const PgConnectOptions& options) {
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> parsed(
      PQconninfoParse(options.url.c_str(), nullptr), &PQconninfoFree);
  if (!parsed) return std::nullopt;
  Settings settings;
  for (const auto* option = parsed.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) settings[option->keyword] = option->val;
  }
  settings.insert(kDefaults.begin(), kDefaults.end());
  settings["client_encoding"] = "UTF8";
  if (!options.application.empty()) settings["application_name"] = options.application;
  return settings;
}

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> parts(1);
  for (const char c : list) {
    if (c == ',') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

/// One a host, in their order. Lists of different lengths are left to libpq, which says what is wrong.
std::vector<Settings> hosts_of(const Settings& settings) {
  std::size_t count = 1;
  for (const char* key : {"host", "hostaddr"}) {
    if (const auto found = settings.find(key); found != settings.end())
      count = std::max(count, split(found->second).size());
  }
  std::vector<Settings> hosts(count, settings);
  for (const char* key : {"host", "hostaddr", "port"}) {
    const auto found = settings.find(key);
    if (found == settings.end()) continue;
    const auto parts = split(found->second);
    if (parts.size() == 1) continue;
    if (parts.size() != count) return {settings};
    for (std::size_t i = 0; i < count; ++i) hosts[i][key] = parts[i];
  }
  return hosts;
}

/// The host's name, where libpq would have to look it up: no address, no path of a local socket.
std::optional<std::string> name_of_host(const Settings& settings) {
  const auto host = settings.find("host");
  const auto address = settings.find("hostaddr");
  if (host == settings.end() || host->second.empty() || host->second.find_first_of("/@,") != std::string::npos)
    return std::nullopt;
  if (address != settings.end() && !address->second.empty()) return std::nullopt;
  boost::system::error_code error;
  asio::ip::make_address(host->second, error);
  if (!error) return std::nullopt;
  return host->second;
}

/// To libpq these are so many hosts of that name, which is what certificates and the file of passwords go by.
void set_addresses(Settings& settings, const std::string& name, const PgResolver::Addresses& addresses) {
  std::string hosts;
  std::string list;
  for (const std::string& address : addresses) {
    hosts.append(hosts.empty() ? "" : ",").append(name);
    list.append(list.empty() ? "" : ",").append(address);
  }
  settings["host"] = hosts;
  settings["hostaddr"] = list;
}

PgHandle start(const Settings& settings) {
  std::vector<const char*> names;
  std::vector<const char*> values;
  for (const auto& [name, value] : settings) {
    names.push_back(name.c_str());
    values.push_back(value.c_str());
  }
  names.push_back(nullptr);
  values.push_back(nullptr);
  PgHandle handle(PQconnectStartParams(names.data(), values.data(), 0));
  if (handle)
    PQsetNoticeProcessor(
        handle.get(), [](void*, const char*) {}, nullptr);
  return handle;
}

/// Waits for libpq's socket, which may be another one after each step.
class SocketWait {
 public:
  SocketWait(asio::io_context& context, PgConnection::Deadline deadline) : state_(std::make_shared<State>(context)) {
    state_->timer.expires_at(deadline);
    state_->timer.async_wait([state = state_](const boost::system::error_code& error) {
      if (error) return;
      state->late = true;
      boost::system::error_code ignored;
      state->socket.cancel(ignored);
    });
  }
  ~SocketWait() {
    state_->timer.cancel();
    state_->socket.release();
  }
  SocketWait(const SocketWait&) = delete;
  SocketWait& operator=(const SocketWait&) = delete;

  /// False past the deadline.
  asio::awaitable<bool> ready(int socket, Descriptor::wait_type what) {
    boost::system::error_code error;
    state_->socket.assign(socket, error);
    if (error) co_return false;
    auto token = asio::redirect_error(asio::use_awaitable, error);
    co_await state_->socket.async_wait(what, std::move(token));
    state_->socket.release();  // before libpq may close it
    co_return !state_->late;
  }

 private:
  struct State {
    explicit State(asio::io_context& context) : socket(context), timer(context) {}
    Descriptor socket;
    asio::steady_timer timer;
    bool late = false;
  };
  std::shared_ptr<State> state_;  ///< the timer's handler may still be queued when this ends
};

std::string place_of(PGconn* connection) {
  const auto text = [](const char* value) { return std::string(value == nullptr ? "" : value); };
  return text(PQhost(connection)) + " port " + text(PQport(connection));
}

asio::awaitable<Result<PgHandle>> dial_host(asio::io_context& context, Settings settings,
                                            PgConnection::Deadline deadline) {
  if (const auto name = name_of_host(settings)) {
    auto looking = asio::use_service<PgResolver>(context).resolve(*name, deadline);
    const Result<PgResolver::Addresses> addresses = co_await std::move(looking);
    if (!addresses) co_return addresses.error();
    set_addresses(settings, *name, *addresses);
  }
  PgHandle handle = start(settings);
  if (!handle) co_return unavailable("out of memory");
  SocketWait wait(context, deadline);
  auto next = PGRES_POLLING_WRITING;
  while (PQstatus(handle.get()) != CONNECTION_BAD && next != PGRES_POLLING_FAILED) {
    const auto what = next == PGRES_POLLING_READING ? Descriptor::wait_read : Descriptor::wait_write;
    const bool in_time = co_await wait.ready(PQsocket(handle.get()), what);
    if (!in_time) co_return unavailable("no answer in time from PostgreSQL at " + place_of(handle.get()));
    next = PQconnectPoll(handle.get());
    if (next == PGRES_POLLING_OK) co_return std::move(handle);
  }
  co_return unavailable(pg_one_line(PQerrorMessage(handle.get())));
}

}  // namespace

asio::awaitable<Result<PgHandle>> pg_dial(asio::io_context& context, const PgConnectOptions& options,
                                          PgConnection::Deadline deadline) {
  const auto settings = settings_of(options);
  if (!settings) co_return Error{ErrorCode::kInvalid, "PostgreSQL's URL cannot be read: postgres://user@host/name", {}};
  const auto hosts = hosts_of(*settings);
  std::string said;
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    const auto now = std::chrono::steady_clock::now();
    const auto share = (deadline - now) / static_cast<int>(hosts.size() - i);
    Result<PgHandle> handle = co_await dial_host(context, hosts[i], now + share);
    if (handle) co_return handle;
    said += (said.empty() ? "" : "; ") + handle.error().message;
  }
  co_return unavailable(std::move(said));
}

}  // namespace eventrelay
