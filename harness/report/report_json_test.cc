#include "harness/report/report_json.h"

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/report/report_example.h"
#include "harness/report/report_fields.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// --- Every member of every struct is in the list of fields, so that none is lost in the file.

struct Anything {
  template <typename Type>
  operator Type() const {  // NOLINT: converts to whatever the member is
    std::abort();          // never called: only whether it could be is asked
  }
};

template <typename Type, size_t... kIndex>
constexpr bool HasMembers(std::index_sequence<kIndex...>) {
  return requires { Type{(static_cast<void>(kIndex), Anything())...}; };
}

template <typename Type, size_t kCount = 0>
constexpr size_t CountMembers() {
  if constexpr (HasMembers<Type>(std::make_index_sequence<kCount + 1>())) {
    return CountMembers<Type, kCount + 1>();
  } else {
    return kCount;
  }
}

struct Counter {
  size_t fields = 0;
  void operator()(std::string_view, const auto&, std::string_view) { ++fields; }
};

template <typename Type>
void ExpectAllMembers() {
  Counter counter;
  Type value;
  FieldsOf<Type>::Each(counter, value);
  EXPECT_EQ(counter.fields, CountMembers<Type>()) << FieldsOf<Type>::kName;
}

template <typename... Types>
void ExpectAllMembersOf() {
  (ExpectAllMembers<Types>(), ...);
}

struct ThreeMembers {
  int64_t a = 0;
  std::string b;
  std::optional<std::vector<double>> c;
};

TEST(ReportFieldsTest, NoMemberIsLeftOut) {
  static_assert(CountMembers<ThreeMembers>() == 3);
  ExpectAllMembersOf<
      TensorComparison, TensorDigest, TensorResult, Finding, CorrectnessResult, Interval, Spread,
      RowCensus, DeltaFigures, KlFigures, PerplexityFigures, DriftBucket, LogitDrift, LayerFigures,
      LayerDrift, DriftResult, TokenDifference, Agreement, GreedyResult, GreedySummary,
      GreedyPrompt, GreedyReport, InvarianceComparison, InvarianceResult, RunCounters, ArmTiming,
      SpeedupEstimate, TimingTests, OutlierCounts, TimingNoise, TimingConfirmation, TimingResult,
      CpuCache, Machine, PreflightFinding, Metric, CaseReport, ShardReport, ConfigReport, VcsReport,
      CiReport, ToolReport, ArmReport, ModelReport, TextReport, GatePolicy, Waiver, GateResult,
      VerdictCount, SummaryReport, Report>();
}

// --- Writing and reading.

std::string FileText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.is_open()) << path;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

TEST(ReportJsonTest, WhatIsReadBackIsTheSame) {
  for (const Report& report : {ExamplePassingReport(), ExampleFailingReport(), Report()}) {
    const std::string text = WriteReport(report);
    EXPECT_EQ(WriteReport(ReadReport(text, "r")), text);
  }
}

TEST(ReportJsonTest, NumbersThatAreNotFiniteSurvive) {
  const Report back = ReadReport(WriteReport(ExampleFailingReport()), "r");
  for (const CaseReport& of : back.cases) {
    if (of.status != Verdict::kFailed) continue;
    EXPECT_EQ(of.correctness->tensors[1].error_ratio, std::numeric_limits<double>::infinity());
    EXPECT_TRUE(std::isnan(of.correctness->findings[1].observed));
  }
  CaseReport of = ExampleTimingCase(0, "prefill", 8, 1.5);
  of.performance->log_ratios = {1, std::nan(""), -HUGE_VAL};
  of.performance->gbps = HUGE_VAL;
  const std::string line = WriteCaseLine(of);
  EXPECT_THAT(
      line, HasSubstr(R"("nonfinite":{"gbps":"inf","log_ratios/1":"nan","log_ratios/2":"-inf"})"));
  const CaseReport read = ReadCaseLine(line, "l");
  EXPECT_TRUE(std::isnan(read.performance->log_ratios[1]));
  EXPECT_EQ(read.performance->log_ratios[2], -HUGE_VAL);
  EXPECT_EQ(WriteCaseLine(read), line);
}

TEST(ReportJsonTest, TextFromOutsideIsAlwaysUtf8) {
  const std::string text = WriteReport(ExampleFailingReport());
  EXPECT_THAT(text, HasSubstr("</script><b>&\\\"'\xef\xbf\xbd]]>\\u0001"));
}

TEST(ReportJsonTest, GoldenReport) {
  const std::string golden = FileText(DELTAGAUGE_FIXTURES "/golden_report.json");
  EXPECT_EQ(WriteReport(ExamplePassingReport()), golden)
      << "if this change is meant, write the golden files anew: harness/report/fixtures/README.md";
  EXPECT_EQ(WriteReport(ReadReport(golden, "golden")), golden);
}

