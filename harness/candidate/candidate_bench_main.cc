// deltagauge_candidate_bench: what isolation does to a timing, and a plug-in's speed beside ours.
// Nothing else should run meanwhile. The plug-in is loaded into this process: only for one that has
// passed `deltagauge check --plugin`.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "harness/base/affinity.h"
#include "harness/base/thread_pool.h"
#include "harness/base/verdict.h"
#include "harness/bench/bench_comparison.h"
#include "harness/bench/bench_kernel_call.h"
#include "harness/bench/bench_rounds.h"
#include "harness/bench/bench_statistics.h"
#include "harness/candidate/isolation_shift.h"
#include "harness/candidate/plugin_timed_call.h"
#include "harness/candidate/worker_notes.h"

namespace deltagauge {
namespace {

struct Options {
  std::string plugin;  // empty: the built-in kernel, where that can be
  int quads = 60;
  double call_ms = 1;
  double plant_percent = 0;
  int64_t tokens = 512;
  std::vector<int> threads = {1, 2};
};

int64_t SteadyNanoseconds() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

BenchProblem ProblemOf(int64_t tokens) {
  BenchProblem problem = PrefillProblem(tokens);
  problem.input_sets = 1;
  return problem;
}

// A planted fault: its runs take longer by a share of what they take.
class SlowedCall final : public TimedCall {
 public:
  SlowedCall(TimedCall& call, double share) : call_(call), share_(share) {}
  std::string Name() const override { return call_.Name(); }
  double UnitsPerRun() const override { return call_.UnitsPerRun(); }
  void Run() override {
    const int64_t begin_ns = SteadyNanoseconds();
    call_.Run();
    const int64_t run_ns = SteadyNanoseconds() - begin_ns;
    const int64_t end_ns = begin_ns + std::llround(static_cast<double>(run_ns) * (1 + share_));
    while (SteadyNanoseconds() < end_ns) {
    }
  }
  std::string Defect() const override { return call_.Defect(); }

