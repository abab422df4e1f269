// Waiting for a run: long polls and streams of events.
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/service/run_stage_test.h"

namespace deltagauge {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class RunEventsTest : public RunServiceTest {
 protected:
  HttpResponse Events(const std::string& task) {
    return Ask("GET", "/api/v1/runs/" + task + "/events");
  }

  // One event; empty if the stream said that it was the last.
  std::string Next(const HttpResponse& response) {
    std::string sent;
    goes_on_ = response.stream([&](std::string_view piece) {
      sent += piece;
      return true;
    });
    return sent;
  }
  bool goes_on_ = false;
};

TEST_F(RunEventsTest, AreProgressHeartbeatsAndTheEnd) {
  Post();
  const HttpResponse events = Events("task-1");
  EXPECT_EQ(events.content_type, "text/event-stream");
  ASSERT_TRUE(events.stream);
  EXPECT_THAT(Next(events), AllOf(StartsWith("event: progress\ndata: {"), HasSubstr("queued")));
  stage_.Start();
  EXPECT_THAT(Next(events), AllOf(StartsWith("event: progress\n"), HasSubstr("running")));
  EXPECT_EQ(Next(events), ": heartbeat\n\n");
  EXPECT_TRUE(goes_on_);
  stage_.Step({1, 4, "kernel:T=1", "", 0, 9});
  stage_.Step({2, 4, "kernel:T=2", "", 0, 6});
  EXPECT_THAT(Next(events), HasSubstr(R"("done":2)")) << "only the newest is news";
  stage_.Finish({ReportText("report-1"), 0, ""});
  Ended("task-1");
  EXPECT_THAT(Next(events), AllOf(StartsWith("event: end\n"), HasSubstr(R"("verdict":"passed")"),
                                  HasSubstr(R"("report_id":"report-1")")));
  EXPECT_FALSE(goes_on_);
  EXPECT_THAT(Next(Events("task-1")), StartsWith("event: end\n"));
  EXPECT_EQ(Events("none").status, 404);
}

TEST_F(RunEventsTest, EndWhenTheOtherSideIsGone) {
  Post();
  EXPECT_FALSE(Events("task-1").stream([](std::string_view) { return false; }));
}

TEST_F(RunEventsTest, OnlySoManyWait) {
  Post();
  stage_.Start();
  std::vector<HttpResponse> held;
  for (int i = 0; i < 16; ++i) {
    held.push_back(Events("task-1"));
    ASSERT_EQ(held.back().status, 200);
  }
  EXPECT_EQ(Events("task-1").status, 429);
  EXPECT_EQ(Ask("GET", "/api/v1/runs/task-1", "", {{"wait", "30"}}).status, 429);
  EXPECT_EQ(Ask("GET", "/api/v1/runs/task-1").status, 200) << "who doesn't wait is not counted";
  held.pop_back();
  EXPECT_EQ(Events("task-1").status, 200);
}

TEST_F(RunEventsTest, ALongPollReturnsWithTheChange) {
  Post();
  stage_.Start();
  std::string seen;
  std::thread waiting([&] { seen = Ask("GET", "/api/v1/runs/task-1", "", {{"wait", "30"}}).body; });
  stage_.Step({1, 4, "kernel:T=1", "", 0, 9});
  stage_.Finish({ReportText("report-1"), 0, ""});
  waiting.join();
  // Whichever came while it waited.
  EXPECT_THAT(seen, ::testing::AnyOf(HasSubstr(R"("done": 1)"), HasSubstr("completed")));
}

TEST_F(RunEventsTest, AWaitIsBounded) {
  Post();
  EXPECT_EQ(Ask("GET", "/api/v1/runs/task-1", "", {{"wait", "31"}}).status, 400);
  EXPECT_EQ(Ask("GET", "/api/v1/runs/task-1", "", {{"wait", "-1"}}).status, 400);
}

}  // namespace
}  // namespace deltagauge
