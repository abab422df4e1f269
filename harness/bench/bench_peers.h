// Other implementations of the gated delta rule, as something that is timed: in the same process,
// behind the same virtual call, and only their run inside the clock.
#ifndef DELTAGAUGE_HARNESS_BENCH_BENCH_PEERS_H_
#define DELTAGAUGE_HARNESS_BENCH_BENCH_PEERS_H_

#include <cstdint>
#include <memory>
#include <string>

#include "harness/bench/bench_call.h"
#include "harness/bench/bench_problem.h"

namespace deltagauge {

enum class Peer : uint8_t {
  kEager,       // ATen, token by token
  kChunked,     // ATen, 64-token chunks
  kExecuTorch,  // llama::gated_delta_rule
  kOperator,    // ours, llama::recurrent_gated_delta_rule: the kernel with a peer's call overhead
};

// "eager", "chunked", "executorch", "operator": parts of row names.
const char* PeerName(Peer peer);

struct PeerPaths {
  std::string ops;         // libdeltagauge_ops
  std::string executorch;  // ExecuTorch's libcustom_ops_aot_lib
  std::string libpython;   // which that needs
};

class Peers {
 public:
  virtual ~Peers() = default;

  // "2.13.0", or empty without libtorch.
  virtual std::string LibtorchVersion() const = 0;

  // Empty if the peer is there; else what is missing.
  virtual std::string WhyAbsent(Peer peer) const = 0;

  // A peer that is there. float32 only; the layout [B, H, T, D] is the only one that they take, and
  // `problem` must ask for it. Of several states it takes the first, and one call a run.
  virtual std::unique_ptr<TimedCall> Make(Peer peer, const BenchProblem& problem,
                                          const BenchData& data, int threads) const = 0;
};

// Loads what can be loaded: with libtorch from bench_peers_torch.cc, else from bench_peers_none.cc.
std::unique_ptr<Peers> LoadPeers(const PeerPaths& paths);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_BENCH_BENCH_PEERS_H_
