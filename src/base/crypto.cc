#include "base/crypto.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>

namespace eventrelay {
namespace {

/// OpenSSL fails here only without memory or without its built-in algorithms.
void require(bool ok, const char* what) {
  if (ok) return;
  std::fprintf(stderr, "eventrelay: OpenSSL failed: %s\n", what);
  std::abort();
}

struct FreeDigest {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
struct FreeMac {
  void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};

const EVP_MD* sha256_algorithm() {
  // Fetched once and never freed: a look-up by name at each call costs more than the hash.
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  require(algorithm != nullptr, "SHA256");
  return algorithm;
}

EVP_MAC_CTX* make_hmac_context() {
  static EVP_MAC* const algorithm = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  require(algorithm != nullptr, "HMAC");
  EVP_MAC_CTX* context = EVP_MAC_CTX_new(algorithm);
  char digest[] = "SHA256";
  OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                         OSSL_PARAM_construct_end()};
  require(context != nullptr && EVP_MAC_CTX_set_params(context, params) == 1, "HMAC-SHA256");
  return context;
}

const unsigned char* octets(std::string_view bytes) {
  // An empty view may have no address, which OpenSSL takes for "not given".
  return reinterpret_cast<const unsigned char*>(bytes.empty() ? "" : bytes.data());
}

/// 0..63, or 64 for what is not in the alphabet.
constexpr std::array<std::uint8_t, 256> make_base64_values() {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::array<std::uint8_t, 256> values{};
  for (auto& value : values) value = 64;
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    values[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
  return values;
}
constexpr auto kBase64Values = make_base64_values();

}  // namespace

Sha256 sha256(std::string_view bytes) {
  thread_local const std::unique_ptr<EVP_MD_CTX, FreeDigest> context(EVP_MD_CTX_new());
  Sha256 digest;
  require(EVP_DigestInit_ex2(context.get(), sha256_algorithm(), nullptr) == 1 &&
              EVP_DigestUpdate(context.get(), octets(bytes), bytes.size()) == 1 &&
              EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) == 1,
          "SHA256");
  return digest;
}

Sha256 hmac_sha256(std::string_view key, std::initializer_list<std::string_view> parts) {
  thread_local const std::unique_ptr<EVP_MAC_CTX, FreeMac> context(make_hmac_context());
  require(EVP_MAC_init(context.get(), octets(key), key.size(), nullptr) == 1, "HMAC key");
  for (std::string_view part : parts) {
    require(EVP_MAC_update(context.get(), octets(part), part.size()) == 1, "HMAC");
  }
  Sha256 digest;
  std::size_t size = 0;
  require(EVP_MAC_final(context.get(), digest.data(), &size, digest.size()) == 1 && size == digest.size(), "HMAC");
  return digest;
}

std::string base64_encode(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');  // EVP_EncodeBlock writes a NUL behind the text
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), octets(bytes), static_cast<int>(bytes.size()));
  text.pop_back();
  return text;
}

std::optional<std::string> base64_decode(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  text.remove_suffix(padding);
  std::string bytes;
  bytes.reserve(text.size() * 3 / 4);
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (char c : text) {
    std::uint32_t value = kBase64Values[static_cast<unsigned char>(c)];
    if (value > 63) return std::nullopt;
    bits = (bits << 6 | value) & 0xFFFF;
    held += 6;
    if (held >= 8) {
      held -= 8;
      bytes.push_back(static_cast<char>(bits >> held & 0xFF));
    }
  }
  // Bits that the padding cuts off must be zero: one text for one value.
  if ((bits & ((1u << held) - 1)) != 0) return std::nullopt;
  return bytes;
}

std::string random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  require(RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count)) == 1, "no random bytes");
  return bytes;
}

std::int64_t random_number() {
  const std::string bytes = random_bytes(sizeof(std::int64_t));
  std::int64_t number = 0;
  std::memcpy(&number, bytes.data(), sizeof number);
  return std::max<std::int64_t>(1, number & std::numeric_limits<std::int64_t>::max());
}

std::string random_token() {
  constexpr std::size_t kTokenBytes = 32;
  auto text = base64_encode(random_bytes(kTokenBytes));
  text.erase(text.find('='));
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

bool equal_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(octets(a), octets(b), a.size()) == 0;
}

}  // namespace eventrelay
