// A build without libtorch has no model: such cases are skipped, and say so.
#include "harness/run/case_runner.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

class NoModelCases final : public ModelCases {
 public:
  void Run(const PlanEntry&, CaseReport& report) override {
    report.status = Verdict::kSkipped;
    report.reason_code = "no_libtorch";
    report.reason = "this build has no libtorch, which models and ATen's recurrences need";
  }
  void Describe(const PlanEntry&) override {}
  std::vector<ModelReport> Models() const override { return {}; }
  std::vector<TextReport> Texts() const override { return {}; }
  std::string LibtorchVersion() const override { return ""; }
};

}  // namespace

void CheckModels(std::span<const PlanEntry>) {}

std::unique_ptr<ModelCases> MakeModelCases(const RunServices&) {
  return std::make_unique<NoModelCases>();
}

MakeArmFunction PluginArm(const std::string&, const std::string&) { return {}; }

Candidate TorchOperatorCandidate(const std::string&, const std::string&, const std::string& op) {
  throw reference::InputError(op, "this build has no libtorch, which has the operators",
                              "build with DELTAGAUGE_TORCH=ON");
}

CandidateSet BuiltinCandidates() {
  CandidateSet candidates;
  candidates.Add({.name = "fused",
                  .version = DELTAGAUGE_VERSION,
                  .description = "DeltaGauge's fused kernel",
                  .kernel = &GatedDeltaRule,
                  .make_arm = {}});
  return candidates;
}

}  // namespace deltagauge
