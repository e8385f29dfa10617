// Latency load: posts events at a fixed rate and receives their deliveries in the same process, on the same clock.
//   load --server-port P --listen P [--hang-listen P] [--key K] [--path /api/events] [--type-prefix bench.s] [--rate
//   1000] [--seconds 10]
//        [--warmup 2] [--connections 32] [--streams 1] [--fan-out 1] [--measure-from 0] [--payload 1024] [--drain 10]
// Streams 0..streams-1 have the event types PREFIX0.. and are expected at http://127.0.0.1:LISTEN/s/NUMBER.
// --fan-out: deliveries expected of an event; streams below --measure-from are not waited for. Prints one JSON object.
#include <sys/resource.h>

#include <cstdlib>
#include <map>
#include <string>

#include "load/receiver.h"
#include "load/sender.h"

namespace {

using namespace eventrelay::bench;  // NOLINT: a program's main file

class Flags {
 public:
  Flags(int count, char** words) {
    for (int i = 1; i + 1 < count; i += 2) values_[words[i]] = words[i + 1];
  }
  [[nodiscard]] std::string text(const std::string& name, const std::string& otherwise) const {
    const auto found = values_.find(name);
    return found == values_.end() ? otherwise : found->second;
  }
  [[nodiscard]] std::uint64_t number(const std::string& name, std::uint64_t otherwise) const {
    return std::strtoull(text(name, std::to_string(otherwise)).c_str(), nullptr, 10);
  }

 private:
  std::map<std::string, std::string> values_;
};

/// 64 hanging webhooks hold thousands of connections.
void raise_file_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int main(int count, char** words) {
  raise_file_limit();
  const Flags flags(count, words);
  const std::uint64_t rate = flags.number("--rate", 1'000);
  const std::uint64_t warmup = flags.number("--warmup", 2);
  const std::uint64_t seconds = flags.number("--seconds", 10);
  const std::uint64_t streams = flags.number("--streams", 1);

  Poller poller;
  Receipts receipts;
  receipts.measured_from = flags.number("--measure-from", 0);
  listen_on(poller, static_cast<std::uint16_t>(flags.number("--listen", 0)), &receipts);
  const auto hang_port = static_cast<std::uint16_t>(flags.number("--hang-listen", 0));
  if (hang_port != 0) listen_on(poller, hang_port, nullptr);

  Sender sender(poller, Load{.server_port = static_cast<std::uint16_t>(flags.number("--server-port", 0)),
                             .path = flags.text("--path", "/api/events"),
                             .key = flags.text("--key", "none"),
                             .type_prefix = flags.text("--type-prefix", "bench.s"),
                             .rate = rate,
                             .connections = flags.number("--connections", 32),
                             .streams = streams,
                             .payload_bytes = flags.number("--payload", 1'024),
                             .total = rate * (warmup + seconds)});
  const std::int64_t second = 1'000'000'000;
  const std::int64_t start = now_ns() + second / 10;
  receipts.count_from_ns = start + static_cast<std::int64_t>(warmup) * second;
  sender.start(start, receipts.count_from_ns);

  const std::uint64_t wanted =
      rate * seconds * (streams - receipts.measured_from) / streams * flags.number("--fan-out", 1);
  const std::int64_t end = receipts.count_from_ns + static_cast<std::int64_t>(seconds) * second;
  const std::int64_t give_up = end + static_cast<std::int64_t>(flags.number("--drain", 10)) * second;
  while (now_ns() < give_up && (!sender.done() || receipts.latencies.count() < wanted)) poller.run_once(100);

  std::printf("{\"accepted\":%llu,\"refused\":%llu,\"received\":%llu,\"wanted\":%llu,\"measured\":%zu,",
              static_cast<unsigned long long>(sender.accepted()), static_cast<unsigned long long>(sender.refused()),
              static_cast<unsigned long long>(receipts.received), static_cast<unsigned long long>(wanted),
              receipts.latencies.count());
  receipts.latencies.print_json("receipt_ms");
  std::printf(",");
  sender.answers.print_json("answer_ms");
  std::printf(",");
  sender.lag.print_json("lag_ms");
  std::printf("}\n");
  return 0;
}
