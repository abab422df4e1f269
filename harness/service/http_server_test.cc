#include "harness/service/http_server.h"

#include <atomic>
#include <string>
#include <thread>

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/store/gzip.h"
#include "httplib.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

using ::testing::HasSubstr;

// Answers with what it was asked.
HttpResponse Echo(const HttpRequest& request) {
  Json query = Json::MakeObject();
  for (const auto& [name, value] : request.query) query[name] = value;
  return JsonAnswer(Json::MakeObject({{"method", request.method},
                                      {"path", request.path},
                                      {"query", std::move(query)},
                                      {"bytes", request.body.size()},
                                      {"authorization", request.authorization}}));
}

class HttpServerTest : public ::testing::Test {
 protected:
  static HttpLimits Limits() {
    HttpLimits limits;
    limits.body_bytes = 100'000;
    limits.unpacked_bytes = 200'000;
    limits.threads = 4;
    limits.read_timeout_s = 2;
    limits.keep_alive_s = 1;
    return limits;
  }

  HttpServer server_{HttpAddress{"127.0.0.1", 0}, Limits(), Echo};
  httplib::Client client_{"127.0.0.1", server_.port()};
};

TEST_F(HttpServerTest, GivesTheHandlerWhatWasSent) {
  client_.set_bearer_token_auth("secret");
  const auto answer = client_.Get("/a%20b/c?x=1%262&y=&z=a=b%3Dc%20d");
  ASSERT_TRUE(answer);
  const Json json = ParseJson(answer->body, "answer");
  EXPECT_EQ(json.Find("method")->AsString(), "GET");
  EXPECT_EQ(json.Find("path")->AsString(), "/a b/c");
  EXPECT_EQ(json.Find("query")->Find("x")->AsString(), "1&2");
  EXPECT_EQ(json.Find("query")->Find("y")->AsString(), "");
  EXPECT_EQ(json.Find("query")->Find("z")->AsString(), "a=b=c d");
  EXPECT_EQ(json.Find("authorization")->AsString(), "Bearer secret");
  EXPECT_EQ(answer->get_header_value("Cache-Control"), "no-store");
}

