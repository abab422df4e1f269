// The shapes of the dense Qwen3.5 models: their tensors, their config.json, their index, derived
// from a handful of sizes. For Qwen3.5-0.8B all of it is what was published (revision
// 2fc06364715b967f1860aea9cf38778875588b17), byte for byte; for its siblings names, shapes, types
// and the number of parameters are, while everything lies in one shard.
#ifndef DELTAGAUGE_REFERENCE_SYNTHETIC_SHAPE_H_
#define DELTAGAUGE_REFERENCE_SYNTHETIC_SHAPE_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "reference/model_config.h"
#include "reference/safetensors.h"

namespace deltagauge::reference {

// The image encoder. Nothing here computes it; its tensors belong to the file.
struct VisionShape {
  int64_t depth = 0;
  int64_t hidden_size = 0;
  int64_t intermediate_size = 0;
  int64_t heads = 0;
  int64_t positions = 2304;
  int64_t channels = 3;
  int64_t patch_size = 16;
  int64_t temporal_patch_size = 2;
  int64_t spatial_merge_size = 2;
};

struct SyntheticShape {
  std::string name;  // "qwen3_5-0.8b"
  ModelConfig text;
  VisionShape vision;
};

// Names of all shapes, smallest first: qwen3_5-0.8b, -2b, -4b, -9b, -27b.
std::vector<std::string_view> SyntheticShapeNames();

// Throws InputError that names the nearest and lists all.
SyntheticShape FindSyntheticShape(std::string_view name);

// What a file holds beside the text model.
enum class SyntheticParts : uint8_t {
  kAll,       // vision and multi-token prediction, as published
  kTextOnly,  // the text tensors alone; their offsets in the data are the same
};

// Full names, in file order: F32 first, then BF16, each sorted bytewise. F32 are exactly A_log and
// linear_attn.norm.weight.
std::vector<TensorInfo> SyntheticTensors(const SyntheticShape& shape, SyntheticParts parts);

int64_t ElementsOf(std::span<const int64_t> shape);
int64_t ParametersOf(std::span<const TensorInfo> tensors);
int64_t DataBytesOf(std::span<const TensorInfo> tensors);

// config.json.
std::string SyntheticConfigJson(const SyntheticShape& shape);

// model.safetensors.index.json of tensors that all lie in `shard`.
std::string SyntheticIndexJson(std::span<const TensorInfo> tensors, std::string_view shard);

}  // namespace deltagauge::reference

#endif  // DELTAGAUGE_REFERENCE_SYNTHETIC_SHAPE_H_
