// GET /api/metrics: exact counts of a window.
#include <array>

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

Awaitable<HttpResponse> get_metrics(ApiContext& api, ApiCall call) {
  auto parameters = Parameters::from_query(call.query);
  const auto name = parameters.take("window").value_or("15m");
  const auto* window = std::find_if(kWindows.begin(), kWindows.end(), [&](const auto& w) { return w.name == name; });
  if (window == kWindows.end()) parameters.fault("window", "must be 15m, 1h, 6h, 24h, 7d or 30d");
  if (const auto faults = parameters.finish(); !faults.empty()) co_return invalid_query(faults);
  auto read = api.queries.metrics(api.loop, call.organization, window->window);
  const auto report = co_await std::move(read);
  if (!report) co_return problem_of(report.error());
  JsonWriter json;
  write_metrics(json, *report, name);
  co_return json_response(200, std::move(json));
}

}  // namespace

void add_metrics_routes(Router& router) {
  router.add("GET", "/api/metrics", Access::kViewer, Takes::kQuery, get_metrics);
}

}  // namespace eventrelay
