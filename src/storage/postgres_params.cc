#include <boost/endian/conversion.hpp>
#include <cstring>
#include <utility>

#include "storage/postgres_connection.h"

namespace eventrelay {
namespace {

// Oids of pg_type; they are the same in every PostgreSQL.
constexpr std::uint32_t kBool = 16;
constexpr std::uint32_t kBigint = 20;
constexpr std::uint32_t kSmallint = 21;
constexpr std::uint32_t kInteger = 23;
constexpr std::uint32_t kText = 25;
constexpr std::uint32_t kByteaArray = 1001;
constexpr std::uint32_t kSmallintArray = 1005;
constexpr std::uint32_t kIntegerArray = 1007;
constexpr std::uint32_t kTextArray = 1009;
constexpr std::uint32_t kBigintArray = 1016;

// An array's head: dimensions, whether there are NULLs, the elements' type; of each dimension its length and first
// index. Then the elements, each with its length.
constexpr std::size_t kArrayHead = 12;
constexpr std::size_t kDimension = 8;
constexpr std::size_t kLength = 4;

template <class T>
void store(char* at, T value) {
  value = boost::endian::native_to_big(value);
  std::memcpy(at, &value, sizeof(T));
}

template <class T>
std::string bytes_of(T value) {
  std::string bytes(sizeof(T), '\0');
  store(bytes.data(), value);
  return bytes;
}

/// Begins an array and returns its bytes with room for `body_bytes` of elements.
std::string array_head(std::uint32_t element, std::size_t count, std::size_t body_bytes) {
  std::string bytes;
  bytes.reserve(kArrayHead + kDimension + body_bytes);
  bytes.resize(count == 0 ? kArrayHead : kArrayHead + kDimension);
  store(bytes.data(), std::int32_t{count == 0 ? 0 : 1});
  store(bytes.data() + 8, element);
  if (count == 0) return bytes;
  store(bytes.data() + kArrayHead, static_cast<std::int32_t>(count));
  store(bytes.data() + kArrayHead + 4, std::int32_t{1});
  return bytes;
}

template <class T>
std::string integers(std::uint32_t element, std::span<const T> values) {
  constexpr std::size_t kStep = kLength + sizeof(T);
  std::string bytes = array_head(element, values.size(), values.size() * kStep);
  std::size_t at = bytes.size();
  bytes.resize(at + values.size() * kStep);
  for (const T value : values) {
    store(bytes.data() + at, static_cast<std::int32_t>(sizeof(T)));
    store(bytes.data() + at + kLength, value);
    at += kStep;
  }
  return bytes;
}

std::string texts(std::uint32_t element, std::span<const std::string_view> values) {
  std::size_t body = values.size() * kLength;
  for (const auto value : values) body += value.size();
  std::string bytes = array_head(element, values.size(), body);
  for (const auto value : values) {
    char length[kLength];
    store(length, static_cast<std::int32_t>(value.size()));
    bytes.append(length, kLength).append(value);
  }
  return bytes;
}

}  // namespace

PgParams& PgParams::put(std::uint32_t type, std::string bytes) {
  bytes_ += bytes.size();
  values_.push_back({type, std::move(bytes), false});
  return *this;
}

PgParams& PgParams::add(std::int64_t value) {
  return put(kBigint, bytes_of(value));
}
PgParams& PgParams::add_int(std::int32_t value) {
  return put(kInteger, bytes_of(value));
}
PgParams& PgParams::add_bool(bool value) {
  return put(kBool, std::string(1, value ? '\1' : '\0'));
}
PgParams& PgParams::add_text(std::string_view text) {
  return put(kText, std::string(text));
}
PgParams& PgParams::add_bytes(std::string_view bytes) {
  return put(kPgBytea, std::string(bytes));
}
PgParams& PgParams::add(std::optional<std::int64_t> value) {
  return value ? add(*value) : add_null(kBigint);
}
PgParams& PgParams::add_null(std::uint32_t type) {
  values_.push_back({type, {}, true});
  return *this;
}
PgParams& PgParams::add_array(std::span<const std::int64_t> values) {
  return put(kBigintArray, integers(kBigint, values));
}
PgParams& PgParams::add_array(std::span<const std::int32_t> values) {
  return put(kIntegerArray, integers(kInteger, values));
}
PgParams& PgParams::add_array(std::span<const std::int16_t> values) {
  return put(kSmallintArray, integers(kSmallint, values));
}
PgParams& PgParams::add_array(std::span<const std::string_view> values) {
  return put(kTextArray, texts(kText, values));
}
PgParams& PgParams::add_bytes_array(std::span<const std::string_view> values) {
  return put(kByteaArray, texts(kPgBytea, values));
}

}  // namespace eventrelay
