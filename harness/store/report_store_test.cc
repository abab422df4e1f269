#include "harness/store/report_store.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <thread>
#include <vector>

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/report/report_example.h"
#include "harness/report/report_json.h"
#include "harness/report/report_time.h"
#include "harness/store/gzip.h"
#include "harness/store/schema.h"
#include "harness/store/store_queries.h"
#include "harness/store/store_records.h"
#include "harness/store/store_test_database.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kNow = 1'800'000'000;

struct Made {
  std::string id;
  std::string branch = "main";
  std::string commit = "0123456789abcdef0123456789abcdef01234567";
  int64_t created_s = kNow;
  std::string fingerprint = "00000000deadbeef";
};

std::string TextOf(const Made& made) {
  Report report = ExamplePassingReport();
  report.report_id = made.id;
  report.vcs.branch = made.branch;
  report.vcs.head_sha = made.commit;
  report.created_at = FormatUtc(made.created_s);
  report.machine.fingerprint = made.fingerprint;
  return WriteReport(report);
}

ReportRows RowsOf(const Made& made) { return MakeReportRows(TextOf(made), "test"); }

class ReportStoreTest : public ::testing::TestWithParam<SqlDialect> {
 protected:
  void SetUp() override {
    database_ = TestDatabase::Make(GetParam());
    if (!database_) GTEST_SKIP() << "DELTAGAUGE_TEST_POSTGRES names no server";
    store_ = ReportStore::Open(database_->address());
  }
  void TearDown() override { store_.reset(); }

  void Reopen() {
    store_.reset();
    store_ = ReportStore::Open(database_->address());
  }

  template <typename Type>
  Type Ask(const std::function<Type(Database*)>& question) const {
    Type answer{};
    store_->Read([&](Database& database) { answer = question(&database); });
    return answer;
  }

  std::vector<ReportRow> List(const ReportFilter& filter) const {
    return Ask<std::vector<ReportRow>>(
        [&](Database* database) { return ListReports(filter, database); });
  }

  std::vector<SeriesName> Names(const SeriesFilter& filter) const {
    return Ask<std::vector<SeriesName>>(
        [&](Database* database) { return ListSeries(filter, database); });
  }

  std::unique_ptr<TestDatabase> database_;
  std::unique_ptr<ReportStore> store_;
};

TEST_P(ReportStoreTest, ReturnsWhatWasAddedToTheByte) {
  const std::string text = TextOf({"r1"});
  EXPECT_EQ(store_->Add(MakeReportRows(text, "test"), kNow + 5), AddOutcome::kAdded);
  Reopen();
  store_->Read([&](Database& database) {
    const auto found = FindReport("r1", &database);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->branch, "main");
    EXPECT_EQ(found->created_s, kNow);
    EXPECT_EQ(found->received_s, kNow + 5);
    EXPECT_EQ(found->machine.fingerprint, "00000000deadbeef");
    EXPECT_EQ(found->verdict, "passed");
    EXPECT_EQ(ReadBody(found->id, &database), text);
    EXPECT_FALSE(FindReport("r2", &database));
  });
}

TEST_P(ReportStoreTest, ASecondReportOfOneIdIsThereOrAConflict) {
  EXPECT_EQ(store_->Add(RowsOf({"r1"}), kNow), AddOutcome::kAdded);
  EXPECT_EQ(store_->Add(RowsOf({"r1"}), kNow + 9), AddOutcome::kThere);
  EXPECT_EQ(store_->Add(RowsOf({"r1", "other"}), kNow), AddOutcome::kConflict);
  ASSERT_EQ(List({}).size(), 1u);
  EXPECT_EQ(List({}).front().received_s, kNow);
  EXPECT_EQ(List({}).front().branch, "main");
}

TEST_P(ReportStoreTest, ListsInPagesNewestFirst) {
  for (int i = 0; i < 7; ++i) {
    // Two of each time: the page must not lose one between them.
    store_->Add(RowsOf({fmt::format("r{}", i), "main", "a", kNow + i / 2}), kNow);
  }
  std::vector<std::string> seen;
  ReportFilter filter;
  filter.limit = 3;
  for (;;) {
    const auto page = List(filter);
    for (const ReportRow& row : page) seen.push_back(row.report_id);
    if (page.size() < 3) break;
    filter.after = PageMark{page.back().created_s, page.back().id};
  }
  EXPECT_EQ(seen, (std::vector<std::string>{"r6", "r5", "r4", "r3", "r2", "r1", "r0"}));
}

