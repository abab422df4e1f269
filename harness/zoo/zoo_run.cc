#include "harness/zoo/zoo_run.h"

#include <algorithm>
#include <cmath>
#include <exception>
#include <set>
#include <utility>
#include <variant>

#include "fmt/format.h"
#include "harness/base/thread_pool.h"
#include "harness/report/kernel_report.h"
#include "harness/report/report_metrics.h"
#include "reference/input_error.h"

namespace deltagauge::zoo {
namespace {

struct ZooCase {
  KernelCase kernel_case;
  std::string repro;
  double estimated_s = 0;
};

std::vector<ZooCase> CasesOf(const std::vector<PlanEntry>& plan) {
  std::vector<ZooCase> cases;
  std::set<std::string> seen;
  for (const PlanEntry& entry : plan) {
    const auto* const run = std::get_if<KernelRun>(&entry.run_case);
    if (run == nullptr) continue;
    std::string repro = PrintCase(run->kernel_case);
    if (!seen.insert(repro).second) continue;
    cases.push_back({run->kernel_case, std::move(repro), entry.estimated_s});
  }
  if (cases.empty()) {
    throw reference::InputError("", "the configuration has no kernel case",
                                "give kernel.shapes or kernel.cases");
  }
  std::stable_sort(cases.begin(), cases.end(), [](const ZooCase& a, const ZooCase& b) {
    return a.estimated_s < b.estimated_s;
  });
  return cases;
}

std::vector<MemberResult> MembersOf(const std::vector<std::string>& only) {
  std::vector<MemberResult> members;
  const auto matches = [&](const Member& member) {
    return only.empty() || std::any_of(only.begin(), only.end(), [&](const std::string& pattern) {
             return MatchesGlob(pattern, member.name);
           });
  };
  for (const std::span<const Member> group : {Faults(), Variants()}) {
    for (const Member& member : group) {
      if (!matches(member)) continue;
      MemberResult result;
      result.member = &member;
      result.is_fault = member.fault != Fault::kNone;
      result.runs_here = KernelOf(member) != nullptr;
      members.push_back(std::move(result));
    }
  }
  if (members.empty()) {
    throw reference::InputError("", fmt::format("no fault and no variant is named '{}'", only[0]),
                                "`deltagauge zoo --list` names them");
  }
  return members;
}

// The failed finding that is furthest beyond its limit; where several have a limit of 0, the one
// with the largest figure.
Objection WorstFinding(const CheckOutcome& outcome) {
  Objection worst;
  worst.repro = PrintCase(outcome.kernel_case);
  worst.reason = outcome.reason;
  worst.rule = "call";
  bool found = false;
  for (const Finding& finding : outcome.findings) {
    if (finding.verdict == Verdict::kPassed) continue;
    Objection one = worst;
    one.rule = InfoOf(finding.rule).id;
    one.what = finding.tensor;
    one.observed = finding.observed;
    one.limit = finding.limit;
    one.reason = finding.Message();
    const bool better =
        std::pair(one.Times(), one.observed) > std::pair(worst.Times(), worst.observed);
    if (found && !better) continue;
    worst = std::move(one);
    found = true;
  }
  return worst;
}

void KeepNearer(Approach approach, std::optional<Approach>& nearest) {
  if (!(approach.limit > 0 && std::isfinite(approach.observed))) return;
  if (!nearest || approach.Share() > nearest->Share()) nearest = std::move(approach);
}

// Of the rules that bound an error, which R5 does not: it looks at the truth.
std::optional<Approach> NearestLimit(const CheckOutcome& outcome) {
  std::optional<Approach> nearest;
  for (const Finding& finding : outcome.findings) {
    if (finding.verdict != Verdict::kPassed || finding.rule == Rule::kNotVacuous) continue;
    KeepNearer({PrintCase(outcome.kernel_case), std::string(InfoOf(finding.rule).id),
                finding.tensor, finding.observed, finding.limit},
               nearest);
  }
  return nearest;
}

CaseReport ReportOf(const CheckOutcome& outcome) {
  CaseReport report;
  report.kind = NameOf(RunKind::kKernel);
  report.candidate = "zoo";
  report.repro = PrintCase(outcome.kernel_case);
  report.params = {};
  for (const auto& [name, value] : ParametersOf(KernelRun{outcome.kernel_case, "zoo"})) {
    report.params[name] = value;
  }
  FillKernelReport(outcome, &report);
  report.metrics = CaseMetrics(report);
  return report;
}

void JudgeByGates(const CheckOutcome& outcome, std::span<const Gate> gates, Judgement& judgement) {
  const CaseReport report = ReportOf(outcome);
  GatePolicy policy;
  policy.no_case = NoCase::kIsSkipped;
  for (const GateResult& gate : EvaluateGates(gates, {}, std::span(&report, 1), policy)) {
    const double observed = gate.observed.value_or(0);
    if (gate.verdict == Verdict::kFailed || gate.verdict == Verdict::kInvalid) {
      judgement.objection =
          Objection{report.repro, gate.id, gate.metric, observed, gate.threshold, gate.reason};
      return;
    }
    if (gate.verdict != Verdict::kPassed || gate.op != GateOperator::kAtMost) continue;
    KeepNearer({report.repro, gate.id, gate.metric, observed, gate.threshold}, judgement.nearest);
  }
}

struct Job {
  const ZooCase& zoo_case;
  const CaseData& data;
  const ZooRequest& request;
  const std::vector<MemberResult*>& members;
};

void RunOne(const void* context, int task, int /*thread*/) {
  const Job& job = *static_cast<const Job*>(context);
  MemberResult& result = *job.members[static_cast<size_t>(task)];
  ++result.cases;
  Judgement judgement =
      Judge(job.zoo_case.kernel_case, job.data, KernelOf(*result.member), job.request.gates);
  if (judgement.nearest) KeepNearer(*judgement.nearest, result.nearest);
  if (!result.objection) result.objection = std::move(judgement.objection);
}

}  // namespace

double Objection::Times() const { return limit > 0 && observed > limit ? observed / limit : 0; }

std::string_view NameOf(MemberVerdict verdict) {
  switch (verdict) {
    case MemberVerdict::kCaught:
      return "caught";
    case MemberVerdict::kMissed:
      return "MISSED";
    case MemberVerdict::kKnownMiss:
      return "known miss";
    case MemberVerdict::kPassed:
      return "passed";
    case MemberVerdict::kFailed:
      return "FAILED";
    case MemberVerdict::kSkipped:
      return "skipped";
  }
  return "?";
}

MemberVerdict VerdictOf(const MemberResult& result) {
  if (!result.runs_here) return MemberVerdict::kSkipped;
  if (!result.is_fault) {
    return result.objection ? MemberVerdict::kFailed : MemberVerdict::kPassed;
  }
  if (result.objection) return MemberVerdict::kCaught;
  return result.member->why_missed.empty() ? MemberVerdict::kMissed : MemberVerdict::kKnownMiss;
}

ExitCode ExitCodeOf(std::span<const MemberResult> results) {
  for (const MemberResult& result : results) {
    const MemberVerdict verdict = VerdictOf(result);
    if (verdict == MemberVerdict::kMissed || verdict == MemberVerdict::kFailed) {
      return kExitCorrectness;
    }
  }
  return kExitPass;
}

Judgement Judge(const KernelCase& kernel_case, const CaseData& data, KernelFunction kernel,
                std::span<const Gate> gates) {
  const CheckOutcome outcome =
      CheckKernel(kernel_case, data, kernel, {.figures = Figures::kJudged});
  Judgement judgement;
  if (outcome.verdict != Verdict::kPassed) {
    judgement.objection = WorstFinding(outcome);
    return judgement;
  }
  judgement.nearest = NearestLimit(outcome);
  JudgeByGates(outcome, gates, judgement);
  return judgement;
}

std::vector<MemberResult> RunZoo(
    const ZooRequest& request,
    const std::function<void(size_t index, size_t count, const std::string& repro)>& progress) {
  const std::vector<ZooCase> cases = CasesOf(request.plan);
  std::vector<MemberResult> results = MembersOf(request.only);
  // A forced target is one for the whole process.
  const bool forced = std::any_of(cases.begin(), cases.end(), [](const ZooCase& zoo_case) {
    return !zoo_case.kernel_case.target.empty();
  });
  ThreadPool pool(forced ? 1 : request.threads);
  for (size_t i = 0; i < cases.size(); ++i) {
    if (progress) progress(i, cases.size(), cases[i].repro);
    std::vector<MemberResult*> members;
    for (MemberResult& result : results) {
      if (result.runs_here && !result.objection) members.push_back(&result);
    }
    const CaseData data = MakeCaseData(cases[i].kernel_case);
    const Job job{cases[i], data, request, members};
    pool.Run(static_cast<int>(members.size()), &RunOne, &job);
  }
  return results;
}

}  // namespace deltagauge::zoo
