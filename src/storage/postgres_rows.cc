#include <libpq-fe.h>

#include <boost/endian/conversion.hpp>
#include <cassert>
#include <charconv>
#include <cstring>

#include "storage/postgres_connection.h"

namespace eventrelay {
namespace {

constexpr Oid kOid = 26;  ///< the only unsigned one

template <class T>
T load(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof(T));
  return boost::endian::big_to_native(value);
}

std::int64_t integer_of(std::string_view bytes) {
  switch (bytes.size()) {
    case 1:
      return static_cast<signed char>(bytes[0]);
    case 2:
      return load<std::int16_t>(bytes.data());
    case 4:
      return load<std::int32_t>(bytes.data());
    case 8:
      return load<std::int64_t>(bytes.data());
    default:
      assert(bytes.empty() && "not an integer's column");
      return 0;
  }
}

/// Calls each(bytes) for every element; one that is NULL comes as nothing.
template <class Each>
void for_each_element(std::string_view array, const Each& each) {
  constexpr std::size_t kHeadBytes = 12;
  constexpr std::size_t kDimensionBytes = 8;
  if (array.size() < kHeadBytes) return;
  const auto dimensions = static_cast<std::size_t>(load<std::int32_t>(array.data()));
  assert(dimensions <= 1);
  std::size_t at = kHeadBytes + dimensions * kDimensionBytes;
  while (at + 4 <= array.size()) {
    const auto length = load<std::int32_t>(array.data() + at);
    at += 4;
    const auto bytes = array.substr(at, length < 0 ? 0 : static_cast<std::size_t>(length));
    at += bytes.size();
    each(bytes);
  }
}

std::size_t elements(std::string_view array) {
  return array.size() < 16 ? 0 : static_cast<std::size_t>(load<std::int32_t>(array.data() + 12));
}

}  // namespace

PgRows::PgRows(PGresult* result) : result_(result) {}

void PgRows::Clear::operator()(PGresult* result) const {
  PQclear(result);
}

int PgRows::size() const {
  return PQntuples(result_.get());
}

std::int64_t PgRows::affected() const {
  const std::string_view text = result_ ? PQcmdTuples(result_.get()) : "";
  std::int64_t count = 0;
  std::from_chars(text.data(), text.data() + text.size(), count);
  return count;
}

bool PgRows::is_null(int row, int column) const {
  return PQgetisnull(result_.get(), row, column) != 0;
}

std::string_view PgRows::text(int row, int column) const {
  assert(row < size() && column < PQnfields(result_.get()));
  return {PQgetvalue(result_.get(), row, column), static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
}

std::int64_t PgRows::integer(int row, int column) const {
  const auto bytes = text(row, column);
  const auto value = integer_of(bytes);
  return bytes.size() == 4 && PQftype(result_.get(), column) == kOid ? static_cast<std::uint32_t>(value) : value;
}

std::optional<std::int64_t> PgRows::optional_integer(int row, int column) const {
  if (is_null(row, column)) return std::nullopt;
  return integer(row, column);
}

double PgRows::real(int row, int column) const {
  const auto bytes = text(row, column);
  if (bytes.size() != sizeof(double)) return 0;
  const auto bits = load<std::uint64_t>(bytes.data());
  double value = 0;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

std::vector<std::int64_t> PgRows::integers(int row, int column) const {
  const auto array = text(row, column);
  std::vector<std::int64_t> values;
  values.reserve(elements(array));
  for_each_element(array, [&](std::string_view bytes) { values.push_back(integer_of(bytes)); });
  return values;
}

std::vector<std::string_view> PgRows::texts(int row, int column) const {
  const auto array = text(row, column);
  std::vector<std::string_view> values;
  values.reserve(elements(array));
  for_each_element(array, [&](std::string_view bytes) { values.push_back(bytes); });
  return values;
}

}  // namespace eventrelay