TEST_P(ReportStoreTest, FiltersByEachColumn) {
  store_->Add(RowsOf({"r1", "main", "abc1", kNow, "aaaaaaaaaaaaaaaa"}), kNow);
  store_->Add(RowsOf({"r2", "side", "abd2", kNow, "bbbbbbbbbbbbbbbb"}), kNow);
  const auto ids = [&](const ReportFilter& filter) {
    std::string text;
    for (const ReportRow& row : List(filter)) text += row.report_id + " ";
    return text;
  };
  ReportFilter filter;
  filter.branch = "side";
  EXPECT_EQ(ids(filter), "r2 ");
  filter = {};
  filter.commit = "abc";
  EXPECT_EQ(ids(filter), "r1 ");
  filter.commit = "ab";
  EXPECT_EQ(ids(filter), "r2 r1 ");
  filter = {};
  filter.machine = "bbbbbbbbbbbbbbbb";
  EXPECT_EQ(ids(filter), "r2 ");
  filter = {};
  filter.verdict = "failed";
  EXPECT_EQ(ids(filter), "");
  filter.verdict = "passed";
  filter.config = List({}).front().config;
  filter.platform = List({}).front().platform;
  EXPECT_EQ(ids(filter), "r2 r1 ");
}

TEST_P(ReportStoreTest, SeriesAreInTheOrderOfTimeWhateverTheOrderOfArrival) {
  for (const int i : {2, 0, 1}) {
    store_->Add(RowsOf({fmt::format("r{}", i), "main", "c", kNow + i}), kNow);
  }
  store_->Add(RowsOf({"other", "side", "c", kNow + 9}), kNow);
  store_->Add(RowsOf({"elsewhere", "main", "c", kNow, "cccccccccccccccc"}), kNow);
  SeriesFilter filter;
  filter.metric = "performance.prefill.speedup";
  const auto names = Names(filter);
  ASSERT_EQ(names.size(), 4u) << "two cases on two machines";
  filter.machine = "00000000deadbeef";
  filter.case_name = names.front().case_name;
  ASSERT_EQ(Names(filter).size(), 1u);
  const int64_t id = Names(filter).front().id;
  EXPECT_EQ(Names(filter).front().direction, "larger");
  const auto points = [&](std::string_view branch, int limit) {
    std::string text;
    for (const SeriesPoint& point : Ask<std::vector<SeriesPoint>>(
             [&](Database* database) { return ReadSeries(id, branch, limit, database); })) {
      EXPECT_TRUE(point.value && point.ci_lo && point.ci_hi && point.noise);
      EXPECT_LE(*point.ci_lo, *point.value);
      EXPECT_EQ(point.verdict, "passed");
      text += point.report_id + " ";
    }
    return text;
  };
  EXPECT_EQ(points("main", 10), "r0 r1 r2 ");
  EXPECT_EQ(points("", 10), "r0 r1 r2 other ");
  EXPECT_EQ(points("", 2), "r2 other ");
}

TEST_P(ReportStoreTest, FiguresThatAreNotFiniteAreKeptAsNothing) {
  Report report = ExampleFailingReport();
  report.report_id = "r1";
  ASSERT_FALSE(report.cases.front().metrics.empty());
  report.cases.front().metrics.front().value = std::nan("");
  const std::string name = report.cases.front().id;
  const std::string metric = report.cases.front().metrics.front().name;
  store_->Add(MakeReportRows(WriteReport(report), "test"), kNow);
  SeriesFilter filter;
  filter.case_name = name;
  filter.metric = metric;
  ASSERT_EQ(Names(filter).size(), 1u);
  store_->Read([&](Database& database) {
    const auto points = ReadSeries(Names(filter).front().id, "", 10, &database);
    ASSERT_EQ(points.size(), 1u);
    EXPECT_FALSE(points.front().value);
  });
}

TEST_P(ReportStoreTest, KeepsTheGatesAsTheReportJudgedThem) {
  Report report = ExampleFailingReport();
  report.report_id = "r1";
  store_->Add(MakeReportRows(WriteReport(report), "test"), kNow);
  store_->Read([&](Database& database) {
    const auto gates = ReadGates(FindReport("r1", &database)->id, &database);
    ASSERT_EQ(gates.size(), report.gates.size());
    for (size_t i = 0; i < gates.size(); ++i) {
      EXPECT_EQ(gates[i].gate, report.gates[i].id);
      EXPECT_EQ(gates[i].verdict, VerdictName(report.gates[i].verdict));
      EXPECT_EQ(gates[i].at_least, report.gates[i].op == GateOperator::kAtLeast);
    }
  });
}

