// Arms from outside in a whole run with libtorch: kernel cases, the model, timings.
#include <string>

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/run/run_test_world.h"

namespace deltagauge {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

std::string ArmsAnd(const std::string& arms, const std::string& more) {
  return "candidates: [" + arms +
         "]\n"
         "kernel: {cases: ['kernel:T=5,Hv=2,Hk=1,K=16,V=8']}\n"
         "models:\n"
         "  - path: builtin:qwen3_5-tiny\n"
         "    texts: [builtin:pydoc]\n"
         "    tokens: 128\n"
         "    drift: {}\n"
         "    captured_inputs: {layers: [0], tokens: 24}\n" +
         more;
}

const std::string kPlugin = fmt::format("{{name: mine, plugin: '{}'}}", DELTAGAUGE_EXAMPLE_PLUGIN);
const std::string kOperator = fmt::format(
    "{{name: theirs, torch_op: {{library: '{}', op: 'deltagauge::gated_delta_rule'}}, "
    "translation: inside}}",
    DELTAGAUGE_OPS_LIBRARY);

TEST(OutsideModelTest, PluginAndOperatorRunWhereverTheFusedKernelDoes) {
  RunWorld world = TestWorld();
  world.clock = ThisWorld().clock;  // or the budget would be that of a clock that stands still
  const Report report = RunOnce(
      ParsedConfig(ArmsAnd(
          kPlugin + ", " + kOperator,
          "gates: [{metric: model.logit_drift.max_abs, max: 1.0e-3}]\n"
          "performance: {kernel: {tokens: 4}, prefill: {tokens: 4}, protocol: {budget_s: 0.4}}\n")),
      world);
  ASSERT_EQ(report.cases.size(), 10u);
  for (const CaseReport& of : report.cases) {
    SCOPED_TRACE(of.repro);
    if (of.performance.has_value()) {
      // What the clock said is another matter.
      EXPECT_NE(of.status, Verdict::kError) << of.reason;
      EXPECT_THAT(of.reason, Not(HasSubstr("differ"))) << of.reason;
      const char* const where = of.candidate == "mine" && of.kind == "timing"
                                    ? "outside of the clock"
                                    : "inside the clock";
      EXPECT_THAT(of.performance->notes,
                  Contains(AllOf(HasSubstr("candidate: translated"), HasSubstr(where))));
    } else {
      EXPECT_EQ(of.status, Verdict::kPassed) << of.reason;
    }
  }
}

TEST(OutsideModelTest, TheFallbackRunsUnderItsNameAndSaysSo) {
  const Report report =
      RunOnce(ParsedConfig(
                  ArmsAnd("{name: theirs, torch_op: {library: /no/such.so}, fallback: eager}", "") +
                  "baseline: chunked\n"),
              TestWorld());
  for (const CaseReport& of : report.cases) {
    EXPECT_EQ(of.candidate, "theirs");
    EXPECT_EQ(of.status, Verdict::kPassed) << of.repro << of.reason;
  }
  for (const ArmReport& arm : report.arms) {
    if (arm.name != "theirs") continue;
    EXPECT_THAT(arm.description, AllOf(HasSubstr("NOT llama::gated_delta_rule"), HasSubstr("eager"),
                                       HasSubstr("no such file")));
  }
}

}  // namespace
}  // namespace deltagauge
