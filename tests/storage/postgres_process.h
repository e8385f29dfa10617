// A process of an installation on PostgreSQL, as its loops see it: the store, open, with the catalog taken.
#pragma once
#include <stdexcept>
#include <string>

#include "storage/postgres_store.h"
#include "tests/storage/store_suite.h"
#include "tests/support/test_loop.h"

namespace eventrelay::test {

struct Process {
  explicit Process(const std::string& url) {
    PostgresOptions options;
    options.url = url;
    options.name = "test";
    auto opened = PostgresStore::open(options, hand_over, metrics);
    if (!opened) throw std::runtime_error(opened.error().message);
    store = std::move(*opened);
    if (!store->load_catalog()) throw std::runtime_error("no catalog");
  }

  static IngestIntent event() {
    IngestIntent intent;
    intent.organization = kOrg;
    intent.events.push_back({"order.created", "", {}, "", "{}", {}});
    intent.catalog_version = ~0ull;  // matched by the store
    return intent;
  }
  static Change webhook() {
    CreateWebhook change{kOrg, {}, Secret{std::string(32, 's')}};
    change.spec.url = "https://example.com/";
    change.spec.event_types = {"*"};
    return change;
  }
  Result<IngestResult> send(IngestIntent intent = event()) {
    return loop.wait<Result<IngestResult>>(
        [&](auto done) { store->ingest(loop.loop(), std::move(intent), std::move(done)); });
  }
  Result<ChangeResult> change(Change what) {
    return loop.wait<Result<ChangeResult>>(
        [&](auto done) { store->change(loop.loop(), std::move(what), std::move(done)); });
  }

  TestLoop loop;
  RecordingHandOver hand_over;
  Metrics metrics;
  std::unique_ptr<PostgresStore> store;
};

}  // namespace eventrelay::test