 private:
  TimedCall& call_;
  double share_;
};

// Of one run, by the median of ten after a warm-up of five.
double TimeMiddleRun(TimedCall& call) {
  constexpr int kWarmUpRuns = 5;
  constexpr int kRuns = 10;
  const Entered entered(call);
  std::vector<double> runs_ns;
  for (int i = 0; i < kWarmUpRuns; ++i) call.Run();
  for (int i = 0; i < kRuns; ++i) runs_ns.push_back(TimeRuns(call, 1, SteadyNanoseconds));
  return Median(runs_ns);
}

double TimeWithPlant(TimedCall& call, double plant_percent) {
  if (plant_percent == 0 || CurrentWorkerNotes() == nullptr) return TimeMiddleRun(call);
  SlowedCall slowed(call, plant_percent / 100);
  return TimeMiddleRun(slowed);
}

// All is laid out anew by each call, in whichever process that is, and alike in both: where a
// tensor ends at a page that traps, it lies elsewhere than where none does, which has a price of
// its own.
double TimeSubject(const std::optional<Plugin>& plugin, const BenchProblem& problem,
                   const BenchData& data, double plant_percent) {
  if (plugin.has_value()) {
    PluginTimedCall call(*plugin, problem, data, 1, Trap::kProcessor);
    return TimeWithPlant(call, plant_percent);
  }
  ThreadPool one_thread(1);
  KernelCall call(problem, data, one_thread);
  return TimeWithPlant(call, plant_percent);
}

int MeasureIsolation(const Options& options) {
  if (IsolationHere() != Isolation::kAnyBody) {
    throw std::runtime_error("this system has no fork: nothing can be timed in both");
  }
  const PinnedThread pinned(AllowedCpus().empty() ? std::nullopt
                                                  : std::optional<int>(AllowedCpus().back()));
  std::optional<Plugin> plugin;
  if (!options.plugin.empty()) plugin = LoadPlugin(options.plugin);
  const BenchProblem trial = ProblemOf(64);
  const double trial_ms = TimeSubject(plugin, trial, MakeBenchData(trial), 0) / 1e6;
  const double tokens = static_cast<double>(trial.tokens) * options.call_ms / trial_ms;
  const BenchProblem problem = ProblemOf(std::max<int64_t>(1, std::llround(tokens)));
  const BenchData data = MakeBenchData(problem);
  const IsolationShift shift = MeasureIsolationShift(
      [&] { return TimeSubject(plugin, problem, data, options.plant_percent); }, IsolationLimits{},
      0.01, options.quads);
  fmt::print(
      "{} {}, 1 thread: {:.3f} ms isolated, {:.3f} ms in this process\n"
      "isolation shifts it by {:+.2f} % [{:+.2f}, {:+.2f}], noise floor {:.2f} %, {} quads; less "
      "than 1 %: {}\n",
      plugin ? plugin->info.name : "built-in kernel", DescribeProblem(problem),
      shift.times.a_ns / 1e6, shift.times.b_ns / 1e6, 100 * (shift.ratio.point - 1),
      100 * (shift.ratio.low - 1), 100 * (shift.ratio.high - 1), 100 * shift.ratio.noise,
      options.quads, VerdictName(shift.verdict));
  return ExitCodeOf(JudgedConcern{shift.verdict, Concern::kPerformance});
}

int CompareSpeed(const Options& options) {
  const Plugin plugin = LoadPlugin(options.plugin);
  const BenchProblem problem = ProblemOf(options.tokens);
  const BenchData data = MakeBenchData(problem);
  Verdict worst = Verdict::kPassed;
  for (const int threads : options.threads) {
    ThreadPool pool(threads);
    Comparison comparison;
    comparison.quantity = Quantity::kSpeedup;
    comparison.target = Target{.sense = Sense::kAtLeast, .bound = 1};
    comparison.agreement = Agreement::kSameOutput;
    comparison.make = [&]() -> CallPair {
      return {std::make_unique<KernelCall>(problem, data, pool),
              std::make_unique<PluginTimedCall>(plugin, problem, data, threads, Trap::kNone)};
    };
    const ComparisonResult result =
        RunComparison(comparison, {.quads = options.quads}, SteadyNanoseconds);
    worst = Worse(worst, result.verdict);
    fmt::print(
        "{}, {}: ours {:.0f} ns a token-head, {} {:.0f}; ours is {:.2f} x [{:.2f}, {:.2f}] as "
        "fast, "
        "noise floor {:.2f} %, {} quads: {}{}{}\n",
        DescribeProblem(problem), DescribeThreads(threads), result.times.a_ns, plugin.info.name,
        result.times.b_ns, result.estimate.point, result.estimate.low, result.estimate.high,
        100 * result.estimate.noise, options.quads, VerdictName(result.verdict),
        result.reason.empty() ? "" : ": ", result.reason);
  }
  return ExitCodeOf(JudgedConcern{worst, Concern::kPerformance});
}

int Main(int argc, char** argv) {
  Options options;
  std::function<int(const Options&)> verb;
  CLI::App app("What isolation does to a timing, and a plug-in's speed beside ours.");
  app.require_subcommand(1);
  CLI::App* const isolation =
      app.add_subcommand("isolation", "One call in this process and in workers, in turns");
  isolation->add_option("--plugin", options.plugin, "Whose call; absent: the built-in kernel's");
  isolation->add_option("--call-ms", options.call_ms, "About how long it takes")
      ->check(CLI::Range(0.01, 1000.0));
  isolation
      ->add_option("--plant", options.plant_percent, "A fault: workers slower by this much, in %")
      ->check(CLI::Range(0.0, 100.0));
  isolation->callback([&] { verb = MeasureIsolation; });
  CLI::App* const compare = app.add_subcommand("compare", "A plug-in beside the built-in kernel");
  compare->add_option("--plugin", options.plugin, "The plug-in")->required();
  compare->add_option("--tokens", options.tokens)->check(CLI::Range(1, 1 << 20));
  compare->add_option("--threads", options.threads, "One or more numbers")
      ->check(CLI::Range(1, 256));
  compare->callback([&] { verb = CompareSpeed; });
  for (CLI::App* const app_of_verb : {isolation, compare}) {
    app_of_verb->add_option("--quads", options.quads)->check(CLI::Range(6, 10000));
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitPass : kExitUsage;
  }
  return verb(options);
}

}  // namespace
}  // namespace deltagauge

int main(int argc, char** argv) {
  try {
    return deltagauge::Main(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "deltagauge_candidate_bench: {}\n", error.what());
    return deltagauge::kExitInternal;
  }
}
