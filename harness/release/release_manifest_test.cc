#include "harness/release/release_manifest.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "reference/input_error.h"
#include "reference/sha256.h"
#include "reference/temporary_folder_test.h"

namespace deltagauge {
namespace {

using ::testing::HasSubstr;

ReleaseManifest Example() {
  ReleaseManifest manifest;
  manifest.created_at = "2026-03-11T09:30:00Z";
  manifest.policy = {"policy.yaml", reference::Sha256Of("policy"), "", ""};
  manifest.reports = {{"a/report.json", reference::Sha256Of("a"), "id a", "linux-x86_64"},
                      {"b \u00fc/report.json", reference::Sha256Of("b"), "id b", "windows-x86_64"}};
  manifest.verdict = Json::MakeObject({{"verdict", "go"}});
  return manifest;
}

TEST(ReleaseManifestTest, IsReadBackAsWritten) {
  const ReleaseManifest manifest = Example();
  const std::string text = WriteManifest(manifest);
  const ReleaseManifest back = ParseManifest(text, "m");
  EXPECT_EQ(back.policy, manifest.policy);
  EXPECT_EQ(back.reports, manifest.reports);
  EXPECT_EQ(WriteManifest(back), text);
}

TEST(ReleaseManifestTest, ChangedAndMissingFilesAreFound) {
  const reference::TemporaryFolder folder;
  std::filesystem::create_directories(folder / "a");
  std::filesystem::create_directories(folder.path() / std::filesystem::path(u8"b \u00fc"));
  reference::WriteFile(folder / "policy.yaml", "policy");
  reference::WriteFile(folder / "a" / "report.json", "a");
  const auto of_b = folder.path() / std::filesystem::path(u8"b \u00fc") / "report.json";
  reference::WriteFile(of_b, "b");
  const auto states = [&] {
    std::vector<FileState> found;
    for (const CheckedFile& file : CheckManifest(Example(), folder.path().string())) {
      found.push_back(file.state);
    }
    return found;
  };
  using enum FileState;
  EXPECT_THAT(states(), testing::ElementsAre(kSame, kSame, kSame));
  reference::WriteFile(folder / "a" / "report.json", "A");
  EXPECT_THAT(states(), testing::ElementsAre(kSame, kChanged, kSame));
  std::filesystem::remove(of_b);
  EXPECT_THAT(states(), testing::ElementsAre(kSame, kChanged, kMissing));
}

TEST(ReleaseManifestTest, PathsAreRelativeToItsFolder) {
  EXPECT_EQ(RelativeTo("out", "out/linux/report.json"), "linux/report.json");
  EXPECT_EQ(RelativeTo("", "out/linux/report.json"), "out/linux/report.json");
  EXPECT_EQ(RelativeTo("out/release", "configs/p.yaml"), "../../configs/p.yaml");
}

template <typename Change>
std::string ErrorAfter(Change change) {
  Json json = ParseJson(WriteManifest(Example()), "m");
  change(json);
  try {
    ParseManifest(WriteJson(json), "m");
  } catch (const reference::InputError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(ReleaseManifestTest, ErrorsPointAtThePlace) {
  EXPECT_EQ(ErrorAfter([](Json&) {}), "accepted");
  EXPECT_THAT(ErrorAfter([](Json& json) { json["$schema"] = "x"; }),
              HasSubstr("m#/$schema: this is no manifest of a release"));
  EXPECT_EQ(ErrorAfter([](Json& json) { json["reports"] = 3; }), "m#/reports: expected an array");
  EXPECT_EQ(ErrorAfter([](Json& json) { json["reports"].AsArray()[1]["sha256"] = "12"; }),
            "m#/reports/1/sha256: expected 64 hex digits");
  EXPECT_EQ(ErrorAfter([](Json& json) { json["reports"].AsArray()[0].AsObject().erase("path"); }),
            "m#/reports/0: 'path' is missing");
  EXPECT_EQ(ErrorAfter([](Json& json) { json["polici"] = 1; }),
            "m#/polici: unknown member 'polici'; did you mean 'policy'?");
  EXPECT_EQ(ErrorAfter([](Json& json) { json["policy"]["path"] = 1; }),
            "m#/policy/path: expected a string, found number");
  EXPECT_EQ(ErrorAfter([](Json& json) { json = 1; }), "m#: expected an object, found number");
}

}  // namespace
}  // namespace deltagauge
