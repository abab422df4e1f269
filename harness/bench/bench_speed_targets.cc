#include "harness/bench/bench_speed_targets.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "harness/bench/bench_limit_calls.h"
#include "kernels/targets.h"

namespace deltagauge {
namespace {

// For K = V = 128, on a machine with AVX-512.
constexpr Target kFloor{Sense::kAtMost, 1.25};
constexpr Target kFloorOfAvx2{Sense::kAtMost, 1.5};
constexpr Target kOverExecuTorch{Sense::kAtLeast, 5.5};
constexpr Target kOverChunked{Sense::kAtLeast, 9};
constexpr Target kTwoThreads{Sense::kAtLeast, 1.9};
constexpr Target kFewHeads{Sense::kAtLeast, 1.7};
constexpr Target kDecodeOverExecuTorch{Sense::kAtLeast, 3};
constexpr Target kShareOfStream{Sense::kAtLeast, 60};
constexpr Target kNoCliff{Sense::kAtMost, 1.05};
// "No slower": 2 % is the least difference that paired rounds tell from none on a shared machine.
constexpr Target kNoSlower{Sense::kAtMost, 1.02};
// Nothing is faster than its floor, but for what two measurements of one rate differ by.
constexpr Target kFloorIsFloor{Sense::kAtLeast, 0.97};

BenchProblem WithGates(BenchProblem problem, BenchGates gates) {
  problem.gates = gates;
  return problem;
}

// The least time for a token-head that this machine allows.
double LimitNs(const BenchContext& context, const BenchProblem& problem, int threads) {
  MachineLimits& limits = *context.limits;
  if (problem.tokens == 1) {
    return StateBytesPerHead(problem) / limits.StreamUpdate(PoolBytes(problem), threads).best * 1e9;
  }
  return FlopsPerTokenHead(problem) / limits.FmaPeak(context.target, threads).best * 1e9;
}

// What the instruction set promises; none for one that nobody has set a figure for.
std::optional<Target> FloorTarget(const std::string& instruction_set) {
  if (instruction_set.starts_with("AVX3")) return kFloor;
  if (instruction_set == "AVX2") return kFloorOfAvx2;
  return std::nullopt;
}

std::string Called(Peer peer) {
  switch (peer) {
    case Peer::kEager:
      return "eager ATen";
    case Peer::kChunked:
      return "chunked ATen";
    case Peer::kExecuTorch:
      return "ExecuTorch";
    case Peer::kOperator:
      return "our operator";
  }
  return "?";
}

std::string Called(const BenchProblem& problem) {
  return problem.tokens == 1 ? "decode T=1, states in cache"
                             : fmt::format("prefill T={}", problem.tokens);
}

std::string NsOfBoth(const PairedTimes& times) {
  return fmt::format("{:.0f} and {:.0f} ns a token-head", times.a_ns, times.b_ns);
}

class TargetList {
 public:
  explicit TargetList(BenchContext& context) : context_(context) {}

  // ---- the kernel against the machine

  void AgainstFloor(const BenchProblem& problem, int threads, std::optional<Target> target,
                    const std::string& instruction_set) {
    Comparison c;
    c.what = fmt::format("prefill T={}, {}, {}: time over the FMA floor", problem.tokens,
                         DescribeThreads(threads), instruction_set);
    c.quantity = Quantity::kTimeRatio;
    c.target = target;
    c.possible = kFloorIsFloor;
    c.make = [&context = context_, problem, threads, instruction_set] {
      return CallPair{
          context.MakeKernelCall(problem, threads, instruction_set),
          std::make_unique<FmaCall>(TokenHeadsPerRun(problem), FlopsPerTokenHead(problem),
                                    context.pools.Get(threads), instruction_set)};
    };
    c.note = [problem](const PairedTimes& t) {
      return fmt::format("{:.0f} ns a token-head, floor {:.0f} ns ({:.0f} GFLOP/s in turns)",
                         t.a_ns, t.b_ns, FlopsPerTokenHead(problem) / t.b_ns);
    };
    Add(std::move(c));
  }

