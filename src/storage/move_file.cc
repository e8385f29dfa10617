#include "storage/move_file.h"

#include <openssl/evp.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <nlohmann/json.hpp>

namespace eventrelay {

namespace {

using Json = nlohmann::json;

constexpr std::string_view kMagic = "EVENTRELAY EXPORT ";
constexpr std::size_t kMagicLineMax = 32;
/// The first byte of a frame: a table's number, or one of these.
constexpr char kHeaderFrame = '\xfe';
constexpr char kTrailerFrame = '\xff';
/// Above the largest row: a payload of 10 MiB and what is beside it.
constexpr std::size_t kFrameBytesMax = std::size_t{64} * 1024 * 1024;
constexpr std::size_t kWriteBytes = std::size_t{1024} * 1024;

[[noreturn]] void damaged() {
  throw MoveFault("The file is damaged: it is not as it was written");
}

template <class Number>
void put_number(std::string& out, Number number) {
  for (std::size_t i = 0; i < sizeof number; ++i) out += static_cast<char>(static_cast<std::uint64_t>(number) >> 8 * i);
}

template <class Number>
Number number_at(const char* bytes) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < sizeof(Number); ++i)
    number |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])) << 8 * i;
  return static_cast<Number>(number);
}

std::string hex(const Sha256& hash) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const std::uint8_t byte : hash) out.append({kDigits[byte >> 4], kDigits[byte & 15]});
  return out;
}

Json counts_json(const MoveCounts& counts) {
  Json json = Json::object();
  for (std::size_t i = 0; i < kMovedTables; ++i) json[std::string(move_tables()[i].name)] = counts[i];
  return json;
}

std::string trailer_of(const MoveCounts& rows, const Sha256& hash) {
  return kTrailerFrame + Json{{"rows", counts_json(rows)}, {"sha256", hex(hash)}}.dump();
}

/// Takes a row's values off the front of a frame.
class Cut {
 public:
  explicit Cut(std::string_view rest) : rest_(rest) {}
  bool empty() const { return rest_.empty(); }
  std::string_view take(std::size_t bytes) {
    if (bytes > rest_.size()) damaged();
    const std::string_view taken = rest_.substr(0, bytes);
    rest_.remove_prefix(bytes);
    return taken;
  }
  template <class Number>
  Number number() {
    return number_at<Number>(take(sizeof(Number)).data());
  }

 private:
  std::string_view rest_;
};

MoveValue take_value(Cut& cut, MoveKind column) {
  MoveValue value;
  value.kind = static_cast<MoveKind>(cut.number<std::uint8_t>());
  if (value.kind == MoveKind::kNull) return value;
  if (value.kind != column) damaged();
  if (value.kind == MoveKind::kInteger) {
    value.integer = cut.number<std::int64_t>();
  } else {
    value.bytes = cut.take(cut.number<std::uint32_t>());
  }
  return value;
}

}  // namespace

// ---- The hash ----------------------------------------------------------------------------------------------------

void MoveHash::Free::operator()(void* context) const {
  EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(context));
}

MoveHash::MoveHash() : context_(EVP_MD_CTX_new()) {
  if (EVP_DigestInit_ex(static_cast<EVP_MD_CTX*>(context_.get()), EVP_sha256(), nullptr) != 1)
    throw MoveFault("OpenSSL has no SHA-256");
}

void MoveHash::add(std::string_view bytes) {
  EVP_DigestUpdate(static_cast<EVP_MD_CTX*>(context_.get()), bytes.data(), bytes.size());
}

Sha256 MoveHash::take() {
  Sha256 hash{};
  EVP_DigestFinal_ex(static_cast<EVP_MD_CTX*>(context_.get()), hash.data(), nullptr);
  return hash;
}

// ---- Writing -----------------------------------------------------------------------------------------------------

MoveWriter::MoveWriter(int descriptor, const MoveHeader& header) : descriptor_(descriptor), header_(header) {
  out_ = std::string(kMagic) + std::to_string(kMoveFormat) + "\n";
  put_frame(kHeaderFrame + Json{{"version", header.version},
                                {"exported_at_ms", header.exported_at_ms},
                                {"last_id", header.last_id},
                                {"rows", counts_json(header.rows)}}
                               .dump());
}

void MoveWriter::add(Moved table, std::span<const MoveValue> row) {
  row_.assign(1, static_cast<char>(table));
  for (const MoveValue& value : row) {
    row_ += static_cast<char>(value.kind);
    if (value.kind == MoveKind::kInteger) put_number(row_, value.integer);
    if (value.kind != MoveKind::kText && value.kind != MoveKind::kBytes) continue;
    put_number(row_, static_cast<std::uint32_t>(value.bytes.size()));
    row_ += value.bytes;
  }
  if (row_.size() > kFrameBytesMax)
    throw MoveFault("A row of " + std::string(move_table(table).name) + " is too large");
  put_frame(row_);
  written_[static_cast<std::size_t>(table)] += 1;
}

