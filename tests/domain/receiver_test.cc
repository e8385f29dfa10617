#include "domain/receiver.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "domain/webhook.h"

namespace eventrelay {
namespace {

std::string id_in(std::string_view text) {
  const auto url = parse_target_url(text);
  EXPECT_TRUE(url) << text;
  return std::string(receiver_id(*url).value_or("none"));
}

std::vector<FieldError> faults_of_url(std::string url) {
  WebhookSpec spec;
  spec.url = std::move(url);
  spec.event_types = {"*"};
  return webhook_faults(spec);
}

TEST(Receiver, has_its_id_as_the_whole_path) {
  EXPECT_EQ(id_in("http://receiver.eventrelay.internal/try-1"), "try-1");
  EXPECT_EQ(id_in("HTTP://Receiver.EventRelay.Internal:80/a"), "a");
  const std::string longest(kReceiverIdCharsMax, 'z');
  EXPECT_EQ(id_in("http://receiver.eventrelay.internal/" + longest), longest);
  const std::vector<std::string> others{"", "/", "/A", "/a/b", "/a?b", "/a_b", "/%61", ":8080/a", "/" + longest + "z"};
  for (const std::string& rest : others) EXPECT_EQ(id_in("http://receiver.eventrelay.internal" + rest), "none") << rest;
  EXPECT_EQ(id_in("https://receiver.eventrelay.internal/a"), "none");
  EXPECT_EQ(id_in("http://x.receiver.eventrelay.internal/a"), "none");
}

TEST(Receiver, is_a_webhooks_url_in_that_form_alone) {
  EXPECT_TRUE(faults_of_url("http://receiver.eventrelay.internal/try-1").empty());
  EXPECT_TRUE(faults_of_url("http://receiver.eventrelay.example/A").empty()) << "another host";
  for (const std::string url : {"http://receiver.eventrelay.internal/", "http://receiver.eventrelay.internal/a/b",
                                "https://receiver.eventrelay.internal/a"}) {
    const auto faults = faults_of_url(url);
    ASSERT_EQ(faults.size(), 1u) << url;
    EXPECT_EQ(faults[0].path, "url");
  }
}

}  // namespace
}  // namespace eventrelay
