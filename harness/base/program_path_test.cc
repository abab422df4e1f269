#include "harness/base/program_path.h"

#include "gtest/gtest.h"

namespace deltagauge {
namespace {

TEST(ProgramPathTest, IsThisProgram) {
  const std::filesystem::path program = ProgramPath();
  EXPECT_TRUE(program.is_absolute()) << program;
  EXPECT_TRUE(std::filesystem::is_regular_file(program)) << program;
  EXPECT_EQ(program.stem().string(), "harness_base_test");
}

}  // namespace
}  // namespace deltagauge
