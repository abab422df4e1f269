// The network: bytes to HttpRequest, HttpResponse to bytes. The only door to the HTTP library.
#ifndef DELTAGAUGE_HARNESS_SERVICE_HTTP_SERVER_H_
#define DELTAGAUGE_HARNESS_SERVICE_HTTP_SERVER_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "harness/service/http.h"

namespace deltagauge {

struct HttpLimits {
  size_t body_bytes = size_t{16} << 20;      // as it comes
  size_t unpacked_bytes = size_t{16} << 20;  // after gzip
  size_t path_bytes = 1024;                  // the library's own limit of a line is 8 KB
  size_t head_bytes = size_t{64} << 10;      // request line and headers
  int head_timeout_s = 20;                   // for all of a head
  int threads = 48;                          // one a connection
  size_t waiting_connections = 256;          // accepted, but without a thread
  int read_timeout_s = 10;                   // between two pieces
  int body_timeout_s = 60;                   // for all of a body
  int keep_alive_s = 5;
};

struct HttpAddress {
  std::string host = "127.0.0.1";
  int port = 8177;  // 0: any that is free
};

using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;

class HttpServer {
 public:
  // Binds and begins to answer. `handler` is called from many threads and must not throw. Throws
  // reference::InputError if the address can't be had.
  HttpServer(const HttpAddress& address, const HttpLimits& limits, HttpHandler handler);
  // Takes no more connections, and waits for the requests that are being answered.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  int port() const;

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_SERVICE_HTTP_SERVER_H_
