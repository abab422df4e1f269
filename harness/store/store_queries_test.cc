#include "harness/store/store_queries.h"

#include <string>

#include "fmt/format.h"
#include "gtest/gtest.h"
#include "harness/report/report_example.h"
#include "harness/report/report_json.h"
#include "harness/report/report_time.h"
#include "harness/store/report_store.h"
#include "harness/store/schema.h"
#include "harness/store/store_test_database.h"

namespace deltagauge {
namespace {

constexpr int64_t kNow = 1'800'000'000;

class StoreQueriesTest : public ::testing::TestWithParam<SqlDialect> {
 protected:
  void SetUp() override {
    database_ = TestDatabase::Make(GetParam());
    if (!database_) GTEST_SKIP() << "DELTAGAUGE_TEST_POSTGRES names no server";
    store_ = ReportStore::Open(database_->address());
  }
  void TearDown() override { store_.reset(); }

  void Add(const std::string& id, const std::string& branch, int64_t created_s) {
    Report report = ExamplePassingReport();
    report.report_id = id;
    report.vcs.branch = branch;
    report.created_at = FormatUtc(created_s);
    ASSERT_EQ(store_->Add(MakeReportRows(WriteReport(report), "test"), kNow), AddOutcome::kAdded);
  }

  // Reports without figures, of the branch of another one, each a second before the one before.
  void AddEmpty(const std::string& like, int count) {
    std::string sql =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) "
        "INSERT INTO reports(report_id, run_id, sha256, created_s, received_s, repo, branch, "
        "commit_sha, base_sha, pull_request, dirty, platform, machine, config, config_sha256, "
        "verdict, exit_code, complete, cases, headline, raw_bytes) "
        "SELECT 'empty-' || n.i, run_id, sha256, created_s - n.i, received_s, repo, branch, "
        "commit_sha, base_sha, pull_request, dirty, platform, machine, config, config_sha256, "
        "verdict, exit_code, complete, cases, headline, raw_bytes FROM reports, n "
        "WHERE report_id = '{}'";
    sql = fmt::format(fmt::runtime(sql), count, like);
    store_->Write([&](Database& database) { database.Run(sql); });
  }

  std::string Points(const std::string& branch, int limit) {
    std::string text;
    store_->Read([&](Database& database) {
      SeriesFilter filter;
      filter.metric = "performance.prefill.speedup";
      const auto names = ListSeries(filter, &database);
      ASSERT_FALSE(names.empty());
      for (const SeriesPoint& point : ReadSeries(names.front().id, branch, limit, &database)) {
        EXPECT_EQ(point.branch, branch);
        EXPECT_TRUE(point.value);
        text += point.report_id + " ";
      }
    });
    return text;
  }

  std::unique_ptr<TestDatabase> database_;
  std::unique_ptr<ReportStore> store_;
};

// Few reports are looked up one by one, many by searching the series.
TEST_P(StoreQueriesTest, ABranchHasTheSamePointsHoweverManyReportsItHas) {
  for (int i = 0; i < 6; ++i) {
    Add(fmt::format("r{}", i), i % 2 == 0 ? "main" : "side", kNow + i);
  }
  EXPECT_EQ(Points("main", 10), "r0 r2 r4 ");
  EXPECT_EQ(Points("main", 2), "r2 r4 ");
  EXPECT_EQ(Points("none", 10), "");
  AddEmpty("r0", 2100);
  EXPECT_EQ(Points("main", 10), "r0 r2 r4 ");
  EXPECT_EQ(Points("main", 2), "r2 r4 ");
  EXPECT_EQ(Points("side", 10), "r1 r3 r5 ");
}

// Databases of version 1 had an index of fewer columns.
TEST_P(StoreQueriesTest, AnOlderDatabaseBecomesANewerOneAndKeepsItsReports) {
  Add("r0", "main", kNow);
  store_->Write([](Database& database) {
    database.Run("DELETE FROM deltagauge_store WHERE version > 1");
    database.Run("DROP INDEX reports_by_time");
    database.Run("CREATE INDEX reports_by_time ON reports(created_s, id)");
  });
  store_.reset();
  store_ = ReportStore::Open(database_->address());
  store_->Read([](Database& database) {
    EXPECT_EQ(database.QueryInt("SELECT max(version) FROM deltagauge_store"), kStoreVersion);
    EXPECT_EQ(database.QueryInt("SELECT count(*) FROM deltagauge_store"), kStoreVersion);
    EXPECT_TRUE(FindReport("r0", &database));
    ReportFilter filter;
    filter.verdict = "passed";
    EXPECT_EQ(ListReports(filter, &database).size(), 1u);
    filter.commit = "0123456789";
    filter.machine = ListMachines(&database).front().fingerprint;
    EXPECT_EQ(ListReports(filter, &database).size(), 1u);
    filter.commit = "1123456789";
    EXPECT_TRUE(ListReports(filter, &database).empty());
  });
}

INSTANTIATE_TEST_SUITE_P(Databases, StoreQueriesTest,
                         ::testing::Values(SqlDialect::kSqlite, SqlDialect::kPostgres),
                         [](const auto& tested) {
                           return tested.param == SqlDialect::kSqlite ? "Sqlite" : "Postgres";
                         });

}  // namespace
}  // namespace deltagauge