void MoveWriter::end() {
  if (written_ != header_.rows) throw MoveFault("The store changed while it was read: another process uses it");
  flush();
  put_frame(trailer_of(written_, hash_.take()));
  flush();
}

void MoveWriter::put_frame(std::string_view content) {
  put_number(out_, static_cast<std::uint32_t>(content.size()));
  out_ += content;
  if (out_.size() >= kWriteBytes) flush();
}

void MoveWriter::flush() {
  hash_.add(out_);
  for (std::string_view rest = out_; !rest.empty();) {
    const ssize_t written = ::write(descriptor_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw MoveFault(std::string("The file cannot be written: ") + std::strerror(errno));
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  out_.clear();
}

// ---- Reading -----------------------------------------------------------------------------------------------------

MoveReader::MoveReader(const std::string& path) : file_(std::fopen(path.c_str(), "rbe")) {
  if (!file_) throw MoveFault("Cannot open " + path + ": " + std::strerror(errno));
  std::setvbuf(file_.get(), nullptr, _IOFBF, kWriteBytes);
  read_header();
}

void MoveReader::read_header() {
  std::string line;
  for (int c = 0; line.size() < kMagicLineMax && (c = std::fgetc(file_.get())) != EOF && c != '\n';)
    line += static_cast<char>(c);
  if (!line.starts_with(kMagic)) throw MoveFault("The file is not an export of EventRelay");
  int format = 0;
  std::from_chars(line.data() + kMagic.size(), line.data() + line.size(), format);
  if (format != kMoveFormat)
    throw MoveFault("The export has format " + line.substr(kMagic.size()) + ", this program reads " +
                    std::to_string(kMoveFormat) + ": it was written by another version");
  position_ = static_cast<std::int64_t>(line.size()) + 1;
  const std::string_view frame = read_frame();
  const Json json = Json::parse(frame.substr(std::min<std::size_t>(1, frame.size())), nullptr, false);
  if (!frame.starts_with(kHeaderFrame) || !json.is_object()) damaged();
  try {
    header_ = {json.at("version"), json.at("exported_at_ms"), json.at("last_id"), {}};
    for (std::size_t i = 0; i < kMovedTables; ++i)
      header_.rows[i] = json.at("rows").at(std::string(move_tables()[i].name));
  } catch (const Json::exception&) {
    damaged();
  }
  first_row_ = position_;
}

void MoveReader::read_exactly(char* to, std::size_t bytes) {
  if (std::fread(to, 1, bytes, file_.get()) == bytes) {
    position_ += static_cast<std::int64_t>(bytes);
    return;
  }
  if (std::ferror(file_.get()) != 0) throw MoveFault(std::string("The file cannot be read: ") + std::strerror(errno));
  throw MoveFault("The file ends before its end: it was cut off, or the export has not finished");
}

std::string_view MoveReader::read_frame() {
  char length[4];
  read_exactly(length, sizeof length);
  const auto bytes = number_at<std::uint32_t>(length);
  if (bytes == 0 || bytes > kFrameBytesMax) damaged();
  frame_.resize(bytes);
  read_exactly(frame_.data(), bytes);
  if (hash_ && frame_.front() != kTrailerFrame) {
    hash_->add({length, sizeof length});
    hash_->add(frame_);
  }
  return frame_;
}

bool MoveReader::next(MoveRow& row) {
  if (ended_) return false;
  Cut cut(read_frame());
  const auto table = cut.number<std::uint8_t>();
  if (table == static_cast<std::uint8_t>(kTrailerFrame)) {
    ended_ = true;
    return false;
  }
  if (table >= kMovedTables) damaged();
  row.table = Moved{table};
  row.values.clear();
  for (const MoveColumn& column : move_table(row.table).columns) row.values.push_back(take_value(cut, column.kind));
  if (!cut.empty()) damaged();
  return true;
}

void MoveReader::seek(std::int64_t position) {
  if (::fseeko(file_.get(), position, SEEK_SET) != 0)
    throw MoveFault(std::string("The file cannot be read: ") + std::strerror(errno));
  position_ = position;
  ended_ = false;
}

Sha256 MoveReader::check(const MoveReport& report) {
  std::string head(static_cast<std::size_t>(first_row_), '\0');
  seek(0);
  read_exactly(head.data(), head.size());
  hash_.emplace();
  hash_->add(head);
  const std::int64_t total = total_of(header_.rows);
  MoveCounts seen{};
  MoveRow row;
  Moved last{};
  std::int64_t rows = 0;
  for (; next(row); last = row.table) {
    if (row.table < last) damaged();
    seen[static_cast<std::size_t>(row.table)] += 1;
    if (++rows % kReportEveryRows == 0) report("checking the file", rows, total);
  }
  const Sha256 found = hash_->take();
  hash_.reset();
  if (frame_ != trailer_of(seen, found) || seen != header_.rows || std::fgetc(file_.get()) != EOF) damaged();
  seek(first_row_);
  return found;
}

}  // namespace eventrelay
