// The fused gated delta rule (Yang et al., "Gated Delta Networks", arXiv 2412.06464), for CPUs.
//
// Per sequence and value head, with a state S [K, V] and, at each token, key k and query q [K],
// value v [V], decay a = exp(g) and write strength beta:
//
//   S <- a S
//   d  = beta (v - S^T k)
//   S <- S + k d^T
//   o  = S^T (scale q)          the output reads the updated state
//
// Shapes, named as the field does: B sequences, T tokens, Hk key heads, Hv value heads (a multiple
// of Hk), K key_dim, V value_dim.
//
//   query, key      [B, T, Hk, K]   float32 or bfloat16   any strides, innermost 1
//   value, output   [B, T, Hv, V]   the same type         any strides, innermost 1
//   decay, beta     [B, T, Hv]      float32               any strides
//   states          [B, Hv, K, V] or [B, Hv, V, K]        float32, any strides, innermost 1
//
// Layouts are strides: [B,H,T,D] and [B,T,H,D] are the same call. Strides count elements.
//
// Arithmetic: float32 throughout, whatever the input type; decays and their products in float64.
// bfloat16 output is rounded to nearest even. Relative RMS error of output and state against an
// fp64 recurrence: at most 2e-6 (float32), for keys of norm 1 and beta <= 1. Results do not depend
// on the number of threads, nor on alignment. g > 0 (growth) is allowed; g = -inf is an exact reset
// of a finite state. NaN and Inf travel as in the equation: they stay in their head, in their value
// column, and after their token; a decay of 0 does not cleanse a non-finite state.
//
// Aliasing: final_state may be initial_state itself (same data, same strides: in place). Any other
// overlap of something written with something else is an error. It is judged by extents, the
// address range from first to last element, so interleaved views of one buffer count as overlap.
//
// Errors: everything is validated before anything is written; see the table in status.h. After an
// error nothing has changed. After validation the call can't fail. No heap memory is allocated.
#ifndef DELTAGAUGE_KERNELS_GATED_DELTA_RULE_H_
#define DELTAGAUGE_KERNELS_GATED_DELTA_RULE_H_

#include <cstddef>
#include <cstdint>

#include "kernels/parallel_for.h"
#include "kernels/status.h"

namespace deltagauge {

enum class DataType : uint8_t { kFloat32, kBFloat16 };

// Which key head serves value head hv.
enum class HeadMap : uint8_t {
  kGrouped,  // hv / (Hv / Hk), as Hugging Face, fla (repeat_interleave)
  kTiled,    // hv % Hk, as ggml
};

enum class DecayForm : uint8_t {
  kLog,           // decay holds g; the state is multiplied by exp(g)
  kExponentiated  // decay holds exp(g) itself
};

enum class BetaForm : uint8_t {
  kActivated,  // beta is used as given
  kLogit       // beta is sigmoid(given)
};

enum class QkNorm : uint8_t {
  kNone,
  kL2  // x / sqrt(sum(x^2) + norm_epsilon) over K, for query and key
};

enum class StateLayout : uint8_t { kKeyMajor /* [K, V] */, kValueMajor /* [V, K] */ };

struct Strides {
  int64_t sequence = 0;  // ignored with cumulative_lengths: tokens are then counted through
  int64_t token = 0;
  int64_t head = 0;
};

struct ConstTensor {
  const void* data = nullptr;
  Strides strides;
};

struct MutableTensor {
  void* data = nullptr;
  Strides strides;
};

struct GateTensor {
  const float* data = nullptr;
  Strides strides;
};

struct StateStrides {
  int64_t sequence = 0;
  int64_t head = 0;
  int64_t row = 0;  // from k to k + 1 (kKeyMajor), or from v to v + 1 (kValueMajor)
};

struct ConstState {
  const float* data = nullptr;  // nullptr: zeros
  StateStrides strides;
};

struct MutableState {
  float* data = nullptr;  // nullptr: not wanted
  StateStrides strides;
};

// One call. Every field without a default must be set.
struct GatedDeltaRuleArgs {
  // Sizes.
  int64_t num_sequences = 0;  // B; B * Hv up to 2^24
  int64_t num_tokens = 0;     // T of each sequence, or of all together with cumulative_lengths
  int64_t key_heads = 0;      // Hk, 1 to 65,536
  int64_t value_heads = 0;    // Hv, a multiple of Hk, up to 65,536
  int64_t key_dim = 0;        // K, 1 to 256
  int64_t value_dim = 0;      // V, 1 to 256
  // Packed sequences of unequal length: [B + 1] offsets on the token axis, from 0 to num_tokens,
  // never decreasing. nullptr: all sequences have num_tokens tokens.
  const int64_t* cumulative_lengths = nullptr;

  // Conventions.
  DataType data_type = DataType::kFloat32;  // of query, key, value and output
  HeadMap head_map = HeadMap::kGrouped;
  DecayForm decay_form = DecayForm::kLog;
  BetaForm beta_form = BetaForm::kActivated;
  QkNorm qk_norm = QkNorm::kNone;
  StateLayout state_layout = StateLayout::kKeyMajor;
  float norm_epsilon = 1e-6f;
  float scale = 1.0f;  // of the query, after its norm; 1/sqrt(K) in the model

  // Read.
  ConstTensor query;
  ConstTensor key;
  ConstTensor value;
  GateTensor decay;
  GateTensor beta;
  ConstState initial_state;

  // Written.
  MutableTensor output;
  MutableState final_state;
  // The states after each of the last n = num_snapshots tokens, oldest first: slot i of a sequence
  // of T tokens is the state after token T - n + i (0-based); slots that would lie before the
  // first token hold the initial state. For rolling back speculative decoding.
  MutableState snapshots;
  int64_t num_snapshots = 0;    // n, 0 to 4,096
  int64_t snapshot_stride = 0;  // elements from slot i to slot i + 1
};

inline constexpr int64_t kMaxHeadDim = 256;
inline constexpr int64_t kMaxHeads = 65536;
inline constexpr int64_t kMaxStates = int64_t{1} << 24;  // num_sequences * value_heads
inline constexpr int64_t kMaxTokens = int64_t{1} << 40;
inline constexpr int64_t kMaxSnapshots = 4096;

// Scratch memory, reused from call to call. Its content never matters.
struct Workspace {
  void* data = nullptr;  // aligned to kWorkspaceAlignment
  size_t bytes = 0;      // at least threads * kWorkspaceBytesPerThread
};

inline constexpr size_t kWorkspaceAlignment = 64;
inline constexpr size_t kWorkspaceBytesPerThread = size_t{256} * 1024;

// What ran, for reports.
struct RunInfo {
  const char* target = "";  // instruction set, named by the code that ran ("AVX3", "NEON", ...)
  int num_tasks = 0;
};

// Checks all arguments but the workspace. Reads cumulative_lengths, no tensor.
Status ValidateGatedDeltaRule(const GatedDeltaRuleArgs& args);

// The call. `info` may be nullptr.
Status GatedDeltaRule(const GatedDeltaRuleArgs& args, Workspace workspace, ParallelFor& threads,
                      RunInfo* info = nullptr);

}  // namespace deltagauge

#endif  // DELTAGAUGE_KERNELS_GATED_DELTA_RULE_H_
