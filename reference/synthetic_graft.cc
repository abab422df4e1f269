// Compiled without contraction: a * b + c must round twice on every machine.
#include "reference/synthetic_graft.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "reference/checkpoint.h"
#include "reference/error_text.h"
#include "reference/input_error.h"
#include "reference/sha256.h"

namespace deltagauge::reference {
namespace {

static_assert(std::endian::native == std::endian::little, "tensors are read as they lie in files");

constexpr std::string_view kPrefix = "model.language_model.";
constexpr char kSmallModelSha256[] =
    "f1b13934e6c3c01958fc2fa41dea9766a092edd6bc50fca80b804649d48e841e";

// The small model.
constexpr int64_t kSmallVocabulary = 2048;
constexpr int64_t kSmallHidden = 192;
constexpr int64_t kSmallIntermediate = 512;
constexpr int64_t kSmallHeadDim = 64;
constexpr int64_t kSmallHeads = 4;
constexpr int64_t kSmallKeyValueHeads = 2;
constexpr int64_t kSmallValueHeads = 4;  // linear attention; 128 dims, as in the large model
constexpr int64_t kSmallKeyHeads = 2;
constexpr int64_t kLinearDim = 128;

// The large model.
constexpr int64_t kHidden = 1024;
constexpr int64_t kHeadDim = 256;
constexpr int64_t kLargeKeyWidth = 16 * kLinearDim;
constexpr int64_t kHeadOfSmallHead[kSmallHeads] = {0, 1, 4, 5};  // two for each key-value head

constexpr int64_t kConstant = kHidden - 1;  // the constant direction
constexpr double kConstantOfSmall = 0.01, kConstantOfOther = -1, kFinalGain = 2000;
constexpr double kEmbeddingScale = 0.4;
constexpr double kSpareScale = 0.2;  // of what spare heads, units and layers write

std::vector<double> Widen(const TensorView& tensor) {
  std::vector<double> values;
  values.reserve(static_cast<size_t>(tensor.Elements()));
  const std::byte* data = tensor.bytes.data();
  for (int64_t i = 0; i < tensor.Elements(); ++i) {
    uint32_t bits = 0;
    if (tensor.type == TensorType::kFloat32) {
      std::memcpy(&bits, data + 4 * i, 4);
    } else if (tensor.type == TensorType::kBFloat16) {
      uint16_t upper = 0;
      std::memcpy(&upper, data + 2 * i, 2);
      bits = static_cast<uint32_t>(upper) << 16;
    } else {
      throw std::logic_error("the small model has a tensor of type " + tensor.type_name);
    }
    values.push_back(static_cast<double>(std::bit_cast<float>(bits)));
  }
  return values;
}

std::vector<int32_t> Sources(int64_t size, int32_t source) {
  return std::vector<int32_t>(static_cast<size_t>(size), source);
}

// sources[to..] = from, from + 1, ...
void Map(std::vector<int32_t>& sources, int64_t to, int64_t from, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    sources[static_cast<size_t>(to + i)] = static_cast<int32_t>(from + i);
  }
}

void MapZero(std::vector<int32_t>& sources, int64_t to, int64_t count) {
  std::fill_n(sources.begin() + to, count, TensorGraft::kZero);
}

// The first `count` are the small tensor's, the rest is `rest`.
std::vector<int32_t> Leading(int64_t size, int64_t count, int32_t rest) {
  std::vector<int32_t> sources = Sources(size, rest);
  Map(sources, 0, 0, count);
  return sources;
}

// Which dimension of a large head stands for dimension i of a small one. The first 16 are rotated,
// as pairs (i, i + 8) that become (4 i, 4 i + 32): there the large head has their frequencies.
int64_t LargeDim(int64_t i) {
  if (i < 8) return 4 * i;
  if (i < 16) return 32 + 4 * (i - 8);
  return 64 + (i - 16);
}

void MapRotated(std::vector<int32_t>& sources, int64_t to, int64_t from) {
  for (int64_t i = 0; i < kSmallHeadDim; ++i) Map(sources, to + LargeDim(i), from + i, 1);
}

// Rows of in_proj_qkv and of conv1d. A value head of the small model takes a head of each kind:
// the large model has as many key heads as value heads.
std::vector<int32_t> QueryKeyValueRows(int64_t rows) {
  constexpr int64_t kSmallKeyWidth = kSmallKeyHeads * kLinearDim;
  std::vector<int32_t> sources = Sources(rows, TensorGraft::kKept);
  for (int64_t head = 0; head < kSmallValueHeads; ++head) {
    const int64_t key_head = head / (kSmallValueHeads / kSmallKeyHeads);
    const int64_t to = head * kLinearDim, from = key_head * kLinearDim;
    Map(sources, to, from, kLinearDim);
    Map(sources, kLargeKeyWidth + to, kSmallKeyWidth + from, kLinearDim);
    Map(sources, 2 * kLargeKeyWidth + to, 2 * kSmallKeyWidth + head * kLinearDim, kLinearDim);
  }
  return sources;
}

// Each head has its query, then its gate.
std::vector<int32_t> QueryGateRows(int64_t rows) {
  std::vector<int32_t> sources = Sources(rows, TensorGraft::kKept);
  for (int64_t head = 0; head < kSmallHeads; ++head) {
    const int64_t to = 2 * kHeadDim * kHeadOfSmallHead[head];
    const int64_t from = 2 * kSmallHeadDim * head;
    MapZero(sources, to, 2 * kHeadDim);
    MapRotated(sources, to, from);
    Map(sources, to + kHeadDim, from + kSmallHeadDim, kSmallHeadDim);
  }
  return sources;
}

std::vector<int32_t> KeyRows(int64_t rows) {
  std::vector<int32_t> sources = Sources(rows, TensorGraft::kZero);
  for (int64_t head = 0; head < kSmallKeyValueHeads; ++head) {
    MapRotated(sources, kHeadDim * head, kSmallHeadDim * head);
  }
  return sources;
}

std::vector<int32_t> ValueRows(int64_t rows) {
  std::vector<int32_t> sources = Sources(rows, TensorGraft::kZero);
  for (int64_t head = 0; head < kSmallKeyValueHeads; ++head) {
    Map(sources, kHeadDim * head, kSmallHeadDim * head, kSmallHeadDim);
  }
  return sources;
}

std::vector<int32_t> AttentionOutputColumns(int64_t columns) {
  std::vector<int32_t> sources = Sources(columns, TensorGraft::kKept);
  for (int64_t head = 0; head < kSmallHeads; ++head) {
    const int64_t to = kHeadDim * kHeadOfSmallHead[head];
    MapZero(sources, to, kHeadDim);
    Map(sources, to, kSmallHeadDim * head, kSmallHeadDim);
  }
  return sources;
}

// A norm over the residual stream. Its mean square is over 1024 columns instead of 192, of which
// the others hold next to nothing: f = sqrt(192 / 1024) mends that.
std::vector<double> StreamNorm(const std::vector<double>& small, double at_constant) {
  const double f = std::sqrt(static_cast<double>(kSmallHidden) / static_cast<double>(kHidden));
  std::vector<double> weights(static_cast<size_t>(kHidden), f - 1);
  for (size_t i = 0; i < small.size(); ++i) weights[i] = (1 + small[i]) * f - 1;
  weights[static_cast<size_t>(kConstant)] = at_constant;
  return weights;
}

// A norm over a head; dimensions that no small head has become 1 (of zeros).
std::vector<double> HeadNorm(const std::vector<double>& small, double divisor) {
  std::vector<double> weights(static_cast<size_t>(kHeadDim), 0.0);
  for (size_t i = 0; i < small.size(); ++i) {
    weights[static_cast<size_t>(LargeDim(static_cast<int64_t>(i)))] = (1 + small[i]) / divisor - 1;
  }
  return weights;
}

// The layer of the small model that this one stands for: its first four and its last four are
// the large model's 0 to 3 and 12 to 15.
std::optional<int64_t> SmallLayer(int64_t layer) {
  if (layer < 4) return layer;
  if (layer >= 12 && layer < 16) return layer - 8;
  return std::nullopt;
}

struct LayerTensor {
  int64_t layer = 0;
  std::string_view rest;  // "mlp.down_proj.weight"
};

std::optional<LayerTensor> SplitLayer(std::string_view name) {
  constexpr std::string_view kLayers = "layers.";
  if (!name.starts_with(kLayers)) return std::nullopt;
  name.remove_prefix(kLayers.size());
  LayerTensor tensor;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), tensor.layer);
  const auto digits = static_cast<size_t>(end - name.data());
  if (error != std::errc() || digits == name.size()) return std::nullopt;
  tensor.rest = name.substr(digits + 1);
  return tensor;
}

