// Runs on demand through the program itself.
#include "harness/service/process_run.h"

#include <cstdlib>
#include <fstream>
#include <optional>
#include <string>

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/base/host_lock.h"
#include "harness/service/run_stage_test.h"

namespace deltagauge {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Another one than RunServiceTest's: its runs are processes.
class ProcessRunTest : public RunServiceTest {
 protected:
  void SetUp() override {
    RunServiceTest::SetUp();
    service_.reset();
    runs_.reset();
    options_.program = DELTAGAUGE_PROGRAM;
    options_.work_folder = folder_ / "work";
    options_.lock_file = folder_ / "lock";
    RunQueueOptions queue;
    queue.unix_seconds = [] { return int64_t{1'800'000'000}; };
    queue.new_task = [this] { return "task-" + std::to_string(++tasks_); };
    runs_ = std::make_unique<RunQueue>(queue, store_.get(), RunInProcess(options_));
    Serve(runs_.get());
  }

  void WriteConfig(const std::string& name, const std::string& shapes) {
    reference::WriteFile((configs_ / (name + ".yaml")).string(),
                         fmt::format("version: 1\nname: {}\nkernel: {{shapes: [{}]}}\n"
                                     "gates: [{{metric: kernel.output.rel_rmse, max: 1e-5}}]\n",
                                     name, shapes));
  }

  // Waits until its program says how far it is.
  void AwaitProgress(const std::string& task) {
    runs_->Await(
        task, [](const RunView& view) { return view.step.has_value(); }, std::chrono::minutes(2));
  }

  size_t LeftInWorkFolder() const {
    std::error_code none;
    size_t count = 0;
    for (const auto& entry : fs::directory_iterator(options_.work_folder, none)) {
      count += entry.exists() ? 1 : 0;
    }
    return count;
  }

  const reference::TemporaryFolder folder_;
  ProcessRunOptions options_;
};

TEST_F(ProcessRunTest, ARunEndsInAReport) {
  WriteConfig("small", "{tokens: [3, 5], value_heads: 2, key_heads: 1, key_dim: 16}");
  const HttpResponse posted = Post(R"({"config": "small", "overrides": ["seed=77"]})");
  ASSERT_EQ(posted.status, 202) << posted.body;
  const Json ended = Ended("task-1");
  EXPECT_EQ(Text(ended, "state"), "completed") << WriteJson(ended);
  EXPECT_EQ(Text(ended, "verdict"), "passed");
  EXPECT_EQ(Int(ended, "exit_code"), 0);
  const HttpResponse raw = Ask("GET", "/api/v1/reports/" + Text(ended, "report_id") + "/raw");
  EXPECT_THAT(raw.body, HasSubstr("seed=77"));
  EXPECT_EQ(LeftInWorkFolder(), 0u);
}

TEST_F(ProcessRunTest, AskedToEndItKeepsWhatItHas) {
  std::string tokens = "1";
  for (int i = 2; i <= 1000; ++i) tokens += fmt::format(", {}", i);
  WriteConfig("many", fmt::format("{{tokens: [{}], value_heads: 1, key_heads: 1}}", tokens));
  Post(R"({"config": "many"})");
  AwaitProgress("task-1");
  EXPECT_EQ(Ask("DELETE", "/api/v1/runs/task-1").status, 202);
  const Json ended = Ended("task-1");
  EXPECT_EQ(Text(ended, "state"), "cancelled") << WriteJson(ended);
  const Json report = JsonOf(Ask("GET", "/api/v1/reports/" + Text(ended, "report_id")));
  ASSERT_NE(report.Find("complete"), nullptr);
  EXPECT_FALSE(report.Find("complete")->AsBool());
  EXPECT_EQ(LeftInWorkFolder(), 0u);
}

// The process that this one has started, where the system tells.
std::optional<int64_t> ChildOfThis() {
  std::error_code error;
  for (const auto& thread : fs::directory_iterator("/proc/self/task", error)) {
    std::ifstream children(thread.path() / "children");
    int64_t child = 0;
    if (children >> child) return child;
  }
  return std::nullopt;
}

TEST_F(ProcessRunTest, KilledItIsAnErrorAndTheNextOneRuns) {
#if defined(_WIN32)
  GTEST_SKIP() << "this system does not tell which process it is";
#endif
  // Minutes, if nobody killed it.
  WriteConfig("long", "{tokens: [65536], value_heads: 16, key_heads: 16}");
  WriteConfig("small", "{tokens: [3], value_heads: 1, key_heads: 1}");
  Post(R"({"config": "long"})");
  Post(R"({"config": "small"})");
  AwaitProgress("task-1");
  const std::optional<int64_t> child = ChildOfThis();
  if (!child) {
    Ask("DELETE", "/api/v1/runs/task-2");
    GTEST_SKIP() << "this system does not tell which process it is";
  }
  ASSERT_EQ(std::system(fmt::format("kill -9 {}", *child).c_str()), 0);
  const Json ended = Ended("task-1");
  EXPECT_EQ(Text(ended, "state"), "error");
  EXPECT_EQ(Text(ended, "message"), "its process ended by signal 9");
  EXPECT_EQ(ended.Find("exit_code"), nullptr);
  EXPECT_EQ(Text(Ended("task-2"), "state"), "completed");
  EXPECT_EQ(LeftInWorkFolder(), 0u);
}

TEST_F(ProcessRunTest, WaitsForItsTurnOnTheMachine) {
  const auto turn = HostLock::Try(options_.lock_file);
  ASSERT_TRUE(turn);
  Post();
  EXPECT_EQ(Text(Get("task-1"), "state"), "queued");
  Ask("DELETE", "/api/v1/runs/task-1");
  const Json ended = Ended("task-1");
  EXPECT_EQ(Text(ended, "state"), "cancelled");
  EXPECT_EQ(ended.Find("started_at"), nullptr) << "it ran beside another";
}

TEST_F(ProcessRunTest, WhatTheProgramSaysIsTheMessage) {
  RunWatch watch;
  watch.started = [] {};
  watch.progress = [](const RunStep&) {};
  watch.cancelled = [] { return false; };
  RunOrder order = {"task-9", "none", configs_ / "none.yaml", {}};
  const RunOutcome outcome = RunInProcess(options_)(order, watch);
  EXPECT_EQ(outcome.exit_code, kExitUsage);
  EXPECT_THAT(outcome.message, HasSubstr("can't open the file"));
  EXPECT_THAT(outcome.report, IsEmpty());
}

}  // namespace
}  // namespace deltagauge