  void AgainstStream(const BenchProblem& problem, int threads, std::optional<Target> target) {
    Comparison c;
    const bool key_major = problem.state_layout == StateLayout::kKeyMajor;
    c.what = fmt::format("decode T=1, {:.0f} MB of states {}, {}: share of stream bandwidth",
                         static_cast<double>(PoolBytes(problem)) * 1e-6,
                         key_major ? "[K,V]" : "[V,K]", DescribeThreads(threads));
    c.quantity = Quantity::kPercent;
    c.target = target;
    c.make = [&context = context_, problem, threads] {
      CallPair pair;
      auto kernel = context.MakeKernelCall(problem, threads);
      pair.b = std::make_unique<StreamCall>(kernel->States(), TokenHeadsPerRun(problem),
                                            context.pools.Get(threads));
      pair.a = std::move(kernel);
      return pair;
    };
    c.note = [problem](const PairedTimes& t) {
      const double bytes = StateBytesPerHead(problem);
      return fmt::format("{:.2f} us a head, {:.1f} GB/s; stream over the same memory {:.1f} GB/s",
                         t.a_ns * 1e-3, bytes / t.a_ns, bytes / t.b_ns);
    };
    Add(std::move(c));
  }

  // ---- our operator against another one, both through libtorch's dispatcher

  void AgainstPeer(Peer peer, const BenchProblem& problem, int threads,
                   std::optional<Target> target) {
    Comparison c = OperatorAgainst(peer, problem, threads);
    c.what += fmt::format(", {}: our operator over {}", DescribeThreads(threads), Called(peer));
    c.target = target;
    c.note = [&context = context_, peer, problem, threads, target](const PairedTimes& t) {
      const double limit_ns = LimitNs(context, problem, threads);
      const double possible = t.b_ns / limit_ns;
      std::string note = fmt::format(
          "ours {:.0f} ns a token-head, {} {:.0f} ns; {} {:.0f} ns: at most {:.1f} x is possible",
          t.a_ns, Called(peer), t.b_ns, problem.tokens == 1 ? "streaming its state" : "FMA floor",
          limit_ns, possible);
      if (target.has_value() && possible < target->bound) note += ", the target is out of reach";
      return note;
    };
    Add(std::move(c));
  }

  void CallOverhead(const BenchProblem& problem) {
    Comparison c;
    c.what =
        fmt::format("{}, 1 thread: our operator's time over the bare kernel's", Called(problem));
    c.quantity = Quantity::kTimeRatio;
    c.agreement = Agreement::kSameOutput;
    c.absent = WhyAbsent(Peer::kOperator, 1);
    c.make = [&context = context_, problem] {
      return CallPair{context.MakePeerCall(Peer::kOperator, problem, 1),
                      context.MakeKernelCall(problem, 1)};
    };
    c.note = [problem](const PairedTimes& t) {
      const double heads = TokenHeadsPerRun(problem);
      return fmt::format("{:.1f} us and {:.1f} us a call", t.a_ns * heads * 1e-3,
                         t.b_ns * heads * 1e-3);
    };
    Add(std::move(c));
  }

  // ---- the kernel against itself

  // `more` threads over `fewer`.
  void Scaling(const BenchProblem& problem, int more, int fewer, std::optional<Target> target) {
    Comparison c;
    c.what = fmt::format("prefill T={}, H={}: {} over {}", problem.tokens, problem.heads,
                         DescribeThreads(more), fewer);
    c.quantity = Quantity::kSpeedup;
    c.target = target;
    c.agreement = Agreement::kSameOutput;
    c.absent = WhyTooFewThreads(more);
    c.make = [&context = context_, problem, more, fewer] {
      return CallPair{context.MakeKernelCall(problem, more),
                      context.MakeKernelCall(problem, fewer)};
    };
    c.note = [&context = context_, problem, more, fewer](const PairedTimes& t) {
      return fmt::format("{}; the FMA peak itself: {:.2f} x", NsOfBoth(t),
                         LimitNs(context, problem, fewer) / LimitNs(context, problem, more));
    };
    Add(std::move(c));
  }

