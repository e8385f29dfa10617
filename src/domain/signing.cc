#include "domain/signing.h"

#include "base/crypto.h"

namespace eventrelay {
namespace {

void append_signature(std::string& header, const Secret& secret, std::string_view id, std::string_view timestamp,
                      std::string_view body) {
  auto digest = hmac_sha256(secret.bytes, {id, ".", timestamp, ".", body});
  header += "v1,";
  header += base64_encode(as_bytes(digest));
}

}  // namespace

std::string signature_header(const Webhook& webhook, std::string_view message_id, std::int64_t timestamp_s,
                             std::string_view body, WallTime now) {
  auto timestamp = std::to_string(timestamp_s);
  std::string header;
  append_signature(header, webhook.secret, message_id, timestamp, body);
  if (webhook.old_secret && now < webhook.old_secret_until) {
    header += ' ';
    append_signature(header, *webhook.old_secret, message_id, timestamp, body);
  }
  return header;
}

}  // namespace eventrelay
