// deltagauge_bench: how fast the kernel is, against this machine's limits and against peers.
//
// First the machine's limits are measured, then Google Benchmark times the rows, then the targets
// are judged from calls timed in turns. Text goes to standard output; if Google Benchmark writes
// JSON or CSV there, to standard error. Exit codes: verdict.h; a missed target is not an error.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "harness/base/affinity.h"
#include "harness/bench/bench_comparison.h"
#include "harness/bench/bench_context.h"
#include "harness/bench/bench_environment.h"
#include "harness/bench/bench_header.h"
#include "harness/bench/bench_options.h"
#include "harness/bench/bench_rows.h"
#include "harness/bench/bench_speed_targets.h"
#include "harness/bench/bench_table.h"
#include "harness/bench/bench_target.h"
#include "kernels/targets.h"

namespace deltagauge {
namespace {

constexpr double kLimitBudgetNs = 2e8;  // for each limit

int64_t SteadyNanoseconds() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// Small problems, few rounds: everything runs, nothing is meant to be quoted.
void MakeQuick(BenchContext& context) {
  context.lengths = {.tokens = 64, .many_tokens = 256};
  context.rounds.quads = 6;  // the fewest for an interval of 95 %
  context.rounds.batches = 1;
  context.rounds.batch_ns = 2e5;
  context.rounds.warm_up_ns = 1e7;
}

std::string FirstNotEmpty(const std::string& a, const char* b, const char* c) {
  if (!a.empty()) return a;
  return b != nullptr && *b != '\0' ? b : c;
}

PeerPaths PathsOf(const BenchOptions& options) {
  return {
      .ops = FirstNotEmpty(options.ops, nullptr, DELTAGAUGE_DEFAULT_OPS),
      .executorch = FirstNotEmpty(options.executorch, std::getenv("EXECUTORCH_CUSTOM_OPS_AOT_LIB"),
                                  DELTAGAUGE_DEFAULT_EXECUTORCH),
      .libpython = FirstNotEmpty(options.libpython, nullptr, DELTAGAUGE_DEFAULT_LIBPYTHON)};
}

bool AnyStartsWith(const std::vector<std::string>& arguments, std::string_view prefix) {
  return std::any_of(arguments.begin(), arguments.end(),
                     [&](const std::string& argument) { return argument.starts_with(prefix); });
}

// What Google Benchmark is to see. Our defaults come first: of two equal flags the last one counts.
std::vector<std::string> ArgumentsOfGoogleBenchmark(const char* program,
                                                    const ParsedOptions& parsed) {
  std::vector<std::string> arguments = {
      program, "--benchmark_counters_tabular=true",
      fmt::format("--benchmark_min_time={}" DELTAGAUGE_BENCHMARK_SECONDS,
                  parsed.options.quick ? 0.005 : 0.3)};
  arguments.insert(arguments.end(), parsed.others.begin(), parsed.others.end());
  return arguments;
}

// False if an argument is unknown. Google Benchmark goes on pointing into `arguments`.
bool InitializeGoogleBenchmark(std::vector<std::string>& arguments) {
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  auto count = static_cast<int>(pointers.size());
  benchmark::Initialize(&count, pointers.data());
  return !benchmark::ReportUnrecognizedArguments(count, pointers.data());
}

// Appends to `verdicts`.
void ReportTargets(BenchContext& context, const std::string& only, std::FILE* out,
                   std::vector<Verdict>& verdicts) {
  std::vector<Comparison> comparisons = SpeedTargets(context);
  std::erase_if(comparisons,
                [&](const Comparison& c) { return c.what.find(only) == std::string::npos; });
  if (comparisons.empty()) throw std::invalid_argument("no pair has '" + only + "' in its name");
  fmt::print(out, "\nTiming {} pairs in turns.\n", comparisons.size());
  std::fflush(out);
  std::vector<ComparisonResult> results;
  std::vector<std::vector<std::string>> rows = {ComparisonHead()};
  for (const Comparison& comparison : comparisons) {
    results.push_back(RunComparison(comparison, context.rounds, context.clock));
    rows.push_back(ComparisonRow(comparison, results.back()));
    verdicts.push_back(results.back().verdict);
  }
  fmt::print(out, "\n{}\n{}\n", RenderTable(rows), CountVerdicts(comparisons, results));
}

int Run(const char* program, const ParsedOptions& parsed) {
  const BenchOptions& options = parsed.options;
  const ForcedTarget forced(options.target);
  const bool lists_only = AnyStartsWith(parsed.others, "--benchmark_list_tests");
  const bool is_text = !AnyStartsWith(parsed.others, "--benchmark_format=json") &&
                       !AnyStartsWith(parsed.others, "--benchmark_format=csv");
  std::FILE* out = is_text ? stdout : stderr;
  if (options.help) fmt::print(out, "{}", BenchUsage());
  std::vector<std::string> arguments = ArgumentsOfGoogleBenchmark(program, parsed);
  if (!InitializeGoogleBenchmark(arguments)) return kExitUsage;

  const LoadWatch load;
  BenchContext context;
  context.max_threads = options.threads > 0
                            ? options.threads
                            : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  context.pinning = options.pin ? PinningFor(context.max_threads)
                                : Pinning{.cpus = {}, .why_not = "--deltagauge_pin=false"};
  context.pools = ThreadPools(context.pinning.cpus);
  context.target = ActiveTarget();
  context.clock = SteadyNanoseconds;
  if (options.quick) MakeQuick(context);
  context.limits = std::make_unique<MachineLimits>(
      context.pools, options.quick ? kLimitBudgetNs / 20 : kLimitBudgetNs, context.clock);
  context.peers = LoadPeers(PathsOf(options));

  std::vector<RowFailure> failures;
  RegisterRows(context, failures);
  if (lists_only) {
    benchmark::RunSpecifiedBenchmarks();
    return kExitPass;
  }
  if (options.quick) fmt::print(out, "QUICK: a smoke test; don't quote its figures\n");
  const NamedLines header = DescribeRun(context);
  fmt::print(out, "{}\n", RenderLines(header));
  std::fflush(out);
  if (!is_text || AnyStartsWith(parsed.others, "--benchmark_out=")) {
    for (const auto& line : header) benchmark::AddCustomContext(line.first, line.second);
  }

  benchmark::RunSpecifiedBenchmarks();
  std::vector<Verdict> verdicts;
  for (const RowFailure& failure : failures) {
    fmt::print(out, "{}: {}: {}\n", failure.row, VerdictName(failure.verdict), failure.reason);
    verdicts.push_back(failure.verdict);
  }
  if (options.ratios) ReportTargets(context, options.only, out, verdicts);
  fmt::print(out, "FMA peak, 1 thread, at the end: {:+.1f} % of what it was\nload: {}\n",
             100 * context.limits->FmaDrift(context.target, 1), load.Describe());
  return BenchExitCode(verdicts);
}

}  // namespace
}  // namespace deltagauge

int main(int argc, char** argv) {
  using deltagauge::ExitCode;
  const deltagauge::ParsedOptions parsed =
      deltagauge::ParseBenchOptions(std::vector<std::string>(argv + 1, argv + argc));
  if (!parsed.error.empty()) {
    fmt::print(stderr, "deltagauge_bench: {}\n", parsed.error);
    return ExitCode::kExitUsage;
  }
  try {
    return deltagauge::Run(argv[0], parsed);
  } catch (const std::invalid_argument& error) {
    fmt::print(stderr, "deltagauge_bench: {}\n", error.what());
    return ExitCode::kExitUsage;
  } catch (const std::exception& error) {
    fmt::print(stderr, "deltagauge_bench: {}\n", error.what());
    return ExitCode::kExitInternal;
  }
}
