// The fused kernel on every kind of number and in every convention, on every target.
#include <cstdint>
#include <string>

#include "fmt/format.h"
#include "gtest/gtest.h"
#include "harness/kernel/kernel_test_cases.h"

namespace deltagauge {
namespace {

class KernelGatesTest : public ::testing::TestWithParam<GateRegime> {};

TEST_P(KernelGatesTest, EveryTypeFormAndLayout) {
  const std::string_view gates = NameOf(GetParam());
  int64_t i = 0;
  for (const int64_t tokens : {1, 3, 4, 6, 65, 131}) {
    for (const char* more :
         {"", ",dtype=bfloat16", ",decay=exp", ",state_layout=vk", ",K=64,V=100,decay=exp"}) {
      if (!RunsNow(i++)) continue;
      ExpectPassesOnAllTargets(fmt::format("T={},Hv=3,gates={}{}", tokens, gates, more));
    }
  }
}

TEST_P(KernelGatesTest, ALongerSequence) {
  ExpectPassesOnAllTargets(fmt::format("T=512,Hv=2,gates={}", NameOf(GetParam())));
}

INSTANTIATE_TEST_SUITE_P(All, KernelGatesTest,
                         ::testing::Values(GateRegime::kNone, GateRegime::kLong, GateRegime::kDrift,
                                           GateRegime::kMedium, GateRegime::kStrong,
                                           GateRegime::kMixed, GateRegime::kSpikes,
                                           GateRegime::kReset, GateRegime::kGrowth),
                         [](const auto& test) { return std::string(NameOf(test.param)); });

// A single strong token at every place of a tile, in seeds enough that every kind meets every
// place: each kind alone, so that no later reset hides what it did.
TEST(KernelRegimesTest, SpikesAtEveryPlaceOfATile) {
  for (int seed = 1; seed <= 4; ++seed) {
    for (const int64_t tokens : {6, 7, 12, 29, 64}) {
      ExpectPassesOnAllTargets(fmt::format("T={},K=64,Hv=7,gates=spikes,seed={}", tokens, seed));
      ExpectPassesOnAllTargets(fmt::format("T={},K=64,Hv=7,gates=reset,seed={}", tokens, seed));
    }
  }
}

TEST(KernelRegimesTest, Betas) {
  for (const char* beta : {"zero", "one", "tiny", "two", "uniform"}) {
    for (const int64_t tokens : {1, 5, 33}) {
      for (const char* gates : {"none", "long"}) {
        ExpectPassesOnAllTargets(fmt::format("T={},beta={},gates={}", tokens, beta, gates));
      }
    }
  }
  ExpectPassesOnAllTargets("T=33,beta=tiny,state=none");  // the state is all of it
}

TEST(KernelRegimesTest, BetaLogits) {
  for (const char* beta : {"zero", "one", "tiny", "uniform"}) {
    for (const int64_t tokens : {1, 33}) {
      ExpectPassesOnAllTargets(
          fmt::format("T={},beta={},beta_form=logit,gates=long", tokens, beta));
    }
  }
}

TEST(KernelRegimesTest, Keys) {
  for (const char* keys : {"unit", "equal", "alternating", "orthogonal", "zero", "long"}) {
    for (const char* more : {"gates=none", "gates=long,beta=one", "gates=none,dtype=bfloat16"}) {
      ExpectPassesOnAllTargets(fmt::format("T=67,keys={},{}", keys, more));
    }
  }
  // Orthogonal keys wrap around after K tokens.
  ExpectPassesOnAllTargets("T=130,K=16,V=64,keys=orthogonal,gates=none,beta=one");
}

TEST(KernelRegimesTest, NormInside) {
  for (const char* keys : {"unit", "equal", "alternating", "zero", "small", "huge", "long"}) {
    for (const char* eps : {"1e-06", "1e-05", "1e-12", "0.01"}) {
      for (const int64_t tokens : {1, 6}) {
        ExpectPassesOnAllTargets(
            fmt::format("T={},K=64,keys={},norm=l2,eps={}", tokens, keys, eps));
      }
    }
    ExpectPassesOnAllTargets(fmt::format("T=33,keys={},norm=l2,dtype=bfloat16", keys));
  }
  ExpectPassesOnAllTargets("T=9,K=64,norm=l2,eps=0");
  ExpectPassesOnAllTargets("T=9,K=64,keys=huge,norm=l2,eps=0");
}

TEST(KernelRegimesTest, States) {
  for (const char* state : {"random", "none", "zero", "tiny", "large", "nonfinite"}) {
    for (const int64_t tokens : {1, 2, 5, 33}) {
      for (const char* more : {"", ",state_layout=vk", ",gates=none,K=60,V=36"}) {
        ExpectPassesOnAllTargets(
            fmt::format("T={},Hv={},state={}{}", tokens, tokens < 16 ? 16 : 2, state, more));
      }
    }
  }
}

TEST(KernelRegimesTest, Scales) {
  for (const char* scale : {"1", "-0.7", "1e-10", "1e+10", "0.08838835"}) {
    ExpectPassesOnAllTargets(fmt::format("T=6,K=64,scale={}", scale));
    ExpectPassesOnAllTargets(fmt::format("T=1,K=64,scale={},norm=l2,keys=small", scale));
  }
}

TEST(KernelRegimesTest, AllConventionsTogether) {
  int64_t i = 0;
  for (const char* map : {"grouped", "tiled"}) {
    for (const char* decay : {"log", "exp"}) {
      for (const char* beta_form : {"activated", "logit"}) {
        for (const char* norm : {"none", "l2"}) {
          for (const char* state_layout : {"kv", "vk"}) {
            for (const char* dtype : {"float32", "bfloat16"}) {
              if (!RunsNow(i++)) continue;
              for (const int64_t tokens : {1, 7}) {
                ExpectPassesOnAllTargets(fmt::format(
                    "T={},K=64,Hv=4,Hk=2,map={},decay={},beta_form={},norm={},state_layout={},"
                    "dtype={},layout=bthd",
                    tokens, map, decay, beta_form, norm, state_layout, dtype));
              }
            }
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace deltagauge
