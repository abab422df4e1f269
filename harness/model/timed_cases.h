// What a run times: the rule as a layer of the model calls it, a prompt, decoding. Every arm goes
// through the same code, as a LayerRecurrence; only that differs.
#ifndef DELTAGAUGE_HARNESS_MODEL_TIMED_CASES_H_
#define DELTAGAUGE_HARNESS_MODEL_TIMED_CASES_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "harness/bench/bench_call.h"
#include "harness/config/run_case.h"
#include "reference/layer_recurrence.h"
#include "reference/model.h"

namespace deltagauge {

// A call whose inputs can be changed between runs: from one of so many sets.
class SetCall : public TimedCall {
 public:
  virtual void SelectInputs(size_t set) = 0;
  // Whether it has run since then: an A/A quad leaves B out.
  bool HasRun() const { return has_run_; }
  // Whether runs don't go on from each other: after several, the arms' outputs don't compare.
  virtual bool StartsAnew() const { return false; }
  // Moves its data to another place in memory: where it lies can be worth a percent.
  virtual void Renew() {}

 protected:
  bool has_run_ = false;
};

// Relative RMS difference of the latest outputs beyond which two arms compute different things.
std::string CompareOutputs(const TimedCall& a, const TimedCall& b, double limit);

// The same of what has run on the set of inputs; runs it once more if a call starts anew.
std::string CompareRuns(size_t set, SetCall& a, SetCall& b, double limit);

// The rule alone, [B = 1, T, H, D] as the model lays it out, norm and scale inside. One unit is a
// token. Each run goes on from the state that the one before has left.
//
// With Translation::kOutside a recurrence that translates (LayerRecurrence::Translate) does so in
// SelectInputs, and runs then do not go on from each other but for states that it updates in place.
std::unique_ptr<SetCall> MakeRuleCall(const KernelTimingRun& run,
                                      reference::LayerRecurrence& recurrence,
                                      Translation translation = Translation::kOutside);

// A prompt on an empty cache, and the logits of its last token. One unit is a token.
struct PromptSets {
  std::vector<std::vector<int32_t>> ids;
};
class PromptCall : public SetCall {
 public:
  virtual const reference::PartTimes& part_times() const = 0;  // of all runs so far
};
// "linear layers 83.2 %, recurrence 7.9 %, head 1.6 % of the time"; empty if nothing has run.
std::string DescribeParts(const reference::PartTimes& times);

std::unique_ptr<PromptCall> MakePrefillCall(const reference::Model& model,
                                            reference::LayerRecurrence& recurrence,
                                            PromptSets prompts);

// `tokens` given tokens one by one behind `context` of them, logits each time. Each run begins at
// the same saved state. One unit is a token.
std::unique_ptr<PromptCall> MakeDecodeCall(const reference::Model& model,
                                           reference::LayerRecurrence& recurrence,
                                           PromptSets prompts, int64_t context);

// Multiply-adds of one token as two operations each: weights of the layers, and the rule.
double LayerFlopsPerToken(const reference::ModelConfig& config);
// Bytes of weights that one decoded token reads, the head included.
double WeightBytesPerToken(const reference::ModelConfig& config, reference::ComputeType type);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_MODEL_TIMED_CASES_H_
