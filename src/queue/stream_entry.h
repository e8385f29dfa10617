// What one commit means for one partition, on its way to the process that owns the partition; and who takes it there.
// Implementations of StreamAppender: Redis, the simulation's.
#pragma once
#include <string>
#include <vector>

namespace eventrelay {

struct StreamEntry {
  int partition = 0;
  std::string bytes;  ///< encode_entry()'s
};

class StreamAppender {
 public:
  virtual ~StreamAppender() = default;
  /// Hands the entries over, those of one partition in the order of the calls, or drops them: the commit log finds what
  /// they told. Any thread; never blocks.
  virtual void append(std::vector<StreamEntry> entries) = 0;
};

}  // namespace eventrelay
