#include "reference/tokenizer.h"

#include <deque>
#include <fstream>
#include <system_error>
#include <utility>

#include "reference/added_tokens.h"
#include "reference/byte_alphabet.h"
#include "reference/byte_pair.h"
#include "reference/error_text.h"
#include "reference/input_error.h"
#include "reference/pre_tokenizer.h"
#include "reference/tokenizer_file.h"
#include "reference/unicode_text.h"
#include "reference/utf8.h"

namespace deltagauge::reference {
namespace {

static_assert(kMaxTextBytes <= kMaxNfcBytes);

std::string ReadFile(const std::filesystem::path& path, size_t max_bytes) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) throw InputError(PathName(path), "can't be opened");
  std::string content;
  std::string block(size_t{1} << 16, '\0');
  while (stream.read(block.data(), static_cast<std::streamsize>(block.size())),
         stream.gcount() > 0) {
    content.append(block, 0, static_cast<size_t>(stream.gcount()));
    if (content.size() > max_bytes) {
      throw InputError(PathName(path), "has more than " + std::to_string(max_bytes) + " bytes",
                       "is this the right file?");
    }
  }
  if (stream.bad()) throw InputError(PathName(path), "can't be read");
  return content;
}

}  // namespace

struct Tokenizer::Content {
  Content(TokenizerFile parsed, std::string name);

  const Token& TokenOf(int32_t id) const;
  void EncodeText(std::string_view text, PieceReader& reader, BytePairEncoder& encoder,
                  std::vector<int32_t>& ids) const;

  std::string source;
  TokenizerFile file;
  std::vector<std::string> bytes;  // by id
  TokenIds words;                  // by bytes, with ignore_merges only
  AddedTokenMatcher raw_tokens;
  AddedTokenMatcher normalized_tokens;
  PreTokenizer pre_tokenizer;
  BytePairModel model;
};

Tokenizer::Content::Content(TokenizerFile parsed, std::string name)
    : source(std::move(name)),
      file(std::move(parsed)),
      pre_tokenizer(file.pattern, source),
      model(file.byte_ids, file.merges) {
  bytes.reserve(file.tokens.size());
  for (size_t id = 0; id < file.tokens.size(); ++id) {
    const Token& token = file.tokens[id];
    // An added token is spelled in the byte alphabet too, if it can be: so tokenizers decodes it.
    bytes.push_back(BytesOfPiece(token.text).value_or(token.text));
    if (file.ignore_merges && token.kind == TokenKind::kPiece &&
        PieceOfBytes(bytes.back()) == token.text) {
      words.emplace(bytes.back(), static_cast<int32_t>(id));
    }
  }
  for (const AddedToken& token : file.added_tokens) {
    if (!token.normalized) {
      raw_tokens.Add(token);
      continue;
    }
    AddedToken normalized = token;
    if (file.normalizer == Normalizer::kNfc) normalized.content = ToNfc(token.content);
    normalized_tokens.Add(std::move(normalized));
  }
  file.merges = {};
}

const Token& Tokenizer::Content::TokenOf(int32_t id) const {
  const bool is_inside = id >= 0 && static_cast<size_t>(id) < file.tokens.size();
  if (!is_inside || file.tokens[static_cast<size_t>(id)].kind == TokenKind::kNone) {
    throw InputError(source, "no token has the id " + std::to_string(id),
                     "ids go from 0 to " + std::to_string(file.tokens.size() - 1));
  }
  return file.tokens[static_cast<size_t>(id)];
}

// Text without added tokens, normalized.
void Tokenizer::Content::EncodeText(std::string_view text, PieceReader& reader,
                                    BytePairEncoder& encoder, std::vector<int32_t>& ids) const {
  reader.Start(text);
  while (const std::optional<std::string_view> piece = reader.Next()) {
    if (file.ignore_merges) {
      if (const auto word = words.find(*piece); word != words.end()) {
        ids.push_back(word->second);
        continue;
      }
    }
    encoder.Append(*piece, ids);
  }
}

Tokenizer::Tokenizer(std::unique_ptr<Content> content) : content_(std::move(content)) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

Tokenizer Tokenizer::Open(const std::filesystem::path& tokenizer_json) {
  const std::string source = PathName(tokenizer_json);
  TokenizerFile file = ParseTokenizerFile(ReadFile(tokenizer_json, kMaxTokenizerBytes), source);
  const std::filesystem::path config = tokenizer_json.parent_path() / "tokenizer_config.json";
  std::error_code no_error;
  if (std::filesystem::exists(config, no_error)) {
    AddTokensOfConfig(ReadFile(config, kMaxTokenizerConfigBytes), PathName(config), file);
  }
  return Tokenizer(std::make_unique<Content>(std::move(file), source));
}

Tokenizer Tokenizer::FromJson(std::string_view json, const std::string& source) {
  return Tokenizer(std::make_unique<Content>(ParseTokenizerFile(json, source), source));
}

std::vector<int32_t> Tokenizer::Encode(std::string_view utf8) const {
  if (utf8.size() > kMaxTextBytes) {
    throw InputError("text", "has " + std::to_string(utf8.size()) + " bytes",
                     "at most " + std::to_string(kMaxTextBytes) + " are encoded at once");
  }
  if (const std::optional<size_t> invalid = FindInvalidUtf8(utf8)) {
    throw InputError("text", "invalid UTF-8 at byte offset " + std::to_string(*invalid));
  }
  std::vector<int32_t> ids;
  PieceReader reader(content_->pre_tokenizer);
  BytePairEncoder encoder(content_->model);
  std::deque<std::string> normalized;  // the encoder looks back at words: all of it must stay
  for (const auto& part : content_->raw_tokens.Split(utf8)) {
    if (part.id) {
      ids.push_back(*part.id);
      continue;
    }
    std::string_view text = part.text;
    if (content_->file.normalizer == Normalizer::kNfc && !IsNfc(text)) {
      text = normalized.emplace_back(ToNfc(text));
    }
    for (const auto& inner : content_->normalized_tokens.Split(text)) {
      if (inner.id) {
        ids.push_back(*inner.id);
      } else {
        content_->EncodeText(inner.text, reader, encoder, ids);
      }
    }
  }
  return ids;
}

std::string Tokenizer::Decode(std::span<const int32_t> ids, SpecialTokens special) const {
  std::string text;
  for (const int32_t id : ids) {
    if (content_->TokenOf(id).kind == TokenKind::kSpecial && special == SpecialTokens::kSkip) {
      continue;
    }
    text += content_->bytes[static_cast<size_t>(id)];
  }
  return FindInvalidUtf8(text) ? ReplaceInvalidUtf8(text) : text;
}

const std::string& Tokenizer::TokenBytes(int32_t id) const {
  content_->TokenOf(id);
  return content_->bytes[static_cast<size_t>(id)];
}

int64_t Tokenizer::VocabularySize() const {
  return static_cast<int64_t>(content_->file.tokens.size());
}

std::optional<int32_t> Tokenizer::TokenId(std::string_view content) const {
  const auto found = content_->file.ids.find(content);
  if (found == content_->file.ids.end()) return std::nullopt;
  return found->second;
}

const std::string& Tokenizer::TokenText(int32_t id) const { return content_->TokenOf(id).text; }

bool Tokenizer::IsSpecial(int32_t id) const {
  return content_->TokenOf(id).kind == TokenKind::kSpecial;
}

}  // namespace deltagauge::reference
