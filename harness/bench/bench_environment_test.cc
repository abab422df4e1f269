#include "harness/bench/bench_environment.h"

#include <optional>
#include <sstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace deltagauge {
namespace {

std::string ModelIn(const char* text) {
  std::istringstream stream(text);
  return CpuModel(stream);
}

std::optional<CpuTimes> TimesIn(const char* text) {
  std::istringstream stream(text);
  return ParseCpuTimes(stream);
}

TEST(CpuModelTest, TakesTheFirstLineOfThatName) {
  EXPECT_EQ(ModelIn("processor\t: 0\nmodel\t\t: 17\nmodel name\t: Made Up 9000: Fast\n"
                    "model name\t: Other\n"),
            "Made Up 9000: Fast");
  EXPECT_EQ(ModelIn("processor\t: 0\nCPU part\t: 0xd40\n"), "unknown");
  EXPECT_EQ(ModelIn(""), "unknown");
}

TEST(CpuTimesTest, SumsTheFirstLine) {
  const std::optional<CpuTimes> times =
      TimesIn("cpu  1000 200 300 4000 50 60 70 80 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n");
  ASSERT_TRUE(times.has_value());
  EXPECT_DOUBLE_EQ(times->busy_s, 16.3);
  EXPECT_DOUBLE_EQ(times->stolen_s, 0.8);
  EXPECT_DOUBLE_EQ(times->total_s, 57.6);
}

TEST(CpuTimesTest, NothingWhereNothingIsCounted) {
  EXPECT_FALSE(TimesIn("").has_value());
  EXPECT_FALSE(TimesIn("intr 1 2 3\n").has_value());
  EXPECT_FALSE(TimesIn("cpu 1 2 3\n").has_value());
  EXPECT_FALSE(TimesIn("cpu  0 0 0 0 0 0 0 0 0 0\n").has_value());
}

TEST(LoadBetweenTest, LeavesOutOurOwnWork) {
  const CpuTimes before = {.busy_s = 10, .stolen_s = 1, .total_s = 100};
  const CpuTimes after = {.busy_s = 70, .stolen_s = 3, .total_s = 200};
  EXPECT_DOUBLE_EQ(LoadBetween(before, after, 40).others, 20);
  EXPECT_DOUBLE_EQ(LoadBetween(before, after, 40).stolen, 2);
  EXPECT_DOUBLE_EQ(LoadBetween(before, after, 61).others, 0);  // ticks are coarse
  EXPECT_DOUBLE_EQ(LoadBetween(before, before, 0).others, 0);
}

TEST(DescribeLoadTest, SaysWhenItDisturbs) {
  EXPECT_EQ(DescribeLoad({.others = 1.25, .stolen = 0.5}),
            "other processes took 1.2 % of all CPUs' time, other virtual machines 0.5 %");
  EXPECT_THAT(DescribeLoad({.others = 4, .stolen = 1.5}), testing::HasSubstr("DISTURBED"));
}

TEST(EnvironmentTest, OfThisProcess) {
  EXPECT_THAT(CompilerDescription(), testing::HasSubstr(", flags '"));
  EXPECT_FALSE(FlushesDenormals());
}

}  // namespace
}  // namespace deltagauge
