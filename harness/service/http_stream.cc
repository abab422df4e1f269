#include "harness/service/http_stream.h"

#include <algorithm>

namespace deltagauge {
namespace {

constexpr int kMillisecondsASecond = 1000;

}  // namespace

void HttpStream::BeginHead() {
  in_head_ = true;
  head_too_large_ = false;
  head_bytes_left_ = limits_.head_bytes;
  deadline_ = Clock::now() + std::chrono::seconds(limits_.head_timeout_s);
}

void HttpStream::BeginBody() {
  in_head_ = false;
  deadline_ = Clock::now() + std::chrono::seconds(limits_.body_timeout_s);
}

bool HttpStream::is_readable() const {
  if (has_buffered()) return true;
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - Clock::now());
  const auto wait =
      std::min<int64_t>(left.count(), int64_t{limits_.read_timeout_s} * kMillisecondsASecond);
  return wait > 0 && WaitForSocket(socket_, SocketWait::kToRead, static_cast<int>(wait));
}

bool HttpStream::is_writable() const {
  return WaitForSocket(socket_, SocketWait::kToWrite,
                       limits_.read_timeout_s * kMillisecondsASecond);
}

ssize_t HttpStream::read(char* to, size_t size) {
  if (in_head_) {
    if (head_bytes_left_ == 0) {
      head_too_large_ = true;
      return -1;
    }
    size = std::min(size, head_bytes_left_);
  }
  // The library reads heads byte by byte: the time is looked at when more has to come.
  if (!has_buffered()) {
    if (!is_readable()) return -1;
    const int64_t count = ReadSocket(socket_, buffer_.data(), buffer_.size());
    if (count <= 0) return count;
    begin_ = 0;
    end_ = static_cast<size_t>(count);
  }
  const size_t count = std::min(size, end_ - begin_);
  std::copy_n(buffer_.data() + begin_, count, to);
  begin_ += count;
  if (in_head_) head_bytes_left_ -= count;
  return static_cast<ssize_t>(count);
}

ssize_t HttpStream::write(const char* from, size_t size) {
  if (!is_writable()) return -1;
  return static_cast<ssize_t>(WriteSocket(socket_, from, size));
}

// Nobody asks for them: the service neither logs nor judges addresses.
void HttpStream::get_remote_ip_and_port(std::string& ip, int& port) const {
  ip.clear();
  port = 0;
}

void HttpStream::get_local_ip_and_port(std::string& ip, int& port) const {
  ip.clear();
  port = 0;
}

void CloseGently(SocketHandle socket) {
  EndWriting(socket);
  constexpr size_t kMaxBytes = size_t{1} << 20;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  std::array<char, 8192> rest;
  for (size_t taken = 0; taken < kMaxBytes && std::chrono::steady_clock::now() < deadline;) {
    if (!WaitForSocket(socket, SocketWait::kToRead, 200)) break;
    const int64_t count = ReadSocket(socket, rest.data(), rest.size());
    if (count <= 0) break;
    taken += static_cast<size_t>(count);
  }
  CloseSocket(socket);
}

}  // namespace deltagauge
