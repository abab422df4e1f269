// The bytes of one connection, within limits that the HTTP library does not have: on the size of a
// request's head, and on the time that a head or a body may take. For http_server.cc alone.
#ifndef DELTAGAUGE_HARNESS_SERVICE_HTTP_STREAM_H_
#define DELTAGAUGE_HARNESS_SERVICE_HTTP_STREAM_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <string>

#include "harness/service/http_server.h"
#include "harness/service/socket_os.h"
#include "httplib.h"

namespace deltagauge {

class HttpStream final : public httplib::Stream {
 public:
  HttpStream(SocketHandle socket, const HttpLimits& limits) : socket_(socket), limits_(limits) {}

  // A new head: its budget of bytes and time begins.
  void BeginHead();
  // The head is over; what is read now is a body.
  void BeginBody();
  // Where a request ends is not known, or not worth finding out: nothing more is read as one.
  void CloseAfterAnswer() { closes_ = true; }

  bool closes() const { return closes_; }
  bool head_too_large() const { return head_too_large_; }
  // Bytes of the next request that came with the last one.
  bool has_buffered() const { return begin_ < end_; }

  bool is_readable() const override;
  bool is_writable() const override;
  ssize_t read(char* to, size_t size) override;
  ssize_t write(const char* from, size_t size) override;
  void get_remote_ip_and_port(std::string& ip, int& port) const override;
  void get_local_ip_and_port(std::string& ip, int& port) const override;
  socket_t socket() const override { return socket_; }

 private:
  using Clock = std::chrono::steady_clock;

  SocketHandle socket_;
  const HttpLimits& limits_;
  bool in_head_ = true;
  bool closes_ = false;
  bool head_too_large_ = false;
  size_t head_bytes_left_ = 0;
  Clock::time_point deadline_;
  std::array<char, 8192> buffer_;
  size_t begin_ = 0;
  size_t end_ = 0;
};

// Takes what still comes for a moment, so that the answer is not lost with the connection: a
// system that closes one with bytes unread tells the other side that it is broken.
void CloseGently(SocketHandle socket);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_SERVICE_HTTP_STREAM_H_
