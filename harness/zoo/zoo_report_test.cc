// What the zoo says: figures, table, and that reports/zoo.md is about the faults and variants that
// exist.
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <string>
#include <variant>
#include <vector>

#include "gtest/gtest.h"
#include "harness/zoo/zoo_run.h"

namespace deltagauge::zoo {
namespace {

const Member& FaultNamed(std::string_view name) {
  for (const Member& fault : Faults()) {
    if (fault.name == name) return fault;
  }
  ADD_FAILURE() << "no fault is named " << name;
  return Faults().front();
}

// The first cell of each row of the document's tables, heads and lines aside: name -> row.
std::map<std::string, std::string> RowsOf(const std::string& markdown) {
  std::map<std::string, std::string> rows;
  std::istringstream lines(markdown);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("| ")) continue;
    const std::string name = line.substr(2, line.find(" |", 2) - 2);
    if (name != "fault" && name != "variant") rows[name] = line;
  }
  return rows;
}

std::string DifferencesOf(const std::string& markdown) {
  std::map<std::string, std::string> rows = RowsOf(markdown);
  std::string differences;
  for (const std::span<const Member> members : {Faults(), Variants()}) {
    for (const Member& member : members) {
      if (rows.erase(std::string(member.name)) == 0) {
        differences.append(member.name).append(" is not in it; ");
      }
    }
  }
  for (const auto& [name, row] : rows) differences.append(name).append(" does not exist; ");
  return differences;
}

std::string KeptReport() {
  std::ifstream file(DELTAGAUGE_ZOO_REPORT);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

MemberResult ResultOf(const Member& member) {
  MemberResult result;
  result.member = &member;
  result.is_fault = member.fault != Fault::kNone;
  return result;
}

// `ci/zoo` writes it anew.
TEST(ZooReportTest, TheKeptReportNamesEachFaultAndVariantAndNoOther) {
  EXPECT_EQ(DifferencesOf(KeptReport()), "");
}

TEST(ZooReportTest, TheKeptReportHasNothingMissedOrFailed) {
  const std::map<std::string, std::string> rows = RowsOf(KeptReport());
  for (const Member& fault : Faults()) {
    const auto row = rows.find(std::string(fault.name));
    if (row == rows.end()) continue;  // said above
    const char* const verdict = fault.why_missed.empty() ? " | caught | " : " | known miss | ";
    EXPECT_NE(row->second.find(verdict), std::string::npos) << row->second;
  }
  for (const Member& variant : Variants()) {
    const auto row = rows.find(std::string(variant.name));
    if (row == rows.end()) continue;
    EXPECT_NE(row->second.find(" | passed | "), std::string::npos) << row->second;
  }
}

TEST(ZooReportTest, AMissingOrAnUnknownNameIsFound) {
  std::vector<MemberResult> results;
  for (const std::span<const Member> members : {Faults(), Variants()}) {
    for (const Member& member : members) results.push_back(ResultOf(member));
  }
  EXPECT_EQ(DifferencesOf(ZooMarkdown(results, "a.yaml")), "");
  const std::string lost(results.back().member->name);
  results.pop_back();
  EXPECT_EQ(DifferencesOf(ZooMarkdown(results, "a.yaml") + "| stranger | what |\n"),
            lost + " is not in it; stranger does not exist; ");
}

TEST(ZooReportTest, RowsSayByHowMuch) {
  MemberResult fault = ResultOf(FaultNamed("no_scale"));
  fault.objection = {"kernel:T=1", "R2", "state", 8e-6, 2e-6, "R2 state failed"};
  MemberResult variant = ResultOf(Variants().front());
  variant.cases = 122;
  variant.nearest = {"kernel:T=2", "R1", "output", 1e-7, 4e-7};
  const std::vector<MemberResult> results = {fault, variant};
  const auto rows = RowsOf(ZooMarkdown(results, "a.yaml"));
  EXPECT_EQ(rows.at("no_scale"),
            "| no_scale | the query is not scaled | planted | caught | `kernel:T=1` | "
            "R2 state: 8e-06 > 2e-06, 4 x |");
  EXPECT_EQ(rows.at("tokens"),
            "| tokens | four sweeps a token, sums forwards | passed | 122 | 25 % | "
            "R1 output: 1e-07 of 4e-07 | `kernel:T=2` |");
}

TEST(ZooReportTest, JudgeGivesTheNearestLimitOrAnObjection) {
  const auto parsed = ParseCase("kernel:T=9,Hv=2,K=32");
  const KernelCase& c = std::get<KernelCase>(parsed);
  const CaseData data = MakeCaseData(c);
  const Judgement passed = Judge(c, data, KernelOf(Variants().front()), {});
  ASSERT_TRUE(passed.nearest);
  EXPECT_FALSE(passed.objection);
  EXPECT_GT(passed.nearest->Share(), 0.05);  // float32 against float64: there is an error
  EXPECT_LE(passed.nearest->Share(), 1);
  const Judgement caught = Judge(c, data, KernelOf(FaultNamed("no_scale")), {});
  ASSERT_TRUE(caught.objection);
  EXPECT_GT(caught.objection->Times(), 1);

  // A gate's limit counts, too: as an objection, and as the nearest one.
  Gate gate;
  gate.metric = "kernel.output.rel_rmse";
  gate.max = passed.nearest->observed / 1e3;
  EXPECT_TRUE(Judge(c, data, KernelOf(Variants().front()), std::vector{gate}).objection);
}

}  // namespace
}  // namespace deltagauge::zoo
