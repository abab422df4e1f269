#include "harness/timing/timing_engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <initializer_list>
#include <span>
#include <utility>
#include <vector>

#include "harness/bench/bench_statistics.h"
#include "harness/timing/timing_sampler.h"
#include "harness/timing/timing_schedule.h"
#include "harness/timing/timing_statistics.h"
#include "harness/timing/timing_summary.h"
#include "harness/timing/timing_verdict.h"
#include "harness/timing/timing_warm_up.h"

namespace deltagauge {
namespace {

constexpr int kAlwaysVerified = 4;                   // quads: each of the input sets once
constexpr int kQuadsPerLayout = 3;                   // two A/B, one A/A
constexpr uint64_t kSeedStep = 0xd1342543de82ef95u;  // odd: seeds of confirmations differ

// One measurement: warm-up, quads and looks up to a verdict or the end of its time.
class Measurement {
 public:
  Measurement(const TimingRequest& request, const TimingPolicy& policy, double budget_s,
              const Clock& clock)
      : request_(request), policy_(policy), budget_s_(budget_s), clock_(clock), start_(clock()) {}

  TimingResult Run() {
    result_.a.name = request_.a->Name();
    result_.b.name = request_.b->Name();
    WarmUp();
    QuadSampler sampler(*request_.a, *request_.b, Same(), *request_.control, schedule_.sample,
                        policy_.seed, clock_);
    sampler_ = &sampler;
    for (size_t look = 0; look < schedule_.looks.size() && !IsOver(); ++look) {
      MeasureUpTo(schedule_.looks[look]);
      Judge(look);
      if (result_.verdict != Verdict::kInconclusive && result_.verdict != Verdict::kInvalid) break;
    }
    if (schedule_.looks.empty()) MeasureWithoutVerdict();
    result_.a.name = request_.a->Name();
    result_.b.name = request_.b->Name();
    return std::move(result_);
  }

 private:
  double SpentSeconds() const { return 1e-9 * static_cast<double>(clock_() - start_); }

  TimedCall& Same() const { return request_.same != nullptr ? *request_.same : *request_.a; }

  // Something was wrong, or there is no time for another quad.
  bool IsOver() const { return is_stopped_ || is_late_; }

  void WarmUp() {
    const WarmUpResult a = WarmUpUntilStable(*request_.a, policy_.warm_up_s, clock_);
    const WarmUpResult b = WarmUpUntilStable(*request_.b, policy_.warm_up_s, clock_);
    // Shortly: it runs the code of A, only its memory is cold.
    if (request_.same != nullptr) WarmUpUntilStable(*request_.same, 0, clock_);
    const WarmUpResult control = WarmUpUntilStable(*request_.control, 0, clock_);
    result_.a.warm_up_calls = a.calls;
    result_.b.warm_up_calls = b.calls;
    result_.a.warmed_up = a.is_stable;
    result_.b.warmed_up = b.is_stable;
    const double left_s = std::max(0.0, budget_s_ - SpentSeconds());
    schedule_ = PlanTiming(a.typical_ns, b.typical_ns, control.typical_ns, left_s, policy_);
    quad_s_ = QuadSeconds(a.typical_ns, b.typical_ns, control.typical_ns, schedule_.sample);
    result_.notes = schedule_.notes;
    result_.calls_per_sample = schedule_.sample.calls;
    result_.runs_per_timing = schedule_.sample.runs;
  }

  // Measures until there are `quads` A/B quads, or the time is over.
  void MeasureUpTo(int quads) {
    const size_t looks = std::max<size_t>(schedule_.looks.size(), 1);
    const auto least = static_cast<int>(
        FewestForMedian(1 - (1 - policy_.confidence) / static_cast<double>(looks)));
    for (int n = Quads(); n < quads && !is_stopped_; n = Quads()) {
      const double allowed_s = n < least ? kLeastOvertime * budget_s_ : budget_s_;
      is_late_ = SpentSeconds() + quad_s_ > allowed_s;
      if (is_late_) return;
      MeasureOne(Kind::kPair);
      if (n % 2 == 0 && !is_stopped_) MeasureOne(Kind::kSame);
    }
  }

  enum class Kind : uint8_t { kPair, kSame };

  void MeasureOne(Kind kind) {
    const TimingHooks& hooks = request_.hooks;
    if (hooks.select_inputs) hooks.select_inputs(quads_measured_);
    kind == Kind::kPair ? sampler_->MeasureQuad() : sampler_->MeasureSameQuad();
    ++quads_measured_;
    Verify(kind == Kind::kPair ? *request_.b : Same());
    Renew();
    if (!is_stopped_ && hooks.cancelled && hooks.cancelled())
      Stop(Verdict::kInconclusive, "interrupted");
  }

  // `second` is what ran beside A; the other one may not have run since it was laid out.
  void Verify(const TimedCall& second) {
    const double now_s = SpentSeconds();
    if (quads_measured_ > kAlwaysVerified && verify_s_ > policy_.verify_share * now_s) return;
    std::string defect;
    for (const TimedCall* call :
         std::initializer_list<const TimedCall*>{request_.a, &second, request_.control}) {
      if (!defect.empty()) break;
      defect = call->Defect();
      if (!defect.empty()) defect = call->Name() + ": " + defect;
    }
    if (defect.empty() && request_.hooks.verify) defect = request_.hooks.verify();
    verify_s_ += SpentSeconds() - now_s;
    if (!defect.empty()) {
      Stop(Verdict::kInvalid,
           fmt::format("quad {} computed something wrong: {}", quads_measured_, defect));
    }
  }

  void Renew() {
    const double now_s = SpentSeconds();
    if (!request_.hooks.renew || quads_measured_ % kQuadsPerLayout != 0) return;
    if (renew_s_ > policy_.renew_share * now_s) return;
    request_.hooks.renew();
    renew_s_ += SpentSeconds() - now_s;
  }