bool IsStreamNorm(std::string_view rest) {
  return rest == "input_layernorm.weight" || rest == "post_attention_layernorm.weight";
}

bool WritesStream(std::string_view rest) {
  return rest == "mlp.down_proj.weight" || rest == "linear_attn.out_proj.weight" ||
         rest == "self_attn.o_proj.weight";
}

// The rows that a tensor of a layer with a small one gets from it, if it reads the stream or is
// indexed by heads.
std::vector<int32_t> RowSources(std::string_view rest, int64_t rows) {
  const auto leading = [rows](int64_t count) { return Leading(rows, count, TensorGraft::kKept); };
  if (rest == "mlp.gate_proj.weight" || rest == "mlp.up_proj.weight") {
    return leading(kSmallIntermediate);
  }
  if (rest == "linear_attn.in_proj_qkv.weight" || rest == "linear_attn.conv1d.weight") {
    return QueryKeyValueRows(rows);
  }
  if (rest == "linear_attn.in_proj_z.weight") return leading(kSmallValueHeads * kLinearDim);
  if (rest == "linear_attn.in_proj_b.weight" || rest == "linear_attn.in_proj_a.weight" ||
      rest == "linear_attn.dt_bias" || rest == "linear_attn.A_log") {
    return leading(kSmallValueHeads);
  }
  if (rest == "self_attn.q_proj.weight") return QueryGateRows(rows);
  if (rest == "self_attn.k_proj.weight") return KeyRows(rows);
  if (rest == "self_attn.v_proj.weight") return ValueRows(rows);
  throw std::logic_error("recipe graft doesn't know '" + std::string(rest) + "'");
}

