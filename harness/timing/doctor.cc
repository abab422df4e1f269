#include "harness/timing/doctor.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string_view>

#include "harness/bench/bench_kernel_call.h"
#include "harness/bench/bench_problem.h"
#include "harness/timing/timing_control.h"
#include "harness/timing/timing_counters.h"
#include "harness/timing/timing_engine.h"
#include "kernels/targets.h"

namespace deltagauge {
namespace {

constexpr int64_t kTokens = 128;  // some 0.3 ms
constexpr double kLimitNs = 3e8;
constexpr int64_t kLeastStreamBytes = int64_t{64} << 20;
constexpr int64_t kMostStreamBytes = int64_t{512} << 20;

int64_t SteadyNanoseconds() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// Twice the largest cache.
int64_t StreamBytes(const Machine& machine) {
  int64_t largest = 0;
  for (const CpuCache& cache : machine.caches) largest = std::max(largest, cache.size_bytes);
  return std::clamp(2 * largest, kLeastStreamBytes, kMostStreamBytes);
}

TimingResult TimeKernelAgainstItself(const DoctorOptions& options, ThreadPool& pool) {
  const BenchProblem problem = PrefillProblem(kTokens);
  const BenchData data = MakeBenchData(problem);
  KernelCall a(problem, data, pool);
  KernelCall b(problem, data, pool);
  KernelCall second_a(problem, data, pool);
  ControlCall control;
  TimingPolicy policy;
  policy.min_effect = options.min_effect;
  return MeasureTiming(
      {.a = &a,
       .b = &b,
       .same = &second_a,
       .control = &control,
       .hooks =
           {.select_inputs = {}, .verify = {}, .renew = {}, .cancelled = {}, .count_run = CountRun},
       .limits = {}},
      policy, options.budget_s, SteadyNanoseconds);
}

template <typename... Args>
void Line(std::ostream& out, fmt::format_string<Args...> format, Args&&... args) {
  out << fmt::format(format, std::forward<Args>(args)...) << '\n';
}

std::string OrUnknown(const std::string& text) { return text.empty() ? "unknown" : text; }

std::string Frequency(const Machine& machine) {
  std::string text = fmt::format("governor {}", OrUnknown(machine.governor));
  if (machine.boost.has_value()) text += *machine.boost ? ", boost on" : ", boost off";
  if (machine.mhz_before.has_value() && machine.mhz_after.has_value()) {
    text += fmt::format(", {:.0f} MHz before and {:.0f} after", *machine.mhz_before,
                        *machine.mhz_after);
  }
  return text;
}

std::string Load(const Machine& machine) {
  const std::string load = machine.load_avg.has_value()
                               ? fmt::format("{:.2f} over the last minute", *machine.load_avg)
                               : "unknown";
  const std::string steal =
      machine.steal_pct.has_value() ? fmt::format("{:.1f} %", *machine.steal_pct) : "unknown";
  return fmt::format("{}, taken by other virtual machines: {}", load, steal);
}

void DescribeMachine(const Machine& machine, std::ostream& out) {
  Line(out, "machine      {} ({})", OrUnknown(machine.cpu_model), machine.fingerprint);
  Line(out, "system       {}, {}, virtualisation: {}", OrUnknown(machine.os),
       OrUnknown(machine.kernel), OrUnknown(machine.virtualisation));
  Line(out, "CPUs         {} sockets, {} cores, {} threads; this process may use {}",
       machine.sockets, machine.cores, machine.threads, OrUnknown(machine.affinity));
  Line(out, "frequency    {}", Frequency(machine));
  Line(out, "load         {}", Load(machine));
}

void DescribeTiming(const Examination& examination, std::ostream& out) {
  const TimingResult& same = examination.same;
  Line(out, "the kernel against itself, {} tokens, {} threads, {:.1f} s:", kTokens,
       examination.threads, same.spent_s);
  Line(out, "  a run takes          {:.3f} ms, samples vary by {:.2f} %", 1e-6 * same.a.median_ns,
       100 * same.a.cv);
  Line(out, "  ratio                {:.4f} (between {:.4f} and {:.4f}), {} quads",
       same.speedup.point, same.speedup.ci_lo, same.speedup.ci_hi, same.n);
  Line(out, "  A/A floor            {:.2f} %", 100 * std::expm1(same.noise.aa_floor));
  Line(out, "  told from noise      changes from {:.2f} % on", 100 * std::expm1(same.noise.mde));
  Line(out, "  called a regression  slowdowns from about {:.1f} % on",
       100 * SmallestFoundSlowdown(examination));
  Line(out, "  control benchmark    {:.4f} beside the arms, {:.0f} % of the quads disturbed",
       same.noise.control_ratio, 100 * same.noise.disturbed_quads);
  const RunCounters& counters = same.a.counters;
  if (counters.instructions.has_value()) {
    Line(out, "  instructions a run   {:.0f}", *counters.instructions);
  } else {
    Line(out, "  instructions a run   {}", counters.unavailable);
  }
}

std::string_view Conclusion(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPassed:
      return "this machine can tell such changes";
    case Verdict::kInconclusive:
      return "too noisy to tell such changes; larger ones can be told";
    case Verdict::kFailed:
      return "the same code came out as slower than itself: don't trust times taken here";
    default:
      return "times taken here mean nothing";
  }
}

}  // namespace

