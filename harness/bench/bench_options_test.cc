#include "harness/bench/bench_options.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace deltagauge {
namespace {

using ::testing::ElementsAre;

TEST(BenchOptionsTest, Defaults) {
  const ParsedOptions parsed = ParseBenchOptions({});
  EXPECT_EQ(parsed.error, "");
  EXPECT_EQ(parsed.options.threads, 0);
  EXPECT_EQ(parsed.options.target, "");
  EXPECT_FALSE(parsed.options.quick);
  EXPECT_TRUE(parsed.options.ratios);
  EXPECT_TRUE(parsed.options.pin);
}

TEST(BenchOptionsTest, EachFlagAndTheOthersUntouched) {
  const ParsedOptions parsed = ParseBenchOptions(
      {"--benchmark_filter=x", "--deltagauge_threads=3", "--deltagauge_target=AVX2",
       "--deltagauge_quick", "--deltagauge_ratios=false", "--deltagauge_pin=false",
       "--deltagauge_only=decode T=1", "--deltagauge_executorch=/a=b.so",
       "--deltagauge_libpython=p.so", "--deltagauge_ops=o.so", "--v=1"});
  EXPECT_EQ(parsed.error, "");
  EXPECT_EQ(parsed.options.threads, 3);
  EXPECT_EQ(parsed.options.target, "AVX2");
  EXPECT_TRUE(parsed.options.quick);
  EXPECT_FALSE(parsed.options.ratios);
  EXPECT_EQ(parsed.options.only, "decode T=1");
  EXPECT_FALSE(parsed.options.pin);
  EXPECT_EQ(parsed.options.executorch, "/a=b.so");
  EXPECT_EQ(parsed.options.libpython, "p.so");
  EXPECT_EQ(parsed.options.ops, "o.so");
  EXPECT_THAT(parsed.others, ElementsAre("--benchmark_filter=x", "--v=1"));
}

TEST(BenchOptionsTest, Errors) {
  const auto error = [](const char* argument) { return ParseBenchOptions({argument}).error; };
  EXPECT_EQ(error("--deltagauge_thread=1"),
            "unknown flag '--deltagauge_thread'; did you mean 'threads'?");
  for (const char* threads : {"0", "-1", "1025", "two", "2x", "", "99999999999"}) {
    EXPECT_EQ(
        error((std::string("--deltagauge_threads=") + threads).c_str()),
        std::string("--deltagauge_threads: '") + threads + "'; expected a number from 1 to 1024");
  }
  EXPECT_EQ(error("--deltagauge_quick=maybe"),
            "--deltagauge_quick: 'maybe'; expected true or false");
  EXPECT_EQ(error("--deltagauge_target"),
            "--deltagauge_target: ''; expected the name of an instruction set");
  EXPECT_EQ(error("--deltagauge_ops="), "--deltagauge_ops: ''; expected a path");
}

TEST(BenchOptionsTest, HelpIsForBoth) {
  const ParsedOptions parsed = ParseBenchOptions({"--help"});
  EXPECT_TRUE(parsed.options.help);
  EXPECT_THAT(parsed.others, ElementsAre("--help"));
}

}  // namespace
}  // namespace deltagauge
