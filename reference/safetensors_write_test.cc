#ifdef __linux__
#include <sys/resource.h>

#include <csignal>
#endif

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "reference/input_error.h"
#include "reference/published_tensors_test.h"
#include "reference/safetensors.h"
#include "reference/temporary_folder_test.h"

namespace deltagauge::reference {
namespace {

std::vector<std::byte> Counting(size_t count) {
  std::vector<std::byte> bytes(count);
  for (size_t i = 0; i < count; ++i) bytes[i] = static_cast<std::byte>(i);
  return bytes;
}

std::vector<TensorInfo> InfosOf(const SafetensorsFile& file) {
  std::vector<TensorInfo> infos;
  for (const TensorView& tensor : file.tensors()) {
    infos.push_back({tensor.name, tensor.type, tensor.shape});
  }
  return infos;
}

const std::vector<TensorInfo> kTwo = {{"b", TensorType::kFloat32, {2, 1}},
                                      {"a", TensorType::kBFloat16, {3}}};

TEST(SafetensorsWriterTest, WritesWhatTheReaderReads) {
  const TemporaryFolder folder;
  const std::vector<std::byte> data = Counting(14);
  SafetensorsWriter writer(folder / "m.safetensors", kTwo);
  for (size_t i = 0; i < data.size(); i += 4) {
    writer.Write(std::span(data).subspan(i, std::min<size_t>(4, data.size() - i)));
  }
  writer.Write({});
  EXPECT_FALSE(std::filesystem::exists(folder / "m.safetensors"));
  writer.Finish();
  EXPECT_EQ(folder.Files(), 1u);

  const SafetensorsFile file = SafetensorsFile::Open(folder / "m.safetensors");
  ASSERT_EQ(file.tensors().size(), 2u);
  EXPECT_EQ(file.tensors()[0].name, "b");
  EXPECT_THAT(file.tensors()[0].shape, testing::ElementsAre(2, 1));
  EXPECT_EQ(file.tensors()[1].bytes[5], std::byte{13});
}

TEST(SafetensorsWriterTest, HeaderByHand) {
  const std::string json = R"({"b":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},)"
                           R"("a":{"dtype":"BF16","shape":[3],"data_offsets":[8,14]}})";
  const std::string header = SafetensorsHeader(kTwo);
  ASSERT_EQ(header.size() % 8, 0u);
  EXPECT_EQ(header.substr(8, json.size()), json);
  EXPECT_EQ(header.substr(8 + json.size()), std::string(header.size() - 8 - json.size(), ' '));
  EXPECT_EQ(static_cast<unsigned char>(header[0]), header.size() - 8);
  EXPECT_EQ(header.substr(1, 7), std::string(7, '\0'));
  EXPECT_EQ(SafetensorsHeader({}), std::string("\x08\0\0\0\0\0\0\0{}      ", 16));
}

TEST(SafetensorsWriterTest, NamesAreEscaped) {
  const TemporaryFolder folder;
  const std::string name = "a\"\\\n\xc3\xa9";
  SafetensorsWriter writer(folder / "m", {{name, TensorType::kFloat16, {}}});
  writer.Write(Counting(2));
  writer.Finish();
  EXPECT_EQ(SafetensorsFile::Open(folder / "m").tensors()[0].name, name);
}

// The header of the published checkpoint, from its table, byte for byte as far as its length tells.
TEST(SafetensorsWriterTest, HeaderOfThePublishedCheckpoint) {
  std::vector<std::string> offsets;
  const std::vector<TensorInfo> infos = PublishedTensors(&offsets);
  ASSERT_EQ(infos.size(), 488u);
  const std::string header = SafetensorsHeader(infos);
  EXPECT_EQ(header.size(), 59'848u);
  EXPECT_EQ(header.substr(header.size() - 6), "}     ");
  for (size_t i = 0; i < infos.size(); ++i) {
    const size_t place = header.find("\"" + infos[i].name + "\":{");
    ASSERT_NE(place, std::string::npos) << infos[i].name;
    const std::string expected = "\"data_offsets\":[" + offsets[i] + "]}";
    EXPECT_EQ(header.substr(header.find("\"data_offsets\"", place), expected.size()), expected);
  }
}

TEST(SafetensorsWriterTest, WritesThePublishedFormAgain) {
  const TemporaryFolder folder;
  const std::filesystem::path path =
      std::filesystem::path(DELTAGAUGE_TINY_MODEL) / "model.safetensors-00001-of-00001.safetensors";
  const SafetensorsFile file = SafetensorsFile::Open(path);
  SafetensorsWriter writer(folder / "m", InfosOf(file));
  for (const TensorView& tensor : file.tensors()) writer.Write(tensor.bytes);
  writer.Finish();
  EXPECT_TRUE(ReadFile(folder / "m") == ReadFile(path));
}

TEST(SafetensorsWriterTest, ReplacesAFile) {
  const TemporaryFolder folder;
  WriteFile(folder / "m", "before");
  {
    SafetensorsWriter unfinished(folder / "m", kTwo);
    unfinished.Write(Counting(8));
  }
  EXPECT_EQ(ReadFile(folder / "m"), "before");
  EXPECT_EQ(folder.Files(), 1u);
  SafetensorsWriter writer(folder / "m", kTwo);
  writer.Write(Counting(14));
  writer.Finish();
  EXPECT_EQ(SafetensorsFile::Open(folder / "m").tensors().size(), 2u);
  EXPECT_EQ(folder.Files(), 1u);
}

TEST(SafetensorsWriterTest, TwoWritersOfOneNameDoNotMeet) {
  const TemporaryFolder folder;
  SafetensorsWriter first(folder / "m", kTwo);
  SafetensorsWriter second(folder / "m", {{"c", TensorType::kFloat32, {1}}});
  first.Write(Counting(14));
  second.Write(Counting(4));
  second.Finish();
  EXPECT_EQ(SafetensorsFile::Open(folder / "m").tensors()[0].name, "c");
  first.Finish();
  EXPECT_EQ(SafetensorsFile::Open(folder / "m").tensors()[0].name, "b");
}

TEST(SafetensorsWriterTest, MetadataComesBack) {
  const TemporaryFolder folder;
  const SafetensorsMetadata metadata = {{"engine", "a \"b\"\n"}, {"text", "c"}};
  SafetensorsWriter writer(folder / "m", {{"i", TensorType::kInt64, {2}}}, metadata);
  writer.Write(Counting(16));
  writer.Finish();
  const SafetensorsFile file = SafetensorsFile::Open(folder / "m");
  EXPECT_EQ(file.metadata(), metadata);
  EXPECT_EQ(file.Find("i")->type, TensorType::kInt64);
}

TEST(SafetensorsWriterFaultTest, DataThatDoesNotFit) {
  const TemporaryFolder folder;
  SafetensorsWriter writer(folder / "m", kTwo);
  EXPECT_THROW(writer.Write(Counting(15)), std::logic_error);
  writer.Write(Counting(13));
  EXPECT_THROW(writer.Finish(), std::logic_error);
  EXPECT_THROW(writer.Write(Counting(2)), std::logic_error);
  writer.Write(Counting(1));
  writer.Finish();
  EXPECT_THROW(writer.Finish(), std::logic_error);
  EXPECT_THROW(writer.Write({}), std::logic_error);
}

TEST(SafetensorsWriterFaultTest, HeadersThatCanNotBe) {
  const auto header = [](std::vector<TensorInfo> tensors) { return SafetensorsHeader(tensors); };
  const TensorType f32 = TensorType::kFloat32;
  EXPECT_THROW(header({{"a", f32, {1}}, {"b", f32, {1}}, {"a", f32, {2}}}), std::logic_error);
  EXPECT_THROW(header({{"__metadata__", f32, {1}}}), std::logic_error);
  EXPECT_THROW(header({{"a", TensorType::kOther, {1}}}), std::logic_error);
  EXPECT_THROW(header({{"a", f32, {-1}}}), std::logic_error);
  const int64_t large = int64_t{1} << 40;
  EXPECT_THROW(header({{"a", f32, {large, large}}}), std::logic_error);
  EXPECT_THROW(header({{"a", f32, {large, 1 << 20}}, {"b", f32, {large, 1 << 20}}}),
               std::logic_error);
}

TEST(SafetensorsWriterFaultTest, PlacesThatCanNotBeWritten) {
  const TemporaryFolder folder;
  try {
    const SafetensorsWriter writer(folder / "missing/m", kTwo);
    FAIL() << "wrote into a missing folder";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("m: expected a file that can be written, found"));
  }
  // The name is a folder's, with something in it.
  std::filesystem::create_directories(folder / "taken/inside");
  {
    SafetensorsWriter writer(folder / "taken", kTwo);
    writer.Write(Counting(14));
    EXPECT_THROW(writer.Finish(), InputError);
  }
  EXPECT_EQ(folder.Files(), 1u);
}

#ifdef __linux__
// Files of this process may have 4,096 bytes, as on a disk with no more room.
class SmallDisk {
 public:
  SmallDisk() : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    rlimit small = before_;
    small.rlim_cur = 4096;
    setrlimit(RLIMIT_FSIZE, &small);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  ~SmallDisk() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  void (*handler_)(int);
  rlimit before_{};
};

TEST(SafetensorsWriterFaultTest, AFullDisk) {
  const TemporaryFolder folder;
  for (const size_t pieces : {1, 100}) {
    const SmallDisk disk;
    try {
      SafetensorsWriter writer(folder / "m", {{"a", TensorType::kFloat32, {25, 200}}});
      for (size_t i = 0; i < pieces; ++i) writer.Write(Counting(20'000 / pieces));
      writer.Finish();
      FAIL() << "wrote 20,000 bytes where 4,096 fit";
    } catch (const InputError& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr("m: expected room for all data, found: File"));
    }
  }
  EXPECT_EQ(folder.Files(), 0u);
}
#endif

}  // namespace
}  // namespace deltagauge::reference
