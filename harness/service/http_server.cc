#include "harness/service/http_server.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "harness/service/http_stream.h"
#include "harness/store/gzip.h"
#include "httplib.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

// A port in TIME_WAIT can be had, one that is listened at can't: on Windows that is another option.
#ifdef _WIN32
constexpr int kExclusiveAddress = SO_EXCLUSIVEADDRUSE;
#else
constexpr int kExclusiveAddress = SO_REUSEADDR;
#endif

// Where requests are sent that are refused but whose body has to be read: what would stay in the
// connection would be taken for the next request.
constexpr const char* kRefusedPath = "/-/refused";

// Threads that take connections; accepting waits while too many wait for a thread.
class BoundedPool final : public httplib::TaskQueue {
 public:
  BoundedPool(int threads, size_t max_waiting) : max_waiting_(max_waiting) {
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Loop(); });
  }

  void enqueue(std::function<void()> task) override {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return waiting_.size() < max_waiting_ || closing_; });
    waiting_.push_back(std::move(task));
    work_.notify_one();
  }

  void shutdown() override {
    {
      const std::lock_guard lock(mutex_);
      closing_ = true;
    }
    work_.notify_all();
    room_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  void Loop() {
    for (;;) {
      std::function<void()> task;
      {
        std::unique_lock lock(mutex_);
        work_.wait(lock, [&] { return closing_ || !waiting_.empty(); });
        if (waiting_.empty()) return;
        task = std::move(waiting_.front());
        waiting_.pop_front();
      }
      room_.notify_one();
      task();
    }
  }

  size_t max_waiting_;
  std::mutex mutex_;
  std::condition_variable work_;
  std::condition_variable room_;
  std::deque<std::function<void()>> waiting_;
  bool closing_ = false;
  std::vector<std::thread> threads_;
};

// The connection that this thread serves: the library tells its handlers nothing of it.
thread_local HttpStream* this_stream = nullptr;

void CloseAfterAnswer() {
  if (this_stream != nullptr) this_stream->CloseAfterAnswer();
}

// The library's server, with connections that hold limits, and end where a request's end is not
// known: what follows would be taken for the next one.
class LimitedServer final : public httplib::Server {
 public:
  explicit LimitedServer(const HttpLimits& limits) : limits_(limits) {}

  // The library lets five wait to be accepted. Of eight clients that connect at once, the others'
  // packets are dropped, and sent again a second later (measured: 1.04 s for the slowest request).
  void LetWait(size_t connections) { Listen(svr_sock_, static_cast<int>(connections)); }

 private:
  bool process_and_close_socket(socket_t socket) override {
    HttpStream stream(socket, limits_);
    this_stream = &stream;
    bool is_well = true;
    for (size_t left = keep_alive_max_count_; left > 0 && Waits(stream); --left) {
      stream.BeginHead();
      bool is_last = false;
      is_well = process_request(stream, left == 1, is_last, nullptr);
      if (!is_well || is_last || stream.closes()) break;
    }
    this_stream = nullptr;
    CloseGently(socket);
    return is_well;
  }

  // For the next request. In short steps: the server may end meanwhile.
  bool Waits(const HttpStream& stream) const {
    if (stream.has_buffered()) return true;
    const auto deadline =
        std::chrono::steady_clock::now() + std::chrono::seconds(keep_alive_timeout_sec_);
    while (svr_sock_ != INVALID_SOCKET && std::chrono::steady_clock::now() < deadline) {
      if (WaitForSocket(stream.socket(), SocketWait::kToRead, 20)) return true;
    }
    return false;
  }

  HttpLimits limits_;
};

// What the header says, which may be anything.
size_t ContentLength(const httplib::Request& request) {
  const std::string text = request.get_header_value("Content-Length");
  size_t bytes = 0;
  std::from_chars(text.data(), text.data() + text.size(), bytes);
  return bytes;
}

HttpRequest Converted(const httplib::Request& from) {
  HttpRequest request;
  request.method = from.method == "HEAD" ? "GET" : from.method;
  request.path = from.path;
  // The library's own reading ends a value at its first '='.
  const size_t question = from.target.find('?');
  if (question != std::string::npos) {
    const size_t fragment = std::min(from.target.find('#', question), from.target.size());
    const std::string_view target = from.target;
    request.query = ParseQuery(target.substr(question + 1, fragment - question - 1));
  }
  request.authorization = from.get_header_value("Authorization");
  request.host = from.get_header_value("Host");
  request.content_type = from.get_header_value("Content-Type");
  request.accept = from.get_header_value("Accept");
  request.origin = from.get_header_value("Origin");
  return request;
}

void Send(HttpResponse&& from, httplib::Response* to) {
  to->status = from.status;
  for (const auto& [name, value] : from.headers) to->set_header(name, value);
  // An answer to one who has the token is nobody else's.
  if (!to->has_header("Cache-Control")) to->set_header("Cache-Control", "no-store");
  if (from.stream) {
    to->set_chunked_content_provider(
        from.content_type, [stream = std::move(from.stream)](size_t, httplib::DataSink& sink) {
          const bool goes_on = stream([&](std::string_view piece) {
            return sink.is_writable() && sink.write(piece.data(), piece.size());
          });
          if (!goes_on) sink.done();
          return true;
        });
    return;
  }
  to->set_content(from.body, from.content_type);
}