TEST_F(HttpServerTest, BodiesComePlainAndAsGzip) {
  const std::string text(50'000, 'x');
  const auto bytes = [&](const httplib::Headers& headers, const std::string& body) {
    const auto answer = client_.Post("/", headers, body, "application/json");
    return answer ? fmt::format("{} {}", answer->status,
                                answer->status == 200
                                    ? ParseJson(answer->body, "a").Find("bytes")->AsInt64()
                                    : 0)
                  : std::string("none");
  };
  EXPECT_EQ(bytes({}, text), "200 50000");
  EXPECT_EQ(bytes({{"Content-Encoding", "gzip"}}, Gzip(text)), "200 50000");
  EXPECT_EQ(bytes({{"Content-Encoding", "gzip"}}, text), "400 0");
  EXPECT_EQ(bytes({{"Content-Encoding", "br"}}, text), "415 0");
  // 10 MB in 10 KB.
  EXPECT_EQ(bytes({{"Content-Encoding", "gzip"}}, Gzip(std::string(10'000'000, ' '))), "400 0");
  EXPECT_EQ(bytes({}, std::string(100'001, 'x')), "413 0");
}

TEST_F(HttpServerTest, AfterARefusedBodyTheConnectionGoesOn) {
  client_.set_keep_alive(true);
  for (int i = 0; i < 3; ++i) {
    const auto refused = client_.Post("/", std::string(150'000, 'x'), "application/json");
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->status, 413);
    const auto after = client_.Get("/after");
    ASSERT_TRUE(after);
    EXPECT_THAT(after->body, HasSubstr("\"/after\""));
  }
}

TEST_F(HttpServerTest, ChunkedBodiesHaveTheSameLimit) {
  const auto post = [&](size_t bytes) {
    size_t left = bytes;
    const auto answer = client_.Post(
        "/",
        [&](size_t, httplib::DataSink& sink) {
          const std::string piece(std::min<size_t>(left, 10'000), 'x');
          if (!piece.empty()) sink.write(piece.data(), piece.size());
          left -= piece.size();
          if (left == 0) sink.done();
          return true;
        },
        "application/json");
    return answer ? answer->status : -1;
  };
  EXPECT_EQ(post(90'000), 200);
  EXPECT_EQ(post(150'000), 413);
}

TEST_F(HttpServerTest, LongPathsFormsAndBodiesOfReadsAreRefused) {
  const auto long_path = client_.Get("/" + std::string(2000, 'a'));
  ASSERT_TRUE(long_path);
  EXPECT_EQ(long_path->status, 414);
  const auto long_post = client_.Post("/" + std::string(2000, 'a'), "{}", "application/json");
  ASSERT_TRUE(long_post);
  EXPECT_EQ(long_post->status, 400);
  httplib::MultipartFormDataItems items = {{"file", "content", "../../x", "text/plain"}};
  const auto form = client_.Post("/", items);
  ASSERT_TRUE(form);
  EXPECT_EQ(form->status, 415);
  httplib::Request get;
  get.method = "GET";
  get.path = "/";
  get.body = "GET /smuggled HTTP/1.1\r\n\r\n";
  get.set_header("Content-Length", std::to_string(get.body.size()));
  const auto with_body = client_.send(get);
  ASSERT_TRUE(with_body);
  EXPECT_EQ(with_body->status, 400);
}

TEST_F(HttpServerTest, AWriteWithoutABodyIsAnsweredAtOnce) {
  for (const char* method : {"POST", "PUT", "PATCH", "DELETE"}) {
    httplib::Request request;
    request.method = method;
    request.path = "/x";
    const auto answer = client_.send(request);
    ASSERT_TRUE(answer) << method;
    EXPECT_EQ(answer->status, 200) << method;
    EXPECT_EQ(ParseJson(answer->body, "a").Find("method")->AsString(), method);
  }
}

TEST_F(HttpServerTest, RangesAreIgnored) {
  const auto answer = client_.Get("/", {{"Range", "bytes=0-0,0-0,0-0"}});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_THAT(answer->body, HasSubstr("\"method\""));
}

TEST_F(HttpServerTest, APortIsHeldByOneServiceAlone) {
  EXPECT_THROW(HttpServer(HttpAddress{"127.0.0.1", server_.port()}, Limits(), Echo),
               reference::InputError);
  EXPECT_THROW(HttpServer(HttpAddress{"no.such.host.invalid", 0}, Limits(), Echo),
               reference::InputError);
}

TEST(HttpServerEndTest, WaitsForTheAnswersThatAreOnTheirWay) {
  std::atomic<bool> begun = false;
  std::string body;
  std::thread asker;
  {
    HttpServer server(HttpAddress{"127.0.0.1", 0}, HttpLimits(), [&](const HttpRequest&) {
      begun = true;
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
      return HtmlAnswer("whole");
    });
    asker = std::thread([&, port = server.port()] {
      httplib::Client client("127.0.0.1", port);
      const auto answer = client.Get("/");
      if (answer) body = answer->body;
    });
    while (!begun) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  asker.join();
  EXPECT_EQ(body, "whole");
}

TEST(HttpServerStreamTest, PiecesComeAsTheyAreMade) {
  HttpServer server(HttpAddress{"127.0.0.1", 0}, HttpLimits(), [](const HttpRequest&) {
    HttpResponse response;
    response.content_type = "text/event-stream";
    auto count = std::make_shared<int>(0);
    response.stream = [count](const SendPiece& send) {
      return send(fmt::format("data: {}\n\n", *count)) && ++*count < 3;
    };
    return response;
  });
  httplib::Client client("127.0.0.1", server.port());
  const auto answer = client.Get("/api/v1/runs/x/events");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "data: 0\n\ndata: 1\n\ndata: 2\n\n");
}

}  // namespace
}  // namespace deltagauge
