#include "reference/tokenizer.h"

#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "reference/input_error.h"
#include "reference/json_tree.h"
#include "reference/small_tokenizer_test.h"
#include "reference/temporary_folder_test.h"
#include "reference/unicode_text.h"

namespace deltagauge::reference {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::filesystem::path kTinyModel = DELTAGAUGE_TINY_MODEL;

const Tokenizer& Tiny() {
  static const Tokenizer tokenizer = Tokenizer::Open(kTinyModel / "tokenizer.json");
  return tokenizer;
}

Tokenizer Small(const SmallTokenizer& small = {}) {
  return Tokenizer::FromJson(small.Json(), "t.json");
}

template <class Call>
std::string ErrorOf(const Call& call) {
  try {
    call();
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

uint64_t Fnv1a(const std::vector<int32_t>& ids, uint64_t hash = 0xcbf29ce484222325) {
  for (const int32_t id : ids) {
    for (int shift = 0; shift < 32; shift += 8) {
      hash = (hash ^ (static_cast<uint32_t>(id) >> shift & 0xFFu)) * 0x100000001b3;
    }
  }
  return hash;
}

TEST(TokenizerGoldenTest, AwkwardStringsMatch) {
  const std::string text = ReadFile(kTinyModel / "golden_tokens.json");
  const JsonValue golden = ParseJson(text, "golden_tokens.json", {});
  const JsonValue* const cases = golden.Find("cases");
  ASSERT_NE(cases, nullptr);
  ASSERT_EQ(cases->members.size(), 15u);
  for (const JsonMember& member : cases->members) {
    const std::string& input = member.value.Find("text")->text;
    std::vector<int32_t> expected;
    for (const JsonMember& id : member.value.Find("ids")->members) {
      expected.push_back(static_cast<int32_t>(id.value.integer));
    }
    EXPECT_EQ(Tiny().Encode(input), expected) << input;
    EXPECT_EQ(Tiny().Decode(expected), member.value.Find("decoded")->text) << input;
  }
}

// FNV-1a of the ids as little-endian 32-bit integers, by tokenizers 0.23.3.
TEST(TokenizerGoldenTest, HeldOutTextsMatch) {
  const std::vector<int32_t> pydoc = Tiny().Encode(ReadFile(kTinyModel / "heldout_pydoc.txt"));
  EXPECT_EQ(pydoc.size(), 26194u);
  EXPECT_EQ(Fnv1a(pydoc), 0x473fb0c1ae305b0f);
  const std::vector<int32_t> wordnet = Tiny().Encode(ReadFile(kTinyModel / "heldout_wordnet.txt"));
  EXPECT_EQ(wordnet.size(), 18057u);
  EXPECT_EQ(Fnv1a(wordnet), 0xadd8e85d59d27458);
}

// The same of 5,000 texts one after the other.
TEST(TokenizerGoldenTest, RandomAwkwardTextsMatch) {
  Splitmix random(20260101);
  uint64_t hash = 0xcbf29ce484222325;
  for (int i = 0; i < 5000; ++i) hash = Fnv1a(Tiny().Encode(AwkwardText(random)), hash);
  EXPECT_EQ(hash, 0xaa7ad6b52d4c9756);
}

TEST(TokenizerTest, RandomUnicodeComesBackInNfc) {
  Splitmix random(3);
  for (int i = 0; i < 2000; ++i) {
    std::string text = i % 2 == 0 ? AwkwardText(random) : "";
    for (size_t n = i % 2 == 0 ? 0 : 1 + random.Below(60); n > 0; --n) {
      const size_t limits[] = {0x80, 0x800, 0x10000, 0x110000};
      const auto c = static_cast<char32_t>(random.Below(limits[random.Below(4)]));
      AppendUtf8(c >= 0xD800 && c < 0xE000 ? U'\uFFFD' : c, text);
    }
    const std::string decoded = Tiny().Decode(Tiny().Encode(text));
    // Each stretch between added tokens is normalized by itself.
    ASSERT_EQ(ToNfc(decoded), ToNfc(text));
    if (text.find('<') == std::string::npos) {
      ASSERT_EQ(decoded, ToNfc(text));
    }
  }
}

TEST(TokenizerTest, EncodesWithMergesAndAddedTokens) {
  const Tokenizer small = Small();
  EXPECT_THAT(small.Encode("the the<|end|>sing e\u0301"),
              ElementsAre('t', 257, 258, 262, 's', 260, ' ', 261));
  EXPECT_THAT(small.Encode("<|end|><think><|end"), ElementsAre(262, 263, '<', '|', 'e', 'n', 'd'));
  EXPECT_THAT(small.Encode(""), ElementsAre());
}

TEST(TokenizerTest, AddedTokensAreMatchedBeforeNfcUnlessNormalized) {
  SmallTokenizer raw;
  raw.added_tokens = {AddedTokenJson(262, "<\u212b>", R"("normalized":false)")};
  EXPECT_THAT(Small(raw).Encode("<\u212b>"), ElementsAre(262));
  EXPECT_THAT(Small(raw).Encode("<\u00c5>"), ElementsAre('<', 0xC3, 0x85, '>'));
  SmallTokenizer normalized;
  normalized.added_tokens = {AddedTokenJson(262, "<\u212b>", R"("normalized":true)")};
  for (const char* const text : {"<\u212b>", "<\u00c5>", "<A\u030a>"}) {
    EXPECT_THAT(Small(normalized).Encode(text), ElementsAre(262)) << text;
  }
  normalized.normalizer = "null";
  EXPECT_THAT(Small(normalized).Encode("<\u212b>"), ElementsAre(262));
  EXPECT_THAT(Small(normalized).Encode("A\u030a"), ElementsAre('A', 0xCC, 0x8A));
}

TEST(TokenizerTest, IgnoreMergesTakesWholeWords) {
  SmallTokenizer small;
  small.added_tokens.clear();
  small.more_pieces = R"(,"zq":262)";
  EXPECT_THAT(Small(small).Encode("zq zqt"), ElementsAre('z', 'q', ' ', 'z', 'q', 't'));
  small.model_options += R"(,"ignore_merges":true)";
  EXPECT_THAT(Small(small).Encode("zq zqt"), ElementsAre(262, ' ', 'z', 'q', 't'));
}

TEST(TokenizerTest, InvalidUtf8IsAnErrorWithItsOffset) {
  EXPECT_EQ(ErrorOf([] { Tiny().Encode("abc\xff"); }), "text: invalid UTF-8 at byte offset 3");
  EXPECT_EQ(ErrorOf([] { Tiny().Encode("\xc3\xa9\xe2\x82"); }),
            "text: invalid UTF-8 at byte offset 2");
}

TEST(TokenizerTest, UnknownIdsAreErrors) {
  for (const int32_t id : {-1, 2048, 2147483647, -2147483647 - 1}) {
    const std::string expected =
        "no token has the id " + std::to_string(id) + "; ids go from 0 to 2047";
    EXPECT_THAT(ErrorOf([&] { Tiny().Decode(std::vector<int32_t>{1, id}); }), HasSubstr(expected));
    EXPECT_THAT(ErrorOf([&] { Tiny().TokenText(id); }), HasSubstr(expected));
    EXPECT_THAT(ErrorOf([&] { Tiny().TokenBytes(id); }), HasSubstr(expected));
    EXPECT_THAT(ErrorOf([&] { Tiny().IsSpecial(id); }), HasSubstr(expected));
  }
  SmallTokenizer gap;
  gap.added_tokens = {AddedTokenJson(300, "<x>")};
  EXPECT_EQ(Small(gap).VocabularySize(), 301);
  EXPECT_EQ(Small(gap).TokenText(300), "<x>");
  EXPECT_THAT(ErrorOf([&] { Small(gap).Decode(std::vector<int32_t>{280}); }),
              HasSubstr("no token has the id 280"));
}

TEST(TokenizerTest, DecodesBytesOfAllIdsTogether) {
  const Tokenizer small = Small();
  EXPECT_EQ(small.Decode(std::vector<int32_t>{0xE6, 0x97, 0xA5}), "\u65e5");
  EXPECT_EQ(small.Decode(std::vector<int32_t>{0xE6, 0x97}), "\ufffd");
  EXPECT_EQ(small.Decode(std::vector<int32_t>{0xE6, 'a', 0x97}), "\ufffda\ufffd");
  EXPECT_EQ(small.Decode(std::vector<int32_t>{}), "");
  EXPECT_EQ(small.TokenBytes(0xE6), "\xE6");
  EXPECT_EQ(small.TokenBytes(258), " the");
}

TEST(TokenizerTest, SpecialTokensMayBeLeftOut) {
  const std::vector<int32_t> ids = Small().Encode("a<|end|>b<think>");
  EXPECT_EQ(Small().Decode(ids), "a<|end|>b<think>");
  EXPECT_EQ(Small().Decode(ids, SpecialTokens::kSkip), "ab<think>");
}

TEST(TokenizerTest, TokensByTextAndId) {
  EXPECT_EQ(Tiny().VocabularySize(), 2048);
  EXPECT_EQ(Tiny().TokenId("<|endoftext|>"), 2045);
  EXPECT_EQ(Tiny().TokenId("!"), 0);
  EXPECT_EQ(Tiny().TokenId("no such piece"), std::nullopt);
  EXPECT_TRUE(Tiny().IsSpecial(2045));
  EXPECT_FALSE(Tiny().IsSpecial(0));
  for (int32_t id = 0; id < 2048; ++id) EXPECT_EQ(Tiny().TokenId(Tiny().TokenText(id)), id);
}

TEST(TokenizerTest, ReadsTheConfigBesideIt) {
  const TemporaryFolder folder;
  WriteFile(folder / "tokenizer.json", SmallTokenizer().Json());
  EXPECT_THAT(Tokenizer::Open(folder / "tokenizer.json").Encode("<a>"), ElementsAre('<', 'a', '>'));
  WriteFile(folder / "tokenizer_config.json",
            R"({"added_tokens_decoder":{"264":{"content":"<a>","special":true}}})");
  EXPECT_THAT(Tokenizer::Open(folder / "tokenizer.json").Encode("<a>"), ElementsAre(264));
  WriteFile(folder / "tokenizer_config.json", "{");
  EXPECT_THAT(ErrorOf([&] { Tokenizer::Open(folder / "tokenizer.json"); }),
              HasSubstr("tokenizer_config.json"));
}

TEST(TokenizerTest, FilesThatCannotBeReadAreErrors) {
  const TemporaryFolder folder;
  EXPECT_THAT(ErrorOf([&] { Tokenizer::Open(folder / "none.json"); }),
              HasSubstr("none.json: can't be opened"));
  WriteFile(folder / "large.json", std::string((size_t{64} << 20) + 1, ' '));
  EXPECT_THAT(ErrorOf([&] { Tokenizer::Open(folder / "large.json"); }),
              HasSubstr("large.json: has more than 67108864 bytes"));
}

TEST(TokenizerTest, SeveralThreadsMayEncodeAtOnce) {
  const std::string text = ReadFile(kTinyModel / "heldout_wordnet.txt").substr(0, 5000);
  const std::vector<int32_t> expected = Tiny().Encode(text);
  std::vector<std::vector<int32_t>> found(4);
  std::vector<std::thread> threads;
  for (std::vector<int32_t>& ids : found) {
    threads.emplace_back([&ids, &text] { ids = Tiny().Encode(text); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::vector<int32_t>& ids : found) EXPECT_EQ(ids, expected);
}

}  // namespace
}  // namespace deltagauge::reference