  // One thread, time of `problem` over that of `usual`.
  void AgainstUsual(const std::string& what, const BenchProblem& problem, const BenchProblem& usual,
                    std::optional<Target> target) {
    Comparison c;
    c.what = fmt::format("prefill T={}, 1 thread: {}", problem.tokens, what);
    c.quantity = Quantity::kTimeRatio;
    c.target = target;
    c.make = [&context = context_, problem, usual] {
      return CallPair{context.MakeKernelCall(problem, 1), context.MakeKernelCall(usual, 1)};
    };
    c.note = NsOfBoth;
    Add(std::move(c));
  }

  // ---- a peer against itself, for the record

  void PeerCliff(Peer peer, const BenchProblem& quiet, int threads) {
    Comparison c;
    c.what = fmt::format("prefill T={}, {}: {}, one token g=-200 over quiet", quiet.tokens,
                         DescribeThreads(threads), Called(peer));
    c.quantity = Quantity::kTimeRatio;
    c.absent = WhyAbsent(peer, threads);
    c.make = [&context = context_, peer, quiet, threads] {
      const BenchProblem strong = WithGates(quiet, BenchGates::kStrongToken);
      return CallPair{context.MakePeerCall(peer, strong, threads),
                      context.MakePeerCall(peer, quiet, threads)};
    };
    c.note = NsOfBoth;
    Add(std::move(c));
  }

  void PeerScaling(Peer peer, const BenchProblem& problem) {
    Comparison c;
    c.what = fmt::format("prefill T={}: {}, 2 threads over 1", problem.tokens, Called(peer));
    c.quantity = Quantity::kSpeedup;
    c.agreement = Agreement::kSameOutput;
    c.absent = WhyAbsent(peer, 2);
    c.make = [&context = context_, peer, problem] {
      return CallPair{context.MakePeerCall(peer, problem, 2),
                      context.MakePeerCall(peer, problem, 1)};
    };
    c.note = NsOfBoth;
    Add(std::move(c));
  }

  std::vector<Comparison> Take() { return std::move(comparisons_); }

 private:
  std::string WhyTooFewThreads(int threads) const {
    if (context_.max_threads >= threads) return "";
    return fmt::format("this run has {}", DescribeThreads(context_.max_threads));
  }

  std::string WhyAbsent(Peer peer, int threads) const {
    const std::string absent = context_.peers->WhyAbsent(peer);
    return absent.empty() ? WhyTooFewThreads(threads) : absent;
  }

  Comparison OperatorAgainst(Peer peer, const BenchProblem& problem, int threads) const {
    Comparison c;
    c.what = Called(problem);
    if (problem.gates == BenchGates::kStrongToken) c.what += ", one token g=-200";
    c.quantity = Quantity::kSpeedup;
    c.agreement = Agreement::kSameOutput;
    c.absent = WhyAbsent(peer, threads);
    if (c.absent.empty()) c.absent = WhyAbsent(Peer::kOperator, threads);
    c.make = [&context = context_, peer, problem, threads] {
      return CallPair{context.MakePeerCall(Peer::kOperator, problem, threads),
                      context.MakePeerCall(peer, problem, threads)};
    };
    return c;
  }

  void Add(Comparison comparison) { comparisons_.push_back(std::move(comparison)); }