HttpResponse Refusal(int status, const std::string& code, const std::string& what) {
  return ErrorAnswer(HttpError(status, code, what));
}

}  // namespace

class HttpServer::Implementation {
 public:
  Implementation(const HttpAddress& address, const HttpLimits& limits, HttpHandler handler)
      : limits_(limits), handler_(std::move(handler)), server_(limits) {
    Configure();
    Route();
    port_ = address.port == 0 ? server_.bind_to_any_port(address.host)
            : server_.bind_to_port(address.host, address.port) ? address.port
                                                               : -1;
    if (port_ <= 0) {
      throw reference::InputError(fmt::format("{}:{}", address.host, address.port),
                                  "can't be listened at",
                                  "is another service there? give another --port, 0 for any");
    }
    server_.LetWait(limits_.waiting_connections);
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    // stop() before the loop has begun would be forgotten.
    while (!server_.is_running()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }

  ~Implementation() {
    server_.stop();
    thread_.join();
  }

  int port() const { return port_; }

 private:
  void Configure() {
    server_.new_task_queue = [this] {
      return new BoundedPool(limits_.threads, limits_.waiting_connections);
    };
    server_.set_payload_max_length(limits_.body_bytes);
    server_.set_read_timeout(limits_.read_timeout_s);
    server_.set_write_timeout(limits_.read_timeout_s);
    server_.set_keep_alive_timeout(limits_.keep_alive_s);
    server_.set_keep_alive_max_count(10'000);
    server_.set_tcp_nodelay(true);
    // The library's own choice, SO_REUSEPORT, would let two services share a port, each with some
    // of the requests.
    server_.set_socket_options([](socket_t socket) {
      const int on = 1;
      setsockopt(socket, SOL_SOCKET, kExclusiveAddress, reinterpret_cast<const char*>(&on),
                 sizeof on);
    });
    // Errors of the library itself (a broken request line, a body that is too large) in our form.
    server_.set_error_handler([this](const httplib::Request& request, httplib::Response& response) {
      if (response.body.empty()) RefuseHead(request, &response);
    });
    server_.set_exception_handler(
        [](const httplib::Request&, httplib::Response& response, const std::exception_ptr&) {
          Send(Refusal(500, "internal", "the service broke"), &response);
        });
  }

  // What the library refuses by itself, mostly before the headers are read.
  void RefuseHead(const httplib::Request& request, httplib::Response* response) {
    CloseAfterAnswer();
    response->set_header("Connection", "close");
    if (this_stream != nullptr && this_stream->head_too_large()) {
      return Send(Refusal(431, "head_too_large",
                          fmt::format("the head has more than {} bytes", limits_.head_bytes)),
                  response);
    }
    // A method that the library does not know is one that no path knows.
    if (response->status == 400 && request.path.empty() && request.target.starts_with('/') &&
        request.version.starts_with("HTTP/1.")) {
      HttpRequest unknown;
      unknown.method = request.method;
      unknown.path = request.target.substr(0, request.target.find('?'));
      return Send(handler_(unknown), response);
    }
    Send(Refusal(response->status, "bad_request", "the request was not understood"), response);
  }

  // "Content-Length: 5, 5" and the like: who reads it otherwise than a proxy in front would take
  // part of a body for a request.
  static bool HasClearLength(const httplib::Request& request) {
    const size_t lengths = request.get_header_value_count("Content-Length");
    const size_t encodings = request.get_header_value_count("Transfer-Encoding");
    if (encodings > 0) {
      return encodings == 1 && lengths == 0 &&
             request.get_header_value("Transfer-Encoding") == "chunked";
    }
    if (lengths == 0) return true;
    const std::string length = request.get_header_value("Content-Length");
    return lengths == 1 && !length.empty() && length.size() <= 15 &&
           length.find_first_not_of("0123456789") == std::string::npos;
  }

  void Route() {
    // The request is the library's own and not const: what it makes of some headers is not wanted.
    server_.set_pre_routing_handler(
        [this](const httplib::Request& request, httplib::Response& response) {
          return Prepare(const_cast<httplib::Request*>(&request), &response);
        });
    const auto with_body = [this](const httplib::Request& request, httplib::Response& response,
                                  const httplib::ContentReader& reader) {
      AnswerWithBody(request, reader, &response);
    };
    server_.Post(".*", with_body);
    server_.Put(".*", with_body);
    server_.Patch(".*", with_body);
    server_.Delete(".*", with_body);
  }

  httplib::Server::HandlerResponse Prepare(httplib::Request* request, httplib::Response* response) {
    if (this_stream != nullptr) this_stream->BeginBody();
    if (!HasClearLength(*request)) {
      CloseAfterAnswer();
      response->set_header("Connection", "close");
      Send(Refusal(400, "bad_length", "how long the body is can't be said"), response);
      return httplib::Server::HandlerResponse::Handled;
    }
    // Parts of generated pages are of no use, and many overlapping ones a way to ask for gigabytes.
    request->ranges.clear();
    // The library would unpack without limit, and pack by Brotli, which takes 50 times as long.
    Rename(request, "Content-Encoding", "X-Body-Encoding");
    const bool takes_gzip =
        request->get_header_value("Accept-Encoding").find("gzip") != std::string::npos &&
        request->path.find("/events") == std::string::npos;
    request->headers.erase("Accept-Encoding");
    if (takes_gzip) request->set_header("Accept-Encoding", "gzip");

    const bool has_body = request->has_header("Transfer-Encoding") ||
                          (request->has_header("Content-Length") &&
                           request->get_header_value("Content-Length") != "0");
    const bool takes_body = request->method == "POST" || request->method == "PUT" ||
                            request->method == "PATCH" || request->method == "DELETE";
    // Without it the library would read until the other side closes.
    if (takes_body && !has_body) {
      request->headers.erase("Content-Length");
      request->set_header("Content-Length", "0");
    }
    const bool is_long = request->path.size() > limits_.path_bytes;
    const bool is_read = request->method == "GET" || request->method == "HEAD";
    if (has_body && !takes_body && !is_read) {
      // No path knows the method; its body is of no use to anybody.
      CloseAfterAnswer();
      response->set_header("Connection", "close");
      Send(handler_(Converted(*request)), response);
      return httplib::Server::HandlerResponse::Handled;
    }
    if (takes_body || has_body) {
      if (is_long || !takes_body) {
        request->method = "POST";
        request->path = kRefusedPath;
      }
      return httplib::Server::HandlerResponse::Unhandled;  // to AnswerWithBody
    }
    if (is_long) {
      Send(Refusal(414, "path_too_long", "the path is too long"), response);
    } else {
      Send(handler_(Converted(*request)), response);
    }
    return httplib::Server::HandlerResponse::Handled;
  }

  static void Rename(httplib::Request* request, const char* from, const char* to) {
    request->headers.erase(to);
    if (!request->has_header(from)) return;
    request->set_header(to, request->get_header_value(from));
    request->headers.erase(from);
  }

  void AnswerWithBody(const httplib::Request& from, const httplib::ContentReader& reader,
                      httplib::Response* response) {
    const auto deadline =
        std::chrono::steady_clock::now() + std::chrono::seconds(limits_.body_timeout_s);
    std::string body;
    body.reserve(std::min(limits_.body_bytes, ContentLength(from)));
    bool is_large = false;
    const auto take = [&](const char* piece, size_t size) {
      // What is too much is read and dropped: the connection goes on behind it.
      is_large = is_large || body.size() + size > limits_.body_bytes;
      if (is_large) {
        body.clear();
      } else {
        body.append(piece, size);
      }
      return std::chrono::steady_clock::now() < deadline;
    };
    // What calls itself a form is read by the same door: a browser's form is nothing we take.
    const bool is_form = from.is_multipart_form_data();
    const bool was_read =
        is_form ? reader([](const httplib::MultipartFormData&) { return true; },
                         [&](const char* piece, size_t size) { return take(piece, size); })
                : reader([&](const char* piece, size_t size) { return take(piece, size); });
    if (!was_read) {
      CloseAfterAnswer();
      response->set_header("Connection", "close");
    }
    if (is_large || response->status == 413) {
      return Send(Refusal(413, "body_too_large",
                          fmt::format("the body has more than {} bytes", limits_.body_bytes)),
                  response);
    }
    if (!was_read) {
      return Send(Refusal(400, "body_cut_off", "the body did not come whole, or in time"),
                  response);
    }
    if (from.path == kRefusedPath) {
      return Send(Refusal(400, "bad_request", "a path too long, or a body where none is taken"),
                  response);
    }
    if (is_form) {
      return Send(Refusal(415, "media_type", "forms are not taken; send JSON"), response);
    }
    response->status = -1;
    Send(Unpacked(from, std::move(body)), response);
  }

  HttpResponse Unpacked(const httplib::Request& from, std::string body) {
    HttpRequest request = Converted(from);
    const std::string encoding = from.get_header_value("X-Body-Encoding");
    if (encoding.empty() || encoding == "identity") {
      request.body = std::move(body);
    } else if (encoding == "gzip") {
      auto unpacked = Gunzip(body, limits_.unpacked_bytes);
      if (!unpacked) {
        return Refusal(400, "bad_gzip",
                       fmt::format("the body is no gzip, or of more than {} bytes unpacked",
                                   limits_.unpacked_bytes));
      }
      request.body = std::move(*unpacked);
    } else {
      return Refusal(415, "content_encoding", "bodies come as they are, or as gzip");
    }
    return handler_(request);
  }

  HttpLimits limits_;
  HttpHandler handler_;
  LimitedServer server_;
  int port_ = 0;
  std::thread thread_;
};

HttpServer::HttpServer(const HttpAddress& address, const HttpLimits& limits, HttpHandler handler)
    : implementation_(std::make_unique<Implementation>(address, limits, std::move(handler))) {}

HttpServer::~HttpServer() = default;

int HttpServer::port() const { return implementation_->port(); }

}  // namespace deltagauge
