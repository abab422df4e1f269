#include "harness/cli/check_report.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace deltagauge {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

GroupedOutcome Outcome(std::string_view group, Verdict verdict, double output, double state) {
  GroupedOutcome grouped{group, {}};
  CheckOutcome& outcome = grouped.outcome;
  outcome.verdict = verdict;
  outcome.target = "AVX2";
  outcome.kernel_case.tokens = 5;
  if (verdict != Verdict::kPassed) outcome.reason = "R3 output failed";
  outcome.tensors = {{"output", {}, {}, {}}, {"state", {}, {}, {}}};
  outcome.tensors[0].result.rel_rmse = output;
  outcome.tensors[1].result.rel_rmse = state;
  outcome.tensors[0].recurrent.rel_rmse = 2e-7;
  outcome.tensors[0].chunked.rel_rmse = 3e-7;
  return grouped;
}

TEST(CheckReportTest, TableShowsTheWorstOfEachGroupBesideTheReferences) {
  const std::vector<GroupedOutcome> outcomes = {Outcome("gates=none", Verdict::kPassed, 1e-7, 5e-8),
                                                Outcome("gates=none", Verdict::kFailed, 4e-7, 1e-8),
                                                Outcome("keys", Verdict::kPassed, 2e-8, 3e-8)};
  const std::string table = FormatCheckTable(outcomes);
  EXPECT_THAT(table, ContainsRegex("gates=none +2 +4.00e-07 +3.00e-07 +5.00e-08 .*failed"));
  EXPECT_THAT(table, ContainsRegex("keys +1 +2.00e-08 +3.00e-07 .*passed"));
}

TEST(CheckReportTest, ReferencesWithoutAnAnswerDontCount) {
  std::vector<GroupedOutcome> outcomes = {Outcome("reset", Verdict::kPassed, 1e-7, 1e-7)};
  outcomes[0].outcome.tensors[0].chunked.non_finite_mismatches = 1;
  EXPECT_THAT(FormatCheckTable(outcomes), HasSubstr("2.00e-07"));
  EXPECT_THAT(FormatCheckTable(outcomes), Not(HasSubstr("3.00e-07")));
}

TEST(CheckReportTest, ChecksWithoutFiguresShowDashes) {
  std::vector<GroupedOutcome> outcomes = {Outcome("threads", Verdict::kPassed, 0, 0)};
  outcomes[0].outcome.tensors.clear();
  EXPECT_THAT(FormatCheckTable(outcomes), ContainsRegex("threads +1 +- +- +- +-  passed"));
}

TEST(CheckReportTest, ProblemsComeWithTheLineThatRunsThemAgain) {
  const std::vector<GroupedOutcome> outcomes = {Outcome("keys", Verdict::kPassed, 0, 0),
                                                Outcome("keys", Verdict::kFailed, 0, 0)};
  EXPECT_EQ(FormatProblems(outcomes),
            "failed (keys): R3 output failed\n  deltagauge repro 'kernel:T=5'\n");
}

TEST(CheckReportTest, SkippedCasesAreCountedByReason) {
  std::vector<GroupedOutcome> outcomes(4, Outcome("random", Verdict::kSkipped, 0, 0));
  for (GroupedOutcome& grouped : outcomes) grouped.outcome.reason = "no bfloat16";
  outcomes[1].outcome.reason = "K is 64 at most";
  outcomes[2].outcome.verdict = Verdict::kError;
  EXPECT_EQ(FormatProblems(outcomes),
            "error (random): no bfloat16\n  deltagauge repro 'kernel:T=5'\n"
            "skipped (random): K is 64 at most\n  deltagauge repro 'kernel:T=5'\n"
            "skipped, 2 cases: no bfloat16; the first:\n  deltagauge repro 'kernel:T=5'\n");
}

TEST(CheckReportTest, VerdictLineCountsEverything) {
  const std::vector<GroupedOutcome> outcomes = {Outcome("keys", Verdict::kPassed, 0, 0),
                                                Outcome("keys", Verdict::kFailed, 0, 0),
                                                Outcome("keys", Verdict::kInvalid, 0, 0)};
  EXPECT_EQ(FormatVerdictLine(outcomes, 1.26),
            "invalid: 1 of 3 cases passed, 1 failed, 1 invalid, on AVX2, in 1.3 s\n");
  EXPECT_EQ(FormatVerdictLine(std::span(outcomes).first(1), 2),
            "passed: all 1 cases, on AVX2, in 2.0 s\n");
  EXPECT_EQ(FormatVerdictLine({}, 0), "invalid: nothing was checked\n");
}

}  // namespace
}  // namespace deltagauge
