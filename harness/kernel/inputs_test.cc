#include "harness/kernel/inputs.h"

#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/kernel/bfloat16.h"

namespace deltagauge {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::Ge;
using ::testing::Gt;
using ::testing::Le;
using ::testing::Lt;

constexpr float kInf = std::numeric_limits<float>::infinity();

KernelCase Case(const std::string& line) {
  const auto parsed = ParseCase(line);
  if (const auto* error = std::get_if<CaseError>(&parsed)) {
    ADD_FAILURE() << line << ": " << error->Message();
    return {};
  }
  return std::get<KernelCase>(parsed);
}

CaseInputs Inputs(const std::string& line) { return MakeInputs(Case(line)); }

// Dot product of rows i and j.
double Dot(const std::vector<float>& rows, size_t dim, size_t i, size_t j) {
  double sum = 0;
  for (size_t k = 0; k < dim; ++k) sum += double{rows[i * dim + k]} * double{rows[j * dim + k]};
  return sum;
}

// The bits are part of the contract: a repro line from another machine or an older release must
// mean the same numbers. After an intended change print the new hashes and say so in CHANGELOG.
TEST(InputsTest, BitsArePinned) {
  const std::map<std::string, uint64_t> pinned = {
      {"kernel:", 17702048567712974134u},
      {"kernel:T=9,K=5,V=3,Hv=4,Hk=2,gates=mixed,seed=7", 17463402026331789762u},
      {"kernel:T=9,K=5,gates=spikes,decay=exp,beta_form=logit", 10739980244236566313u},
      {"kernel:T=9,K=5,keys=orthogonal,dtype=bfloat16,gates=strong", 12923742428257745741u},
      {"kernel:lengths=3+0+8,K=16,keys=huge,norm=l2,state=tiny", 10299787806136413292u},
  };
  for (const auto& [line, hash] : pinned) EXPECT_EQ(HashInputs(Inputs(line)), hash) << line;
}

// Every value of an enum, in both types, folded into one number.
template <typename Enum>
uint64_t HashOfAll(Enum KernelCase::*field) {
  uint64_t folded = 0;
  for (const auto& [value, name] : NamesOf<Enum>()) {
    for (const DataType type : {DataType::kFloat32, DataType::kBFloat16}) {
      KernelCase of = Case("kernel:T=65,K=60,V=36,Hv=4,Hk=2,norm=l2");
      of.data_type = type;
      of.*field = value;
      folded = folded * 0x100000001b3 ^ HashInputs(MakeInputs(of));
    }
  }
  return folded;
}

// The same on every platform, compiler and optimisation: what `deltagauge verdict` relies on.
TEST(InputsTest, EveryRegimeIsPinned) {
  EXPECT_EQ(HashOfAll(&KernelCase::gates), 14881830640452177010u);
  EXPECT_EQ(HashOfAll(&KernelCase::keys), 3559570960955329576u);
  EXPECT_EQ(HashOfAll(&KernelCase::betas), 17753791172439036610u);
  EXPECT_EQ(HashOfAll(&KernelCase::state), 13101954403128405300u);
  EXPECT_EQ(HashOfAll(&KernelCase::decay_form), 14610130500272988760u);
  EXPECT_EQ(HashOfAll(&KernelCase::beta_form), 16942347159104541972u);
  EXPECT_EQ(HashOfAll(&KernelCase::qk_norm), 6123901169595563247u);
}

TEST(InputsTest, HashSeesEveryTensorAndOneBit) {
  const CaseInputs inputs = Inputs("kernel:T=3,K=4");
  std::set<uint64_t> hashes = {HashInputs(inputs)};
  for (auto tensor : {&CaseInputs::query, &CaseInputs::key, &CaseInputs::value, &CaseInputs::decay,
                      &CaseInputs::beta, &CaseInputs::initial_state}) {
    CaseInputs changed = inputs;
    (changed.*tensor)[1] = std::nextafter((changed.*tensor)[1], 2.0f);
    hashes.insert(HashInputs(changed));
  }
  EXPECT_EQ(hashes.size(), 7u);
  EXPECT_NE(HashInputs(Inputs("kernel:T=3,K=4,seed=2")), HashInputs(inputs));
}

TEST(InputsTest, SizesFollowTheCase) {
  const CaseInputs inputs = Inputs("kernel:lengths=3+0+8,Hv=6,Hk=2,K=4,V=5");
  EXPECT_EQ(inputs.query.size(), 11u * 2 * 4);
  EXPECT_EQ(inputs.key.size(), 11u * 2 * 4);
  EXPECT_EQ(inputs.value.size(), 11u * 6 * 5);
  EXPECT_EQ(inputs.decay.size(), 11u * 6);
  EXPECT_EQ(inputs.beta.size(), 11u * 6);
  EXPECT_EQ(inputs.initial_state.size(), 3u * 6 * 4 * 5);
  EXPECT_TRUE(Inputs("kernel:state=none").initial_state.empty());
}

TEST(InputsTest, OffsetsOfUniformSequencesAreBHTD) {
  const SequenceOffsets offsets(Case("kernel:B=2,T=3"));
  EXPECT_EQ(offsets.Row(1, 4, 2, 1), (1 * 4 + 2) * 3 + 1);
  const SequenceOffsets packed(Case("kernel:lengths=5+0+2"));
  EXPECT_EQ(packed.Row(2, 4, 3, 1), 5 * 4 + 3 * 2 + 1);
  EXPECT_EQ(packed.Length(1), 0);
  EXPECT_EQ(packed.TotalTokens(), 7);
}

TEST(InputsTest, GateRegimesAreWhatTheyAreCalled) {
  const auto decay = [](const std::string& gates) {
    return Inputs("kernel:T=128,Hv=4,K=1,gates=" + gates).decay;
  };
  EXPECT_THAT(decay("none"), Each(0.0f));
  EXPECT_THAT(decay("long"), Each(AllOf(Ge(-2e-4f), Le(0.0f))));
  EXPECT_THAT(decay("drift"), Each(-1e-4f));
  EXPECT_THAT(decay("medium"), Each(AllOf(Ge(-0.5f), Le(-0.01f))));
  EXPECT_THAT(decay("strong"), Each(AllOf(Ge(-20.0f), Le(-1e-4f))));
  EXPECT_THAT(decay("growth"), Each(AllOf(Ge(0.0f), Lt(0.02f))));

  const std::vector<float> mixed = decay("mixed");
  for (size_t head = 0; head < 4; ++head) {
    const std::vector<float> one(mixed.begin() + static_cast<int64_t>(head) * 128,
                                 mixed.begin() + static_cast<int64_t>(head + 1) * 128);
    double sum = 0;
    for (const float g : one) sum += g;
    EXPECT_TRUE(head == 2 ? sum < -500 : sum > -0.1) << head;
  }

  // Each kind of spike, about one token in seven, in quiet company.
  std::map<float, int> spikes;
  for (const float g : decay("spikes")) {
    if (g < -0.02f) ++spikes[g];
  }
  EXPECT_EQ(spikes.size(), 4u);
  for (const float spike : {-20.0f, -60.0f, -200.0f, -kInf}) EXPECT_GT(spikes[spike], 10) << spike;
  for (const float g : decay("reset")) EXPECT_TRUE(g == -kInf || g >= -0.02f);
}

TEST(InputsTest, ExponentiatedDecayIsTheExponential) {
  const auto log_form = Inputs("kernel:T=100,K=1,gates=strong").decay;
  const auto exp_form = Inputs("kernel:T=100,K=1,gates=strong,decay=exp").decay;
  for (size_t i = 0; i < log_form.size(); ++i) {
    // 2e-6: the log decay is rounded to float32 first, up to 20 x 6e-8.
    EXPECT_NEAR(exp_form[i] / std::exp(log_form[i]), 1.0f, 2e-6f);
  }
  EXPECT_THAT(Inputs("kernel:T=9,K=1,gates=none,decay=exp").decay, Each(1.0f));
  EXPECT_THAT(Inputs("kernel:T=16,K=1,gates=reset,decay=exp").decay, ::testing::Contains(0.0f));
}

TEST(InputsTest, KeyRegimesAreWhatTheyAreCalled) {
  constexpr size_t kDim = 60;
  const auto key = [](const std::string& more) {
    return Inputs("kernel:T=64,K=60,V=1,Hv=1,keys=" + more).key;
  };
  const std::vector<float> unit = key("unit");
  for (size_t t = 0; t < 64; ++t) EXPECT_NEAR(Dot(unit, kDim, t, t), 1.0, 1e-6);
  EXPECT_LT(std::abs(Dot(unit, kDim, 0, 1)), 0.7);

  const std::vector<float> equal = key("equal"), alternating = key("alternating");
  const std::vector<float> orthogonal = key("orthogonal"), zero = key("zero"), longer = key("long");
  for (size_t t = 1; t < 60; ++t) {
    EXPECT_NEAR(Dot(equal, kDim, 0, t), 1.0, 1e-6);
    EXPECT_NEAR(Dot(alternating, kDim, 0, t), t % 2 == 0 ? 1.0 : -1.0, 1e-6);
    EXPECT_NEAR(Dot(orthogonal, kDim, 0, t), 0.0, 1e-6);
    EXPECT_EQ(Dot(zero, kDim, t, t) == 0.0, t % 3 == 1);
    EXPECT_NEAR(Dot(longer, kDim, t, t), 1.25 * 1.25, 1e-6);
  }
  EXPECT_NEAR(Dot(orthogonal, kDim, 3, 63), 1.0, 1e-6);  // the basis comes around

  const std::vector<float> huge = key("huge,norm=l2");
  EXPECT_GT(Dot(huge, kDim, 0, 0), 1e36);
  EXPECT_LT(Dot(huge, kDim, 0, 0) * 256 / 60, 3.4e38);  // the sum of squares is a float32
  const double small = Dot(key("small,norm=l2"), kDim, 0, 0);
  EXPECT_GT(small, 1e-7);
  EXPECT_LT(small, 1e-5);
  EXPECT_GT(Dot(key("unit,norm=l2"), kDim, 0, 0), 10.0);  // raw: the kernel normalises
}

TEST(InputsTest, BetaRegimesAreWhatTheyAreCalled) {
  const auto beta = [](const std::string& more) {
    return Inputs("kernel:T=200,K=1,beta=" + more).beta;
  };
  EXPECT_THAT(beta("uniform"), Each(AllOf(Gt(0.0f), Lt(1.0f))));
  EXPECT_THAT(beta("zero"), Each(0.0f));
  EXPECT_THAT(beta("one"), Each(1.0f));
  EXPECT_THAT(beta("tiny"), Each(1e-30f));
  EXPECT_THAT(beta("two"), Each(2.0f));
  EXPECT_THAT(beta("zero,beta_form=logit"), Each(-kInf));
  EXPECT_THAT(beta("one,beta_form=logit"), Each(kInf));
  EXPECT_THAT(beta("uniform,beta_form=logit"), Each(AllOf(Ge(-5.0f), Le(5.0f))));
}

TEST(InputsTest, StateRegimesAreWhatTheyAreCalled) {
  const auto state = [](const std::string& regime) {
    return Inputs("kernel:T=1,K=16,state=" + regime).initial_state;
  };
  EXPECT_THAT(state("random"), Each(AllOf(Ge(-1.0f), Le(1.0f))));
  EXPECT_THAT(state("zero"), Each(0.0f));
  EXPECT_THAT(state("large"), ::testing::Contains(Gt(5e5f)));
  int denormals = 0;
  for (const float x : state("tiny")) denormals += std::fpclassify(x) == FP_SUBNORMAL;
  EXPECT_GT(denormals, 400);
  int not_finite = 0;
  const std::vector<float> damaged = state("nonfinite");
  for (size_t i = 0; i < damaged.size(); ++i) {
    if (std::isfinite(damaged[i])) continue;
    ++not_finite;
    EXPECT_LT(i, 256u);  // in head 0
  }
  EXPECT_EQ(not_finite, 2);
}

TEST(InputsTest, BFloat16InputsAreExactInBFloat16) {
  const CaseInputs inputs = Inputs("kernel:T=5,K=16,dtype=bfloat16");
  for (const auto* tensor : {&inputs.query, &inputs.key, &inputs.value}) {
    for (const float x : *tensor) EXPECT_EQ(RoundToBFloat16(x), x);
  }
}

TEST(BFloat16Test, RoundsToNearestEven) {
  EXPECT_EQ(ToBFloat16(1.0f), 0x3f80);
  EXPECT_EQ(ToBFloat16(0x1.01p0f), 0x3f80);        // tie, down to even
  EXPECT_EQ(ToBFloat16(0x1.03p0f), 0x3f82);        // tie, up to even
  EXPECT_EQ(ToBFloat16(0x1.018p0f), 0x3f81);       // above the tie
  EXPECT_EQ(ToBFloat16(0x1.fffffep127f), 0x7f80);  // overflows to Inf
  EXPECT_EQ(ToBFloat16(-kInf), 0xff80);
  EXPECT_TRUE(std::isnan(RoundToBFloat16(std::numeric_limits<float>::quiet_NaN())));
  EXPECT_EQ(FromBFloat16(0x0001), 0x1p-133f);
}

}  // namespace
}  // namespace deltagauge
