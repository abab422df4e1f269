#include "harness/service/foreign_report.h"

#include <cmath>
#include <functional>
#include <stdexcept>

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/report/compare.h"
#include "harness/report/export_html.h"
#include "harness/report/export_report.h"
#include "harness/report/report_json.h"
#include "harness/report/report_metrics.h"
#include "harness/service/foreign_forms.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kGoogle = R"({
  "context": {"date": "2026-03-11T10:30:00+01:00", "host_name": "box", "num_cpus": 8,
    "mhz_per_cpu": 3000, "caches": [], "library_version": "v1.8.3", "library_build_type": "release",
    "json_schema_version": 1},
  "benchmarks": [
    {"name": "BM_a/8", "run_name": "BM_a/8", "run_type": "iteration", "repetitions": 3,
     "repetition_index": 0, "threads": 1, "iterations": 10, "real_time": 1.0, "cpu_time": 0.5,
     "time_unit": "us", "items_per_second": 100, "misses": NaN, "hits": 7},
    {"name": "BM_a/8", "run_name": "BM_a/8", "run_type": "iteration", "repetitions": 3,
     "real_time": 2.0, "cpu_time": 0.5, "time_unit": "us", "items_per_second": 100},
    {"name": "BM_a/8", "run_name": "BM_a/8", "run_type": "iteration", "repetitions": 3,
     "real_time": 3.0, "cpu_time": 0.5, "time_unit": "us", "items_per_second": 100},
    {"name": "BM_a/8_mean", "run_name": "BM_a/8", "run_type": "aggregate", "repetitions": 3,
     "aggregate_name": "mean", "real_time": 777, "cpu_time": 777, "time_unit": "us"},
    {"name": "BM_b_mean", "run_name": "BM_b", "run_type": "aggregate", "repetitions": 4,
     "aggregate_name": "mean", "real_time": 50, "cpu_time": 40, "time_unit": "ms"},
    {"name": "BM_b_stddev", "run_name": "BM_b", "run_type": "aggregate", "repetitions": 4,
     "aggregate_name": "stddev", "real_time": 2, "cpu_time": 0, "time_unit": "ms"},
    {"name": "BM_c", "run_name": "BM_c", "error_occurred": true, "error_message": "no disk"},
    {"name": "BM_d", "run_name": "BM_d", "skipped": "SKIPPED", "skip_message": "not here"}
  ]})";

constexpr std::string_view kLlama = R"([
  {"build_commit": "050fc7f3", "build_number": 4000, "cpu_info": "AMD EPYC 9V74",
   "model_filename": "models/qwen.gguf", "model_type": "qwen3 0.8B F32", "n_batch": 2048,
   "n_ubatch": 512, "n_threads": 8, "n_prompt": 512, "n_gen": 0, "n_depth": 0,
   "test_time": "2026-03-11T09:31:00Z", "avg_ns": 2000, "stddev_ns": 100, "avg_ts": 250,
   "stddev_ts": 10, "samples_ns": [1900, 2100], "samples_ts": [240, 260]},
  {"build_commit": "050fc7f3", "model_filename": "models/qwen.gguf", "n_threads": 8,
   "n_prompt": 0, "n_gen": 128, "n_depth": 1024, "test_time": "2026-03-11T09:30:00Z",
   "avg_ns": 9000, "stddev_ns": 0, "avg_ts": 14}])";

constexpr std::string_view kBencher = R"({
  "adapter::json": {"latency": {"value": 3247, "lower_value": 3000, "upper_value": 3500.5},
                    "kld-mean": {"value": 0.25}},
  "b": {"throughput": {"value": 12}}})";

ForeignContext Said() {
  ForeignContext context;
  context.created_at = "2026-04-01T00:00:00Z";
  context.branch = "main";
  context.commit = "0123456789abcdef";
  context.machine = "runner";
  return context;
}

const CaseReport& CaseNamed(const Report& report, std::string_view id) {
  for (const CaseReport& of : report.cases) {
    if (of.id == id) return of;
  }
  throw std::logic_error(fmt::format("no case '{}'", id));
}

