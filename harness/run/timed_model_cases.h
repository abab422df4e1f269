// Cases that are timed: the rule as a layer of a model calls it, prefill, decode. With libtorch
// only.
#ifndef DELTAGAUGE_HARNESS_RUN_TIMED_MODEL_CASES_H_
#define DELTAGAUGE_HARNESS_RUN_TIMED_MODEL_CASES_H_

#include <cstdint>
#include <string>

#include "harness/bench/bench_limits.h"
#include "harness/config/run_case.h"
#include "harness/model/model_library.h"
#include "harness/model/timed_cases.h"
#include "harness/run/case_runner.h"
#include "harness/timing/timing_engine.h"

namespace deltagauge {

class TimedModelCases {
 public:
  // Both must outlive it.
  TimedModelCases(const RunServices& services, ModelLibrary& library);

  // On as many threads as ATen has. Each fills `performance`, status and reason; may throw.
  void Run(const KernelTimingRun& run, CaseReport& report);
  void Run(const PrefillRun& run, CaseReport& report);
  void Run(const DecodeRun& run, CaseReport& report);

 private:
  Translation TranslationOf(const std::string& arm) const;
  void NoteTranslation(const std::string& arm, const char* role, const char* where,
                       TimingResult& result) const;
  // `same` is a second A.
  void Time(SetCall& a, SetCall& b, SetCall& same, const ProtocolConfig& protocol, uint64_t seed,
            const TimingLimits& limits, double agreement_limit, CaseReport& report);
  void TimeModel(const ModelSetup& setup, PromptCall& a, PromptCall& b, PromptCall& same,
                 const ProtocolConfig& protocol, uint64_t seed, const TimingLimits& limits,
                 CaseReport& report);
  // Operations a second that float32 multiply-adds reach here; 0 for other types, which may have
  // faster instructions.
  double PeakFlops(reference::ComputeType type, int threads, const std::string& target);
  // Stretches of the text for the input sets, evenly spread.
  PromptSets Sets(const std::string& model, const TextSpan& span, int64_t sets);

  const RunServices& services_;
  ModelLibrary& library_;
  ThreadPools pools_;
  MachineLimits limits_{pools_, /*budget_ns=*/3e8, services_.clock};
};

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_RUN_TIMED_MODEL_CASES_H_
