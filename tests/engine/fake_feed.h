// A feed and a commit log that the test answers for. Single-threaded.
#pragma once
#include <functional>
#include <utility>
#include <vector>

#include "ports/commit_log.h"
#include "ports/feed.h"
#include "tests/engine/fake_store.h"

namespace eventrelay {

class FakeFeed final : public Feed {
 public:
  void listen(std::function<void(Arrival)> to) override { sink = std::move(to); }
  void follow(const PartitionSet& partitions, std::function<void(bool)> noted) override {
    followed = partitions;
    open.push_back(std::move(noted));
  }
  bool is_up() const override { return up; }
  /// All that was asked to be followed is noted.
  void note() {
    for (auto& noted : std::exchange(open, {})) noted(up);
  }

  std::function<void(Arrival)> sink;
  PartitionSet followed;
  std::vector<std::function<void(bool)>> open;
  bool up = true;
};

class FakeCommitLog final : public CommitLog {
 public:
  struct NewsQuery {
    std::vector<std::uint64_t> commits;
    PartitionSet partitions;
  };
  void read_commits(EventLoop& loop, ReadPoint since, Completion<Result<CommitPage>> done) override {
    pages.add(loop, std::move(since), std::move(done));
  }
  void read_news(EventLoop& loop, std::vector<std::uint64_t> commits, PartitionSet partitions,
                 Completion<Result<CommitNews>> done) override {
    news.add(loop, {std::move(commits), partitions}, std::move(done));
  }
  void catch_up(EventLoop& loop, std::vector<CatalogMark> marks, Completion<Result<void>> done) override {
    catalogs.add(loop, std::move(marks), std::move(done));
  }

  Questions<ReadPoint, CommitPage> pages;
  Questions<NewsQuery, CommitNews> news;
  Questions<std::vector<CatalogMark>, void> catalogs;
};

}  // namespace eventrelay