  BenchContext& context_;
  std::vector<Comparison> comparisons_;
};

// Other instruction sets that have a figure to reach.
void AddForcedTargets(const BenchContext& context, const BenchProblem& problem, TargetList& list) {
  for (const std::string& target : RunnableTargets()) {
    if (target != context.target && FloorTarget(target).has_value()) {
      list.AgainstFloor(problem, 1, FloorTarget(target), target);
    }
  }
}

}  // namespace

std::vector<Comparison> SpeedTargets(BenchContext& context) {
  TargetList list(context);
  const int all = context.max_threads;
  const BenchProblem prefill = PrefillProblem(context.lengths.tokens);
  const BenchProblem longer = PrefillProblem(context.lengths.many_tokens);
  const BenchProblem strong = WithGates(prefill, BenchGates::kStrongToken);
  const BenchProblem decode = DecodeProblem(kLayersInCache);

  list.AgainstFloor(prefill, 1, FloorTarget(context.target), context.target);
  list.AgainstFloor(longer, 1, FloorTarget(context.target), context.target);
  list.AgainstPeer(Peer::kExecuTorch, prefill, 1, kOverExecuTorch);
  list.AgainstPeer(Peer::kExecuTorch, longer, 1, kOverExecuTorch);
  list.AgainstPeer(Peer::kChunked, prefill, 2, kOverChunked);
  list.Scaling(prefill, 2, 1, kTwoThreads);
  list.Scaling(longer, 2, 1, kTwoThreads);
  for (const int64_t heads : {1, 2}) {
    BenchProblem few = longer;
    few.heads = heads;
    list.Scaling(few, std::max(all, 2), 1, kFewHeads);
  }
  list.AgainstPeer(Peer::kExecuTorch, decode, 1, kDecodeOverExecuTorch);
  BenchProblem pool = DecodeProblem(kLayersOf25Megabytes);
  list.AgainstStream(pool, 1, kShareOfStream);
  if (all > 1) list.AgainstStream(pool, all, kShareOfStream);
  pool.state_layout = StateLayout::kValueMajor;
  list.AgainstStream(pool, 1, kShareOfStream);
  if (all > 1) list.AgainstStream(pool, all, kShareOfStream);
  AddForcedTargets(context, prefill, list);
  for (const BenchProblem& usual : {prefill, longer}) {
    BenchProblem bfloat16 = usual;
    bfloat16.data_type = DataType::kBFloat16;
    list.AgainstUsual("bfloat16 over float32", bfloat16, usual, kNoSlower);
  }
  list.AgainstUsual("one token g=-200 over quiet", strong, prefill, kNoCliff);
  list.AgainstUsual("one token g=-inf over quiet", WithGates(prefill, BenchGates::kResetToken),
                    prefill, kNoCliff);

  // For information.
  if (all > 1) list.AgainstFloor(prefill, all, std::nullopt, context.target);
  if (all > 1) list.AgainstFloor(longer, all, std::nullopt, context.target);
  if (all > 2) list.Scaling(prefill, all, 1, std::nullopt);
  if (all > 2) list.Scaling(longer, all, 1, std::nullopt);
  list.AgainstStream(DecodeProblem(kLayersOf100Megabytes), 1, std::nullopt);
  list.AgainstUsual("over T a multiple of 4", PrefillProblem(context.lengths.tokens - 1), prefill,
                    std::nullopt);
  BenchProblem token_major = prefill;
  token_major.layout = BenchLayout::kTokenMajor;
  list.AgainstUsual("[B,T,H,D] over [B,H,T,D]", token_major, prefill, std::nullopt);
  list.CallOverhead(prefill);
  list.CallOverhead(decode);
  list.AgainstPeer(Peer::kChunked, prefill, 1, std::nullopt);
  list.AgainstPeer(Peer::kEager, prefill, 1, std::nullopt);
  list.AgainstPeer(Peer::kExecuTorch, strong, 1, std::nullopt);
  list.AgainstPeer(Peer::kExecuTorch, prefill, 2, std::nullopt);
  list.PeerCliff(Peer::kExecuTorch, prefill, 1);
  list.PeerCliff(Peer::kExecuTorch, prefill, 2);
  list.PeerScaling(Peer::kExecuTorch, prefill);
  return list.Take();
}

}  // namespace deltagauge
