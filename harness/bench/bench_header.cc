#include "harness/bench/bench_header.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <thread>

#include "harness/bench/bench_environment.h"
#include "kernels/targets.h"

namespace deltagauge {
namespace {

// Larger than any cache, so that it comes from memory.
constexpr int64_t kBytesFromMemory = 256'000'000;

std::string DescribeTargets(const BenchContext& context) {
  return fmt::format("{} (of {})", context.target, fmt::join(RunnableTargets(), ", "));
}

std::string DescribePeers(const Peers& peers) {
  std::string text;
  for (const Peer peer : {Peer::kEager, Peer::kChunked, Peer::kExecuTorch, Peer::kOperator}) {
    const std::string why = peers.WhyAbsent(peer);
    text += fmt::format("{}{}{}", text.empty() ? "" : "; ", PeerName(peer),
                        why.empty() ? "" : " absent: " + why);
  }
  return text;
}

std::string DescribeRate(const Rate& rate, const char* unit) {
  return fmt::format("{:.1f} {} (median {:.1f} of {})", rate.best * 1e-9, unit, rate.median * 1e-9,
                     rate.repetitions);
}

void AddLimits(BenchContext& context, NamedLines& lines) {
  MachineLimits& limits = *context.limits;
  for (const int threads : ThreadCounts(context.max_threads)) {
    const Rate& rate = limits.FmaPeak(context.target, threads);
    const double floor_ns = FlopsPerTokenHead(BenchProblem()) / rate.best * 1e9;
    lines.emplace_back(
        "FMA peak, " + DescribeThreads(threads),
        fmt::format("{}: floor {:.0f} ns a token-head", DescribeRate(rate, "GFLOP/s"), floor_ns));
  }
  for (const int64_t bytes :
       {PoolBytes(DecodeProblem(kLayersInCache)), PoolBytes(DecodeProblem(kLayersOf25Megabytes)),
        PoolBytes(DecodeProblem(kLayersOf100Megabytes)), kBytesFromMemory}) {
    std::string text;
    std::vector<int> thread_counts = {1};
    if (context.max_threads > 1) thread_counts.push_back(context.max_threads);
    for (const int threads : thread_counts) {
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", DescribeThreads(threads),
                          DescribeRate(limits.StreamUpdate(bytes, threads), "GB/s"));
    }
    lines.emplace_back(fmt::format("stream, {:.0f} MB", static_cast<double>(bytes) * 1e-6), text);
  }
}

}  // namespace

NamedLines DescribeRun(BenchContext& context) {
  const std::string libtorch = context.peers->LibtorchVersion();
  NamedLines lines = {
      {"deltagauge", DELTAGAUGE_VERSION},
      {"CPU",
       fmt::format("{}, {} hardware threads", ThisCpuModel(), std::thread::hardware_concurrency())},
      {"instruction set", DescribeTargets(context)},
      {"threads",
       fmt::format("{} at most, {}", context.max_threads, DescribePinning(context.pinning))},
      {"compiler", CompilerDescription()},
      {"libraries", fmt::format("Highway {}, libtorch {}", DELTAGAUGE_HIGHWAY_VERSION,
                                libtorch.empty() ? "none" : libtorch)},
      {"peers", DescribePeers(*context.peers)},
      {"denormals", FlushesDenormals() ? "flushed to zero" : "kept"},
      {"load before", LoadAverage()},
  };
  AddLimits(context, lines);
  return lines;
}

std::string RenderLines(const NamedLines& lines) {
  size_t width = 0;
  for (const auto& line : lines) width = std::max(width, line.first.size());
  std::string text;
  for (const auto& line : lines) {
    text += fmt::format("{:<{}}  {}\n", line.first, width, line.second);
  }
  return text;
}

}  // namespace deltagauge
