// Who owns what, in memory, for several workers in one test. Answers come by posts; workers can be cut off.
#pragma once
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "ports/leases.h"

namespace eventrelay {

class FakeLeases final : public Leases {
 public:
  void join(EventLoop& loop, Completion<Result<WorkerToken>> done) override {
    call<WorkerToken>(loop, "join", std::move(done), [this]() -> Result<WorkerToken> {
      const WorkerToken token{next_worker++, 1};
      workers[token.worker] = {token.worker, 1, false};
      return token;
    });
  }
  void renew(EventLoop& loop, WorkerToken token, Completion<Result<LeaseView>> done) override {
    call<LeaseView>(loop, "renew", std::move(done), [this, &loop, token]() -> Result<LeaseView> {
      if (!workers.contains(token.worker)) return fenced();
      workers[token.worker].counter += 1;
      LeaseView view;
      view.at = loop.wall_now() + store_ahead;
      for (const auto& [id, worker] : workers) view.workers.push_back(worker);
      view.owners = owners;
      for (const HandedDelivery& delivery : handed)
        if (owners[static_cast<std::size_t>(partition_of(delivery.webhook))] == token.worker)
          view.handed.push_back(delivery);
      return view;
    });
  }
  void fence(EventLoop& loop, WorkerToken token, WorkerId worker, std::uint64_t counter,
             Completion<Result<bool>> done) override {
    call<bool>(loop, "fence", std::move(done), [this, token, worker, counter]() -> Result<bool> {
      if (!workers.contains(token.worker)) return fenced();
      const auto found = workers.find(worker);
      if (found == workers.end() || found->second.counter != counter) return false;
      remove(worker);
      return true;
    });
  }
  void claim(EventLoop& loop, WorkerToken token, PartitionSet wanted, Completion<Result<PartitionSet>> done) override {
    call<PartitionSet>(loop, "claim", std::move(done), [this, token, wanted]() -> Result<PartitionSet> {
      if (!workers.contains(token.worker)) return fenced();
      PartitionSet taken;
      for (std::size_t p = 0; p < kPartitions; ++p) {
        if (!wanted.test(p) || owners[p] != 0) continue;
        owners[p] = token.worker;
        taken.set(p);
      }
      claims.push_back(taken.count());
      return taken;
    });
  }
  void release(EventLoop& loop, WorkerToken token, PartitionSet partitions, std::vector<HandedDelivery> given,
               Completion<Result<void>> done) override {
    call<void>(loop, "release", std::move(done), [this, token, partitions, given]() -> Result<void> {
      if (!workers.contains(token.worker)) return fenced();
      for (std::size_t p = 0; p < kPartitions; ++p)
        if (partitions.test(p) && owners[p] == token.worker) owners[p] = 0;
      handed.insert(handed.end(), given.begin(), given.end());
      return {};
    });
  }
  void set_draining(EventLoop& loop, WorkerToken token, Completion<Result<void>> done) override {
    call<void>(loop, "drain", std::move(done), [this, token]() -> Result<void> {
      if (!workers.contains(token.worker)) return fenced();
      workers[token.worker].draining = true;
      return {};
    });
  }
  void leave(EventLoop& loop, WorkerToken token, Completion<Result<void>> done) override {
    call<void>(loop, "leave", std::move(done), [this, token]() -> Result<void> {
      remove(token.worker);
      return {};
    });
  }

  void remove(WorkerId worker) {
    workers.erase(worker);
    for (WorkerId& owner : owners)
      if (owner == worker) owner = 0;
  }
  std::size_t owned_by(WorkerId worker) const {
    return static_cast<std::size_t>(std::count(owners.begin(), owners.end(), worker));
  }
  /// Answers what hung.
  void answer_hung() {
    for (auto& task : std::exchange(hung, {})) task();
  }
  /// Does and answers what was held.
  void let_go() {
    held_calls.clear();
    for (auto& task : std::exchange(held, {})) task();
  }

  WorkerId next_worker = 1;
  std::map<WorkerId, WorkerView> workers;
  std::array<WorkerId, kPartitions> owners{};
  std::vector<HandedDelivery> handed;
  milliseconds store_ahead{0};
  std::set<EventLoop*> cut_off;      ///< their calls fail, and nothing is done
  std::set<EventLoop*> hanging;      ///< their calls are done, and answered by answer_hung()
  std::set<std::string> held_calls;  ///< calls of these names are neither done nor answered before let_go()
  std::vector<std::function<void()>> held;
  std::vector<std::string> calls;
  std::vector<std::size_t> claims;  ///< how many each brought
  std::vector<std::function<void()>> hung;

 private:
  static Error fenced() { return {ErrorCode::kNotOwner, "fenced", {}}; }
  template <class T, class Do>
  void call(EventLoop& loop, std::string name, Completion<Result<T>> done, Do act) {
    const bool is_held = held_calls.contains(name);
    calls.push_back(std::move(name));
    auto shared = std::make_shared<Completion<Result<T>>>(std::move(done));
    const auto run = [this, &loop, shared, act] {
      Result<T> result = cut_off.contains(&loop) ? Result<T>(Error{ErrorCode::kUnavailable, "cut off", {}}) : act();
      const auto answer = [&loop, shared, result] { loop.post([shared, result] { std::move (*shared)(result); }); };
      if (hanging.contains(&loop)) return hung.push_back(answer);
      answer();
    };
    if (is_held) return held.push_back(run);
    run();
  }
};

}  // namespace eventrelay
