// The data of a synthetic shard as a stream of bytes.
#ifndef DELTAGAUGE_REFERENCE_SYNTHETIC_SHARD_H_
#define DELTAGAUGE_REFERENCE_SYNTHETIC_SHARD_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "reference/safetensors.h"
#include "reference/synthetic_graft.h"
#include "reference/synthetic_values.h"

namespace deltagauge::reference {

class SyntheticShard {
 public:
  // Recipe v1, or graft if `graft` is not null. Tensors are F32 or BF16.
  SyntheticShard(std::span<const TensorInfo> tensors, const Graft* graft);

  // The data, without the header, in order, on the caller's thread; made on two others.
  void Stream(const std::function<void(std::span<const std::byte>)>& consume) const;

 private:
  struct Tensor {
    TensorType type;
    int64_t columns;
    SyntheticValues values;
    TensorGraft graft;
  };
  struct Piece {
    size_t tensor;
    int64_t first_row, rows;
  };

  void Make(const Piece& piece, std::vector<std::byte>& bytes) const;

  std::vector<Tensor> tensors_;
  std::vector<Piece> pieces_;
};

}  // namespace deltagauge::reference

#endif  // DELTAGAUGE_REFERENCE_SYNTHETIC_SHARD_H_
