#include "harness/store/store_runs.h"

#include <memory>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/report/report_example.h"
#include "harness/report/report_json.h"
#include "harness/store/report_store.h"
#include "harness/store/store_test_database.h"

namespace deltagauge {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class StoreRunsTest : public ::testing::TestWithParam<SqlDialect> {
 protected:
  void SetUp() override {
    database_ = TestDatabase::Make(GetParam());
    if (!database_) GTEST_SKIP() << "DELTAGAUGE_TEST_POSTGRES names no server";
    store_ = ReportStore::Open(database_->address());
  }
  void TearDown() override { store_.reset(); }

  int64_t Add(const std::string& task, RunState state = RunState::kQueued) {
    RunRecord run;
    run.task = task;
    run.config = "quick";
    run.overrides = R"(["seed=3"])";
    run.state = state;
    run.created_s = 100;
    int64_t id = 0;
    store_->Write([&](Database& database) { id = AddRun(run, &database); });
    return id;
  }

  RunRecord Find(const std::string& task) {
    std::optional<RunRecord> run;
    store_->Read([&](Database& database) { run = FindRun(task, &database); });
    return run.value();
  }

  std::vector<std::string> Tasks(int64_t before_id, int limit) {
    std::vector<std::string> tasks;
    store_->Read([&](Database& database) {
      for (const RunRecord& run : ListRuns(before_id, limit, &database)) tasks.push_back(run.task);
    });
    return tasks;
  }

  std::unique_ptr<TestDatabase> database_;
  std::unique_ptr<ReportStore> store_;
};

TEST_P(StoreRunsTest, WhatIsUpdatedIsKept) {
  Add("a");
  RunRecord run = Find("a");
  EXPECT_EQ(run.config, "quick");
  EXPECT_EQ(run.overrides, R"(["seed=3"])");
  EXPECT_EQ(run.state, RunState::kQueued);
  EXPECT_FALSE(run.started_s || run.ended_s || run.exit_code);
  run.state = RunState::kError;
  run.started_s = 101;
  run.ended_s = 105;
  run.exit_code = 0;
  run.message = "broken";
  store_->Write([&](Database& database) { EXPECT_TRUE(UpdateRun(run, &database)); });
  const RunRecord found = Find("a");
  EXPECT_EQ(found.state, RunState::kError);
  EXPECT_EQ(found.started_s, 101);
  EXPECT_EQ(found.ended_s, 105);
  EXPECT_EQ(found.exit_code, 0);
  EXPECT_EQ(found.message, "broken");
  EXPECT_EQ(found.verdict, "");
  run.task = "other";
  store_->Write([&](Database& database) { EXPECT_FALSE(UpdateRun(run, &database)); });
}

TEST_P(StoreRunsTest, TheVerdictIsTheReports) {
  Report report = ExamplePassingReport();
  report.report_id = "r1";
  store_->Add(MakeReportRows(WriteReport(report), "test"), 100);
  Add("a");
  RunRecord run = Find("a");
  run.report_id = "r1";
  store_->Write([&](Database& database) { UpdateRun(run, &database); });
  EXPECT_EQ(Find("a").verdict, "passed");
}

TEST_P(StoreRunsTest, TheNewestComesFirstPageByPage) {
  for (const char* task : {"a", "b", "c", "d"}) Add(task);
  EXPECT_THAT(Tasks(0, 3), ElementsAre("d", "c", "b"));
  EXPECT_THAT(Tasks(Find("b").id, 3), ElementsAre("a"));
  EXPECT_THAT(Tasks(Find("a").id, 3), IsEmpty());
}

TEST_P(StoreRunsTest, ATaskIsThereOnce) {
  Add("a");
  EXPECT_THROW(Add("a"), DatabaseError);
}

TEST_P(StoreRunsTest, OnlyWhatWasUnfinishedFails) {
  Add("queued");
  Add("running", RunState::kRunning);
  Add("completed", RunState::kCompleted);
  Add("cancelled", RunState::kCancelled);
  std::vector<std::string> failed;
  store_->Write([&](Database& database) {
    failed = FailUnfinishedRuns("the service ended", 200, &database);
  });
  EXPECT_THAT(failed, ::testing::UnorderedElementsAre("queued", "running"));
  EXPECT_EQ(Find("queued").state, RunState::kError);
  EXPECT_EQ(Find("running").message, "the service ended");
  EXPECT_EQ(Find("running").ended_s, 200);
  EXPECT_EQ(Find("completed").state, RunState::kCompleted);
  EXPECT_EQ(Find("cancelled").state, RunState::kCancelled);
}

INSTANTIATE_TEST_SUITE_P(Databases, StoreRunsTest,
                         ::testing::Values(SqlDialect::kSqlite, SqlDialect::kPostgres),
                         [](const auto& test) {
                           return test.param == SqlDialect::kSqlite ? "Sqlite" : "Postgres";
                         });

}  // namespace
}  // namespace deltagauge
