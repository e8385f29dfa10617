// Reads the parameters of lists and of bulk actions: filters, page, cursor. What is unknown or wrong is a fault with
// the parameter's name as its path. Values; one caller's.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ports/store_queries.h"

namespace eventrelay {

/// Parameters by name, taken out one by one; what is left at the end was unknown.
class Parameters {
 public:
  /// A URL's query: `a=1&b=2`, percent-encoded, `+` for a space.
  static Parameters from_query(std::string_view query);
  explicit Parameters(std::map<std::string, std::string> values) : values_(std::move(values)) {}

  std::optional<std::string> take(const std::string& name);
  void fault(std::string path, std::string message) { faults_.push_back({std::move(path), std::move(message)}); }

  /// `after` and `before` of a list.
  std::optional<WallTime> take_time(const std::string& name);
  std::optional<WebhookId> take_webhook_id();
  std::string take_type();
  std::string take_tenant();
  DeliveryFilter take_delivery_filter(bool with_state);
  EventFilter take_event_filter();

  /// What to look up, and what the list's cursors are bound to. Take the filters before: list is `name`, whose it is,
  /// and them.
  PageRequest take_page(std::string_view list_name, OrganizationId organization);
  /// The cursor of the next page; null for 0. After take_page().
  std::string next_cursor(std::int64_t next) const;

  /// All faults, those of unknown parameters too; empty when everything is well.
  std::vector<FieldError> finish();

 private:
  template <class T, class Parse>
  std::optional<T> take_parsed(const std::string& name, Parse parse, const char* message);

  std::map<std::string, std::string> values_;
  std::vector<FieldError> faults_;
  std::string list_;  ///< the filters taken so far, then the whole list's name
};

/// `%41` and `+` decoded; nullopt where that is not valid UTF-8 or a percent sign stands alone.
std::optional<std::string> decode_query_text(std::string_view text);

}  // namespace eventrelay
