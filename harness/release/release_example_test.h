// For tests: reports of three platforms that a policy has nothing against, to plant faults in.
#ifndef DELTAGAUGE_HARNESS_RELEASE_RELEASE_EXAMPLE_TEST_H_
#define DELTAGAUGE_HARNESS_RELEASE_RELEASE_EXAMPLE_TEST_H_

#include <string>
#include <utility>
#include <vector>

#include "harness/kernel/tensor_digest.h"
#include "harness/release/release_policy.h"
#include "harness/report/merge.h"
#include "harness/report/report_example.h"
#include "harness/report/report_time.h"

namespace deltagauge {

// Four of the example's kernel cases with real digests, and `shift` times the last bits of them.
inline Report ReportOfPlatform(const std::string& platform, const std::string& target,
                               float shift = 0) {
  Report report = ExamplePassingReport();
  report.report_id = "report of " + platform;
  report.tool.platform = platform;
  std::vector<CaseReport> kept;
  for (CaseReport& of : report.cases) {
    if (of.kind != "kernel" && platform != "linux-x86_64") {
      of.status = Verdict::kSkipped;  // no libtorch there
      of.metrics.clear();
    }
    if (!of.correctness) {
      kept.push_back(of);
      continue;
    }
    of.correctness->target = target;
    of.correctness->input_hash = "0011223344556677";
    for (TensorResult& tensor : of.correctness->tensors) {
      std::vector<float> values;
      for (int i = 1; i <= 100; ++i) {
        const auto x = static_cast<float>(i % 7 - 3);
        values.push_back(x + shift * 1e-7f * static_cast<float>(i % 5));
      }
      tensor.digest = DigestOf(values);
    }
    kept.push_back(of);
  }
  report.cases = std::move(kept);
  JudgeReport(ExampleGates(), &report);
  return report;
}

inline std::vector<NamedReport> GoodReports() {
  return {{"linux", ReportOfPlatform("linux-x86_64", "AVX3_ZEN4")},
          {"arm", ReportOfPlatform("linux-aarch64", "NEON", 1)},
          {"windows", ReportOfPlatform("windows-x86_64", "AVX2", 2)}};
}

inline ReleasePolicy ExamplePolicy() {
  ReleasePolicy policy;
  policy.name = "example";
  policy.platforms = {{.name = "linux-x86_64",
                       .configs = {"quick"},
                       .candidates = {"fused"},
                       .models = {"builtin:qwen3_5-tiny"},
                       .targets = {"AVX3_ZEN4"},
                       .gates = {"kernel.error_ratio", "model.agreement.mismatch"}},
                      {.name = "linux-aarch64",
                       .configs = {"quick"},
                       .candidates = {"fused"},
                       .models = {},
                       .targets = {"NEON"},
                       .gates = {"kernel.error_ratio"}},
                      {.name = "windows-x86_64",
                       .configs = {"quick"},
                       .candidates = {"fused"},
                       .models = {},
                       .targets = {"AVX2"},
                       .gates = {"kernel.error_ratio"}}};
  policy.agreement.min_cases = 11;
  return policy;
}

// A day after the reports.
inline int64_t ExampleNow() { return *ParseUtc(ExampleEnvelope().created_at) + 86400; }

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_RELEASE_RELEASE_EXAMPLE_TEST_H_
