#include "reference/synthetic_shard.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <stdexcept>

#include "reference/ordered_pieces.h"
#include "reference/synthetic_shape.h"

namespace deltagauge::reference {
namespace {

static_assert(std::endian::native == std::endian::little, "the container is little-endian");

constexpr int kWorkers = 2;
// 256 KiB of BF16, made from 1 MiB of float64: stays in a worker's cache.
constexpr int64_t kPieceElements = int64_t{1} << 17;

template <typename Stored, typename Round>
void Store(std::span<const double> values, Round round, std::vector<std::byte>& bytes) {
  bytes.resize(values.size() * sizeof(Stored));
  for (size_t i = 0; i < values.size(); ++i) {
    // Float32 first, always: rounding once to bfloat16 would differ in a few elements.
    const Stored stored = round(static_cast<float>(values[i]));
    std::memcpy(bytes.data() + i * sizeof(Stored), &stored, sizeof(Stored));
  }
}

}  // namespace

SyntheticShard::SyntheticShard(std::span<const TensorInfo> tensors, const Graft* graft) {
  for (const TensorInfo& tensor : tensors) {
    if (tensor.type != TensorType::kFloat32 && tensor.type != TensorType::kBFloat16) {
      throw std::logic_error("synthetic tensors are F32 or BF16: " + tensor.name);
    }
    const int64_t rows = tensor.shape.at(0);
    const int64_t columns = ElementsOf(std::span(tensor.shape).subspan(1));
    const int64_t rows_of_piece = std::max<int64_t>(kPieceElements / columns, 1);
    for (int64_t first = 0; first < rows; first += rows_of_piece) {
      pieces_.push_back({tensors_.size(), first, std::min(rows_of_piece, rows - first)});
    }
    tensors_.push_back({tensor.type, columns,
                        SyntheticValues(ValueRules::kV1, tensor.name, tensor.shape),
                        graft ? graft->Of(tensor.name, tensor.shape) : TensorGraft()});
  }
}

void SyntheticShard::Make(const Piece& piece, std::vector<std::byte>& bytes) const {
  const Tensor& tensor = tensors_[piece.tensor];
  std::vector<double> values(static_cast<size_t>(piece.rows * tensor.columns));
  tensor.values.Fill(piece.first_row * tensor.columns, values);
  tensor.graft.Apply(piece.first_row, tensor.columns, values);
  if (tensor.type == TensorType::kFloat32) {
    Store<float>(
        values, [](float value) { return value; }, bytes);
  } else {
    Store<uint16_t>(values, RoundToBFloat16, bytes);
  }
}

void SyntheticShard::Stream(const std::function<void(std::span<const std::byte>)>& consume) const {
  MakeInOrder(
      pieces_.size(), kWorkers,
      [this](size_t index, std::vector<std::byte>& bytes) { Make(pieces_[index], bytes); },
      [&consume](size_t, std::span<const std::byte> bytes) { consume(bytes); });
}

}  // namespace deltagauge::reference