const Metric& MetricOf(const Report& report, std::string_view id, std::string_view name) {
  const Metric* const metric = FindMetricOf(CaseNamed(report, id), name);
  if (metric == nullptr) throw std::logic_error(fmt::format("no metric '{}'", name));
  return *metric;
}

std::string ErrorOf(std::string_view text, const ForeignContext& context = Said(),
                    const IngestLimits& limits = {}) {
  try {
    ReadForeignReport(text, "body", context, limits);
  } catch (const reference::InputError& error) {
    return error.what();
  }
  return "";
}

// `text` with the first `from` replaced.
std::string With(std::string_view text, std::string_view from, std::string_view to) {
  std::string changed(text);
  const size_t at = changed.find(from);
  if (at == std::string::npos) throw std::logic_error(fmt::format("no '{}' to replace", from));
  return changed.replace(at, from.size(), to);
}

TEST(ForeignReportTest, GoogleBenchmarkTellsWhenAndWhere) {
  const Report report = ReadForeignReport(kGoogle, "body", {});
  EXPECT_EQ(report.created_at, "2026-03-11T09:30:00Z");  // in UTC
  EXPECT_EQ(report.machine.name, "box");
  EXPECT_EQ(report.machine.threads, 8);
  EXPECT_EQ(report.machine.fingerprint.size(), 16U);
  EXPECT_EQ(report.tool.name, "google-benchmark");
  EXPECT_EQ(report.config.name, "google_benchmark");
  ASSERT_EQ(report.cases.size(), 4U);
}

TEST(ForeignReportTest, GoogleBenchmarkRepetitionsBecomeMeanAndInterval) {
  const Report report = ReadForeignReport(kGoogle, "body", {});
  const Metric& time = MetricOf(report, "google_benchmark:BM_a/8", "foreign.latency_ns");
  EXPECT_DOUBLE_EQ(time.value, 2000);  // not the aggregate's 777: the repetitions are there
  // t(2) = 4.303, standard deviation 1000 ns, of 3.
  EXPECT_NEAR(*time.ci_lo, 2000 - 4.303 * 1000 / std::sqrt(3.0), 1e-9);
  EXPECT_NEAR(*time.ci_hi, 2000 + 4.303 * 1000 / std::sqrt(3.0), 1e-9);
  EXPECT_EQ(time.direction, Direction::kSmallerIsBetter);
  const Metric& items = MetricOf(report, "google_benchmark:BM_a/8", "foreign.items_per_second");
  EXPECT_EQ(items.direction, Direction::kLargerIsBetter);
  EXPECT_EQ(MetricOf(report, "google_benchmark:BM_a/8", "foreign.counter.hits").value, 7);
  EXPECT_EQ(FindMetricOf(report.cases[0], "foreign.counter.misses"), nullptr);  // NaN
}

TEST(ForeignReportTest, GoogleBenchmarkAggregatesAloneAreEnough) {
  const Report report = ReadForeignReport(kGoogle, "body", {});
  const Metric& time = MetricOf(report, "google_benchmark:BM_b", "foreign.latency_ns");
  EXPECT_DOUBLE_EQ(time.value, 50e6);
  EXPECT_NEAR(*time.ci_hi - *time.ci_lo, 2 * 3.182 * 2e6 / 2, 1e-6);
}

TEST(ForeignReportTest, WhatTheOtherProgramSaysBrokeIsBroken) {
  const Report report = ReadForeignReport(kGoogle, "body", {});
  EXPECT_EQ(CaseNamed(report, "google_benchmark:BM_c").status, Verdict::kError);
  EXPECT_EQ(CaseNamed(report, "google_benchmark:BM_c").reason, "no disk");
  EXPECT_EQ(CaseNamed(report, "google_benchmark:BM_d").status, Verdict::kSkipped);
  EXPECT_EQ(report.summary.verdict, Verdict::kError);
}

TEST(ForeignReportTest, WhatNothingJudgedNeverPasses) {
  for (const std::string_view text : {kLlama, kBencher}) {
    const Report report = ReadForeignReport(text, "body", Said());
    EXPECT_EQ(report.summary.verdict, Verdict::kInconclusive);
    EXPECT_EQ(report.summary.exit_code, kExitInconclusive);
    for (const CaseReport& of : report.cases) EXPECT_EQ(of.reason_code, "not_judged");
    EXPECT_TRUE(report.gates.empty());
  }
}

