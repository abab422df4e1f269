#include "harness/candidate/plugin.h"

#include <filesystem>
#include <functional>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/candidate/candidate_test.h"
#include "reference/input_error.h"
#include "reference/temporary_folder_test.h"

namespace deltagauge {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string ErrorOf(const std::string& path) {
  try {
    AskPlugin(path, {});
  } catch (const reference::InputError& error) {
    return error.what();
  }
  return "no error";
}

std::string ErrorOfBad(const std::string& fault) {
  const EnvironmentVariable bad("DELTAGAUGE_BAD", fault);
  return ErrorOf(DELTAGAUGE_BAD_PLUGIN);
}

TEST(PluginTest, TheExampleSaysWhatItIs) {
  const PluginInfo info = AskPlugin(DELTAGAUGE_EXAMPLE_PLUGIN, {});
  EXPECT_EQ(info.name, "example");
  EXPECT_EQ(info.version, "1.0");
  EXPECT_EQ(info.description, "The gated delta rule as plain loops");
  EXPECT_EQ(info.data_types, uint32_t{DELTAGAUGE_FLOAT32});
  EXPECT_EQ(info.limits.max_threads, 1);
  EXPECT_EQ(
      DescribePlugin(info),
      "example 1.0: state_layout kv, decay log, beta activated, scale inside, qk_norm outside, "
      "head_map grouped, state_place functional, token_layout bthd; float32");
}

TEST(PluginTest, EachFailureToLoadIsAnErrorOfItsOwn) {
  EXPECT_EQ(ErrorOf(DELTAGAUGE_BAD_PLUGIN), "no error");  // without a fault
  EXPECT_THAT(ErrorOf("/nowhere/mine.so"), HasSubstr("/nowhere/mine.so: no such file"));
  EXPECT_THAT(ErrorOf(DELTAGAUGE_NO_LIBRARY),
              AllOf(HasSubstr("can't be loaded: "), HasSubstr("is it a shared")));
  EXPECT_THAT(ErrorOf(DELTAGAUGE_NO_SYMBOL_PLUGIN),
              HasSubstr("exports no symbol deltagauge_candidate_v1"));
  EXPECT_THAT(ErrorOfBad("NULL description"), HasSubstr("its description is NULL"));
  EXPECT_THAT(ErrorOfBad("other version"),
              HasSubstr("speaks version 2 of the interface; this is 1"));
  EXPECT_THAT(ErrorOfBad("short struct"), HasSubstr("struct_bytes is 8; expected "));
  EXPECT_THAT(ErrorOfBad("nonsense convention"),
              HasSubstr("conventions.decay is 7; expected 1 to 2"));
}

TEST(PluginTest, APathIsUtf8) {
  const reference::TemporaryFolder folder;
  const std::u8string name = u8"k\u00e4rn\u03b4 1.dll";
  const std::filesystem::path there = folder.path() / std::filesystem::path(name);
  std::filesystem::copy_file(DELTAGAUGE_EXAMPLE_PLUGIN, there);
  const std::u8string path = there.u8string();
  EXPECT_EQ(AskPlugin({path.begin(), path.end()}, {}).name, "example");
}

TEST(PluginTest, CodeThatCrashesWhileLoadingIsAnError) {
  EXPECT_THAT(ErrorOfBad("crash in description"),
              AllOf(HasSubstr(kAbort), HasSubstr(" in loading")));
  EXPECT_THAT(ErrorOfBad("wild name"),
              AllOf(HasSubstr(kBadAccess), HasSubstr("address 0x10, a null pointer")));
}

deltagauge_candidate Valid() {
  deltagauge_candidate candidate = {};
  candidate.abi_version = DELTAGAUGE_CANDIDATE_ABI;
  candidate.struct_bytes = sizeof(candidate);
  candidate.name = "mine";
  candidate.version = "1";
  candidate.description = "";
  candidate.conventions = {1, 1, 1, 1, 1, 1, 1, 1};
  candidate.data_types = DELTAGAUGE_FLOAT32;
  candidate.run = [](const deltagauge_call*, void*) -> int32_t { return DELTAGAUGE_OK; };
  return candidate;
}

TEST(PluginTest, EveryFieldOfADescriptionIsLookedAt) {
  EXPECT_EQ(FindCandidateFlaw(Valid()), "");
  const std::string long_text(300, 'x');
  const struct {
    std::function<void(deltagauge_candidate&)> plant;
    const char* flaw;
  } kFlaws[] = {
      {[](auto& c) { c.name = nullptr; }, "name is NULL"},
      {[](auto& c) { c.name = ""; }, "name is empty"},
      {[](auto& c) { c.name = "a b"; }, "name is 'a b'"},
      {[&](auto& c) { c.name = long_text.c_str(); }, "name is longer than 64"},
      {[](auto& c) { c.version = "1\n"; }, "version holds a control character"},
      {[](auto& c) { c.description = nullptr; }, "description is NULL"},
      {[&](auto& c) { c.description = long_text.c_str(); }, "description is longer than 256"},
      {[](auto& c) { c.conventions.state_layout = 0; }, "state_layout is 0; expected 1 to 2"},
      {[](auto& c) { c.conventions.decay = 3; }, "decay is 3; expected 1 to 2"},
      {[](auto& c) { c.conventions.beta = -1; }, "beta is -1; expected 1 to 2"},
      {[](auto& c) { c.conventions.scale = 3; }, "scale is 3; expected 1 to 2"},
      {[](auto& c) { c.conventions.qk_norm = 3; }, "qk_norm is 3; expected 1 to 2"},
      {[](auto& c) { c.conventions.head_map = 4; }, "head_map is 4; expected 1 to 3"},
      {[](auto& c) { c.conventions.state_place = 3; }, "state_place is 3; expected 1 to 2"},
      {[](auto& c) { c.conventions.token_layout = 4; }, "token_layout is 4; expected 1 to 3"},
      {[](auto& c) { c.data_types = 0; }, "data_types is 0"},
      {[](auto& c) { c.data_types = 5; }, "data_types is 5"},
      {[](auto& c) { c.limits.max_key_dim = -1; }, "max_key_dim is -1"},
      {[](auto& c) { c.limits.max_tokens = -1; }, "max_tokens is -1"},
      {[](auto& c) { c.limits.alignment_bytes = 48; }, "alignment_bytes is 48"},
      {[](auto& c) { c.limits.alignment_bytes = 8192; }, "alignment_bytes is 8192"},
      {[](auto& c) { c.run = nullptr; }, "run is NULL"},
      {[](auto& c) { c.release = [](void*) {}; }, "release without prepare"},
  };
  for (const auto& [plant, flaw] : kFlaws) {
    deltagauge_candidate candidate = Valid();
    plant(candidate);
    EXPECT_THAT(FindCandidateFlaw(candidate), HasSubstr(flaw));
  }
}

}  // namespace
}  // namespace deltagauge
