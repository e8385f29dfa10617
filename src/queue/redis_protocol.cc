#include "queue/redis_protocol.h"

#include <hiredis/read.h>

namespace eventrelay {
namespace {

Error broken(const std::string& why) {
  return unavailable("Redis answered something that is not its protocol: " + why);
}

/// Where the parser's next value goes: into its array, or it is the reply itself. The parser owns the outermost only.
RedisReply* place_of(const redisReadTask* task) {
  if (!task->parent) return new RedisReply;
  auto* parent = static_cast<RedisReply*>(task->parent->obj);
  return &parent->items[static_cast<std::size_t>(task->idx)];
}

void* create_string(const redisReadTask* task, char* text, std::size_t size) {
  RedisReply* reply = place_of(task);
  reply->kind = task->type == REDIS_REPLY_ERROR    ? RedisReply::Kind::kError
                : task->type == REDIS_REPLY_STATUS ? RedisReply::Kind::kStatus
                                                   : RedisReply::Kind::kString;
  reply->text.assign(text, size);
  return reply;
}

void* create_array(const redisReadTask* task, int size) {
  // nullptr: the parser gives up, before memory is taken for what a few bytes claim.
  if (size < 0 || static_cast<std::size_t>(size) > kReplyItemsMax) return nullptr;
  RedisReply* reply = place_of(task);
  reply->kind = RedisReply::Kind::kArray;
  reply->items.resize(static_cast<std::size_t>(size));
  return reply;
}

void* create_integer(const redisReadTask* task, long long value) {
  RedisReply* reply = place_of(task);
  reply->kind = RedisReply::Kind::kInteger;
  reply->integer = value;
  return reply;
}

void* create_nil(const redisReadTask* task) {
  return place_of(task);
}

void free_reply(void* reply) {
  delete static_cast<RedisReply*>(reply);
}

redisReplyObjectFunctions functions{create_string, create_array, create_integer, create_nil, free_reply};

}  // namespace

RedisBatch& RedisBatch::add(std::span<const std::string_view> words) {
  bytes.append("*").append(std::to_string(words.size())).append("\r\n");
  for (const std::string_view word : words)
    bytes.append("$").append(std::to_string(word.size())).append("\r\n").append(word).append("\r\n");
  ++commands;
  return *this;
}

struct RedisReplyReader::Parser {
  struct Free {
    void operator()(redisReader* reader) const { redisReaderFree(reader); }
  };
  std::unique_ptr<redisReader, Free> reader{redisReaderCreateWithFunctions(&functions)};
};

RedisReplyReader::RedisReplyReader() : parser_(std::make_unique<Parser>()) {}
RedisReplyReader::~RedisReplyReader() = default;

void RedisReplyReader::feed(std::string_view bytes) {
  unread_bytes_ += bytes.size();
  redisReaderFeed(parser_->reader.get(), bytes.data(), bytes.size());
}

Result<std::optional<RedisReply>> RedisReplyReader::next() {
  void* parsed = nullptr;
  if (redisReaderGetReply(parser_->reader.get(), &parsed) != REDIS_OK) return broken(parser_->reader->errstr);
  if (!parsed) {
    if (unread_bytes_ > kReplyBytesMax) return broken("an endless answer");
    return std::optional<RedisReply>();
  }
  const std::unique_ptr<RedisReply> reply(static_cast<RedisReply*>(parsed));
  unread_bytes_ = 0;
  return std::optional<RedisReply>(std::move(*reply));
}

}  // namespace eventrelay
