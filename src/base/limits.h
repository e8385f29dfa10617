// Every limit that more than one file must know, by name. docs/operations.md lists them for operators.
#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace eventrelay {

using namespace std::chrono_literals;

// Ingest.
inline constexpr std::size_t kEventBytesDefault = 256 * 1024;    ///< request body of one event
inline constexpr std::size_t kEventBytesMax = 10 * 1024 * 1024;  ///< the most that can be configured
inline constexpr std::size_t kBatchBytesMax = 10 * 1024 * 1024;  ///< request body of a batch
inline constexpr std::size_t kBatchEventsMax = 1'000;
inline constexpr std::size_t kJsonDepthMax = 128;
inline constexpr std::size_t kEventTypeCharsMax = 128;
inline constexpr std::size_t kTenantCharsMax = 128;
inline constexpr std::size_t kMetadataBytesMax = 4 * 1024;
inline constexpr std::size_t kIdempotencyKeyCharsMax = 255;
inline constexpr auto kIdempotencyKeyKept = 24h;
inline constexpr auto kDeliverAheadMax = 24h * 30;
inline constexpr std::size_t kIngestBytesMax = 256 * 1024 * 1024;  ///< bodies being taken in, all connections
inline constexpr std::size_t kTargetsPerCommitItemMax = 100'000;   ///< deliveries that one request may make

// Webhooks.
inline constexpr std::size_t kUrlCharsMax = 2'048;
inline constexpr std::size_t kDescriptionCharsMax = 1'024;
inline constexpr std::size_t kEventTypePatternsMax = 100;
inline constexpr std::size_t kWebhookHeadersMax = 20;
inline constexpr std::size_t kWebhookHeaderBytesMax = 4 * 1024;  ///< names and values together
inline constexpr std::uint32_t kMaxInFlightDefault = 32;
inline constexpr std::uint32_t kMaxInFlightMax = 1'000;
inline constexpr auto kAttemptTimeoutDefault = 15s;
inline constexpr auto kAttemptTimeoutMin = 1s;
inline constexpr auto kAttemptTimeoutMax = 30s;
inline constexpr std::size_t kSecretBytesMin = 24;
inline constexpr std::size_t kSecretBytesMax = 64;
inline constexpr auto kSecretOverlap = 24h;  ///< the old secret signs too after a rotation
inline constexpr std::uint32_t kRetryAttemptsMax = 100;
inline constexpr auto kRetryWaitMax = 24h * 30;  ///< one wait of a policy or schedule
inline constexpr auto kRetryAfterMax = 24h;
inline constexpr auto kDisableAfterFailing = 24h * 5;

// Delivery.
inline constexpr std::size_t kResponseBytesKept = 16 * 1024;
inline constexpr std::size_t kResponseHeaderBytesMax = 32 * 1024;
inline constexpr auto kConnectDeadline = 5s;
inline constexpr std::size_t kLaneEntriesMax = 4'096;  ///< window of one lane
inline constexpr std::size_t kLanePayloadBytesMax = 8 * 1024 * 1024;
inline constexpr std::size_t kWindowEntriesMax = 131'072;  ///< windows of all lanes of a process
inline constexpr std::size_t kWindowPayloadBytesMax = 64 * 1024 * 1024;
inline constexpr std::size_t kRefillRowsMax = 1'024;
inline constexpr std::size_t kScanLanesMax = 1'000;    ///< lanes found by one read
inline constexpr auto kRetryHorizon = 30s;             ///< a retry further off leaves memory
inline constexpr std::size_t kUncommittedMax = 8'192;  ///< sent, outcome not committed yet

// The built-in test receiver.
inline constexpr std::size_t kReceiverIdCharsMax = 64;
inline constexpr std::size_t kReceiverRequestsKept = 50;  ///< of one receiver
inline constexpr std::size_t kReceiverBodyBytesKept = 16 * 1024;
inline constexpr std::size_t kReceiversOfOrganizationMax = 20;      ///< the one that was used least recently goes
inline constexpr std::size_t kReceiversMax = 500;                   ///< of all organizations; likewise
inline constexpr std::size_t kReceiverBytesMax = 32 * 1024 * 1024;  ///< of all requests, in memory; likewise
inline constexpr auto kReceiverKept = 1h;                           ///< a request; a receiver without use

// Lists.
inline constexpr std::size_t kPageDefault = 50;
inline constexpr std::size_t kPageMax = 250;
inline constexpr std::size_t kRowsExaminedMax = 10'000;  ///< rows a list looks at for one page
inline constexpr auto kQueryTimeout = 1s;                ///< no reader's transaction lasts longer

// Reports of what is counted.
inline constexpr auto kMinuteCountsKept = 25h;
inline constexpr auto kHourCountsKept = 24h * 31;
inline constexpr std::size_t kWebhookCountsMax = 1'000;  ///< webhooks in one report

// Jobs.
inline constexpr std::size_t kJobSliceRows = 500;
inline constexpr std::uint32_t kJobRateMax = 10'000;  ///< deliveries a second

// People.
inline constexpr std::size_t kEmailCharsMax = 254;
inline constexpr auto kSessionIdleMax = 24h * 7;
inline constexpr auto kSessionMax = 24h * 30;
/// Those that have ended count too, and go first; then the one that was used least recently.
inline constexpr std::size_t kSessionsOfUserMax = 100;
inline constexpr auto kAddressKnown = 24h * 30;  ///< after the end of the last session that began there
inline constexpr auto kInvitationLife = 24h * 7;
inline constexpr std::size_t kOrganizationsOfUserMax = 100;

// The stream of what happens.
inline constexpr std::size_t kStreamReadersMax = 1'000;            ///< of a process; one more is answered 503
inline constexpr std::size_t kActivityRecordsKept = 5'000;         ///< of an organization, the newest
inline constexpr auto kActivityKept = 5min;                        ///< none longer; and so long after its last reader
inline constexpr std::size_t kActivityBytesMax = 8 * 1024 * 1024;  ///< of all organizations, in each process
/// Of an organization in one process, of events and deliveries; above it their counts are told.
inline constexpr std::size_t kStreamSinglesPerSecond = 200;
inline constexpr std::size_t kStreamBehindBytesMax = 64 * 1024;  ///< a reader further behind is closed
inline constexpr auto kStreamBehindMax = 10s;                    ///< or so long
inline constexpr auto kStreamHeartbeat = 15s;
inline constexpr auto kStreamCheckEvery = 3s;     ///< whether a reader still may
inline constexpr auto kStreamUncheckedMax = 30s;  ///< a reader of whom the store cannot say it for so long is closed

// Storage.
inline constexpr std::size_t kNamesCachedMax = 100'000;  ///< event types and tenants; past it all are read again

// Housekeeping.
inline constexpr int kRetentionDaysMax = 3'650;  ///< that can be configured; 0: everything is kept

}  // namespace eventrelay
