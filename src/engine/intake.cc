#include "engine/intake.h"

namespace eventrelay {

void Intake::accept(OrganizationId organization, std::vector<NewEvent> events, std::optional<IdempotencyClaim> key,
                    Completion<Result<IngestResult>> done) {
  const WebhookIndex& webhooks = catalog_.webhooks();
  std::size_t deliveries = 0;
  for (NewEvent& event : events) {
    event.targets = webhooks.match(organization, event.type, event.tenant);
    deliveries += event.targets.size();
  }
  if (deliveries > kTargetsPerCommitItemMax) {
    Error error{ErrorCode::kTooLarge, "The events match more webhooks than one request may deliver to", {}};
    loop_.post(Completion<>([done = std::move(done), error = std::move(error)]() mutable { std::move(done)(error); }));
    return;
  }
  IngestIntent intent;
  intent.organization = organization;
  intent.events = std::move(events);
  intent.key = std::move(key);
  intent.catalog_version = webhooks.version(organization);
  store_.ingest(loop_, std::move(intent), std::move(done));
}

}  // namespace eventrelay
