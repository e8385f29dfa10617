// The file that an export is: a line with the format's number, then frames, each with its length before it: a header,
// the rows table by table, a trailer with the SHA-256 of all before it. Little-endian. One thread. Faults are
// MoveFault.
#pragma once
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "base/crypto.h"
#include "storage/move_tables.h"

namespace eventrelay {

inline constexpr int kMoveFormat = 3;

struct MoveHeader {
  std::string version;  ///< of the program that wrote it
  std::int64_t exported_at_ms = 0;
  std::int64_t last_id = 0;  ///< the greatest id that was ever given
  MoveCounts rows{};
};

/// Of a stream of bytes.
class MoveHash {
 public:
  MoveHash();
  void add(std::string_view bytes);
  /// Once, at the end.
  Sha256 take();

 private:
  struct Free {
    void operator()(void* context) const;
  };
  std::unique_ptr<void, Free> context_;
};

class MoveWriter {
 public:
  /// descriptor: stays the caller's. Writes the header.
  MoveWriter(int descriptor, const MoveHeader& header);

  /// Tables come in their order. row: a value for each column.
  void add(Moved table, std::span<const MoveValue> row);
  /// The trailer. REQUIRES: as many rows as the header says; throws otherwise.
  void end();

 private:
  void put_frame(std::string_view content);
  void flush();

  int descriptor_;
  MoveHeader header_;
  MoveCounts written_{};
  std::string row_;
  std::string out_;
  MoveHash hash_;
};

struct MoveRow {
  Moved table{};
  std::vector<MoveValue> values;  ///< one for each column; their bytes last until the next row is read
};

class MoveReader {
 public:
  /// Reads the header. Throws where the file is none of these, or of another format.
  explicit MoveReader(const std::string& path);

  const MoveHeader& header() const { return header_; }

  /// Reads all of it once, from the first row on, and goes back there: throws unless it is whole and as it was written.
  /// Returns the hash: the file's identity.
  Sha256 check(const MoveReport& report);
  /// False: there are no more.
  bool next(MoveRow& row);
  /// Where the next row begins: for seek().
  std::int64_t position() const { return position_; }
  void seek(std::int64_t position);

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  void read_exactly(char* to, std::size_t bytes);
  std::string_view read_frame();
  void read_header();

  std::unique_ptr<std::FILE, Close> file_;
  std::string frame_;
  MoveHeader header_;
  std::int64_t position_ = 0;
  std::int64_t first_row_ = 0;
  bool ended_ = false;            ///< frame_ is the trailer
  std::optional<MoveHash> hash_;  ///< while all is checked
};

}  // namespace eventrelay
