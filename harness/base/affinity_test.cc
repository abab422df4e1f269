#include "harness/base/affinity.h"

#include <optional>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace deltagauge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsSubsetOf;
using ::testing::SizeIs;

TEST(SpreadOverCoresTest, ACpuOfEachCoreFirst) {
  EXPECT_THAT(SpreadOverCores({}), IsEmpty());
  // Neighbours share a core, as most virtual machines number them.
  EXPECT_THAT(
      SpreadOverCores(std::vector<LogicalCpu>{{0, 0}, {1, 0}, {2, 2}, {3, 2}, {4, 4}, {5, 4}}),
      ElementsAre(0, 2, 4, 1, 3, 5));
  // The second half repeats the cores of the first, as most hardware does.
  EXPECT_THAT(SpreadOverCores(std::vector<LogicalCpu>{{0, 0}, {1, 1}, {2, 0}, {3, 1}}),
              ElementsAre(0, 1, 2, 3));
  // Four threads a core, some of them not ours.
  EXPECT_THAT(SpreadOverCores(std::vector<LogicalCpu>{{1, 0}, {2, 0}, {3, 0}, {7, 4}}),
              ElementsAre(1, 7, 2, 3));
  // Every CPU a core of its own.
  EXPECT_THAT(SpreadOverCores(std::vector<LogicalCpu>{{3, -4}, {5, -6}}), ElementsAre(3, 5));
}

class AffinityTest : public testing::Test {
 protected:
  void SetUp() override {
    if (allowed_.empty()) GTEST_SKIP() << "this system doesn't say where threads run";
  }

  const std::vector<int> allowed_ = AllowedCpus();
};

TEST_F(AffinityTest, APinnedThreadIsLetGoAgain) {
  for (const int cpu : {allowed_.front(), allowed_.back()}) {
    {
      const PinnedThread pinned(cpu);
      EXPECT_TRUE(pinned.is_pinned());
      EXPECT_THAT(AllowedCpus(), ElementsAre(cpu));
    }
    EXPECT_EQ(AllowedCpus(), allowed_);
  }
}

TEST_F(AffinityTest, OnlyTheCallingThread) {
  std::vector<int> of_other;
  const PinnedThread pinned(allowed_.front());
  std::thread([&] {
    const PinnedThread other(allowed_.back());
    of_other = AllowedCpus();
  }).join();
  EXPECT_THAT(of_other, ElementsAre(allowed_.back()));
  EXPECT_THAT(AllowedCpus(), ElementsAre(allowed_.front()));
}

TEST_F(AffinityTest, NothingHappensWithoutACpuOrOnOneThatIsNotThere) {
  for (const std::optional<int> cpu : std::vector<std::optional<int>>{{}, -1, 65535, 1 << 30}) {
    const PinnedThread pinned(cpu);
    EXPECT_FALSE(pinned.is_pinned());
    EXPECT_EQ(AllowedCpus(), allowed_);
  }
}

TEST_F(AffinityTest, HyperThreadsNameTheSameCore) {
  for (const int cpu : allowed_) {
    const std::optional<int> core = CoreOfCpu(cpu);
    if (!core.has_value()) continue;  // hidden
    EXPECT_EQ(CoreOfCpu(*core), core) << "CPU " << cpu;
  }
  EXPECT_EQ(CoreOfCpu(-1), std::nullopt);
  EXPECT_EQ(CoreOfCpu(1 << 30), std::nullopt);
}

TEST_F(AffinityTest, PinsAsManyAsThereAreCpus) {
  const int all = static_cast<int>(allowed_.size());
  for (const int threads : {1, all}) {
    const Pinning pinning = PinningFor(threads);
    EXPECT_EQ(pinning.why_not, "");
    EXPECT_THAT(pinning.cpus, SizeIs(threads));
    EXPECT_THAT(pinning.cpus, IsSubsetOf(allowed_));
  }
  const Pinning too_many = PinningFor(all + 1);
  EXPECT_THAT(too_many.cpus, IsEmpty());
  EXPECT_THAT(too_many.why_not, HasSubstr("fewer CPUs"));
  EXPECT_EQ(AllowedCpus(), allowed_);
}

// A process that was itself confined, as by taskset or a container, stays within.
TEST_F(AffinityTest, StaysWithinWhatTheProcessMayUse) {
  const PinnedThread confined(allowed_.back());
  EXPECT_THAT(PinningFor(1).cpus, ElementsAre(allowed_.back()));
  EXPECT_THAT(PinningFor(2).cpus, IsEmpty());
}

TEST(DescribePinningTest, SaysWhereOrWhyNot) {
  EXPECT_EQ(DescribePinning({.cpus = {3}, .why_not = ""}), "pinned to CPU 3");
  EXPECT_EQ(DescribePinning({.cpus = {0, 2, 1}, .why_not = ""}), "pinned to CPUs 0, 2, 1");
  EXPECT_EQ(DescribePinning({.cpus = {}, .why_not = "no such luck"}), "not pinned: no such luck");
}

}  // namespace
}  // namespace deltagauge
