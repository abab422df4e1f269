// A plug-in as the recurrence of the model.
#ifndef DELTAGAUGE_HARNESS_MODEL_PLUGIN_RECURRENCE_H_
#define DELTAGAUGE_HARNESS_MODEL_PLUGIN_RECURRENCE_H_

#include <memory>
#include <string>

#include "harness/candidate/plugin.h"
#include "kernels/parallel_for.h"
#include "reference/layer_recurrence.h"

namespace deltagauge {

// Runs in this process, without a fence but for the guards round each tensor (PluginCall). A call
// whose type the plug-in doesn't take, or not without rounding twice, runs in float32. `threads`
// only says how many; it must outlive this. Throws PluginFault, a std::runtime_error, where the
// plug-in can't or doesn't do it.
class PluginRecurrence final : public reference::LayerRecurrence {
 public:
  PluginRecurrence(std::string name, Plugin plugin, const ParallelFor& threads);

  std::string Name() const override { return name_; }
  std::string Description() const override;
  void Run(const reference::LayerCall& call) override;
  std::unique_ptr<reference::TranslatedCall> Translate(const reference::LayerCall& call) override;

 private:
  std::string name_;
  Plugin plugin_;
  const ParallelFor& threads_;
};

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_MODEL_PLUGIN_RECURRENCE_H_
