// The configurations that are shipped, and files as they lie on a disk.
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/config/config_yaml.h"
#include "harness/config/run_plan.h"
#include "reference/error_text.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

using reference::InputError;
using ::testing::HasSubstr;

std::string Shipped(const std::string& name) { return DELTAGAUGE_CONFIGS "/" + name + ".yaml"; }

std::string ErrorOf(const std::string& path) {
  try {
    LoadConfig(path);
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(ShippedConfigsTest, AllCanBeRunAndReadBack) {
  for (const std::string name : {"quick", "full_0_8b", "nightly", "release", "peers"}) {
    SCOPED_TRACE(name);
    const Config config = LoadConfig(Shipped(name));
    EXPECT_EQ(config.name, name);
    EXPECT_FALSE(config.gates.empty());
    const std::string resolved = ResolvedConfig(config);
    EXPECT_EQ(ParseConfig(resolved, "resolved.json", {}, nullptr), config);
  }
}

TEST(ShippedConfigsTest, QuickHasEveryKindOfCaseAndItsTime) {
  const std::vector<PlanEntry> plan = BuildPlan(LoadConfig(Shipped("quick")));
  std::vector<bool> kinds(std::variant_size_v<RunCase>, false);
  double seconds = 0;
  for (const PlanEntry& entry : plan) {
    kinds[entry.run_case.index()] = true;
    seconds += entry.estimated_s;
  }
  EXPECT_THAT(kinds, ::testing::Each(true));
  EXPECT_LT(seconds, 90);
}

TEST(ShippedConfigsTest, EveryGateSaysItsNumber) {
  for (const std::string name : {"quick", "full_0_8b", "nightly", "release"}) {
    for (const Gate& gate : LoadConfig(Shipped(name)).gates) {
      EXPECT_TRUE(gate.min || gate.max) << name << ": " << gate.metric;
    }
  }
}

TEST(ShippedConfigsTest, TolerancesAloneAreNothingToRun) {
  EXPECT_THAT(ErrorOf(Shipped("tolerances")), HasSubstr("key 'name' is missing"));
}

TEST(ConfigFilesTest, SaysWhatIsWrongWithAFile) {
  EXPECT_THAT(ErrorOf(Shipped("gone")), HasSubstr("can't open the file"));
  EXPECT_THAT(ErrorOf(DELTAGAUGE_CONFIGS), HasSubstr("expected a file, found a folder"));
}

TEST(ConfigFilesTest, ReadsNamesThatAreNotAscii) {
  const auto folder =
      std::filesystem::path(::testing::TempDir()) / std::filesystem::path(u8"deltagauge config é");
  std::filesystem::create_directories(folder);
  const auto path = folder / std::filesystem::path(u8"ü.yaml");
  std::ofstream(path) << "version: 1\nname: a\nmodels: [{path: m ü, texts: t.txt, drift: {}}]\n";
  const Config config = LoadConfig(reference::GenericPathName(path));
  EXPECT_THAT(config.models.at(0).path, HasSubstr("deltagauge config é/m ü"));
  std::filesystem::remove_all(folder);
}

TEST(ConfigFilesTest, RefusesAHugeFile) {
  const auto path = std::filesystem::path(::testing::TempDir()) / "deltagauge_huge_config.yaml";
  std::ofstream(path) << std::string(kMaxConfigFileBytes + 10, '#');
  EXPECT_THAT(ErrorOf(path.string()), HasSubstr("at most 1048576 bytes"));
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace deltagauge
