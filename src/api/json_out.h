// How the store's rows look from outside: one function a kind, each appends one JSON object. Pure functions; any
// thread.
#pragma once
#include <string>

#include "api/json_writer.h"
#include "domain/api_key.h"
#include "net/http_types.h"
#include "ports/receiver.h"
#include "ports/store_queries.h"

namespace eventrelay {

void write_event(JsonWriter& json, const EventRow& event);
void write_event_detail(JsonWriter& json, const EventDetail& detail);
void write_delivery(JsonWriter& json, const DeliveryRow& delivery);
/// header_values: show those of the headers that a webhook can have set: to those who may change them.
void write_delivery_detail(JsonWriter& json, const DeliveryDetail& detail, bool header_values);

struct WebhookView {
  bool header_values = false;  ///< show them: to those who may change them
  bool secret = false;
};
void write_webhook(JsonWriter& json, const Webhook& webhook, WebhookView view);
void write_job(JsonWriter& json, const JobRow& job);
/// header_values: as of write_delivery_detail.
void write_received(JsonWriter& json, const ReceivedRequest& request, bool header_values);
/// key: its text, shown once; empty: left out.
void write_api_key(JsonWriter& json, const ApiKey& key, std::string_view text = {});
void write_metrics(JsonWriter& json, const MetricsReport& report, std::string_view window);
void write_webhook_counts(JsonWriter& json, const WebhookCounts& counts);

/// An answer with a JSON body.
HttpResponse json_response(int status, JsonWriter json);
/// Of a handler that waits for nothing.
Awaitable<HttpResponse> answer_at_once(HttpResponse response);

/// {"data":[…],"next_cursor":…}. next_cursor: JSON. write: one row.
template <class Row, class Write>
HttpResponse list_response(const std::vector<Row>& rows, const std::string& next_cursor, Write write) {
  JsonWriter json;
  json.open('{').key("data").open('[');
  for (const auto& row : rows) write(json, row);
  json.close(']').key("next_cursor").raw(next_cursor).close('}');
  return json_response(200, std::move(json));
}

}  // namespace eventrelay
