// How a state flows from call to call of the fused kernel, and that results do not depend on what
// they should not depend on, on every target.
#include <cstdint>
#include <string>

#include "fmt/format.h"
#include "gtest/gtest.h"
#include "harness/kernel/kernel_test_cases.h"

namespace deltagauge {
namespace {

// Lines that every check below runs on: sizes of the model, odd sizes, all conventions turned.
constexpr const char* kConventions[] = {
    "K=128",
    "K=128,state_layout=vk,place=in",
    "K=60,V=36,gates=spikes,layout=strided",
    "K=64,Hv=4,Hk=2,map=tiled,norm=l2,beta_form=logit,decay=exp,dtype=bfloat16",
};

void RunChecks(const std::string& check, const std::string& sizes) {
  int64_t i = 0;
  for (const char* conventions : kConventions) {
    if (!RunsNow(i++)) continue;
    ExpectPassesOnAllTargets(fmt::format("check={},{},{}", check, sizes, conventions));
  }
}

TEST(KernelFlowTest, EverySplitEqualsTheWhole) {
  RunChecks("pieces", "T=17");
  ExpectPassesOnAllTargets("check=pieces,T=6,K=64,B=3");
  ExpectPassesOnAllTargets("check=pieces,T=5,K=64,state=none,gates=reset");
}

TEST(KernelFlowTest, LongSequencesInPieces) {
  if (TestPercent() < 100) GTEST_SKIP() << "part of the full run";
  ExpectPassesOnAllTargets("check=pieces,T=130,K=64,Hv=1,gates=long");
}

TEST(KernelFlowTest, SnapshotsEqualRepeatedDecode) {
  RunChecks("snapshots", "T=7");
  ExpectPassesOnAllTargets("check=snapshots,T=1,K=64");
  ExpectPassesOnAllTargets("check=snapshots,T=3,K=64,B=2,state=none");
  ExpectPassesOnAllTargets("check=snapshots,T=10,K=64,gates=reset");
}

TEST(KernelFlowTest, SnapshotsOfPackedSequences) {
  ExpectPassesOnAllTargets("lengths=5+0+1+9,K=64,snapshots=4");
  ExpectPassesOnAllTargets("lengths=5+0+1+9,K=64,snapshots=4,state=none,place=discard");
}

TEST(KernelFlowTest, NoTokensLeaveTheStateUnchanged) {
  for (const char* more : {"", ",state=none", ",state_layout=vk", ",place=in", ",B=3,snapshots=2",
                           ",layout=strided", ",state=nonfinite", ",dtype=bfloat16"}) {
    ExpectPassesOnAllTargets(std::string("T=0,K=64") + more);
  }
}

TEST(KernelMemoryTest, InPlaceEqualsOutOfPlace) {
  for (const int64_t tokens : {0, 1, 3, 4, 9, 65}) {
    RunChecks("in_place", fmt::format("T={}", tokens));
  }
}

TEST(KernelMemoryTest, LayoutsAgree) {
  for (const int64_t tokens : {1, 3, 9, 65}) RunChecks("layouts", fmt::format("T={}", tokens));
  ExpectPassesOnAllTargets("check=layouts,T=5,K=7,V=3,Hv=8,B=2");
  ExpectPassesOnAllTargets("check=layouts,lengths=3+0+6,K=64");
}

TEST(KernelParallelTest, ThreadsDoNotChangeABit) {
  for (const char* sizes : {"T=65,Hv=1", "T=9,B=2", "T=1", "T=33,Hv=1,snapshots=2", "T=200,Hv=1"}) {
    ExpectPassesOnAllTargets(fmt::format("check=threads,threads=8,{}", sizes));
    ExpectPassesOnAllTargets(
        fmt::format("check=threads,threads=4,K=60,V=36,state_layout=vk,norm=l2,{}", sizes));
  }
  ExpectPassesOnAllTargets("check=threads,threads=5,lengths=3+0+9+1,K=64,Hv=2");
}

TEST(KernelParallelTest, AccuracyHoldsOnAPool) {
  ExpectPassesOnAllTargets("T=130,Hv=3,threads=4");
  ExpectPassesOnAllTargets("T=1,Hv=16,threads=3");
}

TEST(KernelParallelTest, NeighboursAreIsolated) {
  RunChecks("neighbours", "B=3,T=6");
  RunChecks("neighbours", "B=2,T=1");
  RunChecks("neighbours", "lengths=5+0+9+1");
}

TEST(KernelContagionTest, NaNAndInfStayWhereTheyBelong) {
  RunChecks("contagion", "T=11");
  RunChecks("contagion", "T=2");
  ExpectPassesOnAllTargets("check=contagion,T=1,K=32,Hv=4,Hk=2,map=tiled");
  ExpectPassesOnAllTargets("check=contagion,T=30,K=16,Hv=2,gates=reset");
  ExpectPassesOnAllTargets("check=contagion,lengths=4+6+3,K=16");
  ExpectPassesOnAllTargets("check=contagion,T=9,K=16,V=256,Hv=1");
  ExpectPassesOnAllTargets("check=contagion,T=9,K=32,state=none");
}

}  // namespace
}  // namespace deltagauge
