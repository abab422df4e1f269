// The ways in which a correct implementation may order the same arithmetic: every one of them must
// pass the gates, or the gates judge taste.
#ifndef DELTAGAUGE_HARNESS_ZOO_ZOO_FORM_H_
#define DELTAGAUGE_HARNESS_ZOO_ZOO_FORM_H_

#include <cstdint>

namespace deltagauge::zoo {

enum class Algorithm : uint8_t {
  kSweeps,        // decay, read keys, write, read queries: four sweeps of the state a token
  kOneRead,       // reads keys and queries of the undecayed state in one sweep
  kScaledState,   // S = c S~: a decay changes the scalar c
  kBetaInKey,     // d = beta v - S^T (beta k)
  kChunkSolve,    // a chunk of tokens: triangular system solved forwards on the values
  kChunkInverse,  // a chunk of tokens: inverse of the triangle, then w and u (WY form)
  kChunkDoubling  // the inverse as a product of powers; only for short chunks
};

// In which order sums over the key dimension are added up.
enum class SumOrder : uint8_t {
  kForward,
  kBackward,
  kLanes,        // `width` partial sums side by side, then pairwise
  kBlocks,       // of `width` terms each, then the blocks
  kCompensated,  // Kahan
  kFloat64
};

enum class Precision : uint8_t { kFloat32, kFloat64 };

// Of the loops over the state. A machine without one of them can't run forms that ask for it.
enum class Instructions : uint8_t {
  kBaseline,  // what the compiler takes for granted
  kAvx2,      // multiplies and adds apart
  kAvx2Fma,
  kAvx512
};

// How the decay between two tokens of a chunk comes about.
enum class ChunkDecay : uint8_t {
  kProducts,  // of the tokens' own factors
  kSums       // one exponential of the sum of the log decays in between
};

enum class Exponential : uint8_t {
  kExp,   // of float64
  kExpf,  // of float32
  kExp2,  // 2^(g / ln 2), in float64
  kExpm1  // 1 + (e^g - 1)
};

// Where the query's scale goes.
enum class ScalePlace : uint8_t { kQuery, kOutput };

// Where the norm of queries and keys goes.
enum class NormPlace : uint8_t { kDivide, kReciprocal, kFloat64 };

struct Form {
  Algorithm algorithm = Algorithm::kSweeps;
  int64_t chunk = 0;  // tokens, for the chunked algorithms
  SumOrder order = SumOrder::kForward;
  int64_t width = 0;  // of lanes and blocks, up to 32
  Precision state = Precision::kFloat32;
  Precision decay = Precision::kFloat64;  // float32: the factor is rounded before it is used
  Instructions instructions = Instructions::kBaseline;
  ChunkDecay chunk_decay = ChunkDecay::kProducts;
  Exponential exponential = Exponential::kExp;
  ScalePlace scale = ScalePlace::kQuery;
  NormPlace norm = NormPlace::kDivide;
  int64_t panel = 0;   // value columns of a task; 0: all
  int64_t pieces = 0;  // tokens of a piece, the state stored in between; 0: one piece
};

inline constexpr int64_t kMaxWidth = 32;

// Whether this processor runs them.
bool Runs(Instructions instructions);

}  // namespace deltagauge::zoo

#endif  // DELTAGAUGE_HARNESS_ZOO_ZOO_FORM_H_
