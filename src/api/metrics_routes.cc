// GET /api/metrics and /api/metrics/webhooks: exact counts of a window.
#include <algorithm>
#include <array>
#include <span>

#include "api/routes.h"

namespace eventrelay {
namespace {

struct Window {
  std::string_view name;
  MetricsWindow window;
};
constexpr std::array kWindows = {Window{"15m", MetricsWindow::k15m}, Window{"1h", MetricsWindow::k1h},
                                 Window{"6h", MetricsWindow::k6h},   Window{"24h", MetricsWindow::k24h},
                                 Window{"7d", MetricsWindow::k7d},   Window{"30d", MetricsWindow::k30d}};
constexpr std::array kWebhookWindows = {Window{"1h", MetricsWindow::k1h}, Window{"24h", MetricsWindow::k24h}};

/// The first where none is named, or a wrong one: that is a fault then.
Window take_window(Parameters& parameters, std::span<const Window> windows, const char* message) {
  const auto name = parameters.take("window");
  if (!name) return windows.front();
  const auto found = std::find_if(windows.begin(), windows.end(), [&](const Window& w) { return w.name == *name; });
  if (found != windows.end()) return *found;
  parameters.fault("window", message);
  return windows.front();
}

Awaitable<HttpResponse> get_metrics(ApiContext& api, ApiCall call) {
  auto parameters = Parameters::from_query(call.query);
  const Window window = take_window(parameters, kWindows, "must be 15m, 1h, 6h, 24h, 7d or 30d");
  const auto webhook = parameters.take_webhook_id();
  if (const auto faults = parameters.finish(); !faults.empty()) co_return invalid_query(faults);
  auto read = api.queries.metrics(api.loop, call.organization, window.window, webhook);
  const auto report = co_await std::move(read);
  if (!report) co_return problem_of(report.error());
  JsonWriter json;
  write_metrics(json, *report, window.name);
  co_return json_response(200, std::move(json));
}

Awaitable<HttpResponse> list_webhook_counts(ApiContext& api, ApiCall call) {
  auto parameters = Parameters::from_query(call.query);
  const Window window = take_window(parameters, kWebhookWindows, "must be 1h or 24h");
  if (const auto faults = parameters.finish(); !faults.empty()) co_return invalid_input(faults);
  auto read = api.queries.webhook_counts(api.loop, call.organization, window.window);
  const auto rows = co_await std::move(read);
  if (!rows) co_return problem_of(rows.error());
  JsonWriter json;
  json.open('{').key("data").open('[');
  for (const WebhookCounts& counts : *rows) write_webhook_counts(json, counts);
  json.close(']').close('}');
  co_return json_response(200, std::move(json));
}

}  // namespace

void add_metrics_routes(Router& router) {
  router.add("GET", "/api/metrics", Access::kViewer, Takes::kQuery, get_metrics);
  router.add("GET", "/api/metrics/webhooks", Access::kViewer, Takes::kQuery, list_webhook_counts);
}

}  // namespace eventrelay
