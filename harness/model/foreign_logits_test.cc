#include "harness/model/foreign_logits.h"

#include <cstring>
#include <filesystem>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "reference/input_error.h"
#include "reference/temporary_folder_test.h"

namespace deltagauge {
namespace {

using reference::InputError;
using reference::TensorInfo;
using reference::TensorType;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

// A file with its parts to spoil. By default: 3 rows of a vocabulary of 4, for 5 tokens.
struct Parts {
  std::vector<float> logits = {0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23};
  std::vector<int64_t> positions = {0, 2, 4};
  std::vector<int64_t> token_ids = {3, 1, 2, 0, 1};
  TensorInfo logits_info = {"logits", TensorType::kFloat32, {3, 4}};
  TensorInfo positions_info = {"positions", TensorType::kInt64, {3}};
  TensorInfo token_ids_info = {"token_ids", TensorType::kInt64, {5}};
  reference::SafetensorsMetadata metadata = {{"engine", "abacus 1.0"}, {"format", "pt"}};
};

template <typename T>
void Append(const std::vector<T>& values, std::vector<std::byte>& bytes) {
  const auto* const data = reinterpret_cast<const std::byte*>(values.data());
  bytes.insert(bytes.end(), data, data + values.size() * sizeof(T));
}

std::vector<std::byte> BytesOf(const Parts& parts) {
  const std::vector<TensorInfo> infos = {parts.logits_info, parts.positions_info,
                                         parts.token_ids_info};
  std::vector<std::byte> bytes;
  for (const char c : reference::SafetensorsHeader(infos, parts.metadata)) {
    bytes.push_back(static_cast<std::byte>(c));
  }
  Append(parts.logits, bytes);
  Append(parts.positions, bytes);
  Append(parts.token_ids, bytes);
  return bytes;
}

ForeignLogits Read(const Parts& parts) {
  return ForeignLogits::FromBytes(BytesOf(parts), "hf.safetensors");
}

std::string ErrorOf(const std::function<void()>& act) {
  try {
    act();
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

std::string ErrorWith(const std::function<void(Parts&)>& spoil) {
  Parts parts;
  spoil(parts);
  return ErrorOf([&] { Read(parts); });
}

TEST(ForeignLogitsTest, HoldsWhatTheFileSays) {
  const ForeignLogits logits = Read({});
  EXPECT_EQ(logits.name(), "hf.safetensors");
  EXPECT_EQ(logits.engine(), "abacus 1.0");
  EXPECT_EQ(logits.vocabulary(), 4);
  EXPECT_THAT(logits.positions(), ElementsAre(0, 2, 4));
  EXPECT_THAT(logits.token_ids(), ElementsAre(3, 1, 2, 0, 1));
  EXPECT_EQ(logits.RowOf(2), 1);
  EXPECT_EQ(logits.RowOf(3), std::nullopt);
  EXPECT_EQ(logits.RowOf(5), std::nullopt);
  std::vector<float> row(4);
  logits.CopyRow(1, row);
  EXPECT_THAT(row, ElementsAre(10, 11, 12, 13));
}

TEST(ForeignLogitsTest, ReadsAFileOnDiskAndSeesThatItChanged) {
  const reference::TemporaryFolder folder;
  const std::filesystem::path path = folder / "hf.safetensors";
  reference::SafetensorsWriter writer(path, {{"logits", TensorType::kFloat32, {1, 2}},
                                             {"positions", TensorType::kInt64, {1}},
                                             {"token_ids", TensorType::kInt64, {1}}});
  std::vector<std::byte> data;
  Append(std::vector<float>{5, 6}, data);
  Append(std::vector<int64_t>{0}, data);
  Append(std::vector<int64_t>{1}, data);
  writer.Write(data);
  writer.Finish();
  const ForeignLogits logits = ForeignLogits::Open(path);
  EXPECT_THAT(logits.engine(), IsEmpty());
  std::vector<float> row(2);
  logits.CopyRow(0, row);
  EXPECT_THAT(row, ElementsAre(5, 6));
#ifndef _WIN32  // where nobody can shorten a mapped file
  std::filesystem::resize_file(path, 9);
  EXPECT_NE(ErrorOf([&] { logits.CopyRow(0, row); }), "no error");
#endif
  EXPECT_THAT(ErrorOf([&] { ForeignLogits::Open(folder / "absent"); }), HasSubstr("absent"));
}

TEST(ForeignLogitsTest, OtherTensorsTypesAndShapesAreNamed) {
  EXPECT_EQ(ErrorWith([](Parts& parts) { parts.positions_info.name = "position"; }),
            "hf.safetensors: tensor 'position': expected logits, positions and token_ids, found "
            "another tensor; did you mean 'positions'?");
  EXPECT_EQ(ErrorOf([] {
              std::vector<std::byte> bytes;
              for (const char c : reference::SafetensorsHeader({})) {
                bytes.push_back(static_cast<std::byte>(c));
              }
              ForeignLogits::FromBytes(bytes, "f");
            }),
            "f: tensor 'logits': expected F32 [N, vocabulary], found no such tensor; a file of "
            "logits has logits, positions and token_ids");
  EXPECT_EQ(ErrorWith([](Parts& parts) {
              parts.logits_info = {"logits", TensorType::kFloat64, {3, 2}};
            }),
            "hf.safetensors: tensor 'logits': expected F32 [N, vocabulary], found F64 [3, 2]; "
            "convert it where the file is written");
  EXPECT_EQ(ErrorWith([](Parts& parts) {
              parts.logits_info.shape = {1, 3, 4};
            }),
            "hf.safetensors: tensor 'logits': expected F32 [N, vocabulary], found F32 [1, 3, 4]");
  EXPECT_THAT(ErrorWith([](Parts& parts) { parts.positions_info.type = TensorType::kFloat64; }),
              StartsWith("hf.safetensors: tensor 'positions': expected I64 [N], found F64 [3]"));
  EXPECT_THAT(ErrorWith([](Parts& parts) {
                parts.token_ids_info.shape = {1, 5};
              }),
              StartsWith("hf.safetensors: tensor 'token_ids': expected I64 [T], found I64 [1, 5]"));
  EXPECT_THAT(ErrorWith([](Parts& parts) {
                parts.logits_info.shape = {12, 1};
              }),
              HasSubstr("expected a vocabulary of 2 to 4194304, found shape [12, 1]"));
}

TEST(ForeignLogitsTest, PositionsAreOnesOfTheTextInOrderOneForEachRow) {
  const auto with = [](std::vector<int64_t> positions) {
    return ErrorWith([&](Parts& parts) { parts.positions = std::move(positions); });
  };
  EXPECT_EQ(with({0, 2, 5}),
            "hf.safetensors: tensor 'positions': expected positions from 0 to 4, one for each of "
            "the 5 token ids, found 5 as element 2; a position is the index of the last token that "
            "the row has seen");
  EXPECT_THAT(with({-1, 2, 3}), HasSubstr("found -1 as element 0"));
  EXPECT_THAT(with({std::numeric_limits<int64_t>::min(), 2, 3}), HasSubstr("as element 0"));
  EXPECT_THAT(with({0, 2, 2}), HasSubstr("found 2 after 2 as element 2; leave the second out"));
  EXPECT_THAT(with({0, 4, 2}), HasSubstr("found 2 after 4 as element 2; sort the rows"));
  EXPECT_THAT(ErrorWith([](Parts& parts) {
                parts.positions = {0, 2};
                parts.positions_info.shape = {2};
              }),
              HasSubstr("expected one for each of the 3 rows of logits, found 2"));
  EXPECT_THAT(ErrorWith([](Parts& parts) {
                parts.logits.clear();
                parts.positions.clear();
                parts.logits_info.shape = {0, 4};
                parts.positions_info.shape = {0};
              }),
              HasSubstr("expected at least one, found none"));
  EXPECT_THAT(ErrorWith([](Parts& parts) {
                parts.token_ids = {3, 1};
                parts.token_ids_info.shape = {2};
              }),
              HasSubstr("expected at most one for each of the 2 token ids, found 3"));
}

TEST(ForeignLogitsTest, TokenIdsLieInTheVocabulary) {
  EXPECT_EQ(ErrorWith([](Parts& parts) { parts.token_ids[3] = 4; }),
            "hf.safetensors: tensor 'token_ids': expected ids from 0 to 3, found 4 as element 3; "
            "are these logits of another model?");
  EXPECT_THAT(ErrorWith([](Parts& parts) { parts.token_ids[0] = -1; }),
              HasSubstr("found -1 as element 0"));
  EXPECT_THAT(ErrorWith([](Parts& parts) {
                parts.token_ids.clear();
                parts.token_ids_info.shape = {0};
              }),
              HasSubstr("expected 1 to 262144 token ids, found 0"));
}

TEST(ForeignLogitsTest, TheEnginesNameCanBePrinted) {
  EXPECT_THAT(ErrorWith([](Parts& parts) { parts.metadata["engine"] = "a\nb"; }),
              HasSubstr("hf.safetensors: __metadata__: engine: expected at most 200 printable"));
  EXPECT_THAT(ErrorWith([](Parts& parts) { parts.metadata["engine"] = std::string(201, 'a'); }),
              HasSubstr("expected at most 200 printable"));
}

TEST(ForeignLogitsTest, FitsTheModelsVocabularyAndTheBeginningOfItsText) {
  const ForeignLogits logits = Read({});
  using Ids = std::vector<int32_t>;
  logits.CheckFits(Ids{3, 1, 2, 0, 1}, 4);
  logits.CheckFits(Ids{3, 1}, 4);  // a row depends on nothing behind it
  const auto error = [&](const Ids& ids, int64_t vocabulary) {
    return ErrorOf([&] { logits.CheckFits(ids, vocabulary); });
  };
  EXPECT_EQ(error({3, 1}, 5),
            "hf.safetensors: tensor 'logits': expected the model's vocabulary of 5, found 4; an "
            "engine that cuts padded rows off must put them back; or is it another model?");
  EXPECT_THAT(error({3, 1}, 3), HasSubstr("an engine that pads rows must cut them"));
  EXPECT_EQ(error({3, 2, 1}, 4),
            "hf.safetensors: tensor 'token_ids': expected the ids of the case's text, 2 as element "
            "1, found 1; the ids are those that `deltagauge tokenize` prints for the text, from "
            "the text's offset on");
  EXPECT_THAT(error({3, 1, 2, 0, 1, 2}, 4),
              HasSubstr("expected the 6 ids of the case's text, found only the first 5"));
}

TEST(ForeignLogitsTest, RowsThatAreNotFiniteAreRefusedWithTheirPlace) {
  Parts parts;
  parts.logits[6] = std::numeric_limits<float>::quiet_NaN();
  parts.logits[8] = -std::numeric_limits<float>::infinity();
  const ForeignLogits logits = Read(parts);
  std::vector<float> row(4);
  logits.CopyRow(0, row);
  EXPECT_THAT(ErrorOf([&] { logits.CopyRow(1, row); }),
              StartsWith("hf.safetensors: tensor 'logits': expected finite numbers, found nan at "
                         "position 2, token 2; "));
  EXPECT_THAT(ErrorOf([&] { logits.CopyRow(2, row); }),
              HasSubstr("found -inf at position 4, token 0"));
  EXPECT_THROW(logits.CopyRow(3, row), std::logic_error);
  row.resize(3);
  EXPECT_THROW(logits.CopyRow(0, row), std::logic_error);
}

}  // namespace
}  // namespace deltagauge
