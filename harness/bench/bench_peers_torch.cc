// The peers that need libtorch. Its own headers are seen only in reference/.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <exception>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "harness/bench/bench_peers.h"
#include "harness/bench/bench_peers_os.h"
#include "harness/bench/bench_results.h"
#include "reference/operator_torch.h"
#include "reference/prepared_recurrence.h"
#include "reference/recurrence_torch.h"

namespace deltagauge {
namespace {

using reference::KnownOperator;
using reference::OperatorRecurrence;
using reference::PreparedRecurrence;
using reference::TorchForm;
using reference::TorchRecurrence;

// The idle threads of an OpenMP runtime and of ExecuTorch's pool spin for milliseconds before they
// sleep, and would take CPUs from whatever is timed next.
constexpr std::chrono::milliseconds kUntilThreadsSleep{50};

std::unique_ptr<PreparedRecurrence> MakeRecurrence(Peer peer) {
  switch (peer) {
    case Peer::kEager:
      return std::make_unique<TorchRecurrence>(TorchForm::kEager);
    case Peer::kChunked:
      return std::make_unique<TorchRecurrence>(TorchForm::kChunked);
    case Peer::kExecuTorch:
      return std::make_unique<OperatorRecurrence>(KnownOperator::kGatedDeltaRule);
    case Peer::kOperator:
      return std::make_unique<OperatorRecurrence>(KnownOperator::kRecurrentGatedDeltaRule);
  }
  throw std::logic_error("no such peer");
}

class PeerCall final : public TimedCall {
 public:
  PeerCall(Peer peer, const BenchProblem& problem, const BenchData& data, int threads)
      : peer_(peer), threads_(threads), token_heads_(TokenHeadsPerRun(problem)) {
    for (const BenchInputs& inputs : data.sets) {
      recurrences_.push_back(MakeRecurrence(peer));
      recurrences_.back()->Prepare({.shape = {.batch = problem.sequences,
                                              .tokens = problem.tokens,
                                              .key_heads = problem.heads,
                                              .value_heads = problem.heads,
                                              .key_dim = problem.key_dim,
                                              .value_dim = problem.value_dim},
                                    .head_map = reference::HeadMap::kGrouped,
                                    .query = inputs.query,
                                    .key = inputs.key,
                                    .value = inputs.value,
                                    .log_decay = inputs.log_decay,
                                    .beta = inputs.beta,
                                    .initial_state = data.initial_state});
    }
  }

  std::string Name() const override {
    return fmt::format("{}, {}", recurrences_.front()->Name(), DescribeThreads(threads_));
  }

  double UnitsPerRun() const override { return token_heads_; }

  void Enter() override {
    if (peer_ == Peer::kExecuTorch) {
      const int pool_size = SetExecuTorchThreads(threads_);
      if (pool_size != threads_) {
        throw std::runtime_error(
            fmt::format("ExecuTorch's thread pool has {} threads and not the {} asked for",
                        pool_size, threads_));
      }
      quiet_.emplace();
    }
    threads_before_ = reference::TorchThreads();
    reference::SetTorchThreads(threads_);
  }

  void Leave() override {
    quiet_.reset();
    reference::SetTorchThreads(threads_before_);
    if (threads_ > 1) std::this_thread::sleep_for(kUntilThreadsSleep);
  }

  void Run() override {
    recurrences_[next_]->Run();
    latest_ = next_;
    next_ = next_ + 1 == recurrences_.size() ? 0 : next_ + 1;
    ++runs_;
  }

  std::string Defect() const override {
    if (runs_ == 0) return "nothing has run";
    for (size_t i = 0; i < std::min(runs_, recurrences_.size()); ++i) {
      std::string defect = DefectOfResult(recurrences_[i]->Output());
      if (!defect.empty()) return fmt::format("output {} {}", i, defect);
      defect = DefectOfResult(recurrences_[i]->FinalState());
      if (!defect.empty()) return fmt::format("state {} {}", i, defect);
    }
    return "";
  }

  std::span<const float> Output() const override {
    return runs_ == 0 ? std::span<const float>() : recurrences_[latest_]->Output();
  }

 private:
  Peer peer_;
  int threads_;
  int threads_before_ = 1;
  double token_heads_;
  std::vector<std::unique_ptr<PreparedRecurrence>> recurrences_;  // one for each input set
  size_t next_ = 0;
  size_t latest_ = 0;
  size_t runs_ = 0;
  std::optional<QuietStandardError> quiet_;
};

class TorchPeers final : public Peers {
 public:
  explicit TorchPeers(const PeerPaths& paths) {
    absent_[static_cast<size_t>(Peer::kOperator)] =
        Load(paths.ops, "", KnownOperator::kRecurrentGatedDeltaRule);
    std::string& executorch = absent_[static_cast<size_t>(Peer::kExecuTorch)];
    executorch = Load(paths.executorch, paths.libpython, KnownOperator::kGatedDeltaRule);
    if (executorch.empty() && SetExecuTorchThreads(1) != 1) {
      executorch = "the size of its thread pool can't be set, so its times would compare with none";
    }
  }

  std::string LibtorchVersion() const override { return reference::TorchVersion(); }

  std::string WhyAbsent(Peer peer) const override { return absent_[static_cast<size_t>(peer)]; }

  std::unique_ptr<TimedCall> Make(Peer peer, const BenchProblem& problem, const BenchData& data,
                                  int threads) const override {
    if (!WhyAbsent(peer).empty()) throw std::logic_error(WhyAbsent(peer));
    if (problem.data_type != DataType::kFloat32 || problem.layout != BenchLayout::kHeadMajor ||
        problem.state_layout != StateLayout::kKeyMajor || problem.calls_per_run != 1) {
      throw std::logic_error("a problem that no peer takes");
    }
    return std::make_unique<PeerCall>(peer, problem, data, threads);
  }

 private:
  // Empty, or why the operator is not there.
  static std::string Load(const std::string& path, const std::string& needed_first,
                          KnownOperator which) {
    if (path.empty()) return "no path of its library is known";
    std::vector<std::string> needed;
    if (!needed_first.empty()) needed.push_back(needed_first);
    try {
      reference::LoadOperatorLibrary(path, needed);
      const OperatorRecurrence probe(which);
    } catch (const std::exception& error) {
      return error.what();
    }
    return "";
  }

  std::array<std::string, 4> absent_;
};

}  // namespace

std::unique_ptr<Peers> LoadPeers(const PeerPaths& paths) {
  return std::make_unique<TorchPeers>(paths);
}

}  // namespace deltagauge
