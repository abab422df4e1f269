#include "harness/bench/bench_rows.h"

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <exception>
#include <functional>
#include <memory>
#include <utility>

#include "kernels/targets.h"

namespace deltagauge {
namespace {

struct Row {
  std::string name;
  BenchProblem problem;
  int threads = 1;
  std::string target;  // of the limits that it is held against
  std::function<std::unique_ptr<TimedCall>()> make;
};

// Google Benchmark calls a row's function again and again, with more and more iterations: what the
// latest row has prepared is kept until another row comes.
class LatestCall {
 public:
  TimedCall& For(const Row& row) {
    if (name_ != row.name) {
      call_.reset();  // before the next one takes its memory
      call_ = row.make();
      name_ = row.name;
    }
    return *call_;
  }

 private:
  std::string name_;
  std::unique_ptr<TimedCall> call_;
};

class Rows {
 public:
  Rows(BenchContext& context, std::vector<RowFailure>& failures)
      : context_(context), failures_(failures), latest_(std::make_shared<LatestCall>()) {}

  void AddKernel(const BenchProblem& problem, int threads) {
    Add({.name = fmt::format("kernel/{}/threads:{}", DescribeProblem(problem), threads),
         .problem = problem,
         .threads = threads,
         .target = context_.target,
         .make = [context = &context_, problem, threads] {
           return context->MakeKernelCall(problem, threads);
         }});
  }

  void AddForced(const BenchProblem& problem, const std::string& target) {
    Add({.name = fmt::format("kernel/{}/threads:1/target:{}", DescribeProblem(problem), target),
         .problem = problem,
         .threads = 1,
         .target = target,
         .make = [context = &context_, problem, target] {
           return context->MakeKernelCall(problem, 1, target);
         }});
  }

  void AddPeer(Peer peer, const BenchProblem& problem, int threads) {
    if (!context_.peers->WhyAbsent(peer).empty()) return;
    Add({.name = fmt::format("{}/{}/threads:{}", PeerName(peer), DescribeProblem(problem), threads),
         .problem = problem,
         .threads = threads,
         .target = context_.target,
         .make = [context = &context_, peer, problem, threads] {
           return context->MakePeerCall(peer, problem, threads);
         }});
  }

 private:
  void Add(const Row& row) {
    benchmark::RegisterBenchmark(
        row.name.c_str(),
        [row, latest = latest_, context = &context_, failures = &failures_](
            benchmark::State& state) { Time(row, *latest, *context, *failures, state); })
        ->Unit(benchmark::kMicrosecond)
        ->UseRealTime();
  }

  static void Time(const Row& row, LatestCall& latest, BenchContext& context,
                   std::vector<RowFailure>& failures, benchmark::State& state);
  static void Count(const Row& row, double run_ns, MachineLimits& limits, benchmark::State& state);