TEST(ForeignReportTest, LlamaBenchTestsAreNamedAsInItsTables) {
  const Report report = ReadForeignReport(kLlama, "body", {});
  ASSERT_EQ(report.cases.size(), 2U);
  EXPECT_EQ(report.cases[0].id,
            "llama_bench:qwen.gguf/pp512,n_threads=8,n_batch=2048,n_ubatch=512");
  EXPECT_EQ(report.cases[1].id, "llama_bench:qwen.gguf/tg128@d1024,n_threads=8");
  EXPECT_EQ(report.cases[0].params.at("model_type"), "qwen3 0.8B F32");
  EXPECT_EQ(report.created_at, "2026-03-11T09:30:00Z");  // of the first of them
  EXPECT_EQ(report.vcs.head_sha, "050fc7f3");
  EXPECT_EQ(report.machine.cpu_model, "AMD EPYC 9V74");
  const Metric& rate = MetricOf(report, report.cases[0].id, "foreign.tokens_per_second");
  EXPECT_DOUBLE_EQ(rate.value, 250);
  EXPECT_NEAR(*rate.ci_lo, 250 - 12.706 * 10 / std::sqrt(2.0), 1e-9);
  EXPECT_FALSE(MetricOf(report, report.cases[1].id, "foreign.latency_ns").ci_lo);  // one sample
}

TEST(ForeignReportTest, TheSameLlamaBenchTestTwiceIsTwoCases) {
  const std::string entry =
      R"({"model_filename": "m", "avg_ns": 1, "n_prompt": 1, "test_time": "2026-03-11T09:30:00Z"})";
  const Report report = ReadForeignReport(fmt::format("[{},{}]", entry, entry), "body", Said());
  EXPECT_EQ(report.cases[0].id, "llama_bench:m/pp1");
  EXPECT_EQ(report.cases[1].id, "llama_bench:m/pp1 #2");
}

TEST(ForeignReportTest, BencherKeepsBounds) {
  const Report report = ReadForeignReport(kBencher, "body", Said());
  const Metric& time = MetricOf(report, "bencher:adapter::json", "foreign.latency_ns");
  EXPECT_EQ(time.value, 3247);
  EXPECT_EQ(time.ci_lo, 3000);
  EXPECT_EQ(time.ci_hi, 3500.5);
  EXPECT_FALSE(time.level);  // the form does not say it
  const Metric& other = MetricOf(report, "bencher:adapter::json", "foreign.kld-mean");
  EXPECT_EQ(other.direction, Direction::kNeither);
}

TEST(ForeignReportTest, TheSenderKnowsBetter) {
  ForeignContext context = Said();
  context.fingerprint = "00000000deadbeef";
  context.config = "nightly";
  context.report_id = "r-1";
  const Report report = ReadForeignReport(kGoogle, "body", context);
  EXPECT_EQ(report.created_at, context.created_at);
  EXPECT_EQ(report.vcs.branch, "main");
  EXPECT_EQ(report.vcs.head_sha, context.commit);
  EXPECT_EQ(report.machine.name, "runner");
  EXPECT_EQ(report.machine.fingerprint, "00000000deadbeef");
  EXPECT_EQ(report.config.name, "nightly");
  EXPECT_EQ(report.report_id, "r-1");
}

TEST(ForeignReportTest, TheSameRequestMakesTheSameId) {
  const std::string id = ReadForeignReport(kBencher, "body", Said()).report_id;
  EXPECT_EQ(id.size(), 36U);
  EXPECT_EQ(ReadForeignReport(kBencher, "elsewhere", Said()).report_id, id);
  EXPECT_NE(ReadForeignReport(With(kBencher, "3247", "3248"), "body", Said()).report_id, id);
  // The same figures of another commit are another report.
  ForeignContext other = Said();
  other.commit = "fedcba9876543210";
  EXPECT_NE(ReadForeignReport(kBencher, "body", other).report_id, id);
  // A text that moves from one parameter to the next is no other spelling of the same.
  ForeignContext moved = Said();
  std::swap(moved.branch, moved.commit);
  EXPECT_NE(ReadForeignReport(kBencher, "body", moved).report_id, id);
}

