#include "api/password_hasher.h"

#include <sodium.h>

#include <array>
#include <stdexcept>

namespace eventrelay {
namespace {

constexpr unsigned long long kArgonPasses = 2;
constexpr std::size_t kArgonMemoryBytes = 19 * 1024 * 1024;

/// Of no password: what a password is held against where there is no account.
constexpr const char* kNobodysHash =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5J3MgcGFzc3dkIQ$dGhlIHBhc3N3b3JkIG9mIG5vYm9keSBhdCBhbGwhISE";

Error no_room() {
  return unavailable("Too many passwords are being checked");
}

Result<std::string> argon2id(const std::string& password) {
  std::array<char, crypto_pwhash_STRBYTES> text{};
  const int failed = crypto_pwhash_str_alg(text.data(), password.data(), password.size(), kArgonPasses,
                                           kArgonMemoryBytes, crypto_pwhash_ALG_ARGON2ID13);
  if (failed != 0) return unavailable("There is no memory to hash a password");
  return std::string(text.data());
}

bool is_of_hash(const std::string& hash, const std::string& password) {
  const char* text = hash.empty() ? kNobodysHash : hash.c_str();
  return crypto_pwhash_str_verify(text, password.data(), password.size()) == 0;
}

template <class T>
void post_answer(EventLoop& loop, Completion<Result<T>> done, Result<T> answer) {
  loop.post([done = std::move(done), answer = std::move(answer)]() mutable { std::move(done)(std::move(answer)); });
}

}  // namespace

PasswordHasher::PasswordHasher() {
  if (sodium_init() < 0) throw std::runtime_error("libsodium cannot be used: the system has no source of chance");
}

void PasswordHasher::hash(EventLoop& loop, std::string password, Completion<Result<std::string>> done) {
  thread_.run([&loop, password = std::move(password), done = std::move(done)](bool run) mutable {
    post_answer<std::string>(loop, std::move(done), run ? argon2id(password) : Result<std::string>(no_room()));
  });
}

void PasswordHasher::verify(EventLoop& loop, std::string hash, std::string password, Completion<Result<bool>> done) {
  thread_.run([&loop, hash = std::move(hash), password = std::move(password),
               done = std::move(done)](bool run) mutable {
    post_answer<bool>(loop, std::move(done), run ? Result<bool>(is_of_hash(hash, password)) : Result<bool>(no_room()));
  });
}

}  // namespace eventrelay
