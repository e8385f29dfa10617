// Who is calling, and may they. One loop's; reads its catalog.
#pragma once
#include <optional>
#include <string_view>

#include "api/router.h"
#include "engine/catalog.h"

namespace eventrelay {

/// The key's text from `Authorization: Bearer KEY`, else from `X-API-Key`; empty when there is none.
std::string_view presented_key(const HttpRequest& request);
/// nullptr: nobody that is known. Valid until the catalog's next change.
const ApiKey* authenticate(const HttpRequest& request, const LoopCatalog& catalog);
bool may(Scope scope, Access access);

HttpResponse unauthorized();
HttpResponse forbidden(Access access);

}  // namespace eventrelay
