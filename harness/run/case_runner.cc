#include "harness/run/case_runner.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>
#include <variant>

#include "fmt/format.h"
#include "harness/candidate/plugin_call.h"
#include "harness/kernel/kernel_check.h"
#include "harness/report/kernel_report.h"
#include "harness/report/report_metrics.h"
#include "kernels/targets.h"

namespace deltagauge {
namespace {

bool Contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

uint64_t SeedOf(const RunCase& run_case) {
  if (const auto* const kernel = std::get_if<KernelRun>(&run_case)) return kernel->kernel_case.seed;
  for (const auto& [name, value] : ParametersOf(run_case)) {
    if (name == "seed") return std::stoull(value);
  }
  return 0;
}

void RunOutsideKernelCase(const KernelCase& kernel_case, const OutsideKernel& outside,
                          CaseReport& report) {
  const KernelCase adapted = outside.adapt(kernel_case);
  if (adapted != kernel_case) report.params["run_as"] = PrintCase(adapted);
  const CaseData data = MakeCaseData(adapted);
  const CheckOutcome outcome = outside.check(adapted, data);
  FillKernelReport(outcome, &report);
  if (outcome.verdict == Verdict::kSkipped) report.reason_code = "unsupported";
  report.correctness->input_hash = fmt::format("{:016x}", HashInputs(data.inputs));
}

// Candidate and, if the case has one, baseline.
std::vector<std::string> ArmsIn(const RunCase& run_case) {
  std::vector<std::string> arms = {CandidateOf(run_case)};
  for (auto& [name, value] : ParametersOf(run_case)) {
    if (name == "baseline") arms.push_back(value);
  }
  return arms;
}

// Empty: all arms of the case are there.
std::string WhyAbsent(const CandidateSet& candidates, const RunCase& run_case) {
  const std::vector<std::string> arms = ArmsIn(run_case);
  for (const Candidate& candidate : candidates.All()) {
    if (candidate.absence.empty() || !Contains(arms, candidate.name)) continue;
    return fmt::format("{} is not there: {}", candidate.name, candidate.absence);
  }
  return "";
}

// Whether code that did this may not run in this process.
bool IsDangerous(const CaseReport& finished) {
  if (finished.kind != NameOf(RunKind::kKernel)) return false;
  return finished.status == Verdict::kError || finished.reason.starts_with("R6 ");
}

}  // namespace

void RunKernelCase(const KernelRun& run, const CandidateSet& candidates, CaseReport& report) {
  const Candidate& candidate = candidates.Get(run.candidate);
  if (candidate.outside.has_value()) {
    RunOutsideKernelCase(run.kernel_case, *candidate.outside, report);
    return;
  }
  if (candidate.kernel == nullptr) {
    report.status = Verdict::kSkipped;
    report.reason_code = "no_kernel";
    report.reason = run.candidate +
                    " has no form that takes every layout and convention of a kernel case; it is "
                    "judged on inputs captured from models";
    return;
  }
  const KernelCase& kernel_case = run.kernel_case;
  const CaseData data = MakeCaseData(kernel_case);
  const CheckOutcome outcome = CheckKernel(kernel_case, data, candidate.kernel);
  FillKernelReport(outcome, &report);
  report.correctness->input_hash = fmt::format("{:016x}", HashInputs(data.inputs));
}

CaseRunner::CaseRunner(const RunServices& services)
    : services_(services), models_(MakeModelCases(services)) {}

CaseReport CaseRunner::Run(const PlanEntry& entry) {
  CaseReport report;
  report.id = entry.id;
  const RunKind kind = KindOf(entry.run_case);
  report.kind = NameOf(kind);
  report.candidate = CandidateOf(entry.run_case);
  for (const auto& [name, value] : ParametersOf(entry.run_case)) report.params[name] = value;
  report.seed = SeedOf(entry.run_case);
  report.repro = PrintRunCase(entry.run_case);

  const auto begin = std::chrono::steady_clock::now();
  if (const SkipReason skip = WhySkip(entry.run_case); !skip.code.empty()) {
    report.status = Verdict::kSkipped;
    report.reason_code = skip.code;
    report.reason = skip.reason;
  } else {
    try {
      if (const auto* const kernel = std::get_if<KernelRun>(&entry.run_case)) {
        RunKernelCase(*kernel, *services_.candidates, report);
      } else {
        models_->Run(entry, report);
      }
    } catch (const PluginFault& fault) {
      report.status = fault.verdict();
      report.reason_code = fault.verdict() == Verdict::kSkipped ? "unsupported" : "plugin";
      report.reason = fault.what();
    } catch (const std::exception& error) {
      report.status = Verdict::kError;
      report.reason_code = "exception";
      report.reason = error.what();
    }
  }
  report.duration_ms =
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
  report.metrics = CaseMetrics(report);
  Note(report);
  return report;
}

void CaseRunner::Resume(const PlanEntry& entry, const CaseReport& finished) {
  Note(finished);
  if (finished.status == Verdict::kSkipped) return;
  try {
    models_->Describe(entry);
  } catch (const std::exception&) {
    // The case's result stands, and if it failed by this, it says so.
  }
}

void CaseRunner::Withhold(const std::string& candidate) {
  if (!Contains(failed_candidates_, candidate)) failed_candidates_.push_back(candidate);
}

SkipReason CaseRunner::WhySkip(const RunCase& run_case) const {
  const std::string absent = WhyAbsent(*services_.candidates, run_case);
  if (!absent.empty()) return {"not_there", absent};
  const std::string dangerous = DangerousArm(run_case);
  if (!dangerous.empty()) {
    return {"dangerous", dangerous +
                             " ended a kernel case in an error or wrote where it must not, so it "
                             "is not let into this process"};
  }
  const std::string candidate = CandidateOf(run_case);
  if (IsTimed(KindOf(run_case)) && Contains(failed_candidates_, candidate)) {
    return {"correctness",
            candidate + " failed a correctness case or gate, so its speed means nothing"};
  }
  return WhyLogitsSkip(*services_.candidates, run_case);
}

std::string CaseRunner::DangerousArm(const RunCase& run_case) const {
  if (KindOf(run_case) == RunKind::kKernel) return "";
  for (const std::string& arm : ArmsIn(run_case)) {
    if (Contains(dangerous_arms_, arm)) return arm;
  }
  return "";
}

void CaseRunner::Note(const CaseReport& finished) {
  if (IsDangerous(finished) && services_.candidates->IsOutside(finished.candidate)) {
    dangerous_arms_.push_back(finished.candidate);
  }
  const bool failed = finished.status == Verdict::kFailed || finished.status == Verdict::kInvalid ||
                      finished.status == Verdict::kError;
  const bool timed = finished.kind == NameOf(RunKind::kTiming) ||
                     finished.kind == NameOf(RunKind::kPrefill) ||
                     finished.kind == NameOf(RunKind::kDecode);
  if (failed && !timed && !Contains(failed_candidates_, finished.candidate)) {
    failed_candidates_.push_back(finished.candidate);
  }
}

}  // namespace deltagauge
