// API keys: made, listed, deleted. A key's text is shown once, at its creation.
#include "api/people_body.h"
#include "api/routes.h"
#include "base/crypto.h"
#include "base/text.h"

namespace eventrelay {
namespace {

constexpr std::size_t kHintChars = 4;

struct KeyBody {
  std::string name;
  Scope scope = Scope::kAdmin;
  std::optional<HttpResponse> refusal;
};

KeyBody read_key(const HttpRequest& request) {
  KeyBody result;
  BodyReader body(request);
  if (body.object) {
    result.name = body.object->take_text("name").value_or("");
    if (count_characters(result.name) > kNameCharsMax) {
      body.object->fault("name", "must have at most " + std::to_string(kNameCharsMax) + " characters");
    }
    result.scope = take_required_word(body, "scope", parse_scope, "admin, publish or read").value_or(Scope::kRead);
  }
  body.finish();
  result.refusal = std::move(body.refusal);
  return result;
}

Awaitable<HttpResponse> create_key(ApiContext& api, ApiCall call) {
  auto body = read_key(call.request);
  if (body.refusal) co_return std::move(*body.refusal);
  const auto text = random_api_key();
  ApiKey key;
  key.organization = call.organization;
  key.name = std::move(body.name);
  key.scope = body.scope;
  key.hash = sha256(text);
  key.hint = text.substr(text.size() - kHintChars);
  Change intent = CreateApiKey{key};
  intent.audit = audit_of(api, call, "key.create");
  auto created = change(api, std::move(intent));
  const auto result = co_await std::move(created);
  if (!result) co_return problem_of(result.error());
  key.id = ApiKeyId{result->id};
  JsonWriter json;
  write_api_key(json, key, text);
  co_return json_response(201, std::move(json));
}

Awaitable<HttpResponse> list_keys(ApiContext& api, ApiCall call) {
  return list_all(api, std::move(call), "keys", api.queries, &StoreQueries::list_api_keys,
                  [](JsonWriter& json, const ApiKey& key) { write_api_key(json, key); });
}

Awaitable<HttpResponse> delete_key(ApiContext& api, ApiCall call) {
  const auto id = parse_id<ApiKeyId>(call.id);
  if (!id) co_return not_found();
  Change intent = DeleteApiKey{call.organization, *id};
  intent.audit = audit_of(api, call, "key.delete", to_text(*id));
  auto deleted = change(api, std::move(intent));
  const auto result = co_await std::move(deleted);
  co_return result ? no_content() : problem_of(result.error());
}

}  // namespace

void add_key_routes(Router& router) {
  router.add("GET", "/api/keys", Access::kAdmin, Takes::kQuery, list_keys);
  router.add("POST", "/api/keys", Access::kAdmin, Takes::kBody, create_key);
  router.add("DELETE", "/api/keys/{id}", Access::kAdmin, Takes::kNothing, delete_key);
}

}  // namespace eventrelay