std::vector<int32_t> ColumnSources(std::string_view rest, int64_t columns) {
  if (rest == "self_attn.o_proj.weight") return AttentionOutputColumns(columns);
  return Leading(columns, kSmallIntermediate, TensorGraft::kKept);  // units; 4 heads of 128
}

// What a layer's tensor gets from the same tensor of the small model.
void PutSmall(std::string_view rest, std::span<const int64_t> shape, const TensorView& small,
              TensorGraft& graft) {
  std::vector<double> values = Widen(small);
  if (IsStreamNorm(rest)) {
    graft.replacement = StreamNorm(values, -1);
  } else if (rest == "linear_attn.norm.weight") {
    graft.replacement = std::move(values);
  } else if (rest == "self_attn.q_norm.weight") {
    graft.replacement = HeadNorm(values, 1);
  } else if (rest == "self_attn.k_norm.weight") {
    // sqrt(256 / 64) of the mean square and 1/16 instead of 1/8 as scale, on keys alone.
    graft.replacement = HeadNorm(values, 2);
  } else {
    const int64_t columns = shape.size() == 1 ? 1 : shape.back();
    graft.small_columns = small.shape.size() == 1 ? 1 : small.shape.back();
    graft.small = std::move(values);
    if (WritesStream(rest)) {
      graft.row_source = Leading(shape[0], kSmallHidden, TensorGraft::kZero);
      graft.column_source = ColumnSources(rest, columns);
    } else {
      graft.row_source = RowSources(rest, shape[0]);
      graft.column_source = Leading(columns, graft.small_columns, TensorGraft::kZero);
    }
  }
}