TEST(ReportJsonTest, TheCommittedSchemaIsOurs) {
  EXPECT_EQ(WriteJson(ReportSchema(), JsonLayout::kIndented),
            FileText(DELTAGAUGE_REPORTS "/report.schema.json"))
      << "if this change is meant, write the schema anew: harness/report/fixtures/README.md";
}

// --- What is refused.

// The error of the example after `change` has been made to its JSON.
template <typename Change>
std::string ErrorAfter(Change change) {
  Json json = ReportToJson(ExamplePassingReport());
  change(json);
  try {
    ReadReport(WriteJson(json), "r");
  } catch (const reference::InputError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(ReportJsonTest, ErrorsPointAtThePlace) {
  EXPECT_EQ(ErrorAfter([](Json&) {}), "accepted");
  EXPECT_EQ(ErrorAfter([](Json& json) { json["cases"].AsArray()[3]["status"] = "pased"; }),
            "r#/cases/3/status: unknown value 'pased'; did you mean 'passed'?");
  EXPECT_EQ(ErrorAfter([](Json& json) { json["machine"]["cores"] = "2"; }),
            "r#/machine/cores: expected an integer, found string");
  EXPECT_EQ(ErrorAfter([](Json& json) { json["machine"]["cores"] = int64_t{1} << 40; }),
            "r#/machine/cores: this integer is out of range");
  EXPECT_EQ(ErrorAfter([](Json& json) { json["cases"].AsArray()[0]["seed"] = -1; }),
            "r#/cases/0/seed: this integer is out of range");
  EXPECT_EQ(ErrorAfter([](Json& json) { json["machine"].AsObject().erase("os"); }),
            "r#/machine: 'os' is missing");
  EXPECT_EQ(ErrorAfter([](Json& json) { json["machine"]["govenor"] = ""; }),
            "r#/machine/govenor: unknown member 'govenor'; did you mean 'governor'?");
  EXPECT_EQ(ErrorAfter([](Json& json) { json["duration_s"] = nullptr; }),
            "r#/duration_s: null, and 'nonfinite' does not say what it stands for");
  EXPECT_EQ(ErrorAfter([](Json& json) { json["cases"] = 1; }),
            "r#/cases: expected an array, found number");
  EXPECT_EQ(ErrorAfter([](Json& json) { json["complete"] = 1; }),
            "r#/complete: expected true or false, found number");
  EXPECT_EQ(ErrorAfter([](Json& json) { json = 3; }), "r: expected an object, found number");
}

TEST(ReportJsonTest, NonFiniteMustMatchTheNulls) {
  EXPECT_EQ(ErrorAfter([](Json& json) {
              json["duration_s"] = nullptr;
              json["nonfinite"]["duration_s"] = "huge";
            }),
            "r#/nonfinite/duration_s: expected nan, inf or -inf");
  EXPECT_EQ(ErrorAfter([](Json& json) { json["nonfinite"]["duration"] = "nan"; }),
            "r#/nonfinite: names something that is not null");
  EXPECT_THAT(ErrorAfter([](Json& json) { json["nonfinite"]["duration_s"] = "nan"; }),
              StartsWith("r#/duration_s: expected a number"));
}

TEST(ReportJsonTest, CasesHaveUniqueIds) {
  EXPECT_THAT(ErrorAfter([](Json& json) { json["cases"].AsArray()[0]["id"] = ""; }),
              StartsWith("r#/cases/0/id: a case without an id"));
  EXPECT_THAT(ErrorAfter([](Json& json) {
                auto& cases = json["cases"].AsArray();
                cases[1]["id"] = cases[0]["id"];
              }),
              StartsWith("r#/cases/1/id: two cases"));
}

TEST(ReportJsonTest, VersionsDecideWhatIsUnknown) {
  EXPECT_THAT(ErrorAfter([](Json& json) { json["schema_version"] = "2.0.0"; }),
              HasSubstr("this program reads version 1"));
  EXPECT_THAT(ErrorAfter([](Json& json) { json["schema_version"] = "1.0"; }),
              HasSubstr("is no version"));
  EXPECT_THAT(ErrorAfter([](Json& json) { json.AsObject().erase("schema_version"); }),
              HasSubstr("no report of deltagauge"));
  // A later minor version may have more members; what we know must still be right.
  EXPECT_EQ(ErrorAfter([](Json& json) {
              json["schema_version"] = "1.9.0";
              json["machine"]["temperature"] = 40;
            }),
            "accepted");
  EXPECT_THAT(ErrorAfter([](Json& json) {
                json["schema_version"] = "1.9.0";
                json["machine"].AsObject().erase("os");
              }),
              HasSubstr("'os' is missing"));
}

}  // namespace
}  // namespace deltagauge
