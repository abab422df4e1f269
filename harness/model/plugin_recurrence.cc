#include "harness/model/plugin_recurrence.h"

#include <optional>
#include <utility>

#include "harness/candidate/plugin_call.h"
#include "harness/model/layer_args.h"

namespace deltagauge {
namespace {

using reference::ComputeType;
using reference::LayerCall;

class TranslatedPluginCall final : public reference::TranslatedCall {
 public:
  TranslatedPluginCall(const Plugin& plugin, const LayerCall& call, int num_threads) {
    if (call.type == ComputeType::kFloat64 ||
        !FindUnsupported(plugin.info, KernelArgsOf(call)).empty()) {
      float32_.emplace(call);
    }
    args_ = KernelArgsOf(float32_ ? float32_->call() : call);
    call_.emplace(plugin, args_, num_threads, Trap::kNone);
  }

  void Run() override { call_->Run(); }

  void Finish() override {
    call_->Finish();
    if (float32_) float32_->StoreResults();
  }

 private:
  std::optional<Float32Layer> float32_;
  GatedDeltaRuleArgs args_;
  std::optional<PluginCall> call_;
};

}  // namespace

PluginRecurrence::PluginRecurrence(std::string name, Plugin plugin, const ParallelFor& threads)
    : name_(std::move(name)), plugin_(std::move(plugin)), threads_(threads) {}

std::string PluginRecurrence::Description() const {
  return name_ + ", " + DescribePlugin(plugin_.info);
}

std::unique_ptr<reference::TranslatedCall> PluginRecurrence::Translate(const LayerCall& call) {
  return std::make_unique<TranslatedPluginCall>(plugin_, call, threads_.NumThreads());
}

void PluginRecurrence::Run(const LayerCall& call) {
  TranslatedPluginCall translated(plugin_, call, threads_.NumThreads());
  translated.Run();
  translated.Finish();
}

}  // namespace deltagauge