TensorGraft Embedding(int64_t vocabulary, const TensorView& small) {
  TensorGraft graft;
  graft.scale = kEmbeddingScale;
  graft.row_source = Leading(vocabulary, kSmallVocabulary, TensorGraft::kKept);
  graft.column_source = Leading(kHidden, kSmallHidden, TensorGraft::kZero);
  graft.small = Widen(small);
  graft.small_columns = kSmallHidden;
  graft.constant_column = kConstant;
  graft.column_values.assign(static_cast<size_t>(vocabulary), kConstantOfOther);
  std::fill_n(graft.column_values.begin(), kSmallVocabulary, kConstantOfSmall);
  return graft;
}

}  // namespace

void TensorGraft::Apply(int64_t first_row, int64_t columns, std::span<double> values) const {
  const size_t width = static_cast<size_t>(columns);
  if (!replacement.empty()) {
    std::copy_n(replacement.begin() + first_row * columns, values.size(), values.begin());
    return;
  }
  if (scale != 1) {
    for (double& value : values) value *= scale;
  }
  for (size_t i = 0; i < values.size() / width; ++i) {
    const size_t row = static_cast<size_t>(first_row) + i;
    const std::span<double> out = values.subspan(i * width, width);
    if (static_cast<int64_t>(row) == zero_row) std::fill(out.begin(), out.end(), 0.0);
    if (!row_source.empty() && row_source[row] != kKept) {
      for (size_t c = 0; c < width; ++c) {
        if (column_source[c] == kKept) continue;
        const bool is_small = row_source[row] >= 0 && column_source[c] >= 0;
        out[c] =
            is_small
                ? small[static_cast<size_t>(row_source[row] * small_columns + column_source[c])]
                : 0.0;
      }
    }
    if (constant_column >= 0) out[static_cast<size_t>(constant_column)] = column_values[row];
  }
}

struct Graft::Content {
  Checkpoint small;
};

Graft::Graft(std::unique_ptr<Content> content) : content_(std::move(content)) {}
Graft::Graft(Graft&&) noexcept = default;
Graft& Graft::operator=(Graft&&) noexcept = default;
Graft::~Graft() = default;

Graft Graft::Open(const std::filesystem::path& small_model) {
  Checkpoint small = Checkpoint::Open(small_model);
  const std::vector<std::filesystem::path> files = small.Files();
  const std::string found = files.size() == 1 ? Sha256OfFile(files[0]) : "that of several files";
  if (found != kSmallModelSha256) {
    throw InputError(PathName(small_model),
                     "recipe graft needs the small model of sha256 " +
                         std::string(kSmallModelSha256) + ", found " + found,
                     "the project's own is reference/fixtures/qwen3_5-tiny");
  }
  return Graft(std::make_unique<Content>(Content{std::move(small)}));
}

TensorGraft Graft::Of(std::string_view name, std::span<const int64_t> shape) const {
  TensorGraft graft;
  if (!name.starts_with(kPrefix)) return graft;
  name.remove_prefix(kPrefix.size());
  const Checkpoint& small = content_->small;
  if (name == "embed_tokens.weight") return Embedding(shape[0], small.Tensor(name));
  if (name == "norm.weight") {
    graft.replacement = StreamNorm(Widen(small.Tensor(name)), kFinalGain);
    return graft;
  }
  const std::optional<LayerTensor> tensor = SplitLayer(name);
  if (!tensor) throw std::logic_error("recipe graft doesn't know '" + std::string(name) + "'");
  if (IsStreamNorm(tensor->rest)) graft.replacement = StreamNorm({}, -1);
  if (WritesStream(tensor->rest)) {
    graft.scale = kSpareScale;
    graft.zero_row = kConstant;
  }
  if (const std::optional<int64_t> layer = SmallLayer(tensor->layer)) {
    const std::string small_name =
        "layers." + std::to_string(*layer) + "." + std::string(tensor->rest);
    PutSmall(tensor->rest, shape, small.Tensor(small_name), graft);
  }
  return graft;
}

}  // namespace deltagauge::reference
