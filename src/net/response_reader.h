// Turns the bytes that a server sends into one answer: skips interim answers, refuses ambiguous framing, keeps the
// first kResponseBytesKept of the body. One connection's; no locks.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "domain/delivery.h"

namespace eventrelay {

inline constexpr int kInterimAnswersMax = 8;

class ResponseReader {
 public:
  enum class Progress {
    kMore,   ///< the answer goes on
    kDone,   ///< complete, or as much of it as is wanted
    kFault,  ///< not HTTP: see fault()
  };

  ResponseReader();
  ~ResponseReader();
  ResponseReader(const ResponseReader&) = delete;
  ResponseReader& operator=(const ResponseReader&) = delete;

  /// Forgets the last answer. outcome: gets status, headers, body and truncation; outlives the answer.
  void begin(AttemptOutcome& outcome);
  /// REQUIRES: begin(), and kMore from all calls since. After kDone or kFault the outcome is not touched any more.
  Progress feed(std::string_view bytes);
  /// The server closed in good order: kDone if that ends the body; kFault never; kMore: the answer was cut short.
  Progress feed_end();

  bool any_byte() const { return any_byte_; }
  bool has_head() const;
  /// REQUIRES: kDone. The server keeps the connection, and no byte came after the answer.
  bool reusable() const { return reusable_; }
  const std::string& fault() const { return fault_; }

 private:
  struct Parsing;

  Progress parse(std::string_view bytes, std::size_t& used);
  Progress failed(std::string why);

  AttemptOutcome* outcome_ = nullptr;
  std::unique_ptr<Parsing> parsing_;
  std::string rest_;  ///< an unfinished head or chunk line
  std::string fault_;
  int interim_ = 0;
  bool any_byte_ = false;
  bool reusable_ = false;
};

}  // namespace eventrelay
