#include "harness/model/model_library.h"

#include <algorithm>
#include <iterator>

#include "harness/run/data_folders.h"
#include "reference/input_error.h"
#include "reference/sha256.h"

namespace deltagauge {
namespace {

// One hash for all files of the weights: of a single one its own.
std::string HashOfFiles(const std::vector<std::filesystem::path>& files) {
  if (files.size() == 1) return reference::Sha256OfFile(files[0]);
  reference::Sha256 all;
  for (const std::filesystem::path& file : files) {
    const std::string hash = reference::Sha256OfFile(file);
    all.Update(hash);
  }
  return all.Finish();
}

}  // namespace

reference::ComputeType ComputeTypeOf(ModelDataType type) {
  switch (type) {
    case ModelDataType::kFloat64:
      return reference::ComputeType::kFloat64;
    case ModelDataType::kBFloat16:
      return reference::ComputeType::kBFloat16;
    case ModelDataType::kFloat32:
      break;
  }
  return reference::ComputeType::kFloat32;
}

const std::filesystem::path& ModelLibrary::Folder(const std::string& model) {
  const auto known = folders_.find(model);
  if (known != folders_.end()) return known->second;
  return folders_.emplace(model, ModelFolder(model, progress_)).first->second;
}

const reference::Model& ModelLibrary::Get(const std::string& model, reference::ComputeType type) {
  constexpr size_t kAtOnce = 2;
  const auto found = std::find_if(loaded_.begin(), loaded_.end(), [&](const Entry& entry) {
    return entry.model == model && entry.type == type;
  });
  if (found != loaded_.end()) {
    loaded_.splice(loaded_.begin(), loaded_, found);
    return *loaded_.front().loaded.model;
  }
  while (loaded_.size() >= kAtOnce) loaded_.pop_back();
  reference::ModelOptions options;
  options.type = type;
  LoadedModel loaded = LoadModel(Folder(model), options, progress_);
  Describe(model, *loaded.checkpoint);
  linear_description_ = loaded.model->LinearDescription();
  loaded_.push_front({model, type, std::move(loaded)});
  return *loaded_.front().loaded.model;
}

void ModelLibrary::KeepOnly(const std::string& model, reference::ComputeType type) {
  loaded_.remove_if([&](const Entry& entry) { return entry.model != model || entry.type != type; });
}

void ModelLibrary::Describe(const std::string& model) {
  Describe(model, reference::Checkpoint::Open(Folder(model)));
}

void ModelLibrary::Describe(const std::string& model, const reference::Checkpoint& checkpoint) {
  for (const ModelReport& known : models_) {
    if (known.name == model) return;
  }
  const reference::ModelConfig& config = checkpoint.config();
  ModelReport report;
  report.name = model;
  report.arch = "qwen3_5_text";
  report.weights_sha256 = HashOfFiles(checkpoint.Files());
  const std::filesystem::path tokenizer = checkpoint.folder() / "tokenizer.json";
  std::error_code ignored;
  if (std::filesystem::exists(tokenizer, ignored)) {
    report.tokenizer_sha256 = reference::Sha256OfFile(tokenizer);
  }
  report.layers = static_cast<int64_t>(config.layers.size());
  report.linear_layers = std::count(config.layers.begin(), config.layers.end(),
                                    reference::LayerType::kLinearAttention);
  report.vocabulary = config.vocab_size;
  models_.push_back(std::move(report));
}

const reference::Tokenizer& ModelLibrary::TokenizerOf(const std::string& model) {
  const auto known = tokenizers_.find(model);
  if (known != tokenizers_.end()) return known->second;
  return tokenizers_.emplace(model, OpenTokenizer(Folder(model))).first->second;
}

const std::vector<int32_t>& ModelLibrary::Tokens(const std::string& model,
                                                 const std::string& text) {
  const auto known = tokens_.find({model, text});
  if (known != tokens_.end()) return known->second;
  const std::filesystem::path file = TextFile(text);
  std::vector<int32_t> ids =
      TokenizerOf(model).Encode(ReadTextFile(file, reference::kMaxTextBytes));
  const bool described = std::any_of(texts_.begin(), texts_.end(),
                                     [&](const TextReport& report) { return report.name == text; });
  if (!described) {
    texts_.push_back({.name = text,
                      .sha256 = reference::Sha256OfFile(file),
                      .tokens = static_cast<int64_t>(ids.size()),
                      .prompts = 0});
  }
  return tokens_.emplace(std::pair(model, text), std::move(ids)).first->second;
}

std::vector<int32_t> ModelLibrary::Span(const std::string& model, const TextSpan& span) {
  const std::vector<int32_t>& ids = Tokens(model, span.path);
  const auto size = static_cast<int64_t>(ids.size());
  if (span.offset + span.tokens > size) {
    throw reference::InputError("text '" + span.path + "'",
                                "has " + std::to_string(size) + " tokens; the case wants " +
                                    std::to_string(span.tokens) + " from token " +
                                    std::to_string(span.offset),
                                "take fewer tokens, a smaller offset or a longer text");
  }
  return {ids.begin() + span.offset, ids.begin() + span.offset + span.tokens};
}

}  // namespace deltagauge
