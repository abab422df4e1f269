// What models and libraries do to the inputs before the gated delta rule sees them, as one small
// function each, so that the truth can begin from the same raw inputs as the code under test.
//
// Every function exists for double (the truth) and float (what a float32 program would compute).
#ifndef DELTAGAUGE_REFERENCE_CONVENTIONS_H_
#define DELTAGAUGE_REFERENCE_CONVENTIONS_H_

#include <cstdint>
#include <span>

namespace deltagauge::reference {

// Which key head serves a value head when there are more value heads than key heads.
enum class HeadMap : uint8_t {
  kGrouped,  // value_head / (value_heads / key_heads)
  kTiled,    // value_head % key_heads
};

int64_t KeyHeadOf(HeadMap map, int64_t value_head, int64_t key_heads, int64_t value_heads);

// 1 / (1 + exp(-logit)): beta from what the projection gives. Exact 0 and 1 at -inf and +inf.
template <typename Real>
Real Sigmoid(Real logit);

// g with exp(g) = decay, for callers that hold the decay itself. decay = 0 gives -inf.
template <typename Real>
Real LogDecay(Real decay);

// Each row x of `dim` elements becomes x / sqrt(sum(x^2) + epsilon).
template <typename Real>
void NormalizeRows(int64_t dim, Real epsilon, std::span<Real> rows);

// Every value becomes factor * value.
template <typename Real>
void Scale(Real factor, std::span<Real> values);

}  // namespace deltagauge::reference

#endif  // DELTAGAUGE_REFERENCE_CONVENTIONS_H_
