// The fused kernel at every size, on every target.
#include <cstdint>

#include "fmt/format.h"
#include "gtest/gtest.h"
#include "harness/kernel/kernel_test_cases.h"

namespace deltagauge {
namespace {

constexpr int64_t kLengths[] = {0,  1,  2,  3,  4,  5,  7,   15,  16, 17,
                                31, 32, 33, 63, 64, 65, 127, 128, 129};
constexpr int64_t kDims[] = {1, 5, 16, 60, 64, 100, 128, 256};

TEST(KernelShapesTest, EveryLength) {
  for (const int64_t tokens : kLengths) {
    ExpectPassesOnAllTargets(fmt::format("T={},K=128,Hv=2,gates=long", tokens));
    ExpectPassesOnAllTargets(fmt::format("T={},K=64,Hv=3,dtype=bfloat16", tokens));
    ExpectPassesOnAllTargets(fmt::format("T={},K=20,V=36,Hv=2,state_layout=vk", tokens));
  }
}

TEST(KernelShapesTest, ALongSequence) {
  ExpectPassesOnAllTargets("T=1000,K=128,Hv=2,gates=long");
  ExpectPassesOnAllTargets("T=1000,K=100,V=60,Hv=1,gates=medium,state_layout=vk");
}

// Every K with every V, in one row of micro-tiles with a tail (T = 6), and at decode (T = 1). Heads
// enough that a few elements don't decide.
TEST(KernelShapesTest, EveryKeyDimWithEveryValueDim) {
  int64_t i = 0;
  for (const int64_t key_dim : kDims) {
    for (const int64_t value_dim : kDims) {
      if (!RunsNow(i++)) continue;
      for (const int64_t tokens : {6, 1}) {
        for (const char* more : {"", ",state_layout=vk", ",dtype=bfloat16"}) {
          ExpectPassesOnAllTargets(fmt::format("T={},K={},V={},Hv={}{}", tokens, key_dim, value_dim,
                                               value_dim < 16 ? 16 : 2, more));
        }
      }
    }
  }
}

// Around multiples of every vector length and panel width.
TEST(KernelShapesTest, ValueDimsAroundVectorLengths) {
  int64_t i = 0;
  for (const int64_t edge : {2, 3, 4, 8, 12, 24, 32, 40, 48, 96, 192}) {
    for (const int64_t value_dim : {edge - 1, edge, edge + 1}) {
      if (!RunsNow(i++)) continue;
      ExpectPassesOnAllTargets(fmt::format("T=7,K=24,V={},Hv=16", value_dim));
      ExpectPassesOnAllTargets(fmt::format("T=7,K={},V=24,Hv=4", value_dim));
      ExpectPassesOnAllTargets(fmt::format("T=1,K={},V=24,Hv=4,state_layout=vk", value_dim));
    }
  }
}

TEST(KernelShapesTest, BatchesAndHeads) {
  for (const int64_t sequences : {1, 3}) {
    for (const int64_t heads : {1, 3}) {
      ExpectPassesOnAllTargets(fmt::format("B={},Hv={},T=9,K=64", sequences, heads));
      ExpectPassesOnAllTargets(fmt::format("B={},Hv={},T=1,K=128", sequences, heads));
    }
  }
}

TEST(KernelShapesTest, ValueHeadsShareKeyHeads) {
  for (const char* map : {"grouped", "tiled"}) {
    for (const int64_t ratio : {1, 2, 3, 4}) {
      for (const int64_t key_heads : {1, 3}) {
        ExpectPassesOnAllTargets(
            fmt::format("Hk={},Hv={},map={},T=10,K=64,B=2", key_heads, key_heads * ratio, map));
        ExpectPassesOnAllTargets(
            fmt::format("Hk={},Hv={},map={},T=1,K=64,norm=l2", key_heads, key_heads * ratio, map));
      }
    }
  }
}

TEST(KernelShapesTest, HeadCountsOfTheModels) {
  ExpectPassesOnAllTargets("Hk=16,Hv=16,T=5");
  ExpectPassesOnAllTargets("Hk=16,Hv=32,T=5");
  ExpectPassesOnAllTargets("Hk=16,Hv=48,T=5,map=tiled");
  ExpectPassesOnAllTargets("Hk=16,Hv=16,T=1");
}

TEST(KernelShapesTest, PackedSequences) {
  for (const char* lengths : {"1", "0", "0+0", "1+1+1", "5+0+64+1", "3+4+5+6+7", "65+0+0+2"}) {
    ExpectPassesOnAllTargets(fmt::format("lengths={},K=64", lengths));
    ExpectPassesOnAllTargets(
        fmt::format("lengths={},K=64,layout=bthd,Hv=4,Hk=2,state_layout=vk,snapshots=3", lengths));
  }
}

// 32,768 tokens of almost no decay: errors must not add up. One head on every target, then the
// whole rule without any decay.
TEST(KernelShapesTest, DriftOver32768Tokens) {
  const int64_t tokens = TestPercent() >= 100 ? 32768 : 4096;
  ExpectPassesOnAllTargets(fmt::format("T={},Hv=1,gates=drift", tokens));
  ExpectPassesOnAllTargets(fmt::format("T={},Hv=1,gates=none,K=64", tokens));
}

}  // namespace
}  // namespace deltagauge
