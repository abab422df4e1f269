// The gated delta rule as plain loops that a reader can hold against the equation.
//
// Per batch entry and value head, with a state S [K, V] and, at each token, key k and query q [K],
// value v [V], log decay g and write strength beta:
//
//   S <- exp(g) S
//   d  = beta (v - S^T k)
//   S <- S + k d^T
//   o  = S^T q                  the output reads the updated state
//
// (Yang et al., "Gated Delta Networks: Improving Mamba2 with Delta Rule", arXiv 2412.06464.)
//
// The double versions are the truth that everything else is judged by; the float versions are the
// two forms that people run today, and their distance to the truth is the error that a float32
// implementation may be allowed. Compiled without floating-point contraction: one rounding for each
// operation written. Infinite and NaN inputs travel as IEEE arithmetic has it: g = -inf is a decay
// of exactly zero.
#ifndef DELTAGAUGE_REFERENCE_RECURRENCE_H_
#define DELTAGAUGE_REFERENCE_RECURRENCE_H_

#include <cstdint>
#include <span>
#include <vector>

#include "reference/conventions.h"

namespace deltagauge::reference {

struct RecurrenceShape {
  int64_t batch = 1;        // B
  int64_t tokens = 0;       // T
  int64_t key_heads = 1;    // Hk
  int64_t value_heads = 1;  // Hv, a multiple of Hk
  int64_t key_dim = 0;      // K
  int64_t value_dim = 0;    // V
};

// Contiguous tensors, last index fastest. The query already carries its scale, beta is used as
// given.
template <typename Real>
struct RecurrenceInputs {
  RecurrenceShape shape;
  HeadMap head_map = HeadMap::kGrouped;
  std::span<const Real> query;          // [B, Hk, T, K]
  std::span<const Real> key;            // [B, Hk, T, K]
  std::span<const Real> value;          // [B, Hv, T, V]
  std::span<const Real> log_decay;      // [B, Hv, T]
  std::span<const Real> beta;           // [B, Hv, T]
  std::span<const Real> initial_state;  // [B, Hv, K, V], or empty: zeros
};

template <typename Real>
struct RecurrenceResult {
  std::vector<Real> output;       // [B, Hv, T, V]
  std::vector<Real> final_state;  // [B, Hv, K, V]
  std::vector<Real> states;       // [B, Hv, T, K, V], after each token; empty unless asked for
};

enum class StatesWanted : uint8_t { kFinal, kAfterEachToken };

// Token by token. All functions here throw std::invalid_argument, naming the tensor, when a tensor
// does not have the size that the shape asks for.
template <typename Real>
RecurrenceResult<Real> RunRecurrent(const RecurrenceInputs<Real>& inputs,
                                    StatesWanted wanted = StatesWanted::kFinal);

// `chunk` tokens at a time, as model libraries do to turn the recurrence into matrix products
// (64 is their usual size): with G_i = g_1 + .. + g_i inside the chunk,
//
//   A_ij = -beta_i (k_i . k_j) exp(G_i - G_j)  for j < i, else 0      N = (I - A)^-1
//   u = N (beta v)      w = N (beta exp(G) k)      d = u - w S
//   o_i = exp(G_i) S^T q_i + sum_{j <= i} (q_i . k_j) exp(G_i - G_j) d_j
//   S <- exp(G_C) S + sum_j exp(G_C - G_j) k_j d_j^T
//
// Two things are inherent to this form, not flaws of this code: after a strongly decaying token
// G_i - G_j has lost digits, and g = -inf gives NaN.
template <typename Real>
RecurrenceResult<Real> RunChunked(const RecurrenceInputs<Real>& inputs, int64_t chunk = 64);

}  // namespace deltagauge::reference

#endif  // DELTAGAUGE_REFERENCE_RECURRENCE_H_
