// What comes over the wire and has no clear end, or no end: refused, and nothing behind it is taken
// for a request.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <string>
#include <string_view>

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/service/http_server.h"
#include "harness/service/socket_os.h"

namespace deltagauge {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::string_view kGet = "GET /good HTTP/1.1\r\nHost: localhost\r\n\r\n";

class HttpLimitsTest : public ::testing::Test {
 protected:
  static HttpLimits Limits() {
    HttpLimits limits;
    limits.threads = 2;
    limits.body_bytes = 1000;
    limits.head_bytes = 4000;
    limits.read_timeout_s = 1;
    limits.head_timeout_s = 1;
    limits.keep_alive_s = 1;
    return limits;
  }

  HttpResponse Handle(const HttpRequest& request) {
    ++requests_;
    HttpResponse response;
    if (request.method != "GET" && request.method != "POST") response.status = 405;
    response.body = "<" + request.method + " " + request.path + " " + request.body + ">";
    return response;
  }

  // All that comes until the service ends the connection.
  std::string Exchange(std::string_view bytes) {
    const int connection = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(server_.port()));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(connection, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return "";
    WriteSocket(connection, bytes.data(), bytes.size());
    std::string answer;
    char piece[4096];
    for (int64_t count = 0; (count = ReadSocket(connection, piece, sizeof piece)) > 0;) {
      answer.append(piece, static_cast<size_t>(count));
    }
    CloseSocket(connection);
    return answer;
  }

  std::atomic<int> requests_ = 0;
  HttpServer server_{
      {"127.0.0.1", 0}, Limits(), [this](const HttpRequest& request) { return Handle(request); }};
};

std::string Post(std::string_view headers, std::string_view body) {
  return fmt::format("POST /post HTTP/1.1\r\nHost: localhost\r\n{}\r\n{}", headers, body);
}

TEST_F(HttpLimitsTest, RequestsInOneConnectionAreAnsweredInOrder) {
  const std::string answer =
      Exchange(std::string(kGet) + Post("Content-Length: 5\r\n", "hello") + std::string(kGet));
  EXPECT_EQ(requests_, 3);
  EXPECT_THAT(answer, HasSubstr("<POST /post hello>"));
  EXPECT_THAT(answer, EndsWith("<GET /good >"));
}

TEST_F(HttpLimitsTest, UnclearLengthsAreRefusedAndEndTheConnection) {
  for (const char* headers :
       {"Content-Length: 4\r\nContent-Length: 5\r\n",
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "Content-Length: -1\r\n",
        "Content-Length: 4, 4\r\n", "Content-Length: 99999999999999999999\r\n",
        "Transfer-Encoding: gzip\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"}) {
    requests_ = 0;
    const std::string answer = Exchange(Post(headers, "0\r\n\r\n") + std::string(kGet));
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 400")) << headers;
    EXPECT_THAT(answer, HasSubstr("bad_length")) << headers;
    EXPECT_EQ(requests_, 0) << headers;
  }
}

TEST_F(HttpLimitsTest, ABrokenBodyEndsTheConnection) {
  const std::string answer =
      Exchange(Post("Transfer-Encoding: chunked\r\n", "zz\r\n") + std::string(kGet));
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 400"));
  EXPECT_EQ(requests_, 0);
}

// The library reads no header of such a request: each would be a request of its own.
TEST_F(HttpLimitsTest, ABrokenRequestLineEndsTheConnection) {
  const std::string answer = Exchange("GET /\r\nHost: localhost\r\n\r\n" + std::string(kGet));
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 400"));
  EXPECT_EQ(answer.find("HTTP/1.1", 1), std::string::npos) << answer;
  EXPECT_EQ(requests_, 0);
}

TEST_F(HttpLimitsTest, MethodsThatTheLibraryDoesNotKnowAreTheHandlersToo) {
  const std::string answer = Exchange("BREW /pot?x HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 405"));
  EXPECT_THAT(answer, HasSubstr("<BREW /pot >"));
}

TEST_F(HttpLimitsTest, HeadsEndSomewhere) {
  std::string head = "GET /good HTTP/1.1\r\n";
  for (int i = 0; i < 1000; ++i) head += fmt::format("X-{}: y\r\n", i);
  EXPECT_THAT(Exchange(head + "\r\n"), StartsWith("HTTP/1.1 431"));
  EXPECT_EQ(Exchange("GET /" + std::string(100'000, 'x')), "");  // no line, no answer
  EXPECT_EQ(requests_, 0);
  EXPECT_THAT(Exchange(kGet), StartsWith("HTTP/1.1 200"));
}

TEST_F(HttpLimitsTest, AHeadThatDoesNotComeEndsTheConnection) {
  EXPECT_THAT(Exchange("GET /good HTTP/1.1\r\nX: "), StartsWith("HTTP/1.1 400"));
  EXPECT_EQ(requests_, 0);
}

TEST_F(HttpLimitsTest, ABodyThatIsTooLargeIsSaidSo) {
  EXPECT_THAT(Exchange(Post("Content-Length: 5000\r\n", std::string(5000, 'x'))),
              StartsWith("HTTP/1.1 413"));
  EXPECT_EQ(requests_, 0);
}

}  // namespace
}  // namespace deltagauge
