#include "harness/bench/bench_peers.h"

#include <stdexcept>

namespace deltagauge {
namespace {

class NoPeers final : public Peers {
 public:
  std::string LibtorchVersion() const override { return ""; }
  std::string WhyAbsent(Peer) const override { return "built without libtorch"; }
  std::unique_ptr<TimedCall> Make(Peer, const BenchProblem&, const BenchData&, int) const override {
    throw std::logic_error("no peer is there to be made");
  }
};

}  // namespace

std::unique_ptr<Peers> LoadPeers(const PeerPaths&) { return std::make_unique<NoPeers>(); }

}  // namespace deltagauge
