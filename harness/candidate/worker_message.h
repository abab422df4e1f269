// A worker's one message to the process that watches it: what it says of its length is not trusted.
#ifndef DELTAGAUGE_HARNESS_CANDIDATE_WORKER_MESSAGE_H_
#define DELTAGAUGE_HARNESS_CANDIDATE_WORKER_MESSAGE_H_

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace deltagauge {

class WorkerMessage {
 public:
  enum class Kind : char { kAnswer = 'A', kException = 'E' };

  static std::string Pack(Kind kind, std::string_view bytes) {
    const uint64_t size = bytes.size();
    std::string message(kHeaderBytes, static_cast<char>(kind));
    std::memcpy(message.data(), &size, sizeof(size));
    message += bytes;
    return message;
  }

  void Append(const char* bytes, size_t size) { message_.append(bytes, size); }
  bool IsWhole() const {
    return message_.size() >= kHeaderBytes && message_.size() == kHeaderBytes + Size();
  }
  // Of a whole one.
  Kind kind() const { return static_cast<Kind>(message_[kHeaderBytes - 1]); }
  std::string Bytes() const { return message_.substr(kHeaderBytes); }

 private:
  static constexpr size_t kHeaderBytes = 9;  // length, kind
  static constexpr uint64_t kMostBytes = uint64_t{1} << 30;

  uint64_t Size() const {
    uint64_t size = 0;
    std::memcpy(&size, message_.data(), sizeof(size));
    return std::min(size, kMostBytes);
  }

  std::string message_;
};

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_CANDIDATE_WORKER_MESSAGE_H_
