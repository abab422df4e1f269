#include "harness/report/merge.h"

#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/report/report_example.h"
#include "harness/report/report_json.h"
#include "harness/timing/timing_statistics.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// p-values as a run in one piece would have corrected them.
void Correct(Report* report) {
  std::vector<double> p;
  for (const CaseReport& of : report->cases) {
    if (of.performance) p.push_back(of.performance->tests.wilcoxon_p);
  }
  const std::vector<double> adjusted = HolmAdjusted(p);
  size_t next = 0;
  for (CaseReport& of : report->cases) {
    if (of.performance) of.performance->tests.holm_p = adjusted[next++];
  }
}

Report Whole() {
  Report report = ExampleFailingReport();
  Correct(&report);
  return report;
}

// What `deltagauge run --shard index/count` would have reported of the same run.
NamedReport ShardOf(const Report& whole, int index, int count) {
  Report shard = whole;
  shard.shard = ShardReport{index, count};
  shard.report_id = "shard-" + std::to_string(index);
  shard.created_at = "2026-03-11T09:3" + std::to_string(index) + ":00Z";
  shard.duration_s = 10;
  shard.cases.clear();
  for (const CaseReport& of : whole.cases) {
    if (of.index % count == index - 1) shard.cases.push_back(of);
  }
  Correct(&shard);
  JudgeReport(GatesOf(whole.gates), &shard);
  return {"shard" + std::to_string(index) + ".json", std::move(shard)};
}

// Without what may differ: times and ids.
std::string Timeless(Report report) {
  report.report_id.clear();
  report.parent_report_ids.clear();
  report.created_at.clear();
  report.duration_s = 0;
  return WriteReport(report);
}

TEST(MergeTest, ShardsMergedEqualOneRun) {
  const Report whole = Whole();
  for (const int count : {2, 3, 40}) {
    std::vector<NamedReport> shards;
    // In any order.
    for (int index = count; index >= 1; --index) shards.push_back(ShardOf(whole, index, count));
    const Report merged = MergeReports(shards, "merged");
    EXPECT_EQ(Timeless(merged), Timeless(whole)) << count;
    EXPECT_EQ(merged.report_id, "merged");
    EXPECT_EQ(merged.parent_report_ids.size(), static_cast<size_t>(count));
    EXPECT_EQ(merged.duration_s, 10 * count);
  }
}

TEST(MergeTest, AShardAloneIsNotInvalidForGatesOfOthers) {
  const NamedReport shard = ShardOf(ExamplePassingReport(), 1, 30);  // one kernel case
  EXPECT_EQ(shard.report.cases.size(), 1u);
  EXPECT_EQ(shard.report.summary.exit_code, kExitPass);
}

TEST(MergeTest, EarliestBeginningAndAllParents) {
  const Report whole = Whole();
  const Report merged = MergeReports({{ShardOf(whole, 2, 2), ShardOf(whole, 1, 2)}}, "merged");
  EXPECT_EQ(merged.created_at, "2026-03-11T09:31:00Z");
  EXPECT_THAT(merged.parent_report_ids, ElementsAre("shard-2", "shard-1"));
}

TEST(MergeTest, AMissingShardLeavesItIncomplete) {
  const Report whole = ExamplePassingReport();
  const Report merged = MergeReports({{ShardOf(whole, 1, 4), ShardOf(whole, 3, 4)}}, "merged");
  EXPECT_FALSE(merged.complete);
  EXPECT_EQ(merged.incomplete_reason, "of 4 shards, 2, 4 are missing");
  EXPECT_EQ(merged.summary.exit_code, kExitInconclusive);
}

TEST(MergeTest, AnInterruptedShardLeavesItIncomplete) {
  const Report whole = ExamplePassingReport();
  std::vector<NamedReport> shards = {ShardOf(whole, 1, 2), ShardOf(whole, 2, 2)};
  shards[1].report.complete = false;
  shards[1].report.incomplete_reason = "interrupted";
  const Report merged = MergeReports(shards, "merged");
  EXPECT_EQ(merged.incomplete_reason, "shard2.json: interrupted");
  EXPECT_EQ(merged.summary.exit_code, kExitInconclusive);
}

TEST(MergeTest, CasesRememberTheirMachine) {
  const Report whole = ExamplePassingReport();
  std::vector<NamedReport> shards = {ShardOf(whole, 1, 2), ShardOf(whole, 2, 2)};
  shards[1].report.machine.fingerprint = "other";
  const Report merged = MergeReports(shards, "merged");
  ASSERT_EQ(merged.other_machines.size(), 1u);
  EXPECT_FALSE(merged.cases[0].machine.has_value());
  EXPECT_EQ(merged.cases[1].machine, "other");
  // And when it is merged again.
  const Report again = MergeReports({{{"merged.json", merged}}}, "again");
  EXPECT_EQ(Timeless(again), Timeless(merged));
}

// --- What is refused.

template <typename Change>
std::string ErrorAfter(Change change) {
  const Report whole = Whole();
  std::vector<NamedReport> shards = {ShardOf(whole, 1, 2), ShardOf(whole, 2, 2)};
  change(shards[1].report);
  try {
    MergeReports(shards, "merged");
  } catch (const reference::InputError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(MergeTest, RefusesReportsOfOtherRuns) {
  EXPECT_EQ(ErrorAfter([](Report&) {}), "accepted");
  EXPECT_EQ(ErrorAfter([](Report& report) { report.tool.commit = "fedcba"; }),
            "shard2.json: is of another commit than shard1.json: 'fedcba', not "
            "'0123456789abcdef0123456789abcdef01234567'; only shards of one run can be merged");
  EXPECT_THAT(ErrorAfter([](Report& report) { report.config.sha256 = "0"; }),
              HasSubstr("another configuration"));
  EXPECT_THAT(ErrorAfter([](Report& report) { report.tool.dirty = true; }),
              HasSubstr("'changed', not 'clean'"));
  EXPECT_THAT(ErrorAfter([](Report& report) { report.gates.pop_back(); }),
              HasSubstr("another set of gates"));
  EXPECT_THAT(ErrorAfter([](Report& report) { report.waivers.clear(); }),
              HasSubstr("another set of waivers"));
  EXPECT_THAT(ErrorAfter([](Report& report) { report.gate_policy.min_effect = 0.5; }),
              HasSubstr("another smallest effect"));
  EXPECT_THAT(ErrorAfter([](Report& report) { report.shard->count = 3; }),
              HasSubstr("is one of 3 shards, not of 2"));
  EXPECT_THAT(ErrorAfter([](Report& report) { report.shard->index = 3; }),
              HasSubstr("is shard 3 of 2"));
  EXPECT_THROW(MergeReports({}, "merged"), reference::InputError);
}

TEST(MergeTest, ACaseInTwoShardsMustHaveOneResult) {
  const Report whole = Whole();
  const CaseReport shared = whole.cases[0];  // of the first shard
  EXPECT_EQ(ErrorAfter([&](Report& report) {
              report.cases.push_back(shared);
              report.cases.back().duration_ms = 1;
            }),
            "accepted");
  EXPECT_THAT(ErrorAfter([&](Report& report) {
                report.cases.push_back(shared);
                report.cases.back().status = Verdict::kFailed;
              }),
              HasSubstr("has another result than in shard1.json"));
  EXPECT_THAT(ErrorAfter([&](Report& report) {
                report.cases.push_back(shared);
                report.cases.back().metrics[0].value += 1e-9;
              }),
              HasSubstr("shard2.json: case 'kernel:T=1,gates=none' has another result"));
}

}  // namespace
}  // namespace deltagauge
