#include "harness/model/foreign_logits.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "fmt/format.h"
#include "reference/error_text.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

using reference::InputError;
using reference::SafetensorsFile;
using reference::TensorType;
using reference::TensorView;

constexpr std::array<std::string_view, 3> kTensorNames = {"logits", "positions", "token_ids"};
constexpr std::string_view kEngine = "engine";

struct TensorForm {
  std::string_view name;
  TensorType type;
  size_t rank;
  std::string_view shape;  // in words
};

constexpr TensorForm kLogits = {kTensorNames[0], TensorType::kFloat32, 2, "[N, vocabulary]"};
constexpr TensorForm kPositions = {kTensorNames[1], TensorType::kInt64, 1, "[N]"};
constexpr TensorForm kTokenIds = {kTensorNames[2], TensorType::kInt64, 1, "[T]"};

[[noreturn]] void Fail(const SafetensorsFile& file, std::string_view tensor,
                       const std::string& what, const std::string& hint = {}) {
  throw InputError(file.name() + ": tensor " + reference::Quoted(tensor), what, hint);
}

void RefuseOtherTensors(const SafetensorsFile& file) {
  for (const TensorView& tensor : file.tensors()) {
    if (std::find(kTensorNames.begin(), kTensorNames.end(), tensor.name) != kTensorNames.end()) {
      continue;
    }
    Fail(file, tensor.name, "expected logits, positions and token_ids, found another tensor",
         reference::NearestNameHint(tensor.name, kTensorNames));
  }
}

const TensorView& Take(const SafetensorsFile& file, const TensorForm& form) {
  const TensorView* const tensor = file.Find(form.name);
  const std::string expected = fmt::format("{} {}", reference::NameOf(form.type), form.shape);
  if (tensor == nullptr) {
    Fail(file, form.name, fmt::format("expected {}, found no such tensor", expected),
         "a file of logits has logits, positions and token_ids");
  }
  if (tensor->type != form.type || tensor->shape.size() != form.rank) {
    Fail(file, form.name,
         fmt::format("expected {}, found {} {}", expected, tensor->type_name,
                     reference::ShapeName(tensor->shape)),
         tensor->type == form.type ? "" : "convert it where the file is written");
  }
  return *tensor;
}

// Tensors may begin at any address.
std::vector<int64_t> Numbers(const TensorView& tensor) {
  std::vector<int64_t> numbers(tensor.bytes.size() / sizeof(int64_t));
  if (!numbers.empty()) std::memcpy(numbers.data(), tensor.bytes.data(), tensor.bytes.size());
  return numbers;
}

int64_t VocabularyOf(const SafetensorsFile& file, const TensorView& logits) {
  const int64_t vocabulary = logits.shape[1];
  if (vocabulary < 2 || vocabulary > kMaxForeignVocabulary) {
    Fail(file, kLogits.name,
         fmt::format("expected a vocabulary of 2 to {}, found shape {}", kMaxForeignVocabulary,
                     reference::ShapeName(logits.shape)));
  }
  return vocabulary;
}

std::vector<int64_t> TokenIdsOf(const SafetensorsFile& file, int64_t vocabulary) {
  const TensorView& tensor = Take(file, kTokenIds);
  if (tensor.shape[0] < 1 || tensor.shape[0] > kMaxForeignTokens) {
    Fail(file, kTokenIds.name,
         fmt::format("expected 1 to {} token ids, found {}", kMaxForeignTokens, tensor.shape[0]));
  }
  std::vector<int64_t> ids = Numbers(tensor);
  for (size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] >= 0 && ids[i] < vocabulary) continue;
    Fail(
        file, kTokenIds.name,
        fmt::format("expected ids from 0 to {}, found {} as element {}", vocabulary - 1, ids[i], i),
        "are these logits of another model?");
  }
  return ids;
}

std::vector<int64_t> PositionsOf(const SafetensorsFile& file, int64_t rows, int64_t tokens) {
  const TensorView& tensor = Take(file, kPositions);
  if (tensor.shape[0] != rows) {
    Fail(file, kPositions.name,
         fmt::format("expected one for each of the {} rows of logits, found {}", rows,
                     tensor.shape[0]));
  }
  if (rows < 1) Fail(file, kPositions.name, "expected at least one, found none");
  // Checked before the numbers are copied: ascending positions can't be more than the tokens.
  if (rows > tokens) {
    Fail(file, kPositions.name,
         fmt::format("expected at most one for each of the {} token ids, found {}", tokens, rows));
  }
  std::vector<int64_t> positions = Numbers(tensor);
  for (size_t i = 0; i < positions.size(); ++i) {
    if (positions[i] < 0 || positions[i] >= tokens) {
      Fail(file, kPositions.name,
           fmt::format("expected positions from 0 to {}, one for each of the {} token ids, found "
                       "{} as element {}",
                       tokens - 1, tokens, positions[i], i),
           "a position is the index of the last token that the row has seen");
    }
    if (i > 0 && positions[i] <= positions[i - 1]) {
      Fail(file, kPositions.name,
           fmt::format("expected ascending positions, found {} after {} as element {}",
                       positions[i], positions[i - 1], i),
           positions[i] == positions[i - 1] ? "leave the second out"
                                            : "sort the rows by their positions");
    }
  }
  return positions;
}

