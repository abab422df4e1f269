#include "harness/base/child_process.h"

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "reference/input_error.h"
#include "reference/temporary_folder_test.h"

namespace deltagauge {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::chrono::seconds kLong(60);

class ChildProcessTest : public ::testing::Test {
 protected:
  ProcessStart Start(const std::string& deed, std::vector<std::string> args = {}) const {
    args.insert(args.begin(), deed);
    return {DELTAGAUGE_TEST_CHILD, std::move(args), error_file_};
  }

  // All that it writes, to its end or until `until` has come.
  static std::string ReadAll(ChildProcess* child, std::string_view until = {}) {
    std::string all;
    while (const auto piece = child->Read(kLong)) {
      all += *piece;
      if (!until.empty() && all.find(until) != std::string::npos) break;
      if (piece->empty()) break;
    }
    return all;
  }

  static ProcessEnd EndOf(ChildProcess* child) {
    for (;;) {
      if (const auto end = child->End()) return *end;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

  const reference::TemporaryFolder folder_;
  const std::filesystem::path error_file_ = folder_ / "err.txt";
};

TEST_F(ChildProcessTest, IsHeardAndEndsWithItsCode) {
  ChildProcess child(Start("say", {"", "a b", "\"q\"", "\\", "x=[1, 2]"}));
  EXPECT_THAT(ReadAll(&child), StartsWith("out[][a b][\"q\"][\\][x=[1, 2]]"));
  const ProcessEnd end = EndOf(&child);
  EXPECT_EQ(end.exit_code, 3) << "its standard input was not empty";
  EXPECT_EQ(end.how, "exit code 3");
  std::ifstream err(error_file_);
  std::string line;
  std::getline(err, line);
  EXPECT_THAT(line, StartsWith("err"));
}

TEST_F(ChildProcessTest, StopsWhenAsked) {
  ChildProcess child(Start("wait"));
  EXPECT_THAT(ReadAll(&child, "\n"), StartsWith("ready"));
  EXPECT_FALSE(child.End());
  child.AskToStop();
  EXPECT_EQ(EndOf(&child).exit_code, 5);
}

TEST_F(ChildProcessTest, IsKilled) {
  ChildProcess child(Start("sleep"));
  EXPECT_THAT(ReadAll(&child, "\n"), StartsWith("ready"));
  child.Kill();
  const ProcessEnd end = EndOf(&child);
  EXPECT_FALSE(end.exit_code);
  EXPECT_FALSE(child.Read(kLong)) << "its output goes on";
}

TEST_F(ChildProcessTest, ACrashIsNoExitCode) {
  ChildProcess child(Start("crash"));
  ReadAll(&child);
  EXPECT_FALSE(EndOf(&child).exit_code);
}

#if !defined(_WIN32)
TEST_F(ChildProcessTest, IgnoredSignalsAreNotInherited) {
  const auto before = std::signal(SIGTERM, SIG_IGN);
  ChildProcess child(Start("sleep"));
  std::signal(SIGTERM, before);
  EXPECT_THAT(ReadAll(&child, "\n"), StartsWith("ready"));
  child.AskToStop();
  EXPECT_FALSE(EndOf(&child).exit_code);
}
#endif

// A connection of the service that a run held open would never end for the other side.
TEST_F(ChildProcessTest, OpenFilesAreNotInherited) {
  // Several: the lowest number is one that the child uses itself.
  std::vector<std::FILE*> held;
  for (const char* const name : {"held-open-1", "held-open-2", "held-open-3"}) {
    held.push_back(std::fopen((folder_ / name).string().c_str(), "w"));
    ASSERT_NE(held.back(), nullptr);
  }
  ChildProcess child(Start("descriptors"));
  const std::string files = ReadAll(&child);
  for (std::FILE* const file : held) std::fclose(file);
  if (files.find_first_not_of("\r\n") == std::string::npos) {
    GTEST_SKIP() << "this system does not tell";
  }
  EXPECT_THAT(files, HasSubstr("err.txt"));
  EXPECT_THAT(files, Not(HasSubstr("held-open")));
}

TEST_F(ChildProcessTest, AProgramThatIsNotThereIsSaid) {
  ProcessStart start = Start("say");
  start.program = folder_ / "none";
  try {
    const ChildProcess child(start);
    ADD_FAILURE() << "it started";
  } catch (const reference::InputError& error) {
    EXPECT_THAT(error.what(), HasSubstr("can't be started"));
  }
}

}  // namespace
}  // namespace deltagauge