TEST_P(ReportStoreTest, HeadsAreTheNewestOfEachBranchAndMachine) {
  store_->Add(RowsOf({"old", "main", "a", kNow}), kNow);
  store_->Add(RowsOf({"new", "main", "b", kNow + 10}), kNow);
  store_->Add(RowsOf({"late", "main", "c", kNow + 5}), kNow);  // arrives last, is not the newest
  store_->Add(RowsOf({"side", "side", "d", kNow + 20}), kNow);
  store_->Read([&](Database& database) {
    const auto heads = ListHeads(10, &database);
    ASSERT_EQ(heads.size(), 2u);
    EXPECT_EQ(heads[0].branch, "side");
    EXPECT_EQ(heads[0].report.report_id, "side");
    EXPECT_EQ(heads[1].report.report_id, "new");
    EXPECT_EQ(ListHeads(1, &database).size(), 1u);
    const auto latest = ListLatest(&database);
    ASSERT_EQ(latest.size(), 1u);
    EXPECT_EQ(latest[0].report_id, "side");
  });
}

TEST_P(ReportStoreTest, ManyWritersAtOnceLoseNothing) {
  constexpr int kWriters = 8;
  constexpr int kEach = 12;
  std::atomic<int> added = 0;
  std::vector<std::thread> writers;
  for (int writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back([&, writer] {
      for (int i = 0; i < kEach; ++i) {
        const auto rows = RowsOf({fmt::format("w{}-{}", writer, i), "main", "a", kNow + i});
        if (store_->Add(rows, kNow) == AddOutcome::kAdded) ++added;
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(added, kWriters * kEach);
  EXPECT_LE(store_->counters().commits, kWriters * kEach);
  ReportFilter filter;
  filter.limit = 1000;
  EXPECT_EQ(List(filter).size(), static_cast<size_t>(kWriters * kEach));
}

TEST_P(ReportStoreTest, WorkThatFailsUndoesItselfAlone) {
  EXPECT_THROW(store_->Write([](Database& database) {
    database.Query(
        "INSERT INTO waivers(target, author, reason, until, created_s) "
        "VALUES('x', 'a', 'b', '2026-01-01', 1)",
        {});
    throw std::runtime_error("changed my mind");
  }),
               std::runtime_error);
  EXPECT_THROW(store_->Write([](Database& database) { database.Run("NONSENSE"); }), DatabaseError);
  EXPECT_EQ(store_->Add(RowsOf({"r1"}), kNow), AddOutcome::kAdded);
  store_->Read([](Database& database) { EXPECT_TRUE(ListWaivers(&database).empty()); });
}

TEST_P(ReportStoreTest, SamplesGoByAgeFiguresStay) {
  store_->Add(RowsOf({"old", "main", "a", kNow}), kNow);
  store_->Add(RowsOf({"new", "main", "a", kNow + 100}), kNow);
  int64_t removed = 0;
  int64_t left = 0;
  store_->Write([&](Database& database) {
    removed = PruneSamples(kNow + 50, &database);
    left = database.QueryInt("SELECT count(*) FROM samples").value();
  });
  EXPECT_GT(removed, 0);
  EXPECT_EQ(left, removed);
  EXPECT_EQ(List({}).size(), 2u);
}

TEST_P(ReportStoreTest, BaselinesMoveWaiversAreWithdrawnAnnotationsMatch) {
  store_->Add(RowsOf({"r1"}), kNow);
  store_->Add(RowsOf({"r2"}), kNow);
  store_->Write([](Database& database) {
    EXPECT_TRUE(SetBaseline({"good", "r1", "ann", "first", 1}, &database));
    EXPECT_TRUE(SetBaseline({"good", "r2", "bob", "second", 2}, &database));
    EXPECT_FALSE(SetBaseline({"bad", "r9", "bob", "", 2}, &database));
    const int64_t id = AddWaiver({0, "kernel.*", "ann", "known", "2026-12-31", 5, {}}, &database);
    EXPECT_TRUE(WithdrawWaiver(id, 9, &database));
    EXPECT_FALSE(WithdrawWaiver(id, 9, &database));
    Annotation annotation;
    annotation.metric = "performance.prefill.speedup";
    annotation.note = "new compiler";
    AddAnnotation(annotation, &database);
  });
  store_->Read([](Database& database) {
    ASSERT_EQ(ListBaselines(&database).size(), 1u);
    EXPECT_EQ(FindBaseline("good", &database)->report_id, "r2");
    ASSERT_EQ(ListWaivers(&database).size(), 1u);
    EXPECT_EQ(ListWaivers(&database).front().withdrawn_s, 9);
    AnnotationFilter filter;
    filter.metric = "performance.prefill.speedup";
    filter.machine = "any";
    EXPECT_EQ(ListAnnotations(filter, &database).size(), 1u);
    filter.metric = "other";
    EXPECT_TRUE(ListAnnotations(filter, &database).empty());
  });
}

TEST_P(ReportStoreTest, ADatabaseOfALaterVersionIsRefused) {
  store_->Write(
      [](Database& database) { database.Run("INSERT INTO deltagauge_store(version) VALUES(99)"); });
  store_.reset();
  try {
    ReportStore::Open(database_->address());
    FAIL() << "opened";
  } catch (const reference::InputError& error) {
    EXPECT_THAT(error.what(), HasSubstr("version 99"));
  }
}

INSTANTIATE_TEST_SUITE_P(Databases, ReportStoreTest,
                         ::testing::Values(SqlDialect::kSqlite, SqlDialect::kPostgres),
                         [](const auto& test) {
                           return test.param == SqlDialect::kSqlite ? "Sqlite" : "Postgres";
                         });

TEST(SqliteBackUpTest, TheCopyOpensWithAllThatWasAdded) {
  const auto database = TestDatabase::Make(SqlDialect::kSqlite);
  const auto store = ReportStore::Open(database->address());
  store->Add(RowsOf({"r1"}), kNow);
  const DatabaseAddress copy{database->address().text + ".copy"};
  store->Read([&](Database& connection) { connection.BackUp(copy.text); });
  const auto opened = ReportStore::Open(copy);
  opened->Read([](Database& connection) { EXPECT_TRUE(FindReport("r1", &connection)); });
  EXPECT_THROW(store->Read([&](Database& connection) { connection.BackUp(copy.text); }),
               DatabaseError)
      << "a copy never replaces a file";
}

TEST(ReportRowsTest, RefusesWhatCouldNotBeKeptApart) {
  const auto what = [](const std::string& text) -> std::string {
    try {
      MakeReportRows(text, "body");
    } catch (const reference::InputError& error) {
      return error.what();
    }
    return "accepted";
  };
  EXPECT_EQ(what(TextOf({"r1"})), "accepted");
  EXPECT_THAT(what(TextOf({"../../etc/passwd"})), HasSubstr("body#/report_id"));
  EXPECT_THAT(what(TextOf({""})), HasSubstr("body#/report_id"));
  EXPECT_THAT(what("{"), HasSubstr("not JSON"));
  EXPECT_THAT(what("[]"), HasSubstr("expected an object"));
  Report report = ExamplePassingReport();
  report.created_at = "yesterday";
  EXPECT_THAT(what(WriteReport(report)), HasSubstr("body#/created_at"));
  IngestLimits limits;
  limits.cases = 3;
  EXPECT_THROW(MakeReportRows(TextOf({"r1"}), "body", limits), reference::InputError);
  limits = {};
  limits.metrics = 3;
  EXPECT_THROW(MakeReportRows(TextOf({"r1"}), "body", limits), reference::InputError);
  limits = {};
  limits.bytes = 1000;
  EXPECT_THROW(MakeReportRows(TextOf({"r1"}), "body", limits), reference::InputError);
}

TEST(GzipTest, ReadsBackAndRefusesTheRest) {
  const std::string text = TextOf({"r1"});
  const std::string packed = Gzip(text);
  EXPECT_LT(packed.size(), text.size() / 3);
  EXPECT_EQ(Gunzip(packed, text.size()), text);
  EXPECT_FALSE(Gunzip(packed, text.size() - 1));
  EXPECT_FALSE(Gunzip(packed.substr(0, packed.size() - 1), text.size()));
  EXPECT_FALSE(Gunzip(packed + "x", text.size()));
  EXPECT_FALSE(Gunzip("no gzip", 100));
  EXPECT_FALSE(Gunzip("", 100));
  EXPECT_EQ(Gunzip(Gzip(""), 10), "");
  // 50 MB of zeros in 50 KB: stopped at the limit.
  EXPECT_FALSE(Gunzip(Gzip(std::string(50'000'000, '\0')), 1'000'000));
}

TEST(DatabaseAddressTest, HidesThePassword) {
  EXPECT_EQ(DatabaseAddress{"postgresql://ann:se@cret@host/db"}.Shown(),
            "postgresql://ann:***@host/db");
  EXPECT_EQ(DatabaseAddress{"postgresql:///db?host=/run"}.Shown(), "postgresql:///db?host=/run");
  EXPECT_EQ(DatabaseAddress{"a:b@c.sqlite"}.Shown(), "a:b@c.sqlite");
}

TEST(SqliteTest, SaysWhatItCantOpen) {
  try {
    ReportStore::Open({"/no/such/folder/store.sqlite"});
    FAIL() << "opened";
  } catch (const reference::InputError& error) {
    EXPECT_THAT(error.what(), HasSubstr("/no/such/folder/store.sqlite"));
  }
}

}  // namespace
}  // namespace deltagauge
