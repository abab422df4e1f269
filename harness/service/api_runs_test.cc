// Runs on demand as requests and answers: the queue, the states, what is refused.
#include <stdexcept>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/service/run_stage_test.h"

namespace deltagauge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using ApiRunsTest = RunServiceTest;

TEST_F(ApiRunsTest, ARunGoesFromTheQueueToItsReport) {
  const HttpResponse posted = Post(R"({"config": "tiny", "overrides": ["seed=5"]})");
  EXPECT_EQ(posted.status, 202) << posted.body;
  EXPECT_EQ(Header(posted, "Location"), "/api/v1/runs/task-1");
  EXPECT_EQ(Text(JsonOf(posted), "task"), "task-1");
  EXPECT_EQ(Text(JsonOf(posted), "state"), "queued");
  EXPECT_EQ(Int(JsonOf(posted), "position"), 1);

  stage_.Start();
  ASSERT_EQ(stage_.orders().size(), 1u);
  EXPECT_EQ(stage_.orders()[0].config_file, configs_ / "tiny.yaml");
  EXPECT_THAT(stage_.orders()[0].overrides, ElementsAre("seed=5"));
  EXPECT_EQ(Text(Get("task-1"), "state"), "running");
  EXPECT_EQ(Get("task-1").Find("position"), nullptr);

  stage_.Step({3, 40, "kernel:T=65", "stage", 0.25, 12});
  const Json running = Get("task-1");
  ASSERT_NE(running.Find("progress"), nullptr);
  EXPECT_EQ(Int(*running.Find("progress"), "done"), 3);
  EXPECT_EQ(Text(*running.Find("progress"), "case"), "kernel:T=65");

  stage_.Finish({ReportText("report-1"), 0, ""});
  const Json ended = Ended("task-1");
  EXPECT_EQ(Text(ended, "state"), "completed");
  EXPECT_EQ(Text(ended, "verdict"), "passed");
  EXPECT_EQ(Text(ended, "report_id"), "report-1");
  EXPECT_EQ(Int(ended, "exit_code"), 0);
  EXPECT_EQ(ended.Find("overrides")->AsArray().at(0).AsString(), "seed=5");
  EXPECT_EQ(Ask("GET", "/api/v1/reports/report-1").status, 200);
}

TEST_F(ApiRunsTest, CompletedIsNotPassed) {
  Post();
  Report report = ExampleFailingReport();
  report.report_id = "report-1";
  stage_.Finish({WriteReport(report), kExitInvalid, ""});
  const Json ended = Ended("task-1");
  EXPECT_EQ(Text(ended, "state"), "completed");
  EXPECT_EQ(Text(ended, "verdict"), "invalid");
  EXPECT_EQ(Int(ended, "exit_code"), kExitInvalid);
}

TEST_F(ApiRunsTest, TheQueueIsBoundedAndMovesOn) {
  Post();
  stage_.Start();
  EXPECT_EQ(Int(JsonOf(Post()), "position"), 1);
  EXPECT_EQ(Int(JsonOf(Post()), "position"), 2);
  const HttpResponse refused = Post();
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(Code(refused), "queue_full");
  EXPECT_NE(Header(refused, "Retry-After"), "");

  const HttpResponse cancelled = Ask("DELETE", "/api/v1/runs/task-2");
  EXPECT_EQ(cancelled.status, 200);
  EXPECT_EQ(Text(JsonOf(cancelled), "state"), "cancelled");
  EXPECT_EQ(Int(Get("task-3"), "position"), 1);
  EXPECT_EQ(Post().status, 202);
  stage_.Finish({ReportText("report-1"), 0, ""});
  stage_.Start();
  EXPECT_EQ(Text(Get("task-3"), "state"), "running");
  EXPECT_EQ(stage_.orders().back().task, "task-3") << "the cancelled one ran";
}

TEST_F(ApiRunsTest, ItIsQueuedUntilItsTurnOnTheMachine) {
  Post();
  stage_.Do([](const RunWatch&) { return std::nullopt; });  // it has begun to wait for the lock
  Post();
  EXPECT_EQ(Int(Get("task-1"), "position"), 1);
  EXPECT_EQ(Int(Get("task-2"), "position"), 2);
  EXPECT_EQ(Ask("DELETE", "/api/v1/runs/task-1").status, 202);
  EXPECT_EQ(Text(Ended("task-1"), "state"), "cancelled");
}

TEST_F(ApiRunsTest, ACancelledRunKeepsItsIncompleteReport) {
  stage_.when_cancelled = {ReportText("report-1", Whole::kNo), kExitInvalid, ""};
  Post();
  stage_.Start();
  EXPECT_EQ(Ask("DELETE", "/api/v1/runs/task-1").status, 202);
  const Json ended = Ended("task-1");
  EXPECT_EQ(Text(ended, "state"), "cancelled");
  EXPECT_EQ(Text(ended, "report_id"), "report-1");
  EXPECT_EQ(Ask("GET", "/api/v1/reports/report-1").status, 200);
  const HttpResponse again = Ask("DELETE", "/api/v1/runs/task-1");
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(Code(again), "has_ended");
  EXPECT_EQ(Ask("DELETE", "/api/v1/runs/none").status, 404);
  EXPECT_EQ(Ask("GET", "/api/v1/runs/none").status, 404);
}

