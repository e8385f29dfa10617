// The SQLite store on a directory of its own, removed at the end.
#pragma once
#include <sqlite3.h>

#include <filesystem>
#include <stdexcept>
#include <string>

#include "storage/sqlite_store.h"
#include "tests/storage/store_suite.h"

namespace eventrelay {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "eventrelay-test-XXXXXX").string();
    if (!mkdtemp(name.data())) throw std::runtime_error("no temporary directory");
    path_ = name;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class SqliteHarness final : public StoreHarness {
 public:
  SqliteHarness() { open(); }
  ~SqliteHarness() override { store_.reset(); }
  Store& store() override { return *store_; }
  StoreQueries& queries() override { return *store_; }
  PeopleStore& people() override { return *store_; }
  void reopen() override {
    store_.reset();
    open();
  }
  std::string sql(const std::string& text) override {
    sqlite3* raw = nullptr;
    sqlite3_open(file().c_str(), &raw);
    sqlite3_busy_timeout(raw, 10'000);
    std::string first;
    const auto keep = [](void* to, int columns, char** values, char**) {
      if (columns > 0 && values[0]) *static_cast<std::string*>(to) = values[0];
      return 0;
    };
    const int result = sqlite3_exec(raw, text.c_str(), keep, &first, nullptr);
    const std::string fault = sqlite3_errmsg(raw);
    sqlite3_close(raw);
    if (result != SQLITE_OK) throw std::runtime_error(fault);
    return first;
  }
  void close() { store_.reset(); }
  const std::string& directory() const { return directory_.path(); }
  std::string file() const { return directory() + "/eventrelay.db"; }

 private:
  void open() {
    SqliteOptions options;
    options.data_dir = directory_.path();
    options.retention_days = retention_days;
    options.clock = [this] { return now(); };
    auto opened = SqliteStore::open(options, hand_over, metrics);
    if (!opened) throw std::runtime_error(opened.error().message);
    store_ = std::move(*opened);
  }

  TemporaryDirectory directory_;
  std::unique_ptr<SqliteStore> store_;
};

}  // namespace eventrelay