// What is kept is the text and the row: they must give the same report again.
TEST(ForeignReportTest, ReadAgainByItsRowItIsTheSame) {
  for (const std::string_view text : {kGoogle, kLlama, kBencher}) {
    const Report report = ReadForeignReport(text, "body", Said());
    const std::string written = WriteReport(report);
    const ReportRows rows = MakeReportRows(report, text, "body");
    EXPECT_EQ(WriteReport(ReadForeignReport(text, "body", ContextOf(rows.report))), written);
    // It is a report like any other.
    EXPECT_EQ(WriteReport(ReadReport(written, "again")), written);
    EXPECT_FALSE(RenderPage(report, BuiltInPageAssets()).empty());
    EXPECT_FALSE(ExportReport(report, ExportFormat::kJunit).empty());
  }
}

TEST(ForeignReportTest, TimesOfOtherMachinesAreNotCompared) {
  const Report base = ReadForeignReport(kBencher, "body", Said());
  ForeignContext elsewhere = Said();
  elsewhere.machine = "another";
  const Report head = ReadForeignReport(kBencher, "body", elsewhere);
  EXPECT_NE(base.machine.fingerprint, head.machine.fingerprint);
  const ReportComparison comparison = CompareReports(base, head, {});
  ASSERT_EQ(comparison.cases.size(), 2U);
  EXPECT_EQ(comparison.cases[0].change, Change::kNotCompared);
  EXPECT_EQ(CompareReports(base, base, {}).cases[0].change, Change::kSame);
}

TEST(ForeignReportTest, OwnReportsAreSeen) {
  EXPECT_TRUE(IsOwnReport(R"({"$schema": "urn:deltagauge:schema:report:1"})"));
  EXPECT_TRUE(IsOwnReport(R"({"schema_version": "1.0.0"})"));
  for (const std::string_view text : {kGoogle, kLlama, kBencher}) EXPECT_FALSE(IsOwnReport(text));
}

TEST(ForeignReportTest, BareNonFiniteNumbersOnlyOutsideOfTexts) {
  const Report report = ReadForeignReport(
      R"({"NaN \"-Infinity": {"nan": {"value": 1, "lower_value": -Infinity, "upper_value": inf}}})",
      "body", Said());
  EXPECT_EQ(report.cases[0].id, "bencher:NaN \"-Infinity");
  EXPECT_EQ(report.cases[0].metrics[0].name, "foreign.nan");
  EXPECT_FALSE(report.cases[0].metrics[0].ci_lo);
  EXPECT_THAT(ErrorOf(R"({"a": {"b": {"value": NaNs}}})"), HasSubstr("not JSON"));
}

TEST(ForeignReportTest, TimesWithZonesBecomeUtc) {
  EXPECT_EQ(UtcOf("2026-03-11T00:30:00+01:00"), "2026-03-10T23:30:00Z");
  EXPECT_EQ(UtcOf("2026-03-11T23:30:00.123-01:30"), "2026-03-12T01:00:00Z");
  EXPECT_EQ(UtcOf("2026-03-11T23:30:00Z"), "2026-03-11T23:30:00Z");
  for (const char* text :
       {"", "2026/03/11-10:30:00", "2026-03-11T10:30:00", "2026-03-11T10:30:00.Z",
        "2026-03-11T10:30:00+0100", "2026-03-11T10:30:00+24:00", "2026-03-11T10:30:00+-1:00",
        "1970-01-01T00:00:00+01:00", "2026-02-30T10:30:00Z", "2026-03-11T10:30:00ZZ"}) {
    EXPECT_FALSE(UtcOf(text)) << text;
  }
}

