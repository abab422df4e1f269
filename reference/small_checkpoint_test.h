// For tests: a checkpoint of a few kilobytes, to be written whole or with one fault.
#ifndef DELTAGAUGE_REFERENCE_SMALL_CHECKPOINT_TEST_H_
#define DELTAGAUGE_REFERENCE_SMALL_CHECKPOINT_TEST_H_

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "reference/checkpoint.h"
#include "reference/safetensors.h"
#include "reference/temporary_folder_test.h"

namespace deltagauge::reference {

// Four layers, the last of full attention; three value heads for each key head.
inline constexpr std::string_view kSmallConfig = R"({
  "model_type": "qwen3_5",
  "text_config": {
    "vocab_size": 11, "hidden_size": 8, "intermediate_size": 12, "num_hidden_layers": 4,
    "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8,
    "linear_num_key_heads": 2, "linear_num_value_heads": 6, "linear_key_head_dim": 4,
    "linear_value_head_dim": 5, "tie_word_embeddings": true
  }
})";

inline constexpr std::string_view kPublishedPrefix = "model.language_model.";

inline ModelConfig SmallConfig() { return ParseModelConfig(kSmallConfig, "small"); }

// The tensors of the small model with this prefix before their names.
inline std::vector<TensorInfo> SmallTensors(std::string_view prefix = kPublishedPrefix) {
  std::vector<TensorInfo> tensors = TensorsOf(SmallConfig());
  for (TensorInfo& tensor : tensors) tensor.name.insert(0, prefix);
  return tensors;
}

inline TensorInfo& Named(std::vector<TensorInfo>& tensors, std::string_view name) {
  const auto found = std::find_if(tensors.begin(), tensors.end(),
                                  [&](const TensorInfo& tensor) { return tensor.name == name; });
  if (found == tensors.end()) throw std::logic_error("no tensor " + std::string(name));
  return *found;
}

inline void Remove(std::vector<TensorInfo>& tensors, std::string_view name) {
  const TensorInfo& tensor = Named(tensors, name);
  tensors.erase(tensors.begin() + (&tensor - tensors.data()));
}

// The first byte of a tensor's data in the files written here.
inline std::byte MarkOf(std::string_view name) {
  unsigned sum = 0;
  for (const char c : name) sum = sum * 31 + static_cast<unsigned char>(c);
  return static_cast<std::byte>(sum & 0xff);
}

inline void WriteShard(const std::filesystem::path& path, const std::vector<TensorInfo>& tensors) {
  SafetensorsWriter writer(path, tensors);
  for (const TensorInfo& tensor : tensors) {
    size_t bytes = BytesOf(tensor.type);
    for (const int64_t size : tensor.shape) bytes *= static_cast<size_t>(size);
    writer.Write(std::vector<std::byte>(bytes, MarkOf(tensor.name)));
  }
  writer.Finish();
}

inline std::string IndexOf(const std::vector<IndexEntry>& entries) {
  std::string json = R"({"metadata": {"total_size": 1}, "weight_map": {)";
  for (const IndexEntry& entry : entries) {
    if (&entry != entries.data()) json += ", ";
    json += "\"" + entry.tensor + "\": \"" + entry.file + "\"";
  }
  return json + "}}";
}

inline constexpr const char* kFirstShard = "model.safetensors-00001-of-00002.safetensors";
inline constexpr const char* kSecondShard = "model.safetensors-00002-of-00002.safetensors";

// Half of the tensors in either shard.
struct SmallShards {
  std::vector<TensorInfo> first;
  std::vector<TensorInfo> second;

  explicit SmallShards(std::vector<TensorInfo> tensors = SmallTensors()) {
    const auto half = tensors.begin() + static_cast<std::ptrdiff_t>(tensors.size() / 2);
    first.assign(tensors.begin(), half);
    second.assign(half, tensors.end());
  }

  std::vector<IndexEntry> Entries() const {
    std::vector<IndexEntry> entries;
    for (const TensorInfo& tensor : first) entries.push_back({tensor.name, kFirstShard});
    for (const TensorInfo& tensor : second) entries.push_back({tensor.name, kSecondShard});
    return entries;
  }

  void Write(const TemporaryFolder& folder) const { Write(folder, Entries()); }
  void Write(const TemporaryFolder& folder, const std::vector<IndexEntry>& entries) const {
    WriteFile(folder / "config.json", kSmallConfig);
    WriteFile(folder / "model.safetensors.index.json", IndexOf(entries));
    WriteShard(folder / kFirstShard, first);
    WriteShard(folder / kSecondShard, second);
  }
};

// All in model.safetensors, without an index.
inline void WriteSingle(const TemporaryFolder& folder, const std::vector<TensorInfo>& tensors,
                        std::string_view config = kSmallConfig) {
  WriteFile(folder / "config.json", config);
  WriteShard(folder / "model.safetensors", tensors);
}

}  // namespace deltagauge::reference

#endif  // DELTAGAUGE_REFERENCE_SMALL_CHECKPOINT_TEST_H_
