#include "harness/bench/bench_peers.h"

namespace deltagauge {

const char* PeerName(Peer peer) {
  switch (peer) {
    case Peer::kEager:
      return "eager";
    case Peer::kChunked:
      return "chunked";
    case Peer::kExecuTorch:
      return "executorch";
    case Peer::kOperator:
      return "operator";
  }
  return "?";
}

}  // namespace deltagauge