  void Stop(Verdict verdict, std::string reason) {
    is_stopped_ = true;
    result_.verdict = verdict;
    result_.reason = std::move(reason);
  }

  void Judge(size_t look) {
    if (is_stopped_ && result_.verdict == Verdict::kInvalid) return;
    if (Quads() == 0) {
      result_.reason = "no quad fits into the budget";
      return;
    }
    LookInterval interval = {.confidence = schedule_.look_confidence,
                             .overall = policy_.confidence,
                             .number = static_cast<int>(look) + 1,
                             .of = static_cast<int>(schedule_.looks.size())};
    const std::vector<double>& log_ratios = sampler_->samples().log_ratios;
    const RankedInterval ranked = MedianIntervalAt(log_ratios, interval.confidence);
    // The whole range says less than was asked for.
    if (ranked.rank == 0) interval.overall = ranked.coverage;
    Summarize(ranked, interval);
    if (is_stopped_) return;
    result_.reason = WhyInvalid(result_);
    if (!result_.reason.empty()) {
      result_.verdict = Verdict::kInvalid;
      return;
    }
    if (ranked.rank == 0) {
      result_.reason = fmt::format("{} quads are too few for an interval", log_ratios.size());
      if (ranked.worth < log_ratios.size()) {
        result_.reason += fmt::format(
            ": neighbours are alike, and all are worth {} independent ones", ranked.worth);
      }
      return;
    }
    TimingJudgement judgement = JudgeTiming(ranked.interval, result_.noise.aa_floor, policy_);
    result_.verdict = judgement.verdict;
    result_.outcome = judgement.outcome;
    result_.reason = std::move(judgement.reason);
  }

  // What there is time for, so that there is a number to look at.
  void MeasureWithoutVerdict() {
    MeasureUpTo(std::max(schedule_.quads, 1));
    const int n = Quads();
    if (n > 0) {
      const double coverage = 1 - std::exp2(1 - n);
      const RankedInterval ranked = MedianIntervalAt(sampler_->samples().log_ratios, coverage);
      Summarize(ranked, {.confidence = coverage, .overall = ranked.coverage, .number = 1, .of = 1});
    }
    if (!is_stopped_) {
      result_.reason = schedule_.notes.empty() ? "too few quads" : schedule_.notes.back();
    }
  }

  int Quads() const { return static_cast<int>(sampler_->samples().log_ratios.size()); }

  void Summarize(const RankedInterval& ranked, const LookInterval& interval) {
    result_.a.units_per_run = request_.a->UnitsPerRun();
    result_.b.units_per_run = request_.b->UnitsPerRun();
    SummarizeTiming(sampler_->samples(), ranked, interval, request_.limits, &result_);
  }

  const TimingRequest& request_;
  const TimingPolicy& policy_;
  double budget_s_;
  const Clock& clock_;
  int64_t start_;
  TimingSchedule schedule_;
  double quad_s_ = 0;
  QuadSampler* sampler_ = nullptr;
  int quads_measured_ = 0;  // of both kinds
  double verify_s_ = 0;
  double renew_s_ = 0;
  bool is_stopped_ = false;
  bool is_late_ = false;
  TimingResult result_;
};

// The verdict stays `failed` only if a second measurement finds a regression too.
void Confirm(const TimingRequest& request, TimingPolicy policy, double budget_s, const Clock& clock,
             TimingResult* result) {
  if (request.hooks.renew) request.hooks.renew();
  policy.seed += kSeedStep;
  const TimingResult second = Measurement(request, policy, budget_s, clock).Run();
  result->confirmation = TimingConfirmation{.speedup = second.speedup,
                                            .aa_floor = second.noise.aa_floor,
                                            .n = second.n,
                                            .outcome = second.outcome};
  if (second.outcome == TimingOutcome::kRegression) return;
  const bool is_wrong = second.verdict == Verdict::kInvalid || second.verdict == Verdict::kError;
  result->verdict = is_wrong ? second.verdict : Verdict::kInconclusive;
  result->outcome = TimingOutcome::kUndecided;
  result->reason = fmt::format("slower at first, but not when measured again ({})",
                               second.reason.empty() ? "then within bounds" : second.reason);
}

// If a run and its counting take little of the time that was there.
void CountRuns(const TimingRequest& request, double budget_s, TimingResult* result) {
  if (!request.hooks.count_run) return;
  if (1e-9 * (result->a.median_ns + result->b.median_ns) > 0.05 * budget_s) {
    result->a.counters.unavailable = result->b.counters.unavailable = "no time to count";
    return;
  }
  result->a.counters = request.hooks.count_run(*request.a);
  result->b.counters = request.hooks.count_run(*request.b);
}

}  // namespace

TimingResult MeasureTiming(const TimingRequest& request, const TimingPolicy& policy,
                           double budget_s, const Clock& clock) {
  const int64_t start = clock();
  const auto spent_s = [&] { return 1e-9 * static_cast<double>(clock() - start); };
  TimingResult result;
  try {
    const bool may_need_confirmation = !policy.target.has_value();
    const double first_s = budget_s * (may_need_confirmation ? kFirstShare : 1);
    result = Measurement(request, policy, first_s, clock).Run();
    if (result.outcome == TimingOutcome::kRegression && result.verdict == Verdict::kFailed) {
      Confirm(request, policy, budget_s - spent_s(), clock, &result);
    }
    CountRuns(request, budget_s, &result);
  } catch (const std::exception& error) {
    result.verdict = Verdict::kError;
    result.outcome = TimingOutcome::kUndecided;
    result.reason = error.what();
  }
  result.spent_s = spent_s();
  return result;
}

}  // namespace deltagauge
