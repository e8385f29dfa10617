#include "api/site.h"

#include <algorithm>

#include "api/problem.h"
#include "base/limits.h"
#include "domain/header_rules.h"

namespace eventrelay {
namespace {

/// A browser takes it over TLS alone, from this very host, and for all of its paths.
constexpr std::string_view kSecureCookie = "__Host-eventrelay";
constexpr std::string_view kPlainCookie = "eventrelay";

std::string_view cookie_name(const Site& site) {
  return site.is_secure() ? kSecureCookie : kPlainCookie;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool is_safe(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "OPTIONS";
}

/// Without a public URL: http, and a host that no name server can give to somebody else.
bool is_local_origin(std::string_view origin, std::string_view host) {
  const auto url = parse_target_url(origin);
  if (!url || url->tls || !equal_ignoring_case(origin, "http://" + std::string(host))) return false;
  const auto address = IpAddress::parse(url->host);
  return address ? is_loopback(*address) : url->host == "localhost";
}

bool is_own_origin(const Site& site, const HttpRequest& request, std::string_view origin) {
  if (site.is_public) return equal_ignoring_case(origin, site.url);
  return is_local_origin(origin, request.header("host"));
}

HttpResponse foreign(const Site& site) {
  const auto* const hint = site.is_public ? "" : " If it is one of its own pages behind a proxy, set --public-url.";
  return problem(403, "foreign_origin", "The request does not come from a page of this server." + std::string(hint));
}

bool is_trusted(const Site& site, const IpAddress& address) {
  return std::any_of(site.trusted_proxies.begin(), site.trusted_proxies.end(),
                     [&](const Cidr& network) { return network.contains(address); });
}

/// As people write it: an IPv4 address of a socket that takes both without its prefix.
std::string shown_address(std::string_view text) {
  constexpr std::string_view kMapped = "::ffff:";
  if (text.starts_with(kMapped) && text.find('.') != std::string_view::npos) text.remove_prefix(kMapped.size());
  return std::string(text);
}

}  // namespace

bool is_loopback(const IpAddress& address) {
  static const auto v4 = Cidr::parse("127.0.0.0/8").value();
  static const auto v6 = IpAddress::parse("::1").value();
  return v4.contains(address) || address == v6;
}

std::string_view session_cookie(const Site& site, const HttpRequest& request) {
  const auto wanted = cookie_name(site);
  for (const auto& [name, value] : request.headers) {
    if (!equal_ignoring_case(name, "cookie")) continue;
    for (std::string_view rest = value; !rest.empty();) {
      const auto pair = trimmed(rest.substr(0, rest.find(';')));
      rest.remove_prefix(std::min(rest.find(';'), rest.size() - 1) + 1);
      if (pair.size() > wanted.size() && pair.starts_with(wanted) && pair[wanted.size()] == '=') {
        return pair.substr(wanted.size() + 1);
      }
    }
  }
  return {};
}

std::string set_session_cookie(const Site& site, std::string_view token) {
  const auto life = token.empty() ? std::chrono::seconds{0} : std::chrono::seconds{kSessionMax};
  std::string cookie(cookie_name(site));
  cookie.append("=").append(token).append("; Path=/; Max-Age=").append(std::to_string(life.count()));
  cookie.append("; HttpOnly; SameSite=Strict");
  if (site.is_secure()) cookie.append("; Secure");
  return cookie;
}

std::string accept_link(const Site& site, std::string_view token) {
  return site.url + "/accept#token=" + std::string(token);
}

std::optional<HttpResponse> origin_refusal(const Site& site, const HttpRequest& request) {
  if (is_safe(request.method)) return std::nullopt;
  for (const auto& [name, value] : request.headers) {
    const bool is_fetch_site = equal_ignoring_case(name, "sec-fetch-site");
    if (is_fetch_site && value != "same-origin" && value != "none") return foreign(site);
    if (equal_ignoring_case(name, "origin") && !is_own_origin(site, request, value)) return foreign(site);
  }
  return std::nullopt;
}

std::optional<HttpResponse> sign_in_refusal(const Site& site) {
  if (site.can_sign_in()) return std::nullopt;
  return problem(403, "sign_in_off",
                 "Nobody can sign in here: the server listens on a network and does not know its public URL, so that "
                 "passwords and cookies would be sent in the clear. Set --public-url (EVENTRELAY_PUBLIC_URL).");
}

std::string client_address(const Site& site, const HttpRequest& request) {
  std::string_view nearest = request.remote_address;
  std::vector<std::string_view> forwarded;  // as the proxies appended
  for (const auto& [name, value] : request.headers) {
    if (!equal_ignoring_case(name, "x-forwarded-for")) continue;
    for (std::string_view rest = value; !rest.empty();) {
      const auto end = std::min(rest.find(','), rest.size());
      forwarded.push_back(trimmed(rest.substr(0, end)));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  // Each was named by the one after it; what is no address is named by nobody who can be trusted.
  for (auto address = IpAddress::parse(nearest); address && is_trusted(site, *address) && !forwarded.empty();) {
    address = IpAddress::parse(forwarded.back());
    if (address) nearest = forwarded.back();
    forwarded.pop_back();
  }
  return shown_address(nearest);
}

}  // namespace eventrelay
