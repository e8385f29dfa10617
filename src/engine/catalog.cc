#include "engine/catalog.h"

namespace eventrelay {

void LoopCatalog::apply(const KeyChange& change) {
  if (change.deleted) {
    keys_.erase(change.key.hash);
  } else {
    keys_.insert_or_assign(change.key.hash, change.key);
  }
}

const ApiKey* LoopCatalog::find_key(std::string_view text) const {
  return find_key(sha256(text));
}

const ApiKey* LoopCatalog::find_key(const Sha256& hash) const {
  // The look-up's time depends on the hash, which an attacker cannot steer; equality is settled in constant time.
  const auto found = keys_.find(hash);
  if (found == keys_.end() || !equal_constant_time(as_bytes(found->first), as_bytes(hash))) return nullptr;
  return &found->second;
}

}  // namespace eventrelay
