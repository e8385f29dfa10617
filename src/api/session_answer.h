// What signing in, /api/auth/me and the like answer: who, where, as what, and where else they could be. One loop's.
#pragma once
#include <string>

#include "api/routes.h"

namespace eventrelay {

Awaitable<HttpResponse> session_answer(ApiContext& api, Session session);
/// After a change, and so never an error: where the other organizations cannot be read they are left out. token: of a
/// session that has just begun, which the answer's cookie hands over; empty: none has.
Awaitable<HttpResponse> changed_session_answer(ApiContext& api, int status, Session session, std::string token = {});

/// 429 where the attempt has to wait; else it counts as one.
std::optional<HttpResponse> throttle_refusal(ApiContext& api, const Throttle::Attempt& attempt);
/// address: as client_address() gives it.
Throttle::Attempt attempt_from(const std::string& address, std::string account, bool trusted = false);

}  // namespace eventrelay