TEST_F(ApiRunsTest, WhatBreaksIsAnErrorAndTheNextOneRuns) {
  const std::vector<std::pair<RunOutcome, std::string>> broken = {
      {{"", std::nullopt, "its process ended by signal 9"}, "signal 9"},
      {{"", kExitUsage, "tiny.yaml: unknown key"}, "unknown key"},
      {{"", 0, ""}, "before all its cases"},
      {{"{torn", 0, ""}, "report could not be kept"},
      // Asked to end by somebody else; a crash after the report was written.
      {{ReportText("report-4", Whole::kNo), 5, ""}, "before all its cases"},
      {{ReportText("report-5"), std::nullopt, "its process ended by signal 11"}, "signal 11"}};
  for (const auto& [outcome, message] : broken) {
    const std::string task = Text(JsonOf(Post()), "task");
    stage_.Finish(outcome);
    const Json ended = Ended(task);
    EXPECT_EQ(Text(ended, "state"), "error") << message;
    EXPECT_THAT(Text(ended, "message"), HasSubstr(message));
  }
  const std::string task = Text(JsonOf(Post()), "task");
  stage_.Do([](const RunWatch&) -> std::optional<RunOutcome> {
    throw std::runtime_error("no space left");
  });
  EXPECT_EQ(Text(Ended(task), "message"), "no space left");
  EXPECT_EQ(Ask("GET", "/api/v1/reports/report-5").status, 200);
}

TEST_F(ApiRunsTest, AServiceThatEndsLeavesNothingUnfinished) {
  stage_.when_cancelled = {ReportText("report-1", Whole::kNo), kExitInvalid, ""};
  Post();
  stage_.Start();
  Post();
  runs_->Close();
  EXPECT_EQ(Text(Get("task-1"), "state"), "cancelled");
  EXPECT_EQ(Text(Get("task-1"), "message"), "the service ended");
  EXPECT_EQ(Text(Get("task-2"), "state"), "error");
  EXPECT_EQ(Text(Get("task-2"), "message"), "the service ended");
  EXPECT_EQ(Post().status, 503);
}

TEST_F(ApiRunsTest, WhatAKilledServiceHadBegunIsAnErrorAfterwards) {
  for (const RunState state : {RunState::kQueued, RunState::kRunning, RunState::kCompleted}) {
    RunRecord record;
    record.task = "old-" + std::string(RunStateName(state));
    record.config = "tiny";
    record.overrides = "[]";
    record.state = state;
    store_->Write([&](Database& database) { AddRun(record, &database); });
  }
  Open();
  EXPECT_EQ(runs_->left_behind().size(), 2u);
  EXPECT_EQ(Text(Get("old-queued"), "state"), "error");
  EXPECT_EQ(Text(Get("old-running"), "message"), "the service ended");
  EXPECT_EQ(Text(Get("old-completed"), "state"), "completed");
}

TEST_F(ApiRunsTest, TheListIsNewestFirstPageByPage) {
  Open(10);
  for (int i = 0; i < 3; ++i) Post();
  const Json first = JsonOf(Ask("GET", "/api/v1/runs", "", {{"limit", "2"}}));
  ASSERT_EQ(first.Find("runs")->AsArray().size(), 2u);
  EXPECT_EQ(Text(first.Find("runs")->AsArray()[0], "task"), "task-3");
  const Json next =
      JsonOf(Ask("GET", "/api/v1/runs", "", {{"limit", "2"}, {"after", Text(first, "next")}}));
  ASSERT_EQ(next.Find("runs")->AsArray().size(), 1u);
  EXPECT_EQ(Text(next.Find("runs")->AsArray()[0], "task"), "task-1");
  EXPECT_EQ(next.Find("next"), nullptr);
}

TEST_F(ApiRunsTest, MetricsCountThem) {
  Post();
  stage_.Finish({ReportText("report-1"), 0, ""});
  Ended("task-1");
  Post();
  stage_.Start();
  Post();
  const std::string metrics = Ask("GET", "/metrics").body;
  EXPECT_THAT(metrics, HasSubstr("deltagauge_run_queue_length 1\n"));
  EXPECT_THAT(metrics, HasSubstr("deltagauge_run_running 1\n"));
  EXPECT_THAT(metrics, HasSubstr("deltagauge_runs_total{state=\"completed\"} 1\n"));
  EXPECT_THAT(metrics, HasSubstr("deltagauge_runs_total{state=\"error\"} 0\n"));
}

TEST_F(ApiRunsTest, AServiceWithoutRunsTakesNone) {
  Serve(nullptr);
  EXPECT_EQ(Code(Post()), "no_runs");
  EXPECT_EQ(Ask("GET", "/api/v1/runs").status, 200);
  EXPECT_EQ(Ask("GET", "/api/v1/runs/none").status, 404);
  EXPECT_EQ(Ask("DELETE", "/api/v1/runs/none").status, 403);
}

TEST_F(ApiRunsTest, OnlyWithTheToken) {
  HttpRequest request;
  request.method = "POST";
  request.path = "/api/v1/runs";
  request.body = R"({"config": "tiny"})";
  EXPECT_EQ(service_->Handle(request).status, 401);
  EXPECT_THAT(stage_.orders(), IsEmpty());
}

}  // namespace
}  // namespace deltagauge
