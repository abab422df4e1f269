#include "reference/sha256.h"

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include "gtest/gtest.h"
#include "reference/input_error.h"

namespace deltagauge::reference {
namespace {

// FIPS 180-4 examples; the last is a million times 'a'.
constexpr char kOfNothing[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr char kOfAbc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr char kOfMillion[] = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";

TEST(Sha256Test, PublishedExamples) {
  EXPECT_EQ(Sha256Of(""), kOfNothing);
  EXPECT_EQ(Sha256Of("abc"), kOfAbc);
  EXPECT_EQ(Sha256Of(std::string(1'000'000, 'a')), kOfMillion);
}

TEST(Sha256Test, PiecesDoNotCount) {
  Sha256 hash;
  for (int i = 0; i < 999'999; i += 999) hash.Update(std::string(999, 'a'));
  hash.Update("");
  hash.Update("a");
  EXPECT_EQ(hash.Finish(), kOfMillion);
}

TEST(Sha256Test, NothingAfterFinish) {
  Sha256 hash;
  EXPECT_EQ(hash.Finish(), kOfNothing);
  EXPECT_THROW(hash.Update("a"), std::logic_error);
  EXPECT_THROW(hash.Finish(), std::logic_error);
}

TEST(Sha256OfFileTest, LongerThanAPieceAndEmpty) {
  const std::filesystem::path path =
      std::filesystem::path(::testing::TempDir()) / "deltagauge_sha256_test.bin";
  const std::string content((size_t{2} << 20) + 12'345, 'x');
  std::ofstream(path, std::ios::binary) << content;
  EXPECT_EQ(Sha256OfFile(path), Sha256Of(content));
  std::ofstream(path, std::ios::binary | std::ios::trunc).close();
  EXPECT_EQ(Sha256OfFile(path), kOfNothing);
  std::filesystem::remove(path);
  EXPECT_THROW(Sha256OfFile(path), InputError);
  EXPECT_THROW(Sha256OfFile(path.parent_path()), InputError);
}

}  // namespace
}  // namespace deltagauge::reference
