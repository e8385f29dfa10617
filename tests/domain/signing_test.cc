#include "domain/signing.h"

#include <gtest/gtest.h>

namespace eventrelay {
namespace {

// The vector of the Standard Webhooks specification's own libraries.
constexpr std::string_view kId = "msg_p5jXN8AQM9LWM0D4loKWxJek";
constexpr std::int64_t kTimestamp = 1'614'265'330;
constexpr std::string_view kBody = R"({"test": 2432232314})";
constexpr std::string_view kSignature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

Webhook webhook_of_the_vector() {
  Webhook webhook;
  webhook.secret = parse_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").value();
  return webhook;
}

TEST(Signing, gives_the_specifications_vector) {
  EXPECT_EQ(signature_header(webhook_of_the_vector(), kId, kTimestamp, kBody, from_unix_ms(0)), kSignature);
}

TEST(Signing, covers_id_timestamp_and_body) {
  auto webhook = webhook_of_the_vector();
  EXPECT_NE(signature_header(webhook, "msg_other", kTimestamp, kBody, from_unix_ms(0)), kSignature);
  EXPECT_NE(signature_header(webhook, kId, kTimestamp + 1, kBody, from_unix_ms(0)), kSignature);
  EXPECT_NE(signature_header(webhook, kId, kTimestamp, R"({"test": 2432232315})", from_unix_ms(0)), kSignature);
  webhook.secret.bytes.back() ^= 1;
  EXPECT_NE(signature_header(webhook, kId, kTimestamp, kBody, from_unix_ms(0)), kSignature);
}

TEST(Signing, during_a_rotation_carries_the_new_secrets_and_the_old_ones) {
  auto webhook = webhook_of_the_vector();
  webhook.old_secret = webhook.secret;
  webhook.secret = Secret{std::string(32, 'n')};
  webhook.old_secret_until = from_unix_ms(1'000);

  auto both = signature_header(webhook, kId, kTimestamp, kBody, from_unix_ms(999));
  auto alone = signature_header(webhook, kId, kTimestamp, kBody, from_unix_ms(1'000));
  EXPECT_EQ(both, alone + " " + std::string(kSignature));
  EXPECT_EQ(alone.find(' '), std::string::npos);
  EXPECT_NE(alone, kSignature);
}

}  // namespace
}  // namespace eventrelay
