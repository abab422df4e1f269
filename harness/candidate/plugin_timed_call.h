// A plug-in, as something that is timed beside our kernel.
#ifndef DELTAGAUGE_HARNESS_CANDIDATE_PLUGIN_TIMED_CALL_H_
#define DELTAGAUGE_HARNESS_CANDIDATE_PLUGIN_TIMED_CALL_H_

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "harness/bench/bench_call.h"
#include "harness/bench/bench_problem.h"
#include "harness/candidate/plugin_call.h"

namespace deltagauge {

// The same call again and again, on the first of the problem's input sets and states: where a state
// is not in place, each run starts from the same one. float32 and [B, H, T, D] only.
class PluginTimedCall final : public TimedCall {
 public:
  // Translates and prepares. `plugin` must outlive it. Throws PluginFault, and
  // std::invalid_argument where the problem asks for another type or layout.
  PluginTimedCall(const Plugin& plugin, const BenchProblem& problem, const BenchData& data,
                  int num_threads, Trap trap);

  std::string Name() const override;
  double UnitsPerRun() const override { return TokenHeadsPerRun(problem_); }
  void Run() override;
  // What the guards say comes with it.
  std::string Defect() const override;
  // Of the latest run that Defect has looked at.
  std::span<const float> Output() const override { return output_; }

 private:
  const Plugin& plugin_;
  BenchProblem problem_;
  int num_threads_;
  BenchInputs inputs_;
  std::vector<float> initial_state_;
  std::vector<float> output_;
  std::vector<float> final_state_;
  GatedDeltaRuleArgs args_;
  std::unique_ptr<PluginCall> call_;
  bool has_run_ = false;
};

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_CANDIDATE_PLUGIN_TIMED_CALL_H_
