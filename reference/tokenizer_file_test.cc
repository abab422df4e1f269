#include "reference/tokenizer_file.h"

#include <functional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "reference/input_error.h"
#include "reference/small_tokenizer_test.h"

namespace deltagauge::reference {
namespace {

using testing::HasSubstr;

std::string ErrorOfJson(const std::string& json) {
  try {
    ParseTokenizerFile(json, "t.json");
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

std::string ErrorOf(const std::function<void(SmallTokenizer&)>& spoil) {
  SmallTokenizer small;
  spoil(small);
  return ErrorOfJson(small.Json());
}

TEST(TokenizerFileTest, ReadsEverything) {
  const TokenizerFile file = ParseTokenizerFile(SmallTokenizer().Json(), "t.json");
  EXPECT_EQ(file.normalizer, Normalizer::kNfc);
  EXPECT_EQ(file.pattern, kQwenPattern);
  EXPECT_FALSE(file.ignore_merges);
  ASSERT_EQ(file.tokens.size(), 264u);
  EXPECT_EQ(file.tokens[258].text, "\u0120the");
  EXPECT_EQ(file.tokens[258].kind, TokenKind::kPiece);
  EXPECT_EQ(file.tokens[262].kind, TokenKind::kSpecial);
  EXPECT_EQ(file.tokens[263].kind, TokenKind::kAdded);
  EXPECT_EQ(file.byte_ids[' '], ' ');
  ASSERT_EQ(file.merges.size(), 6u);
  EXPECT_EQ(file.merges[2].left, 256);
  EXPECT_EQ(file.merges[2].right, 257);
  EXPECT_EQ(file.merges[2].merged, 258);
  ASSERT_EQ(file.added_tokens.size(), 2u);
  EXPECT_EQ(file.added_tokens[0].content, "<|end|>");
  EXPECT_TRUE(file.added_tokens[0].special);
  EXPECT_FALSE(file.added_tokens[1].normalized);
}

TEST(TokenizerFileTest, MergesAsTextAreTheSame) {
  SmallTokenizer small;
  small.merges_as_text = true;
  const TokenizerFile text = ParseTokenizerFile(small.Json(), "t.json");
  const TokenizerFile pairs = ParseTokenizerFile(SmallTokenizer().Json(), "t.json");
  ASSERT_EQ(text.merges.size(), pairs.merges.size());
  for (size_t i = 0; i < pairs.merges.size(); ++i) {
    EXPECT_EQ(text.merges[i].left, pairs.merges[i].left);
    EXPECT_EQ(text.merges[i].right, pairs.merges[i].right);
    EXPECT_EQ(text.merges[i].merged, pairs.merges[i].merged);
  }
}

TEST(TokenizerFileTest, AcceptsWhatChangesNothing) {
  EXPECT_EQ(ErrorOf([](SmallTokenizer& t) { t.normalizer = "null"; }), "no error");
  EXPECT_EQ(ErrorOf([](SmallTokenizer& t) {
              t.post_processor = R"({"type":"ByteLevel","trim_offsets":false})";
              t.model_options = R"("type":"BPE","unk_token":null,"continuing_subword_prefix":"",)"
                                R"("end_of_word_suffix":"","fuse_unk":false,"ignore_merges":true)";
            }),
            "no error");
}

struct Fault {
  std::function<void(SmallTokenizer&)> spoil;
  std::string expected;
};

void ExpectErrors(const std::vector<Fault>& faults) {
  for (const Fault& fault : faults) {
    EXPECT_THAT(ErrorOf(fault.spoil), testing::StartsWith("t.json: ")) << fault.expected;
    EXPECT_THAT(ErrorOf(fault.spoil), HasSubstr(fault.expected));
  }
}

TEST(TokenizerFileTest, UnknownKindsAndOptionsAreErrors) {
  ExpectErrors({
      {[](auto& t) { t.version = R"("2.0")"; }, "version: expected '1.0', found the string '2.0'"},
      {[](auto& t) { t.truncation = R"({"max_length":5})"; }, "truncation: expected null"},
      {[](auto& t) { t.padding = "{}"; }, "padding: expected null"},
      {[](auto& t) { t.normalizer = R"({"type":"NFKC"})"; },
       "normalizer.type: expected 'NFC', found the string 'NFKC'; nothing else is implemented"},
      {[](auto& t) { t.normalizer = R"({"type":"NFC","lower":true})"; }, "unknown key 'lower'"},
      {[](auto& t) { t.split_options = R"("behavior":"Removed","invert":false)"; },
       "pre_tokenizer.pretokenizers[0].behavior: expected 'Isolated'"},
      {[](auto& t) { t.split_options = R"("behavior":"Isolated","invert":true)"; },
       "invert: expected false, found true"},
      {[](auto& t) { t.split_options = R"("behavior":"Isolated","invert":false,"odd":1)"; },
       "pre_tokenizer.pretokenizers[0]: unknown key 'odd'"},
      {[](auto& t) { t.pattern = "[5]"; }, "pattern.Regex: expected a string, found a list of 1"},
      {[](auto& t) { t.byte_level = R"({"type":"Digits"})"; },
       "pre_tokenizer.pretokenizers[1].type: expected 'ByteLevel'"},
      {[](auto& t) {
         t.byte_level = R"({"type":"ByteLevel","add_prefix_space":true,"use_regex":false})";
       },
       "add_prefix_space: expected false, found true"},
      {[](auto& t) {
         t.byte_level = R"({"type":"ByteLevel","add_prefix_space":false,"use_regex":true})";
       },
       "use_regex: expected false, found true"},
      {[](auto& t) { t.byte_level += R"(,{"type":"ByteLevel"})"; },
       "pretokenizers: expected Split and ByteLevel, found 3 steps"},
      {[](auto& t) { t.post_processor = R"({"type":"TemplateProcessing"})"; },
       "post_processor.type: expected 'ByteLevel'"},
      {[](auto& t) { t.decoder = R"({"type":"Metaspace"})"; }, "decoder.type: expected"},
      {[](auto& t) { t.decoder = "null"; }, "decoder: expected an object, found null"},
      {[](auto& t) { t.model_options = R"("type":"Unigram")"; }, "model.type: expected 'BPE'"},
      {[](auto& t) { t.model_options = R"("dropout":null)"; }, "model.type: expected 'BPE'"},
      {[](auto& t) { t.model_options += R"(,"end_of_word_suffix":"</w>")"; },
       "model.end_of_word_suffix: expected ''"},
      {[](auto& t) { t.model_options = R"("type":"BPE","dropout":0.1)"; },
       "model.dropout: expected null, found the number 0.1"},
      {[](auto& t) { t.model_options = R"("type":"BPE","byte_fallback":true)"; },
       "model.byte_fallback: expected false"},
      {[](auto& t) { t.model_options += R"(,"ignore_merges":1)"; },
       "model.ignore_merges: expected true or false"},
      {[](auto& t) { t.model_options += R"(,"new":1)"; }, "model: unknown key 'new'"},
  });
}

TEST(TokenizerFileTest, BadVocabulariesAndTokensAreErrors) {
  ExpectErrors({
      {[](auto& t) { t.more_pieces = R"(,"xy":5)"; }, "the id 5 of 'xy' belongs to '\\xc4\\x85'"},
      {[](auto& t) { t.more_pieces = R"(,"xy":-1)"; }, "model.vocab.xy: expected an id, found"},
      {[](auto& t) { t.more_pieces = R"(,"xy":1.5)"; }, "model.vocab.xy: expected an id, found"},
      {[](auto& t) { t.more_pieces = R"(,"X Y":"1")"; }, "model.vocab.'X Y': expected an id"},
      {[](auto& t) { t.more_pieces = R"(,"xy":4000000000)"; }, "the id 4000000000 is too large"},
      {[](auto& t) { t.more_pieces = R"(,"a":300)"; }, "found 'a' twice"},
      {[](auto& t) { t.added_tokens = {AddedTokenJson(5, "<x>")}; },
       "added_tokens[0].id: the id 5 of '<x>' belongs to"},
      {[](auto& t) { t.added_tokens = {AddedTokenJson(300, "a")}; },
       "added_tokens[0].id: 'a' has the id 97, found 300"},
      {[](auto& t) { t.added_tokens = {AddedTokenJson(300, "")}; },
       "content: expected 1 to 1024 bytes, found 0"},
      {[](auto& t) { t.added_tokens = {AddedTokenJson(300, std::string(1025, 'x'))}; },
       "content: expected 1 to 1024 bytes, found 1025"},
      {[](auto& t) { t.added_tokens = {AddedTokenJson(300, "<x>", R"("lstrip":"yes")")}; },
       "lstrip: expected true or false, found the string 'yes'"},
      {[](auto& t) { t.added_tokens = {AddedTokenJson(300, "<x>", R"("odd":1)")}; },
       "added_tokens[0]: unknown key 'odd'"},
      {[](auto& t) { t.added_tokens = {AddedTokenJson(100'000, "<x>")}; }, "is too large"},
      {[](auto& t) { t.added_tokens = {"7"}; }, "added_tokens[0]: expected an object, found the"},
  });
}

std::string WithMerges(const std::string& merges) {
  SmallTokenizer small;
  small.merges.clear();
  const std::string json = small.Json();
  const size_t at = json.rfind("\"merges\":[") + 10;
  return json.substr(0, at) + merges + json.substr(at);
}

TEST(TokenizerFileTest, BadMergesAreErrors) {
  EXPECT_EQ(ErrorOfJson(WithMerges("")), "no error");
  EXPECT_THAT(ErrorOfJson(WithMerges(R"(["a","b"])")),
              HasSubstr("model.merges[0]: 'ab' is no piece of the vocabulary"));
  EXPECT_THAT(ErrorOfJson(WithMerges(R"(["xx","b"])")), HasSubstr("'xx' is no piece"));
  for (const char* const merge :
       {R"(["a"])", R"(["a","b","c"])", R"(["a",1])", R"("ab")", R"("a b c")", "5", "null"}) {
    EXPECT_THAT(ErrorOfJson(WithMerges(merge)),
                HasSubstr(R"(model.merges[0]: expected "a b" or ["a", "b"], found )"));
  }
}

TEST(TokenizerFileTest, EveryByteNeedsAPiece) {
  std::string json = SmallTokenizer().Json();
  json.replace(json.find("\"z\":"), 4, "\"zz\":");
  EXPECT_THAT(ErrorOfJson(json), HasSubstr("model.vocab: no piece for the byte 122"));
}

TEST(TokenizerFileTest, BadJsonIsAnError) {
  const std::string json = SmallTokenizer().Json();
  EXPECT_THAT(ErrorOfJson(""), HasSubstr("t.json"));
  EXPECT_THAT(ErrorOfJson("[]"), HasSubstr("expected an object, found a list"));
  EXPECT_THAT(ErrorOfJson("{}"), HasSubstr("version: expected '1.0', found null"));
  EXPECT_THAT(ErrorOfJson(R"({"more":1})"), HasSubstr("unknown key 'more'"));
  for (size_t size = 1; size < json.size(); size += 97) {
    EXPECT_THAT(ErrorOfJson(json.substr(0, size)), HasSubstr("expected JSON")) << size;
  }
}

TEST(TokenizerFileTest, ConfigAddsWhatIsMissing) {
  TokenizerFile file = ParseTokenizerFile(SmallTokenizer().Json(), "t.json");
  AddTokensOfConfig(R"({"added_tokens_decoder":{
      "1000":{"content":"<tts>","special":true,"normalized":false},
      "265":{"content":"<audio>","special":true,"normalized":false},
      "262":{"content":"<|end|>","special":false}},"eos_token":"<|end|>"})",
                    "c.json", file);
  ASSERT_EQ(file.tokens.size(), 1001u);
  EXPECT_EQ(file.tokens[265].text, "<audio>");
  EXPECT_EQ(file.tokens[266].kind, TokenKind::kNone);
  EXPECT_EQ(file.tokens[1000].kind, TokenKind::kSpecial);
  EXPECT_EQ(file.tokens[262].kind, TokenKind::kSpecial);  // as tokenizer.json has it
  ASSERT_EQ(file.added_tokens.size(), 4u);
  EXPECT_EQ(file.added_tokens[2].id, 265);
  AddTokensOfConfig("{}", "c.json", file);
  EXPECT_EQ(file.added_tokens.size(), 4u);
}

TEST(TokenizerFileTest, BadConfigsAreErrors) {
  const auto error_of = [](const std::string& decoder) -> std::string {
    TokenizerFile file = ParseTokenizerFile(SmallTokenizer().Json(), "t.json");
    try {
      AddTokensOfConfig(R"({"added_tokens_decoder":)" + decoder + "}", "c.json", file);
    } catch (const InputError& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_THAT(error_of("5"), HasSubstr("c.json: added_tokens_decoder: expected an object"));
  EXPECT_THAT(error_of(R"({"262":{"content":"<other>"}})"),
              HasSubstr("the id 262 of '<other>' belongs to '<|end|>'"));
  EXPECT_THAT(error_of(R"({"270":{"content":"<|end|>"}})"),
              HasSubstr("'<|end|>' has the id 262, found 270"));
  EXPECT_THAT(error_of(R"({"270":{}})"), HasSubstr("added_tokens_decoder.270.content: expected a"));
  for (const char* const key : {"x", "", "-1", "1x", "99999999999", "70000000"}) {
    EXPECT_THAT(error_of(std::string(R"({")").append(key).append(R"(":{"content":"<x>"}})")),
                HasSubstr("expected ids from 0 to"))
        << key;
  }
}

}  // namespace
}  // namespace deltagauge::reference
