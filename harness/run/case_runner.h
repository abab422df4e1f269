// Runs one case of a plan and fills in its part of the report. Knows no gates and no files but the
// models and texts that cases name.
#ifndef DELTAGAUGE_HARNESS_RUN_CASE_RUNNER_H_
#define DELTAGAUGE_HARNESS_RUN_CASE_RUNNER_H_

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/bench/bench_call.h"
#include "harness/bench/bench_limits.h"
#include "harness/config/run_case.h"
#include "harness/config/run_plan.h"
#include "harness/model/candidate_set.h"
#include "harness/report/report.h"
#include "harness/run/logits_arm.h"

namespace deltagauge {

struct RunServices {
  const CandidateSet* candidates = nullptr;
  Clock clock;  // of timings
  // What takes long before a case can begin: "writing graft-qwen3_5-0.8b", 0.4.
  std::function<void(std::string_view what, double done)> progress;
  std::function<bool()> cancelled;
};

// The half that needs models; with libtorch from model_cases.cc, else from model_cases_none.cc,
// where every case is skipped.
class ModelCases {
 public:
  virtual ~ModelCases() = default;

  // Of any kind but kernel. Fills everything below `params` in CaseReport but duration, metrics and
  // machine. May throw: the case is then in error.
  virtual void Run(const PlanEntry& entry, CaseReport& report) = 0;

  // As if the case had run: its model and text are among those below. May throw.
  virtual void Describe(const PlanEntry& entry) = 0;

  // What the cases so far have loaded.
  virtual std::vector<ModelReport> Models() const = 0;
  virtual std::vector<TextReport> Texts() const = 0;
  virtual std::string LibtorchVersion() const = 0;
};

std::unique_ptr<ModelCases> MakeModelCases(const RunServices& services);

// Whether the models of these cases are there and whole, before any of them runs. A model that is
// made on first use is not looked at. Throws reference::InputError.
void CheckModels(std::span<const PlanEntry> entries);

// A kernel case.
void RunKernelCase(const KernelRun& run, const CandidateSet& candidates, CaseReport& report);

class CaseRunner {
 public:
  explicit CaseRunner(const RunServices& services);

  // Never throws. A timed case of a candidate of which a correctness case has failed before is
  // skipped: speed counts only behind a green gate. An arm from outside that may have harmed the
  // process of a kernel case runs in no other kind of case; one that is not there in none.
  CaseReport Run(const PlanEntry& entry);

  // When a run goes on after an interruption: a case that was finished before. It counts for the
  // gate above, and its model and text are in the report.
  void Resume(const PlanEntry& entry, const CaseReport& finished);

  // Timed cases of this candidate are skipped from now on: a gate on its errors or drift has
  // failed.
  void Withhold(const std::string& candidate);

  const ModelCases& models() const { return *models_; }

 private:
  void Note(const CaseReport& finished);
  SkipReason WhySkip(const RunCase& run_case) const;        // without a code: it runs
  std::string DangerousArm(const RunCase& run_case) const;  // candidate or baseline, or ""

  const RunServices& services_;
  std::unique_ptr<ModelCases> models_;
  std::vector<std::string> failed_candidates_;
  std::vector<std::string> dangerous_arms_;
};

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_RUN_CASE_RUNNER_H_