TEST(ForeignReportTest, PlantedFaultsAreNamedWithTheirPlace) {
  const struct {
    std::string text;
    const char* error;
  } faults[] = {
      {"{", "body:1:2: not JSON"},
      {"{}", "body: no report"},
      {"[]", "body: no report"},
      {"null", "body: no report"},
      {R"([{"avg_ns": 1}])", "body: no report"},
      {R"({"a": {}})", "body: no report"},
      {R"({"context": {}, "benchmarks": []})", "body: no benchmark in it"},
      {With(kGoogle, R"("real_time": 2.0)", R"("real_time": "2.0")"),
       "body#/benchmarks/1/real_time: expected a number, found string"},
      {With(kGoogle, R"("time_unit": "us")", R"("time_unit": "h")"),
       "body#/benchmarks/0/time_unit: expected ns, us, ms or s"},
      {With(kGoogle, R"("error_occurred": true)", R"("error_occurred": false)"),
       "body#/benchmarks/6: neither 'real_time' nor 'cpu_time', and no error"},
      {With(kGoogle, R"("name": "BM_a/8")", R"("label": "BM_a/8")"),
       "body#/benchmarks/0: 'name' is missing"},
      {With(kGoogle, R"("name": "BM_a/8")", R"("name": "")"), "body#/benchmarks/0/name: expected"},
      {R"({"context": 1, "benchmarks": []})", "body#/context: expected an object"},
      {R"({"context": {}, "benchmarks": [7]})", "body#/benchmarks/0: expected an object"},
      {With(kLlama, R"("avg_ns": 9000, "stddev_ns": 0, "avg_ts": 14)", R"("x": 1)"),
       "body#/1: neither 'avg_ns' nor 'avg_ts'"},
      {With(kLlama, "2026-03-11T09:30:00Z", "yesterday"), "body#/1/test_time: expected a time"},
      {With(kLlama, R"("n_gen": 128)", R"("n_gen": -1)"),
       "body#/1/n_gen: expected a number of tokens"},
      {With(kLlama, "[240, 260]", "240"), "body#/0/samples_ts: expected an array"},
      {With(kLlama, "[240, 260]", "[240, {}]"), "body#/0/samples_ts: expected numbers"},
      {With(kBencher, "12", "null"), "body#/b/throughput: expected an object with a number"},
      {With(kBencher, "3000", "4000"),
       "body#/adapter::json/latency: the value lies outside its bounds"},
      {With(kBencher, R"({"throughput": {"value": 12}})", "[]"), "body#/b: expected an object of"},
      {With(kBencher, "\"b\"", "\"\""), "body#: a name of 0 characters"},
  };
  for (const auto& fault : faults) {
    EXPECT_THAT(ErrorOf(fault.text), HasSubstr(fault.error)) << fault.text;
  }
}

TEST(ForeignReportTest, WrongParametersAreNamed) {
  const struct {
    std::function<void(ForeignContext*)> plant;
    const char* error;
  } faults[] = {
      {[](ForeignContext* of) { of->created_at = ""; }, "parameter 'created_at': is missing"},
      {[](ForeignContext* of) { of->created_at = "today"; }, "parameter 'created_at': no time"},
      {[](ForeignContext* of) { of->machine = ""; }, "parameter 'machine': is missing"},
      {[](ForeignContext* of) { of->report_id = "a b"; }, "parameter 'report_id': no identifier"},
      {[](ForeignContext* of) { of->fingerprint = "ABC"; }, "parameter 'fingerprint': expected 16"},
      {[](ForeignContext* of) { of->branch = std::string(201, 'x'); },
       "parameter 'branch': more than 200 characters"},
  };
  EXPECT_EQ(ErrorOf(kBencher), "");
  for (const auto& fault : faults) {
    ForeignContext context = Said();
    fault.plant(&context);
    EXPECT_THAT(ErrorOf(kBencher, context), HasSubstr(fault.error));
  }
}

TEST(ForeignReportTest, LimitsHold) {
  IngestLimits limits;
  limits.bytes = 100;
  EXPECT_THAT(ErrorOf(kBencher, Said(), limits), HasSubstr("more than 100"));
  const std::string deep = std::string(100, '[') + std::string(100, ']');
  EXPECT_THAT(ErrorOf(deep), HasSubstr("nested deeper"));
  limits = {};
  limits.cases = 1;
  const Report report = ReadForeignReport(kBencher, "body", Said(), limits);
  EXPECT_THROW(MakeReportRows(report, kBencher, "body", limits), reference::InputError);
}

}  // namespace
}  // namespace deltagauge
