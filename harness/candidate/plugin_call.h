// One call of a plug-in in its own conventions, from arguments in ours.
#ifndef DELTAGAUGE_HARNESS_CANDIDATE_PLUGIN_CALL_H_
#define DELTAGAUGE_HARNESS_CANDIDATE_PLUGIN_CALL_H_

#include <array>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "harness/base/verdict.h"
#include "harness/candidate/plugin.h"
#include "harness/candidate/staged_tensor.h"
#include "kernels/gated_delta_rule.h"

namespace deltagauge {

// Why a call of a plug-in has no result: kSkipped (beyond its limits or its conventions), kError
// (it said so, or an exception left it), kFailed (it wrote where it must not).
class PluginFault : public std::runtime_error {
 public:
  PluginFault(Verdict verdict, const std::string& what)
      : std::runtime_error(what), verdict_(verdict) {}
  Verdict verdict() const { return verdict_; }

 private:
  Verdict verdict_;
};

// "" or why the plug-in can't compute this call: a limit, a data type, a convention that can't be
// translated without rounding twice.
std::string FindUnsupported(const PluginInfo& info, const GatedDeltaRuleArgs& args);

// Which of the caller's heads stands where the plug-in looks for one.
struct HeadOrder {
  std::vector<int64_t> key_heads;
  std::vector<int64_t> value_heads;
};
HeadOrder OrderHeads(int32_t plugin_head_map, const GatedDeltaRuleArgs& args);

// Everything but Run is for outside the clock. A result is rounded once more than the plug-in's own
// where scale, norm, decay or beta are in other conventions: 6e-8 = 2^-24 of each element, of a
// decay and beta from logarithms some times that.
class PluginCall {
 public:
  // Translates the inputs, prepares. No packed sequences, no snapshots, at least one token. `args`
  // must outlive it. Throws PluginFault.
  PluginCall(const Plugin& plugin, const GatedDeltaRuleArgs& args, int num_threads, Trap trap);
  ~PluginCall();
  PluginCall(const PluginCall&) = delete;
  PluginCall& operator=(const PluginCall&) = delete;

  // Again, only to be timed: then a state in place is where the last run left it. Throws
  // PluginFault.
  void Run();

  // Looks at the guards, translates the results into what `args` names. Throws PluginFault.
  void Finish();

 private:
  StagedTensor& Stage(const char* name, FaultSite::Access access, DataType type,
                      const StagedShape& shape, const void* callers);
  StagedShape TensorShape(int64_t heads, int64_t dim, const Strides& strides,
                          int64_t callers_heads) const;
  StagedShape StateShape(const StateStrides* strides) const;
  void StageTokens();
  void StageStates();
  void Describe(int num_threads);
  void FillQueriesOrKeys(const ConstTensor& from, StagedTensor& to) const;
  void FillValues();
  void FillGates();
  void FillState();
  void StoreOutput() const;
  void StoreState() const;
  void Prepare();
  void Expect(int32_t code, const char* step) const;
  int64_t StateIndex(const StateStrides& strides, int64_t s, int64_t head, int64_t k,
                     int64_t v) const;

  const Plugin& plugin_;
  const GatedDeltaRuleArgs& args_;
  Trap trap_;
  HeadOrder heads_;
  std::vector<std::unique_ptr<StagedTensor>> staged_;
  StagedTensor* query_ = nullptr;
  StagedTensor* key_ = nullptr;
  StagedTensor* value_ = nullptr;
  StagedTensor* decay_ = nullptr;
  StagedTensor* beta_ = nullptr;
  StagedTensor* initial_state_ = nullptr;
  StagedTensor* output_ = nullptr;
  StagedTensor* final_state_ = nullptr;  // initial_state_ itself: in place
  std::array<char, 512> error_text_ = {};
  deltagauge_call call_ = {};
  void* prepared_ = nullptr;
  bool is_prepared_ = false;
};

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_CANDIDATE_PLUGIN_CALL_H_
