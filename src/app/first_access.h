// The ways in that a start makes where there is none: an API key, and the link to the first account. Both functions
// block, while the loops run; on main's thread.
#pragma once
#include <string>

#include "api/site.h"
#include "app/config.h"
#include "ports/people.h"
#include "ports/store.h"
#include "storage/postgres_store.h"

namespace eventrelay {

struct FirstAccess {
  EventLoop& loop;  ///< whose thread the answers come on
  Store& store;
  PeopleStore& people;
  PostgresStore* shared_store;  ///< where other processes start beside this one
  const Config& config;

  /// The configured key, or one of chance where there is none yet: that one is returned, to be shown once; otherwise an
  /// empty text. catalog: as it was when the loops began. Errors: kUnavailable.
  Result<std::string> make_api_key(const Catalog& catalog);
  /// By which the first administrator makes their account; empty once somebody has one, and where nobody can sign in.
  /// Errors: kUnavailable.
  Result<std::string> make_link(const Site& site);

 private:
  Result<void> add_key(const std::string& name, const std::string& key);
};

}  // namespace eventrelay
