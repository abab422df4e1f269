#include "reference/tokenizer_file.h"

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <optional>
#include <utility>

#include "reference/byte_alphabet.h"
#include "reference/error_text.h"
#include "reference/input_error.h"
#include "reference/json_tree.h"
#include "reference/utf8.h"

namespace deltagauge::reference {
namespace {

using Kind = JsonKind;

// Qwen3.5's file has up to 10^6 values, by the form of its merges.
constexpr JsonLimits kFileLimits = {kMaxTokenizerBytes, 4'000'000};
constexpr JsonLimits kConfigLimits = {kMaxTokenizerConfigBytes, 100'000};
// Ids may have gaps, but not so many that a small file asks for much memory.
constexpr size_t kMaxUnusedIds = 65'536;

// One object of the file, with its place in it for messages.
class Node {
 public:
  Node(const JsonValue& json, const std::string& source, std::string path)
      : json_(json), source_(source), path_(std::move(path)) {
    if (json.kind != Kind::kObject) Refuse("", "expected an object, found " + Describe(json));
  }

  // A key that isn't known might change the result.
  void KnowsOnly(std::initializer_list<std::string_view> keys) const {
    for (const JsonMember& member : json_.members) {
      if (std::find(keys.begin(), keys.end(), member.key) == keys.end()) {
        Refuse("", "unknown key " + Quoted(member.key));
      }
    }
  }

  // Null if there is none.
  const JsonValue& Get(std::string_view key) const {
    static const JsonValue null;
    const JsonValue* const found = json_.Find(key);
    return found == nullptr ? null : *found;
  }

  Node Object(const std::string& key) const { return Node(Get(key), source_, PathOf(key)); }
  const std::vector<JsonMember>& members() const { return json_.members; }

  const std::vector<JsonMember>& List(const std::string& key) const {
    return Checked(key, Kind::kArray, "a list").members;
  }
  const std::string& String(const std::string& key) const {
    return Checked(key, Kind::kString, "a string").text;
  }
  bool Bool(const std::string& key, bool otherwise) const {
    if (IsNull(key)) return otherwise;
    return Checked(key, Kind::kBoolean, "true or false").boolean;
  }
  bool IsNull(std::string_view key) const { return Get(key).kind == Kind::kNull; }

  void Expect(const std::string& key, std::string_view value) const {
    if (Get(key).kind != Kind::kString || Get(key).text != value) {
      RefuseValue(key, Quoted(value));
    }
  }
  void ExpectFalse(const std::string& key) const {
    if (Get(key).kind != Kind::kBoolean || Get(key).boolean) RefuseValue(key, "false");
  }
  void ExpectNull(const std::string& key) const {
    if (!IsNull(key)) RefuseValue(key, "null");
  }

  [[noreturn]] void RefuseValue(const std::string& key, const std::string& expected) const {
    Refuse(key, "expected " + expected + ", found " + Describe(Get(key)),
           "nothing else is implemented");
  }
  [[noreturn]] void Refuse(const std::string& key, const std::string& what,
                           const std::string& hint = {}) const {
    const std::string path = key.empty() ? path_ : PathOf(key);
    throw InputError(source_, (path.empty() ? "" : path + ": ") + what, hint);
  }

  const std::string& source() const { return source_; }

 private:
  // A key may be anything: it is quoted unless it is a plain name.
  std::string PathOf(const std::string& key) const {
    const auto is_plain = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             c == '_' || c == '[' || c == ']';
    };
    const bool plain = std::all_of(key.begin(), key.end(), is_plain);
    return (path_.empty() ? "" : path_ + ".") + (plain ? key : Quoted(key));
  }
  const JsonValue& Checked(const std::string& key, Kind kind, const std::string& expected) const {
    const JsonValue& value = Get(key);
    if (value.kind != kind) Refuse(key, "expected " + expected + ", found " + Describe(value));
    return value;
  }

  const JsonValue& json_;
  const std::string& source_;
  std::string path_;
};

void ReadNormalizer(const Node& root, TokenizerFile& file) {
  if (root.IsNull("normalizer")) return;
  const Node normalizer = root.Object("normalizer");
  normalizer.Expect("type", "NFC");
  normalizer.KnowsOnly({"type"});
  file.normalizer = Normalizer::kNfc;
}

void ReadPreTokenizer(const Node& root, TokenizerFile& file) {
  const Node sequence = root.Object("pre_tokenizer");
  sequence.Expect("type", "Sequence");
  sequence.KnowsOnly({"type", "pretokenizers"});
  const std::vector<JsonMember>& steps = sequence.List("pretokenizers");
  if (steps.size() != 2) {
    sequence.Refuse("pretokenizers", "expected Split and ByteLevel, found " +
                                         std::to_string(steps.size()) + " steps");
  }
  const Node split(steps[0].value, root.source(), "pre_tokenizer.pretokenizers[0]");
  split.Expect("type", "Split");
  split.KnowsOnly({"type", "pattern", "behavior", "invert"});
  split.Expect("behavior", "Isolated");
  split.ExpectFalse("invert");
  const Node pattern = split.Object("pattern");
  pattern.KnowsOnly({"Regex"});
  file.pattern = pattern.String("Regex");

  const Node byte_level(steps[1].value, root.source(), "pre_tokenizer.pretokenizers[1]");
  byte_level.Expect("type", "ByteLevel");
  byte_level.KnowsOnly({"type", "add_prefix_space", "trim_offsets", "use_regex"});
  byte_level.ExpectFalse("add_prefix_space");
  byte_level.ExpectFalse("use_regex");
}

// What comes before and after the model: accepted where it leaves ids and text alone.
void CheckRest(const Node& root) {
  root.KnowsOnly({"version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer",
                  "post_processor", "decoder", "model"});
  root.Expect("version", "1.0");
  root.ExpectNull("truncation");
  root.ExpectNull("padding");
  if (!root.IsNull("post_processor")) {
    root.Object("post_processor").Expect("type", "ByteLevel");  // it only moves offsets
  }
  root.Object("decoder").Expect("type", "ByteLevel");
}

int32_t CheckedId(const JsonValue& value, size_t limit, const Node& node, const std::string& key) {
  if (value.kind != Kind::kInteger || value.integer < 0) {
    node.Refuse(key, "expected an id, found " + Describe(value));
  }
  if (static_cast<uint64_t>(value.integer) >= limit) {
    node.Refuse(key, "the id " + std::to_string(value.integer) + " is too large",
                "expected less than " + std::to_string(limit));
  }
  return static_cast<int32_t>(value.integer);
}

void AddToken(int32_t id, std::string text, TokenKind kind, const Node& node,
              const std::string& key, TokenizerFile& file) {
  const auto index = static_cast<size_t>(id);
  if (index >= file.tokens.size()) file.tokens.resize(index + 1);
  Token& token = file.tokens[index];
  if (token.kind != TokenKind::kNone) {
    node.Refuse(key, "the id " + std::to_string(id) + " of " + Quoted(text) + " belongs to " +
                         Quoted(token.text));
  }
  file.ids.emplace(text, id);
  token = {std::move(text), kind};
}

void ReadVocabulary(const Node& model, size_t num_added, TokenizerFile& file) {
  const Node node = model.Object("vocab");
  const std::vector<JsonMember>& vocabulary = node.members();
  const size_t limit = vocabulary.size() + num_added + kMaxUnusedIds;
  file.tokens.reserve(vocabulary.size() + num_added);
  file.ids.reserve(vocabulary.size() + num_added);
  for (const JsonMember& piece : vocabulary) {
    AddToken(CheckedId(piece.value, limit, node, piece.key), piece.key, TokenKind::kPiece, node,
             piece.key, file);
  }
  for (int byte = 0; byte < 256; ++byte) {
    std::string letter;
    AppendUtf8(LetterOfByte(static_cast<uint8_t>(byte)), letter);
    const auto found = file.ids.find(letter);
    if (found == file.ids.end()) {
      node.Refuse("", "no piece for the byte " + std::to_string(byte),
                  "is this a byte-level vocabulary?");
    }
    file.byte_ids[static_cast<size_t>(byte)] = found->second;
  }
}

using Pair = std::pair<std::string_view, std::string_view>;

// "a b" or ["a", "b"].
std::optional<Pair> PairOf(const JsonValue& entry) {
  if (entry.kind == Kind::kArray) {
    const std::vector<JsonMember>& parts = entry.members;
    if (parts.size() != 2 || parts[0].value.kind != Kind::kString ||
        parts[1].value.kind != Kind::kString) {
      return std::nullopt;
    }
    return Pair(parts[0].value.text, parts[1].value.text);
  }
  if (entry.kind != Kind::kString) return std::nullopt;
  const std::string_view text = entry.text;
  const size_t space = text.find(' ');
  if (space == std::string_view::npos || text.find(' ', space + 1) != std::string_view::npos) {
    return std::nullopt;
  }
  return Pair(text.substr(0, space), text.substr(space + 1));
}

void ReadMerges(const Node& model, TokenizerFile& file) {
  const std::vector<JsonMember>& merges = model.List("merges");
  file.merges.reserve(merges.size());
  std::string both;
  for (size_t i = 0; i < merges.size(); ++i) {
    const auto refuse = [&](const std::string& what) {
      model.Refuse("merges[" + std::to_string(i) + "]", what);
    };
    const auto id_of = [&](std::string_view text) {
      const auto found = file.ids.find(text);
      if (found == file.ids.end()) refuse(Quoted(text) + " is no piece of the vocabulary");
      return found->second;
    };
    const std::optional<Pair> pair = PairOf(merges[i].value);
    if (!pair) refuse("expected \"a b\" or [\"a\", \"b\"], found " + Describe(merges[i].value));
    both.assign(pair->first).append(pair->second);
    file.merges.push_back({id_of(pair->first), id_of(pair->second), id_of(both)});
  }
}

void ReadModel(const Node& root, size_t num_added, TokenizerFile& file) {
  const Node model = root.Object("model");
  model.Expect("type", "BPE");
  model.KnowsOnly({"type", "dropout", "unk_token", "continuing_subword_prefix",
                   "end_of_word_suffix", "fuse_unk", "byte_fallback", "ignore_merges", "vocab",
                   "merges"});
  model.ExpectNull("dropout");
  if (!model.IsNull("byte_fallback")) model.ExpectFalse("byte_fallback");
  for (const char* const affix : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    if (!model.IsNull(affix)) model.Expect(affix, "");
  }
  // unk_token and fuse_unk have no say: every byte has a piece.
  file.ignore_merges = model.Bool("ignore_merges", false);
  ReadVocabulary(model, num_added, file);
  ReadMerges(model, file);
}

void AddAddedToken(AddedToken token, const Node& node, TokenizerFile& file) {
  if (token.content.empty() || token.content.size() > kMaxAddedTokenBytes) {
    node.Refuse("content", "expected 1 to " + std::to_string(kMaxAddedTokenBytes) +
                               " bytes, found " + std::to_string(token.content.size()));
  }
  const TokenKind kind = token.special ? TokenKind::kSpecial : TokenKind::kAdded;
  const auto known = file.ids.find(token.content);
  if (known == file.ids.end()) {
    AddToken(token.id, token.content, kind, node, "id", file);
  } else if (known->second != token.id) {
    node.Refuse("id", Quoted(token.content) + " has the id " + std::to_string(known->second) +
                          ", found " + std::to_string(token.id));
  } else {
    TokenKind& present = file.tokens[static_cast<size_t>(token.id)].kind;
    if (present != TokenKind::kPiece) return;  // added before
    present = kind;
  }
  file.added_tokens.push_back(std::move(token));
}

AddedToken ReadAddedToken(const Node& node, int32_t id) {
  AddedToken token;
  token.id = id;
  token.content = node.String("content");
  token.single_word = node.Bool("single_word", false);
  token.lstrip = node.Bool("lstrip", false);
  token.rstrip = node.Bool("rstrip", false);
  token.special = node.Bool("special", false);
  token.normalized = node.Bool("normalized", !token.special);
  return token;
}

}  // namespace

TokenizerFile ParseTokenizerFile(std::string_view json, const std::string& source) {
  const JsonValue parsed = ParseJson(json, source, kFileLimits);
  const Node root(parsed, source, "");
  TokenizerFile file;
  CheckRest(root);
  ReadNormalizer(root, file);
  ReadPreTokenizer(root, file);
  const std::vector<JsonMember>& added = root.List("added_tokens");
  ReadModel(root, added.size(), file);
  for (size_t i = 0; i < added.size(); ++i) {
    const Node node(added[i].value, source, "added_tokens[" + std::to_string(i) + "]");
    node.KnowsOnly({"id", "content", "single_word", "lstrip", "rstrip", "normalized", "special"});
    const size_t limit = file.tokens.size() + added.size() + kMaxUnusedIds;
    AddAddedToken(ReadAddedToken(node, CheckedId(node.Get("id"), limit, node, "id")), node, file);
  }
  return file;
}

void AddTokensOfConfig(std::string_view json, const std::string& source, TokenizerFile& file) {
  const JsonValue parsed = ParseJson(json, source, kConfigLimits);
  const Node root(parsed, source, "");
  if (root.IsNull("added_tokens_decoder")) return;
  const Node added = root.Object("added_tokens_decoder");
  const size_t limit = file.tokens.size() + kMaxUnusedIds;
  std::vector<std::pair<int32_t, std::string>> order;  // by id: the file's order is that of strings
  for (const auto& [key, value] : added.members()) {
    int32_t id = -1;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), id);
    if (error != std::errc() || end != key.data() + key.size() || id < 0 ||
        static_cast<size_t>(id) >= limit) {
      added.Refuse("", "expected ids from 0 to " + std::to_string(limit - 1) + " as keys, found " +
                           Quoted(key));
    }
    order.emplace_back(id, key);
  }
  std::sort(order.begin(), order.end());
  for (const auto& [id, key] : order) {
    const Node node = added.Object(key);
    AddAddedToken(ReadAddedToken(node, id), node, file);
  }
}

}  // namespace deltagauge::reference