Verdict DoctorVerdict(const Examination& examination) { return examination.same.verdict; }

double SmallestFoundSlowdown(const Examination& examination) {
  const TimingNoise& noise = examination.same.noise;
  return std::expm1(std::max(noise.aa_floor, examination.min_effect) + noise.mde);
}

void Describe(const Examination& examination, std::ostream& out) {
  DescribeMachine(examination.machine, out);
  Line(out, "multiply-add {:.1f} GFLOP/s at best, {:.1f} in the median, {} threads, {}",
       1e-9 * examination.fma.best, 1e-9 * examination.fma.median, examination.threads,
       OrUnknown(examination.machine.isa_dispatched));
  Line(out, "memory       {:.1f} GB/s at best, {:.1f} in the median, over {} MiB",
       1e-9 * examination.stream.best, 1e-9 * examination.stream.median,
       examination.stream_bytes >> 20);
  out << '\n';
  DescribeTiming(examination, out);
  out << '\n';
  for (const PreflightFinding& finding : examination.findings) {
    const bool is_warning = finding.severity == PreflightFinding::Severity::kWarning;
    Line(out, "{}: {}{}{}", is_warning ? "warning" : "note", finding.what,
         finding.advice.empty() ? "" : "; ", finding.advice);
  }
  const Verdict verdict = DoctorVerdict(examination);
  Line(out, "{} for changes of {:.1f} %: {}", VerdictName(verdict),
       100 * std::expm1(examination.min_effect), Conclusion(verdict));
  if (!examination.same.reason.empty()) Line(out, "  {}", examination.same.reason);
}

Examination Examine(const DoctorOptions& options) {
  Examination examination;
  examination.min_effect = options.min_effect;
  examination.threads = options.threads;
  examination.machine = ThisMachine();
  const MachineWatch watch;
  ThreadPools pools;
  examination.same = TimeKernelAgainstItself(options, pools.Get(options.threads));
  MachineLimits limits(pools, kLimitNs, SteadyNanoseconds);
  examination.machine.isa_dispatched = ActiveTarget();
  examination.fma = limits.FmaPeak(ActiveTarget(), options.threads);
  examination.stream_bytes = StreamBytes(examination.machine);
  examination.stream = limits.StreamUpdate(examination.stream_bytes, options.threads);
  watch.Finish(&examination.machine);
  examination.findings = PreflightFindings(examination.machine);
  return examination;
}

Verdict RunDoctor(const DoctorOptions& options, std::ostream& out) {
  const Examination examination = Examine(options);
  Describe(examination, out);
  return DoctorVerdict(examination);
}

}  // namespace deltagauge
