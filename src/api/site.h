// How browsers reach this installation, and what follows from it: the cookie, the one origin that may ask for changes,
// the links. Values and pure functions; any thread.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/target_url.h"
#include "net/http_types.h"

namespace eventrelay {

struct Site {
  /// "https://hooks.example.com": what every link begins with. Named by the operator, or where the process listens.
  std::string url;
  bool is_public = false;    ///< named by the operator
  bool is_loopback = false;  ///< the process listens on loopback alone
  std::vector<Cidr> trusted_proxies;

  /// Elsewhere passwords and cookies would cross a network in the clear.
  bool can_sign_in() const { return is_public || is_loopback; }
  bool is_secure() const { return is_public && url.starts_with("https://"); }
};

bool is_loopback(const IpAddress& address);

/// The value of this site's session cookie; empty: none came.
std::string_view session_cookie(const Site& site, const HttpRequest& request);
/// For Set-Cookie. token: empty ends the cookie.
std::string set_session_cookie(const Site& site, std::string_view token);

/// What is sent to somebody who is to join: a fragment, which browsers keep to themselves, so that it is in no log.
std::string accept_link(const Site& site, std::string_view token);

/// 403 for a request that changes something and does not come from a page of this site. Without Origin and
/// Sec-Fetch-Site it comes from no browser, and passes.
std::optional<HttpResponse> origin_refusal(const Site& site, const HttpRequest& request);
/// 403 with the reason where nobody can sign in.
std::optional<HttpResponse> sign_in_refusal(const Site& site);

/// Who asks: the peer, or whom its X-Forwarded-For names where the peer is a trusted proxy.
std::string client_address(const Site& site, const HttpRequest& request);

}  // namespace eventrelay