std::string EngineOf(const SafetensorsFile& file) {
  const auto found = file.metadata().find(std::string(kEngine));
  if (found == file.metadata().end()) return {};
  const std::string& engine = found->second;
  const bool printable =
      std::all_of(engine.begin(), engine.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
  if (!printable || engine.size() > kMaxEngineBytes) {
    throw InputError(fmt::format("{}: __metadata__: {}", file.name(), kEngine),
                     fmt::format("expected at most {} printable ASCII characters, found {}",
                                 kMaxEngineBytes, reference::Quoted(engine)),
                     "give the engine's name and version, as in 'transformers 5.17.0'");
  }
  return engine;
}

}  // namespace

ForeignLogits ForeignLogits::Open(const std::filesystem::path& path) {
  return ForeignLogits(SafetensorsFile::Open(path));
}

ForeignLogits ForeignLogits::FromBytes(std::vector<std::byte> bytes, std::string name) {
  return ForeignLogits(SafetensorsFile::FromBytes(std::move(bytes), std::move(name)));
}

ForeignLogits::ForeignLogits(SafetensorsFile file) : file_(std::move(file)) {
  RefuseOtherTensors(file_);
  const TensorView& logits = Take(file_, kLogits);
  vocabulary_ = VocabularyOf(file_, logits);
  token_ids_ = TokenIdsOf(file_, vocabulary_);
  positions_ = PositionsOf(file_, logits.shape[0], static_cast<int64_t>(token_ids_.size()));
  engine_ = EngineOf(file_);
}

void ForeignLogits::CheckFits(std::span<const int32_t> ids, int64_t vocabulary) const {
  if (vocabulary != vocabulary_) {
    Fail(file_, kLogits.name,
         fmt::format("expected the model's vocabulary of {}, found {}", vocabulary, vocabulary_),
         vocabulary_ < vocabulary
             ? "an engine that cuts padded rows off must put them back; or is it another model?"
             : "an engine that pads rows must cut them; or is it another model?");
  }
  const std::string hint =
      "the ids are those that `deltagauge tokenize` prints for the text, from the text's offset on";
  for (size_t i = 0; i < std::min(ids.size(), token_ids_.size()); ++i) {
    if (token_ids_[i] == ids[i]) continue;
    Fail(file_, kTokenIds.name,
         fmt::format("expected the ids of the case's text, {} as element {}, found {}", ids[i], i,
                     token_ids_[i]),
         hint);
  }
  if (token_ids_.size() < ids.size()) {
    Fail(file_, kTokenIds.name,
         fmt::format("expected the {} ids of the case's text, found only the first {}", ids.size(),
                     token_ids_.size()),
         hint);
  }
}

std::optional<int64_t> ForeignLogits::RowOf(int64_t position) const {
  const auto found = std::lower_bound(positions_.begin(), positions_.end(), position);
  if (found == positions_.end() || *found != position) return std::nullopt;
  return found - positions_.begin();
}

void ForeignLogits::CopyRow(int64_t row, std::span<float> logits) const {
  if (row < 0 || row >= static_cast<int64_t>(positions_.size()) ||
      static_cast<int64_t>(logits.size()) != vocabulary_) {
    throw std::logic_error("ForeignLogits::CopyRow: no such row, or no room for one");
  }
  file_.CheckUnchanged();  // reading a mapped file that was shortened would end the process
  const TensorView& tensor = *file_.Find(kLogits.name);
  std::memcpy(logits.data(), tensor.bytes.data() + static_cast<size_t>(row) * logits.size_bytes(),
              logits.size_bytes());
  const auto bad =
      std::find_if(logits.begin(), logits.end(), [](float logit) { return !std::isfinite(logit); });
  if (bad == logits.end()) return;
  Fail(file_, kLogits.name,
       fmt::format("expected finite numbers, found {} at position {}, token {}", *bad,
                   positions_[static_cast<size_t>(row)], bad - logits.begin()),
       "the engine computed it, or the writer masked it; logits are compared unmasked");
}

}  // namespace deltagauge
