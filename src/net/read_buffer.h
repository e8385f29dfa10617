// Bytes read and not used yet, in one piece. Grows when asked for more room; one connection's, no locks.
#pragma once
#include <cassert>
#include <cstring>
#include <memory>
#include <string_view>

namespace eventrelay {

class ReadBuffer {
 public:
  static constexpr std::size_t kInitialBytes = 4 * 1024;

  std::string_view view() const { return {data_.get() + begin_, end_ - begin_}; }
  std::size_t size() const { return end_ - begin_; }
  bool empty() const { return begin_ == end_; }

  /// At least one free byte; views that were taken before end here.
  std::pair<char*, std::size_t> room();
  /// count: at most what room() gave.
  void commit(std::size_t count) {
    assert(end_ + count <= capacity_);
    end_ += count;
  }
  void consume(std::size_t count) {
    assert(count <= size());
    begin_ += count;
    if (begin_ == end_) begin_ = end_ = 0;
  }
  void append(std::string_view bytes);
  void clear() { begin_ = end_ = 0; }

 private:
  void reserve(std::size_t capacity);

  std::unique_ptr<char[]> data_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

inline void ReadBuffer::reserve(std::size_t capacity) {
  auto larger = std::make_unique_for_overwrite<char[]>(capacity);
  if (size() > 0) std::memcpy(larger.get(), data_.get() + begin_, size());
  end_ = size();
  begin_ = 0;
  data_ = std::move(larger);
  capacity_ = capacity;
}

inline std::pair<char*, std::size_t> ReadBuffer::room() {
  if (end_ == capacity_) {
    if (begin_ >= capacity_ / 2 && capacity_ > 0) {
      std::memmove(data_.get(), data_.get() + begin_, size());
      end_ = size();
      begin_ = 0;
    } else {
      reserve(capacity_ == 0 ? kInitialBytes : capacity_ * 2);
    }
  }
  return {data_.get() + end_, capacity_ - end_};
}

inline void ReadBuffer::append(std::string_view bytes) {
  if (capacity_ - end_ < bytes.size()) reserve(size() + bytes.size() + kInitialBytes);
  std::memcpy(data_.get() + end_, bytes.data(), bytes.size());
  end_ += bytes.size();
}

}  // namespace eventrelay
