#include "reference/mapped_file.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "reference/error_text.h"
#include "reference/input_error.h"
#include "reference/temporary_folder_test.h"

namespace deltagauge::reference {
namespace {

std::string TextOf(const MappedFile& file) {
  const std::span<const std::byte> bytes = file.bytes();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string ErrorOf(const std::filesystem::path& path) {
  try {
    MappedFile::Open(path);
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

TEST(MappedFileTest, HoldsTheFile) {
  const TemporaryFolder folder;
  const std::string text = std::string(100'000, 'a') + "end";
  WriteFile(folder / "f", text);
  MappedFile file = MappedFile::Open(folder / "f");
  EXPECT_EQ(TextOf(file), text);
  const MappedFile moved = std::move(file);
  EXPECT_EQ(TextOf(moved), text);
  EXPECT_EQ(moved.path(), folder / "f");
  moved.CheckUnchanged();
}

TEST(MappedFileTest, ReleasedPagesComeBack) {
  const TemporaryFolder folder;
  std::string text(100'000, 'a');
  for (size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>('a' + i % 26);
  WriteFile(folder / "f", text);
  const MappedFile file = MappedFile::Open(folder / "f");
  EXPECT_EQ(TextOf(file), text);
  file.ReleasePages(file.bytes().subspan(5000, 50'001));
  file.ReleasePages(file.bytes().subspan(7, 0));
  file.ReleasePages(file.bytes());
  EXPECT_EQ(TextOf(file), text);
}

#if defined(__linux__) && defined(__x86_64__)  // an emulator may keep the pages
size_t ResidentFileKibibytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    size_t kibibytes = 0;
    if (word == "RssFile:" && status >> kibibytes) return kibibytes;
  }
  throw std::runtime_error("no RssFile in /proc/self/status");
}

TEST(MappedFileTest, ReleasedPagesDoNotCount) {
  constexpr size_t kMebibytes = 32;
  const TemporaryFolder folder;
  WriteFile(folder / "f", std::string(kMebibytes << 20, 'a'));
  const MappedFile file = MappedFile::Open(folder / "f");
  const size_t before = ResidentFileKibibytes();
  size_t sum = 0;
  for (size_t i = 0; i < file.bytes().size(); i += 1024) sum += file.bytes()[i] == std::byte{'a'};
  ASSERT_EQ(sum, kMebibytes << 10);
  const size_t read = ResidentFileKibibytes();
  ASSERT_GT(read, before + (kMebibytes << 10) / 2);
  file.ReleasePages(file.bytes());
  EXPECT_LT(ResidentFileKibibytes(), read - (kMebibytes << 10) / 2);
}
#endif

TEST(MappedFileTest, RefusesWhatIsNoFileWithContent) {
  const TemporaryFolder folder;
  const std::string missing = ErrorOf(folder / "missing");
  EXPECT_THAT(missing, testing::StartsWith(PathName(folder / "missing") + ": expected a readable"));
  EXPECT_THAT(missing, testing::HasSubstr("found: "));
  EXPECT_THAT(ErrorOf(folder / "no/folder"), testing::HasSubstr("expected a readable file"));
  EXPECT_THAT(ErrorOf(folder.path()), testing::EndsWith("expected a file, found a folder"));
  WriteFile(folder / "empty", "");
  EXPECT_THAT(ErrorOf(folder / "empty"), testing::EndsWith("with content, found an empty one"));
#ifndef _WIN32
  EXPECT_THAT(ErrorOf("/dev/null"), testing::HasSubstr("found a device, pipe or socket"));
#endif
}

#ifndef _WIN32  // where nobody can write to it
TEST(MappedFileTest, SeesThatTheFileChanged) {
  const TemporaryFolder folder;
  WriteFile(folder / "f", "content");
  const MappedFile file = MappedFile::Open(folder / "f");
  file.CheckUnchanged();
  std::ofstream(folder / "f", std::ios::app) << "more";
  EXPECT_THROW(file.CheckUnchanged(), InputError);
}

TEST(MappedFileTest, SeesAChangeOfTheSameLength) {
  const TemporaryFolder folder;
  WriteFile(folder / "f", "content");
  const MappedFile file = MappedFile::Open(folder / "f");
  std::filesystem::last_write_time(
      folder / "f", std::filesystem::last_write_time(folder / "f") + std::chrono::seconds(2));
  EXPECT_THROW(file.CheckUnchanged(), InputError);
}

TEST(MappedFileTest, AnotherFileUnderTheNameIsNoChange) {
  const TemporaryFolder folder;
  WriteFile(folder / "f", "content");
  const MappedFile file = MappedFile::Open(folder / "f");
  WriteFile(folder / "g", "another");
  std::filesystem::rename(folder / "g", folder / "f");
  file.CheckUnchanged();
  EXPECT_EQ(TextOf(file), "content");
}
#endif

}  // namespace
}  // namespace deltagauge::reference
