#include "harness/kernel/pass_rules.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/kernel/bfloat16.h"
#include "harness/kernel/case_truth.h"

namespace deltagauge {
namespace {

using ::testing::HasSubstr;

// A comparison that passes everything: a thousand elements, error 1e-7.
TensorComparison Good() {
  TensorComparison c;
  c.count = 1000;
  c.rel_rmse = c.worst_group_rel_rmse = 1e-7;
  c.worst_group = 0;
  c.truth_rms = c.truth_max_abs = 1;
  return c;
}

std::vector<Finding> JudgeOne(const TensorComparison& result,
                              NonFiniteTruth non_finite = NonFiniteTruth::kInvalid,
                              const PassLimits& limits = FusedKernelLimits(DataType::kFloat32,
                                                                           QkNorm::kNone)) {
  const TensorComparison references[] = {Good()};
  return JudgeTensor("output", result, references, limits, non_finite);
}

// The one finding that is not `passed`; fails the test if there are more or none.
Finding TheFault(const std::vector<Finding>& findings) {
  Finding fault;
  int faults = 0;
  for (const Finding& finding : findings) {
    if (finding.verdict == Verdict::kPassed) continue;
    fault = finding;
    ++faults;
  }
  EXPECT_EQ(faults, 1);
  return fault;
}

TEST(PassRulesTest, EveryRuleIsDescribed) {
  int number = 1;
  for (const RuleInfo& info : AllRules()) {
    EXPECT_EQ(info.id, fmt::format("R{}", number++));
    EXPECT_EQ(&InfoOf(info.rule), &info);
    EXPECT_FALSE(info.statement.empty());
    EXPECT_FALSE(info.reason.empty());
  }
  EXPECT_EQ(number, 8);
}

TEST(PassRulesTest, AGoodResultPassesAllFive) {
  const auto findings = JudgeOne(Good());
  EXPECT_EQ(findings.size(), 5u);
  EXPECT_EQ(WorstOf(findings), Verdict::kPassed);
}

TEST(PassRulesTest, R1ErrorAgainstThatOfTheReferences) {
  TensorComparison c = Good();
  c.rel_rmse = c.worst_group_rel_rmse = 2e-7 + 0.9 * kRoundingSlack;
  EXPECT_EQ(WorstOf(JudgeOne(c)), Verdict::kPassed);
  c.rel_rmse = c.worst_group_rel_rmse = 2e-7 + 1.1 * kRoundingSlack;
  const Finding fault = TheFault(JudgeOne(c));
  EXPECT_EQ(fault.rule, Rule::kRelative);
  EXPECT_THAT(fault.Message(), HasSubstr("R1 output failed: 3.31e-07 > 3.19e-07"));
}

TEST(PassRulesTest, R1TakesTheWorstFiniteReference) {
  TensorComparison loose = Good();
  loose.rel_rmse = loose.worst_group_rel_rmse = 5e-7;
  TensorComparison c = Good();
  c.rel_rmse = c.worst_group_rel_rmse = 1.1e-6;
  const PassLimits limits = FusedKernelLimits(DataType::kFloat32, QkNorm::kNone);
  std::vector<TensorComparison> references = {Good(), loose};
  const auto verdict = [&] {
    return WorstOf(JudgeTensor("output", c, references, limits, NonFiniteTruth::kInvalid));
  };
  EXPECT_EQ(verdict(), Verdict::kPassed);
  references[1].non_finite_mismatches = 1;  // its figure is about what was left
  EXPECT_EQ(verdict(), Verdict::kFailed);
  references[0].non_finite_mismatches = 1;
  EXPECT_EQ(verdict(), Verdict::kInvalid);
}

TEST(PassRulesTest, R2CeilingHoldsWhateverTheReferencesDo) {
  TensorComparison c = Good();
  c.rel_rmse = c.worst_group_rel_rmse = 2.1e-6;
  TensorComparison bad_reference = Good();
  bad_reference.rel_rmse = bad_reference.worst_group_rel_rmse = 1e-3;
  const TensorComparison references[] = {bad_reference};
  const auto findings =
      JudgeTensor("state", c, references, FusedKernelLimits(DataType::kFloat32, QkNorm::kNone),
                  NonFiniteTruth::kInvalid);
  EXPECT_EQ(TheFault(findings).rule, Rule::kCeiling);
  EXPECT_EQ(AnyKernelLimits(DataType::kFloat32).ceiling, 1e-5);
  EXPECT_EQ(AnyKernelLimits(DataType::kBFloat16).ceiling, 5e-3);
}

TEST(PassRulesTest, R2SeesOneBadHead) {
  TensorComparison c = Good();
  c.worst_group_rel_rmse = 2.1e-6;
  c.worst_group = 3;
  const Finding fault = TheFault(JudgeOne(c));
  EXPECT_EQ(fault.rule, Rule::kCeiling);
  EXPECT_THAT(fault.Message(), HasSubstr("of head 3 2.1e-06"));
}

TEST(PassRulesTest, R3OneElement) {
  TensorComparison c = Good();
  c.violations = 1;
  c.first_violation = 42;
  const Finding fault = TheFault(JudgeOne(c));
  EXPECT_EQ(fault.rule, Rule::kElementwise);
  EXPECT_THAT(fault.detail, HasSubstr("element 42"));
}

TEST(PassRulesTest, R4NaN) {
  TensorComparison c = Good();
  c.non_finite_mismatches = c.nan_count = 1;
  c.first_non_finite_mismatch = 7;
  EXPECT_EQ(TheFault(JudgeOne(c)).rule, Rule::kFinite);
}

TEST(PassRulesTest, NaNFiguresFail) {
  TensorComparison c = Good();
  c.rel_rmse = c.worst_group_rel_rmse = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(WorstOf(JudgeOne(c)), Verdict::kFailed);
}

TEST(PassRulesTest, R5VacuousComparisonsAreInvalid) {
  const auto fault_of = [](const TensorComparison& c,
                           NonFiniteTruth non_finite = NonFiniteTruth::kInvalid) {
    const auto findings = JudgeOne(c, non_finite);
    EXPECT_EQ(WorstOf(findings), Verdict::kInvalid);
    return findings.front().Message();
  };
  TensorComparison c = Good();
  c.count = 0;
  EXPECT_THAT(fault_of(c), HasSubstr("R5 output invalid: the tensor is empty"));
  c = Good();
  c.truth_zero_count = 301;
  EXPECT_THAT(fault_of(c), HasSubstr("30 % of the truth is zero"));
  c.truth_zero_count = 300;
  EXPECT_EQ(WorstOf(JudgeOne(c)), Verdict::kPassed);
  c = Good();
  c.truth_is_constant = true;
  EXPECT_THAT(fault_of(c), HasSubstr("the same"));
  c = Good();
  c.truth_non_finite_count = 1;
  EXPECT_THAT(fault_of(c), HasSubstr("not finite"));
  EXPECT_EQ(WorstOf(JudgeOne(c, NonFiniteTruth::kExpected)), Verdict::kPassed);
  c.truth_non_finite_count = 1000;
  EXPECT_THAT(fault_of(c, NonFiniteTruth::kExpected), HasSubstr("no finite element"));
  EXPECT_THAT(fault_of(Good(), NonFiniteTruth::kExpected), HasSubstr("has none"));
  PassLimits blind = FusedKernelLimits(DataType::kFloat32, QkNorm::kNone);
  blind.elements.of_largest = 1;
  EXPECT_EQ(WorstOf(JudgeOne(Good(), NonFiniteTruth::kInvalid, blind)), Verdict::kInvalid);
}

TEST(PassRulesTest, BFloat16OutputMustBeRoundedToNearest) {
  const auto c = std::get<KernelCase>(ParseCase("kernel:T=70,K=64,dtype=bfloat16"));
  const CaseTruth t = ComputeTruth(c, MakeInputs(c));
  const PassLimits limits = FusedKernelLimits(DataType::kBFloat16, QkNorm::kNone);
  const ComparisonOptions options{DataType::kBFloat16, limits.elements, {}};
  const TensorComparison references[] = {
      CompareTensors(t.truth.output, t.recurrent.output, options),
      CompareTensors(t.truth.output, t.chunked.output, options)};
  std::vector<float> nearest, truncated;
  for (const double x : t.truth.output) {
    nearest.push_back(RoundToBFloat16(static_cast<float>(x)));
    truncated.push_back(
        std::bit_cast<float>(std::bit_cast<uint32_t>(static_cast<float>(x)) & 0xffff0000u));
  }
  const auto judge = [&](const std::vector<float>& result) {
    return JudgeTensor("output", CompareTensors(t.truth.output, result, options), references,
                       limits, NonFiniteTruth::kInvalid);
  };
  EXPECT_EQ(WorstOf(judge(nearest)), Verdict::kPassed);
  EXPECT_EQ(WorstOf(judge(truncated)), Verdict::kFailed);
}

// kRoundingSlack against other orders of the same float32 operations, where it counts: few tokens,
// few columns. Each order below is one that an honest kernel may have.
struct Order {
  bool fused;      // multiply-adds round once
  bool backwards;  // sums over K run from the end
  bool one_read;   // o = a S^T q + (q.k) d, S^T k and S^T q from the undecayed state
  bool norm_last;  // a norm scales dot products and writes, not the vectors
};

float MultiplyAdd(const Order& order, float x, float y, float sum) {
  // Fused but for double rounding of the sum, which one in 2^29 sums shows: some C libraries' fmaf
  // is worse.
  return order.fused ? static_cast<float>(double{x} * double{y} + double{sum}) : x * y + sum;
}

// Keys or queries, and what to multiply each of them with.
struct Rows {
  std::vector<float> values;
  std::vector<float> factors;  // one for each row
};

Rows NormalizedRows(const Order& order, const KernelCase& c, const std::vector<float>& raw) {
  const auto dim = static_cast<size_t>(c.key_dim);
  Rows rows{raw, std::vector<float>(raw.size() / dim, 1.0f)};
  if (c.qk_norm == QkNorm::kNone) return rows;
  for (size_t row = 0; row < rows.factors.size(); ++row) {
    float* x = rows.values.data() + row * dim;
    float sum = 0;
    for (size_t i = 0; i < dim; ++i) sum = MultiplyAdd(order, x[i], x[i], sum);
    rows.factors[row] = 1 / std::sqrt(sum + c.norm_epsilon);
    if (order.norm_last) continue;
    for (size_t i = 0; i < dim; ++i) x[i] *= rows.factors[row];
    rows.factors[row] = 1;
  }
  return rows;
}

CaseArm<float> RunInOrder(const Order& order, const KernelCase& c, const CaseInputs& in) {
  const auto tokens = static_cast<size_t>(c.tokens), key_dim = static_cast<size_t>(c.key_dim),
             value_dim = static_cast<size_t>(c.value_dim);
  const Rows keys = NormalizedRows(order, c, in.key), queries = NormalizedRows(order, c, in.query);
  std::vector<float> output(in.value.size());
  std::vector<float> state = in.initial_state;
  const auto heads = static_cast<size_t>(c.sequences * c.value_heads);
  for (size_t row = 0; row < heads * tokens; ++row) {
    float* s = state.data() + row / tokens * key_dim * value_dim;
    const float* k = keys.values.data() + row * key_dim;
    const float* q = queries.values.data() + row * key_dim;
    const float k_factor = keys.factors[row], q_factor = queries.factors[row];
    const float decay = static_cast<float>(std::exp(double{in.decay[row]}));
    const auto read = [&](const float* with, size_t v) {
      float sum = 0;
      for (size_t i = 0; i < key_dim; ++i) {
        const size_t at = order.backwards ? key_dim - 1 - i : i;
        sum = MultiplyAdd(order, s[at * value_dim + v], with[at], sum);
      }
      return sum;
    };
    float qk = 0;
    for (size_t i = 0; i < key_dim; ++i) qk = MultiplyAdd(order, q[i], k[i], qk);
    qk *= k_factor * q_factor;
    for (size_t v = 0; v < value_dim; ++v) {
      const float recalled = decay * k_factor * read(k, v);
      const float asked = decay * q_factor * read(q, v);
      const float d = in.beta[row] * (in.value[row * value_dim + v] - recalled);
      for (size_t i = 0; i < key_dim; ++i) {
        float& x = s[i * value_dim + v];
        x = MultiplyAdd(order, k[i], k_factor * d, decay * x);
      }
      output[row * value_dim + v] =
          c.Scale() * (order.one_read ? MultiplyAdd(order, qk, d, asked) : q_factor * read(q, v));
    }
  }
  return {output, state, {}};
}

// By how much an order is further off than twice the worse of the two references, at most.
double ExcessOf(const KernelCase& c) {
  const CaseInputs in = MakeInputs(c);
  const CaseTruth t = ComputeTruth(c, in);
  double largest = 0;
  const auto compare = [&](const std::vector<double>& truth, const std::vector<float>& recurrent,
                           const std::vector<float>& chunked, const std::vector<float>& found) {
    const auto error = [&](const std::vector<float>& result) {
      return CompareTensors(truth, result, {}).rel_rmse;
    };
    const double budget = 2 * std::max(error(recurrent), error(chunked));
    largest = std::max(largest, error(found) - budget);
  };
  for (int bits = 0; bits < 16; ++bits) {
    const Order order = {(bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0, (bits & 8) != 0};
    const CaseArm<float> found = RunInOrder(order, c, in);
    compare(t.truth.output, t.recurrent.output, t.chunked.output, found.output);
    compare(t.truth.final_state, t.recurrent.final_state, t.chunked.final_state, found.final_state);
  }
  return largest;
}

double LargestExcess(std::initializer_list<const char*> cases) {
  double largest = 0;
  std::string worst;
  for (const char* fields : cases) {
    for (int seed = 1; seed <= 100; ++seed) {
      const std::string line = fmt::format("kernel:{},seed={}", fields, seed);
      const double excess = ExcessOf(std::get<KernelCase>(ParseCase(line)));
      if (excess > largest) worst = line;
      largest = std::max(largest, excess);
    }
  }
  testing::Test::RecordProperty("worst", worst);  // the case that needs the most
  return largest;
}

TEST(RoundingSlackTest, CoversOtherOrdersAndLittleMore) {
  const double largest = LargestExcess(
      {"T=1,K=2,V=1,Hv=8", "T=1,K=3,V=2,Hv=2", "T=3,K=3,V=2,Hv=1", "T=1,K=1,V=1,B=8,Hv=8",
       "T=1,K=16,V=5,Hv=8", "T=2,K=5,V=3,Hv=8", "T=5,K=16,V=16", "T=1,K=128,V=64,Hv=1"});
  EXPECT_LE(largest, kRoundingSlack);
  EXPECT_GE(largest, kRoundingSlack / 4) << "the slack is looser than it need be";
}

TEST(RoundingSlackTest, CoversNormsAppliedToDotProductsAndLittleMore) {
  const double largest = LargestExcess(
      {"T=4,K=1,Hv=8,norm=l2", "T=5,K=5,norm=l2", "T=15,K=1,Hv=9,norm=l2,beta=one,gates=spikes",
       "T=15,K=1,Hv=9,norm=l2,beta=one,gates=spikes,state=zero,keys=huge"});
  EXPECT_LE(largest, kNormRoundingSlack);
  EXPECT_GE(largest, kNormRoundingSlack / 4) << "the slack is looser than it need be";
}

}  // namespace
}  // namespace deltagauge
