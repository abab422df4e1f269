#include "harness/model/arms.h"

#include <array>
#include <string>

#include "harness/base/nearest_name.h"
#include "harness/model/candidate_set.h"
#include "harness/model/fused_recurrence.h"
#include "harness/model/plugin_recurrence.h"
#include "harness/model/torch_operator.h"
#include "reference/input_error.h"
#include "reference/layer_recurrence_torch.h"

namespace deltagauge {
namespace {

constexpr std::array<std::string_view, 4> kNames = {"oracle", "eager", "chunked", "fused"};

}  // namespace

std::span<const std::string_view> ArmNames() { return kNames; }

std::unique_ptr<reference::LayerRecurrence> MakeArm(std::string_view name, int oracle_threads) {
  if (name == "oracle") return reference::MakeOracleRecurrence(oracle_threads);
  if (name == "eager") return reference::MakeTorchLayerRecurrence(reference::TorchForm::kEager);
  if (name == "chunked") {
    return reference::MakeTorchLayerRecurrence(reference::TorchForm::kChunked);
  }
  if (name == "fused") {
    static TorchParallelFor threads;
    return std::make_unique<FusedRecurrence>(threads);
  }
  throw reference::InputError("", "unknown recurrence '" + std::string(name) + "'",
                              NameHint(name, kNames));
}

MakeArmFunction PluginArm(const std::string& name, const std::string& path) {
  return [name, path] {
    static const TorchParallelFor threads;
    return std::make_unique<PluginRecurrence>(name, LoadPlugin(path), threads);
  };
}

CandidateSet BuiltinCandidates() {
  const std::string libtorch = reference::TorchVersion();
  const auto arm = [](std::string_view name) {
    return [name] { return MakeArm(name, reference::TorchThreads()); };
  };
  CandidateSet candidates;
  candidates.Add({.name = "oracle",
                  .version = DELTAGAUGE_VERSION,
                  .description = "float64, token by token",
                  .kernel = nullptr,
                  .make_arm = arm(kNames[0])});
  candidates.Add({.name = "eager",
                  .version = "libtorch " + libtorch,
                  .description = "ATen, token by token",
                  .outside = EagerKernel(),
                  .make_arm = arm(kNames[1])});
  candidates.Add({.name = "chunked",
                  .version = "libtorch " + libtorch,
                  .description = "ATen, 64-token chunks",
                  .outside = ChunkedKernel(),
                  .make_arm = arm(kNames[2])});
  candidates.Add({.name = "fused",
                  .version = DELTAGAUGE_VERSION,
                  .description = "DeltaGauge's fused kernel",
                  .kernel = &GatedDeltaRule,
                  .make_arm = arm(kNames[3])});
  return candidates;
}

int TorchParallelFor::NumThreads() const { return reference::TorchThreads(); }

void TorchParallelFor::Run(int num_tasks, Task run_task, const void* context) {
  reference::RunOnTorchThreads(num_tasks, run_task, context);
}

}  // namespace deltagauge
