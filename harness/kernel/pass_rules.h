// When a result passes: seven rules, each with its reason, as data.
//
// A case passes only if every rule passes on every tensor, output and state apart: put together,
// the part with more energy would hide the other.
#ifndef DELTAGAUGE_HARNESS_KERNEL_PASS_RULES_H_
#define DELTAGAUGE_HARNESS_KERNEL_PASS_RULES_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/verdict.h"
#include "harness/kernel/comparison.h"

namespace deltagauge {

enum class Rule : uint8_t {
  kRelative,     // R1
  kCeiling,      // R2
  kElementwise,  // R3
  kFinite,       // R4
  kNotVacuous,   // R5
  kGuards,       // R6
  kRepeatable,   // R7
};

struct RuleInfo {
  Rule rule;
  std::string_view id;         // "R1"
  std::string_view statement;  // what must hold
  std::string_view reason;     // what slips through without it
};

std::span<const RuleInfo> AllRules();
const RuleInfo& InfoOf(Rule rule);

// One rule on one tensor.
struct Finding {
  Rule rule = Rule::kNotVacuous;
  std::string tensor;  // "output", "state", "snapshots", or what else the rule looked at
  Verdict verdict = Verdict::kPassed;
  double observed = 0;
  double limit = 0;
  std::string detail;  // where it went wrong; empty if it passed

  // "R1 output failed: 3.1e-05 > 5.2e-07 (...)".
  std::string Message() const;
};

struct PassLimits {
  // R1: error <= relative_factor * (worst error of the float32 references) + relative_slack.
  double relative_factor = 2;
  double relative_slack = 0;
  // R2, relative RMS, of the tensor and of each head.
  double ceiling = 0;
  // R3.
  ElementTolerance elements;
  // R5: largest share of zeros in the truth.
  double largest_zero_share = 0.3;
};

// R1's slack, in relative RMS: by how much an honest kernel may be further off than twice the error
// of the references where those happen to be all but exact (few tokens, few dimensions). In
// thousands of small cases, other orders of the same operations need up to 0.9e-7; where a norm is
// inside, one that scales dot products instead of vectors needs up to 2.7e-7 (at K = 1 the
// references divide x by |x| and get 1). The test of this file holds both against sixteen orders.
inline constexpr double kRoundingSlack = 0x1p-23;      // 1.2e-7
inline constexpr double kNormRoundingSlack = 0x1p-21;  // 4.8e-7

// R2 also judges each head alone, so that many good ones don't dilute a bad one, unless heads have
// fewer elements than this. R1 does not: the error of a single head may be that of one rounded
// number, and the ratio of two such errors can be anything.
inline constexpr int64_t kFewElements = 64;

// For the fused kernel: a bound of its own of 2e-6 for everything that stays float32, tighter than
// what R2 allows anybody. bfloat16 output: rounded to nearest, so an element is off by half a unit
// and the float32 error.
PassLimits FusedKernelLimits(DataType destination, QkNorm norm);

// For any implementation of the same function. float32: 1e-5; bfloat16 output: 5e-3, elements by
// relative 1.6e-2.
PassLimits AnyKernelLimits(DataType destination);

// R1 to R5 on one tensor, one finding each, in this order but for the two that decide whether the
// figures mean anything: R5, then R4. `references` are the float32 references' own distances from
// the same truth, rounded to the same type; those that aren't finite where the truth is don't count
// (the chunked form has no answer to g = -inf).
enum class NonFiniteTruth : uint8_t { kInvalid, kExpected };
std::vector<Finding> JudgeTensor(std::string_view tensor, const TensorComparison& result,
                                 std::span<const TensorComparison> references,
                                 const PassLimits& limits, NonFiniteTruth non_finite_truth);

Verdict WorstOf(std::span<const Finding> findings);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_KERNEL_PASS_RULES_H_