  BenchContext& context_;
  std::vector<RowFailure>& failures_;
  std::shared_ptr<LatestCall> latest_;
};

void Rows::Time(const Row& row, LatestCall& latest, BenchContext& context,
                std::vector<RowFailure>& failures, benchmark::State& state) {
  const auto fail = [&](Verdict verdict, const std::string& reason) {
    failures.push_back({row.name, verdict, reason});
    state.SkipWithError(reason.c_str());
  };
  try {
    TimedCall& call = latest.For(row);
    double run_ns = 0;
    {
      const Entered entered(call);
      call.Run();  // warm-up
      const int64_t start = context.clock();
      for (auto _ : state) call.Run();
      run_ns =
          static_cast<double>(context.clock() - start) / static_cast<double>(state.iterations());
    }
    const std::string defect = call.Defect();
    if (!defect.empty()) return fail(Verdict::kInvalid, call.Name() + ": " + defect);
    state.SetLabel(call.Name());
    Count(row, run_ns, *context.limits, state);
  } catch (const std::exception& error) {
    fail(Verdict::kError, error.what());
  }
}

// Plain numbers: Google Benchmark's own rates would print with a unit of their own.
void Rows::Count(const Row& row, double run_ns, MachineLimits& limits, benchmark::State& state) {
  const double token_heads = TokenHeadsPerRun(row.problem);
  state.counters["ns"] = run_ns / token_heads;
  if (row.problem.tokens == 1) {
    const double bytes_per_ns = token_heads * StateBytesPerHead(row.problem) / run_ns;
    const double limit = limits.StreamUpdate(PoolBytes(row.problem), row.threads).best * 1e-9;
    state.counters["GB/s"] = bytes_per_ns;
    state.counters["stream_%"] = 100 * bytes_per_ns / limit;
  } else {
    const double flops = token_heads * FlopsPerTokenHead(row.problem);
    const double floor_ns = flops / limits.FmaPeak(row.target, row.threads).best * 1e9;
    state.counters["x_floor"] = run_ns / floor_ns;
    state.counters["peak_%"] = 100 * floor_ns / run_ns;
  }
}

void AddPrefillRows(const BenchContext& context, Rows& rows) {
  const std::vector<int> one_and_all = context.OneAndAllThreads();
  for (const int64_t tokens : {context.lengths.tokens, context.lengths.many_tokens}) {
    for (const int threads : ThreadCounts(context.max_threads))
      rows.AddKernel(PrefillProblem(tokens), threads);
    for (const int threads : one_and_all) {
      BenchProblem problem = PrefillProblem(tokens);
      problem.data_type = DataType::kBFloat16;
      rows.AddKernel(problem, threads);
      problem = PrefillProblem(tokens);
      problem.layout = BenchLayout::kTokenMajor;
      rows.AddKernel(problem, threads);
    }
  }
  for (const int64_t heads : {1, 2}) {
    BenchProblem problem = PrefillProblem(context.lengths.many_tokens);
    problem.heads = heads;
    for (const int threads : one_and_all) rows.AddKernel(problem, threads);
  }
  rows.AddKernel(PrefillProblem(context.lengths.tokens - 1), 1);  // not a multiple of 4
  for (const BenchGates gates : {BenchGates::kStrongToken, BenchGates::kResetToken}) {
    BenchProblem problem = PrefillProblem(context.lengths.tokens);
    problem.gates = gates;
    for (const int threads : one_and_all) rows.AddKernel(problem, threads);
  }
}

void AddDecodeRows(const BenchContext& context, Rows& rows) {
  const std::vector<int> one_and_all = context.OneAndAllThreads();
  for (const int64_t layers : {kLayersInCache, kLayersOf25Megabytes, kLayersOf100Megabytes}) {
    for (const StateLayout layout : {StateLayout::kKeyMajor, StateLayout::kValueMajor}) {
      BenchProblem problem = DecodeProblem(layers);
      problem.state_layout = layout;
      for (const int threads : one_and_all) rows.AddKernel(problem, threads);
    }
  }
  // The same bytes as one call for a batch, as a server decodes.
  BenchProblem batch = DecodeProblem(1);
  batch.sequences = kLayersOf25Megabytes;
  for (const int threads : one_and_all) rows.AddKernel(batch, threads);
}

void AddPeerRows(const BenchContext& context, Rows& rows) {
  const BenchProblem prefill = PrefillProblem(context.lengths.tokens);
  const BenchProblem longer = PrefillProblem(context.lengths.many_tokens);
  const BenchProblem decode = DecodeProblem(kLayersInCache);
  BenchProblem strong = prefill;
  strong.gates = BenchGates::kStrongToken;
  rows.AddPeer(Peer::kEager, prefill, 1);
  rows.AddPeer(Peer::kEager, decode, 1);
  rows.AddPeer(Peer::kChunked, prefill, 1);
  rows.AddPeer(Peer::kExecuTorch, prefill, 1);
  rows.AddPeer(Peer::kExecuTorch, longer, 1);
  rows.AddPeer(Peer::kExecuTorch, strong, 1);
  rows.AddPeer(Peer::kExecuTorch, decode, 1);
  rows.AddPeer(Peer::kOperator, prefill, 1);
  rows.AddPeer(Peer::kOperator, longer, 1);
  rows.AddPeer(Peer::kOperator, strong, 1);
  rows.AddPeer(Peer::kOperator, decode, 1);
  if (context.max_threads == 1) return;
  rows.AddPeer(Peer::kChunked, prefill, 2);
  rows.AddPeer(Peer::kExecuTorch, prefill, 2);
  rows.AddPeer(Peer::kOperator, prefill, 2);
  rows.AddPeer(Peer::kOperator, longer, 2);
}

}  // namespace

void RegisterRows(BenchContext& context, std::vector<RowFailure>& failures) {
  Rows rows(context, failures);
  AddPrefillRows(context, rows);
  AddDecodeRows(context, rows);
  for (const std::string& target : RunnableTargets()) {
    if (target != context.target) rows.AddForced(PrefillProblem(context.lengths.tokens), target);
  }
  AddPeerRows(context, rows);
}

}  // namespace deltagauge
