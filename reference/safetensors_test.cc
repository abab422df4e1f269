#include "reference/safetensors.h"

#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "reference/error_text.h"
#include "reference/input_error.h"
#include "reference/temporary_folder_test.h"

namespace deltagauge::reference {
namespace {

std::vector<std::byte> Bytes(std::string_view text) {
  std::vector<std::byte> bytes;
  for (const char c : text) bytes.push_back(static_cast<std::byte>(c));
  return bytes;
}

std::string Length(uint64_t length) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(length >> (8 * i) & 0xff);
  return bytes;
}

// A file of this header and so many bytes of data: 0, 1, 2, ...
std::string FileOf(std::string_view header, size_t data_bytes) {
  std::string file = Length(header.size()) + std::string(header);
  for (size_t i = 0; i < data_bytes; ++i) file += static_cast<char>(i);
  return file;
}

SafetensorsFile Parse(std::string_view header, size_t data_bytes) {
  return SafetensorsFile::FromBytes(Bytes(FileOf(header, data_bytes)), "m.safetensors");
}

std::string ErrorOfBytes(std::string_view file) {
  try {
    SafetensorsFile::FromBytes(Bytes(file), "m.safetensors");
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

std::string ErrorOf(std::string_view header, size_t data_bytes) {
  return ErrorOfBytes(FileOf(header, data_bytes));
}

// "name":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}
std::string Entry(std::string_view name, std::string_view type, std::string_view shape,
                  std::string_view offsets) {
  std::string entry = "\"";
  entry.append(name).append("\":{\"dtype\":\"").append(type).append("\",\"shape\":");
  return entry.append(shape).append(",\"data_offsets\":").append(offsets).append("}");
}

std::string HeaderOf(const std::vector<std::string>& entries) {
  std::string header;
  for (const std::string& entry : entries) header.append(header.empty() ? "{" : ",").append(entry);
  return header.append("}");
}

TEST(SafetensorsTest, ReadsMixedTypesInAnyOrderOfTheHeader) {
  const SafetensorsFile file =
      Parse(HeaderOf({R"("__metadata__":{"format":"pt"})", Entry("b", "BF16", "[2,3]", "[8,20]"),
                      Entry("a", "F32", "[2]", "[0,8]"), Entry("i", "I64", "[]", "[20,28]"),
                      Entry("empty", "F16", "[0,4611686018427387904,8]", "[20,20]"),
                      Entry("d", "F64", "[1]", "[28,36]")}) +
                "   ",
            36);
  EXPECT_EQ(file.name(), "m.safetensors");
  std::vector<std::string> names;
  for (const TensorView& tensor : file.tensors()) names.push_back(tensor.name);
  EXPECT_THAT(names, testing::ElementsAre("a", "b", "empty", "i", "d"));
  const TensorView* b = file.Find("b");
  ASSERT_NE(b, nullptr);
  EXPECT_EQ(b->type, TensorType::kBFloat16);
  EXPECT_EQ(b->type_name, "BF16");
  EXPECT_THAT(b->shape, testing::ElementsAre(2, 3));
  EXPECT_EQ(b->Elements(), 6);
  ASSERT_EQ(b->bytes.size(), 12u);
  EXPECT_EQ(b->bytes[0], std::byte{8});
  EXPECT_EQ(b->bytes[11], std::byte{19});
  EXPECT_EQ(file.Find("i")->type, TensorType::kInt64);
  EXPECT_EQ(file.Find("i")->type_name, "I64");
  EXPECT_EQ(file.Find("i")->Elements(), 1);
  EXPECT_EQ(file.Find("empty")->Elements(), 0);
  EXPECT_EQ(file.Find("c"), nullptr);
  EXPECT_EQ(file.Find(""), nullptr);
}

TEST(SafetensorsTest, AFileWithoutTensorsIsOne) {
  EXPECT_TRUE(Parse("{}", 0).tensors().empty());
  EXPECT_TRUE(Parse("{\"__metadata__\":{}}", 0).tensors().empty());
}

TEST(SafetensorsTest, MetadataIsReadAsItStands) {
  EXPECT_THAT(
      Parse(R"({"__metadata__":{"engine":"a \"b\" 1","text":""}})", 0).metadata(),
      testing::ElementsAre(testing::Pair("engine", "a \"b\" 1"), testing::Pair("text", "")));
  EXPECT_TRUE(Parse("{}", 0).metadata().empty());
}

TEST(SafetensorsTest, TypesOfLessThanAByte) {
  EXPECT_EQ(Parse(HeaderOf({Entry("a", "F4", "[3,2]", "[0,3]")}), 3).tensors().size(), 1u);
  EXPECT_THAT(ErrorOf(HeaderOf({Entry("a", "F4", "[3]", "[0,2]")}), 2),
              testing::HasSubstr("expected another number of bytes for F4 [3]"));
}

TEST(SafetensorsTest, Names) {
  EXPECT_EQ(BytesOf(TensorType::kFloat64), 8u);
  EXPECT_EQ(BytesOf(TensorType::kBFloat16), 2u);
  EXPECT_EQ(BytesOf(TensorType::kInt64), 8u);
  EXPECT_EQ(BytesOf(TensorType::kOther), 0u);
  EXPECT_EQ(NameOf(TensorType::kFloat16), "F16");
  EXPECT_EQ(ShapeName(std::vector<int64_t>{6144, 1, 4}), "[6144, 1, 4]");
  EXPECT_EQ(ShapeName({}), "[]");
}

TEST(SafetensorsFaultTest, TruncatedBeforeTheHeader) {
  EXPECT_EQ(ErrorOfBytes(""),
            "m.safetensors: expected 8 bytes of header length, found a file of 0 bytes; is it a "
            "safetensors file, and whole?");
  EXPECT_THAT(ErrorOfBytes("1234567"), testing::HasSubstr("found a file of 7 bytes"));
}

TEST(SafetensorsFaultTest, HeaderLengthsThatLie) {
  EXPECT_THAT(ErrorOfBytes(Length(0) + "{}"), testing::HasSubstr("found 0; is it"));
  EXPECT_THAT(ErrorOfBytes(Length(3) + "{}"),
              testing::HasSubstr("expected a header of 3 bytes, found 2 bytes after"));
  EXPECT_THAT(ErrorOfBytes(Length(1) + "{}"), testing::HasSubstr("found 1; is it"));
  EXPECT_THAT(ErrorOfBytes(Length(uint64_t{1} << 24) + "{}"),
              testing::HasSubstr("expected a header of 16777216 bytes, found 2"));
  EXPECT_THAT(
      ErrorOfBytes(Length((uint64_t{1} << 24) + 1) + "{}"),
      testing::HasSubstr("expected a header length of 2 to 16777216 bytes, found 16777217"));
  // 8 + N would wrap around.
  EXPECT_THAT(ErrorOfBytes(Length(std::numeric_limits<uint64_t>::max()) + "{}"),
              testing::HasSubstr("found 18446744073709551615"));
  // Too short, so that JSON ends early; too long, so that data is read as JSON.
  const std::string file = FileOf(HeaderOf({Entry("a", "F32", "[1]", "[0,4]")}), 4);
  EXPECT_THAT(ErrorOfBytes(Length(10) + file.substr(8)), testing::HasSubstr("expected JSON"));
  EXPECT_THAT(ErrorOfBytes(Length(file.size() - 9) + file.substr(8)),
              testing::HasSubstr("expected JSON"));
}

TEST(SafetensorsFaultTest, BadJson) {
  EXPECT_EQ(ErrorOf(" {}", 0),
            "m.safetensors: expected a header that begins with '{', found ' {}'");
  EXPECT_THAT(ErrorOf("{\"a\"}", 0),
              testing::StartsWith("m.safetensors: header:1:5: expected JSON, found 'syntax error"));
  EXPECT_THAT(
      ErrorOf(HeaderOf({Entry("a", "F32", "[1]", "[0,4]"), Entry("a", "F32", "[1]", "[4,8]")}), 8),
      testing::HasSubstr("found 'a' twice"));
  EXPECT_THAT(ErrorOf("{\"a\":" + std::string(100'000, '['), 0),
              testing::HasSubstr("inside each other"));
}

TEST(SafetensorsFaultTest, TooManyTensors) {
  std::vector<std::string> entries;
  for (size_t i = 0; i <= kMaxSafetensorsTensors; ++i) {
    entries.push_back(Entry(std::to_string(i), "U8", "[0]", "[0,0]"));
  }
  EXPECT_THAT(ErrorOf(HeaderOf(entries), 0), testing::HasSubstr("at most 65536 tensors"));
}

TEST(SafetensorsFaultTest, Fields) {
  EXPECT_THAT(ErrorOf("{\"a\":5}", 0),
              testing::HasSubstr("tensor 'a': expected an object with dtype, shape and "
                                 "data_offsets, found the number 5"));
  EXPECT_EQ(ErrorOf("{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,0]}}", 0),
            "m.safetensors: tensor 'a': expected shape, a list of sizes, found none");
  EXPECT_THAT(ErrorOf("{\"a\":{\"shape\":[0],\"data_offsets\":[0,0]}}", 0),
              testing::HasSubstr("tensor 'a': expected dtype"));
  EXPECT_THAT(ErrorOf("{\"a\":{\"dtype\":\"F32\",\"shape\":[0]}}", 0),
              testing::HasSubstr("tensor 'a': expected data_offsets"));
  EXPECT_THAT(ErrorOf("{\"a\":{\"dtype\":\"F32\",\"shapes\":[0],\"data_offsets\":[0,0]}}", 0),
              testing::HasSubstr("found 'shapes'; did you mean 'shape'?"));
}

TEST(SafetensorsFaultTest, Metadata) {
  EXPECT_EQ(ErrorOf("{\"__metadata__\":[]}", 0),
            "m.safetensors: __metadata__: expected an object of strings, found a list of 0");
  EXPECT_THAT(ErrorOf("{\"__metadata__\":{\"a\":1}}", 0),
              testing::HasSubstr("expected 'a' to be a string, found the number 1"));
}

TEST(SafetensorsFaultTest, Types) {
  EXPECT_THAT(ErrorOf(HeaderOf({Entry("a", "F31", "[1]", "[0,4]")}), 4),
              testing::AllOf(testing::HasSubstr("tensor 'a': expected a dtype of F64, F32, BF16"),
                             testing::HasSubstr("found the string 'F31'")));
  EXPECT_THAT(ErrorOf(R"({"a":{"dtype":32,"shape":[1],"data_offsets":[0,4]}})", 4),
              testing::HasSubstr("found the number 32"));
}

TEST(SafetensorsFaultTest, Shapes) {
  const auto error = [](const std::string& shape) {
    return ErrorOf(HeaderOf({Entry("a", "F32", shape, "[0,4]")}), 4);
  };
  EXPECT_EQ(error("[1]"), "no error");
  EXPECT_EQ(error("[2]"),
            "m.safetensors: tensor 'a': expected 8 bytes for F32 [2], found data_offsets [0, 4] of "
            "4 bytes");
  EXPECT_THAT(error("[-1]"), testing::HasSubstr("list of sizes, found the number -1 in it"));
  EXPECT_THAT(error("[1.0]"), testing::HasSubstr("found the number 1 in it"));
  EXPECT_THAT(error("[1e30]"), testing::HasSubstr("found the number 1e+30 in it"));
  EXPECT_THAT(error("[[1]]"), testing::HasSubstr("found a list of 1 in it"));
  EXPECT_THAT(error("1"), testing::HasSubstr("found the number 1"));
  EXPECT_EQ(error("[1,1,1,1,1,1,1,1]"), "no error");
  EXPECT_THAT(error("[1,1,1,1,1,1,1,1,1]"), testing::HasSubstr("at most 8 sizes, found 9"));
  // 2^62 * 4 elements of 4 bytes are 2^66 bytes; modulo 2^64 they would be 4.
  EXPECT_THAT(error("[4611686018427387904,4]"), testing::HasSubstr("another number of bytes"));
  EXPECT_THAT(error("[4294967296,4294967296,4294967296]"),
              testing::HasSubstr("another number of bytes"));
}

TEST(SafetensorsFaultTest, Offsets) {
  const auto error = [](const std::string& offsets) {
    return ErrorOf(HeaderOf({Entry("a", "F32", "[1]", offsets)}), 4);
  };
  EXPECT_EQ(error("[0,4]"), "no error");
  EXPECT_THAT(error("[4,0]"), testing::HasSubstr("begin <= end, found [4, 0]"));
  EXPECT_THAT(error("[0]"), testing::HasSubstr("[begin, end], found a list of 1"));
  EXPECT_THAT(error("[0,4,8]"), testing::HasSubstr("[begin, end], found a list of 3"));
  EXPECT_THAT(error("[-4,0]"), testing::HasSubstr("found the number -4 in it"));
  EXPECT_THAT(error("[18446744073709551612,18446744073709551616]"),
              testing::HasSubstr("found the number 1844674407370955"));
  EXPECT_THAT(error("[9223372036854775803,9223372036854775807]"),
              testing::HasSubstr("within the 4 bytes of data that the file has"));
}

TEST(SafetensorsFaultTest, TruncatedData) {
  const std::string header =
      HeaderOf({Entry("a", "F32", "[2]", "[0,8]"), Entry("b", "BF16", "[3]", "[8,14]")});
  EXPECT_EQ(ErrorOf(header, 14), "no error");
  EXPECT_EQ(ErrorOf(header, 13),
            "m.safetensors: tensor 'b': expected its data to end within the 13 bytes of data that "
            "the file has, found data_offsets [8, 14]; is the file truncated?");
  EXPECT_THAT(ErrorOf(header, 0), testing::HasSubstr("tensor 'a': expected its data to end"));
}

TEST(SafetensorsFaultTest, OverlapGapAndRest) {
  const auto two = [](const std::string& first, const std::string& second) {
    return HeaderOf({Entry("a", "F32", "[2]", first), Entry("b", "F32", "[2]", second)});
  };
  EXPECT_EQ(ErrorOf(two("[8,16]", "[0,8]"), 16), "no error");
  EXPECT_EQ(ErrorOf(two("[0,8]", "[4,12]"), 12),
            "m.safetensors: tensor 'b': expected its data to begin at 8, after 'a', found 4: they "
            "overlap");
  EXPECT_THAT(ErrorOf(two("[0,8]", "[0,8]"), 8), testing::HasSubstr("they overlap"));
  EXPECT_EQ(
      ErrorOf(two("[0,8]", "[12,20]"), 20),
      "m.safetensors: tensor 'b': expected its data to begin at 8, after 'a', found 12: there "
      "is a gap");
  EXPECT_THAT(ErrorOf(two("[4,12]", "[12,20]"), 20),
              testing::HasSubstr("begin at 0, after the header, found 4: there is a gap"));
  EXPECT_EQ(ErrorOf(two("[0,8]", "[8,16]"), 17),
            "m.safetensors: expected 16 bytes of data, after which 'b' ends, found 17");
  EXPECT_THAT(ErrorOf("{}", 1), testing::HasSubstr("expected 0 bytes of data"));
}

TEST(SafetensorsFaultTest, HostileNamesStayShortAndPrintable) {
  const std::string error =
      ErrorOf(HeaderOf({Entry(std::string(10'000, 'n') + "\\u001b", "F31", "[1]", "[0,4]")}), 4);
  EXPECT_LT(error.size(), 500u);
  EXPECT_EQ(error.find('\x1b'), std::string::npos);
}

TEST(SafetensorsFileTest, OpensAFileAndNamesItInErrors) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "m.safetensors";
  const std::string text = FileOf(HeaderOf({Entry("a", "U8", "[5]", "[0,5]")}), 5);
  WriteFile(path, text);
  {
    const SafetensorsFile file = SafetensorsFile::Open(path);
    EXPECT_EQ(file.name(), PathName(path));
    const TensorView& tensor = *file.Find("a");
    EXPECT_EQ(tensor.bytes[4], std::byte{4});
    file.CheckUnchanged();
    file.ReleasePages(tensor);
    EXPECT_EQ(tensor.bytes[4], std::byte{4});
    // A tensor of another file is left alone: its memory isn't this file's.
    const SafetensorsFile other = Parse(HeaderOf({Entry("a", "U8", "[5]", "[0,5]")}), 5);
    file.ReleasePages(other.tensors()[0]);
    other.ReleasePages(other.tensors()[0]);
    EXPECT_EQ(other.tensors()[0].bytes[4], std::byte{4});
  }
  WriteFile(path, text.substr(0, text.size() - 1));
  try {
    SafetensorsFile::Open(path);
    FAIL() << "opened a truncated file";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), testing::StartsWith(PathName(path) + ": tensor 'a': "));
  }
}

TEST(SafetensorsFileTest, ReadsThePublishedForm) {
  const std::filesystem::path path =
      std::filesystem::path(DELTAGAUGE_TINY_MODEL) / "model.safetensors-00001-of-00001.safetensors";
  const SafetensorsFile file = SafetensorsFile::Open(path);
  int64_t elements = 0;
  for (const TensorView& tensor : file.tensors()) elements += tensor.Elements();
  EXPECT_EQ(elements, 5'543'152);
  EXPECT_EQ(file.tensors()[0].name, "model.language_model.layers.0.linear_attn.A_log");
}

}  // namespace
}  // namespace deltagauge::reference
