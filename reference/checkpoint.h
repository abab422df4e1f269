// A Qwen3.5 text model on disk: config.json, one or several safetensors files.
#ifndef DELTAGAUGE_REFERENCE_CHECKPOINT_H_
#define DELTAGAUGE_REFERENCE_CHECKPOINT_H_

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/model_config.h"
#include "reference/safetensors.h"

namespace deltagauge::reference {

class Checkpoint {
 public:
  // The files are found through model.safetensors.index.json, or model.safetensors if there is no
  // index. Names lose their prefix, each by itself; see TextTensorName. Throws InputError with
  // file, tensor, expected and found unless every tensor that the configuration asks for is there
  // once, with its shape and a type of F32, BF16 or F16, and no other; unless index and files agree
  // on which tensors lie where, the skipped ones too; and if a file changes meanwhile. The index's
  // total size is not looked at: tools count tied tensors differently.
  static Checkpoint Open(const std::filesystem::path& folder);

  Checkpoint(Checkpoint&&) noexcept;
  Checkpoint& operator=(Checkpoint&&) noexcept;
  ~Checkpoint();

  const ModelConfig& config() const;
  const std::filesystem::path& folder() const;

  // By the name without prefix: "embed_tokens.weight", "layers.3.self_attn.q_proj.weight",
  // "norm.weight", "lm_head.weight". std::out_of_range if there is none of this name.
  const TensorView& Tensor(std::string_view name) const;

  // The head is the embedding: no lm_head.weight, or tie_word_embeddings, whatever lm_head.weight
  // then holds.
  bool HasTiedHead() const;

  // The safetensors files, in the order of their names.
  std::vector<std::filesystem::path> Files() const;

  // Throws InputError if a file has changed since Open. To be asked after the weights were read:
  // see MappedFile.
  void CheckUnchanged() const;

  // After its values were copied: until they are read again, the tensor's pages no longer count as
  // memory of this process.
  void ReleasePages(const TensorView& tensor) const;

 private:
  struct Content;
  explicit Checkpoint(std::unique_ptr<Content> content);
  std::unique_ptr<Content> content_;
};

// The tensors of a text model of this shape, names without prefix; the head only if it is not tied.
// Types and order are those of the published files: F32 (A_log, linear_attn.norm.weight) first,
// then BF16, both by name.
std::vector<TensorInfo> TensorsOf(const ModelConfig& config);

// A tensor's name without its prefix (`model.language_model.`, `language_model.model.`, `model.`,
// `language_model.` or none); nullopt if it is skipped: vision, multi-token prediction, derived
// rotary tables, the convolution's bias (which no published file has and no implementation reads).
std::optional<std::string> TextTensorName(std::string_view name);

struct IndexEntry {
  std::string tensor;
  std::string file;  // a plain name: no folder
};

inline constexpr size_t kMaxIndexBytes = size_t{1} << 24;
inline constexpr size_t kMaxShards = 1024;

// Reads model.safetensors.index.json's text; entries in its order. Throws InputError that names
// `source`, tensor, expected and found: bad JSON, a tensor twice, no weight_map, no entries, a file
// name that would leave the folder or doesn't end in .safetensors, more than kMaxShards files.
std::vector<IndexEntry> ParseCheckpointIndex(std::string_view json, const std::string& source);

}  // namespace deltagauge::reference

#endif  // DELTAGAUGE_REFERENCE_CHECKPOINT_H_
