#include "domain/header_rules.h"

#include <algorithm>
#include <array>

#include "base/limits.h"

namespace eventrelay {
namespace {

constexpr std::array<std::string_view, 11> kForbiddenNames{
    "connection",       "keep-alive", "te",     "trailer",        "transfer-encoding", "upgrade",
    "proxy-connection", "host",       "expect", "content-length", "content-type"};
constexpr std::array<std::string_view, 2> kForbiddenPrefixes{"proxy-", "webhook-"};
constexpr std::array<std::string_view, 3> kRedactedNames{"authorization", "proxy-authorization", "cookie"};
constexpr std::string_view kRedacted = "[redacted]";

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_token_character(char c) {
  if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) return true;
  return c != '\0' && std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool is_control_character(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

bool is_forbidden(std::string_view name) {
  auto same = [&](std::string_view other) { return equal_ignoring_case(name, other); };
  auto below = [&](std::string_view prefix) { return equal_ignoring_case(name.substr(0, prefix.size()), prefix); };
  return std::any_of(kForbiddenNames.begin(), kForbiddenNames.end(), same) ||
         std::any_of(kForbiddenPrefixes.begin(), kForbiddenPrefixes.end(), below);
}

/// Empty when the header is good.
std::string header_fault(const Header& header) {
  if (header.name.empty() || !std::all_of(header.name.begin(), header.name.end(), is_token_character)) {
    return "is not a valid header name";
  }
  if (is_forbidden(header.name)) return "may not be set";
  if (std::any_of(header.value.begin(), header.value.end(), is_control_character)) {
    return "may not have control characters in its value";
  }
  return "";
}

}  // namespace

std::vector<FieldError> header_faults(const Headers& headers) {
  std::vector<FieldError> faults;
  if (headers.size() > kWebhookHeadersMax) {
    faults.push_back({"headers", "may have at most " + std::to_string(kWebhookHeadersMax) + " entries"});
    return faults;
  }
  std::size_t bytes = 0;
  for (auto header = headers.begin(); header != headers.end(); ++header) {
    bytes += header->name.size() + header->value.size();
    auto fault = header_fault(*header);
    bool repeated = std::any_of(headers.begin(), header,
                                [&](const Header& other) { return equal_ignoring_case(other.name, header->name); });
    if (fault.empty() && repeated) fault = "is there twice";
    if (!fault.empty()) faults.push_back({"headers." + header->name, std::move(fault)});
  }
  if (bytes > kWebhookHeaderBytesMax) {
    faults.push_back({"headers", "may have at most " + std::to_string(kWebhookHeaderBytesMax) + " bytes in all"});
  }
  return faults;
}

std::string_view shown_value(std::string_view name, std::string_view value) {
  auto same = [&](std::string_view other) { return equal_ignoring_case(name, other); };
  return std::any_of(kRedactedNames.begin(), kRedactedNames.end(), same) ? kRedacted : value;
}

std::string_view shown_to_readers(std::string_view name, std::string_view value) {
  return is_forbidden(name) ? value : kRedacted;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace eventrelay
