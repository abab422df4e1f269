// One tensor as a plug-in sees it: in its own layout and alignment, guarded.
#ifndef DELTAGAUGE_HARNESS_CANDIDATE_STAGED_TENSOR_H_
#define DELTAGAUGE_HARNESS_CANDIDATE_STAGED_TENSOR_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/candidate/guarded_pages.h"
#include "harness/candidate/worker_notes.h"
#include "kernels/candidate.h"
#include "kernels/gated_delta_rule.h"

namespace deltagauge {

struct StagedShape {
  std::array<int64_t, 4> sizes = {};
  std::array<int64_t, 4> strides = {};  // in elements, none negative

  int64_t Offset(int64_t a, int64_t b, int64_t c, int64_t d) const {
    return a * strides[0] + b * strides[1] + c * strides[2] + d * strides[3];
  }
};

// Contiguous, its dimensions from outermost to innermost in `order`.
StagedShape ContiguousShape(const std::array<int64_t, 4>& sizes, const std::array<int, 4>& order);

struct StagedPlace {
  size_t alignment_bytes = 1;     // a power of two
  size_t misalignment_bytes = 0;  // past an aligned address
  Trap trap = Trap::kNone;
};

// All bytes that belong to no element, and elements until they are set, hold a pattern that is NaN.
// The end is as near to the page that traps as alignment allows.
class StagedTensor {
 public:
  // `name` is static.
  StagedTensor(const char* name, FaultSite::Access access, DataType type, const StagedShape& shape,
               const StagedPlace& place);

  const char* name() const { return name_; }
  const StagedShape& shape() const { return shape_; }

  float Get(int64_t offset) const;
  void Set(int64_t offset, float value);  // bfloat16 rounds to nearest even

  deltagauge_input AsInput() const;
  deltagauge_output AsOutput();

  // Remembers all bytes as they are now; an input can't be written from then on.
  void Seal();
  // What changed since then that had to stay: "" or "byte 12 from the first element was changed".
  std::string Damage() const;

 private:
  const char* name_;
  FaultSite::Access access_;
  DataType type_;
  size_t element_bytes_;
  StagedShape shape_;
  GuardedPages pages_;
  size_t begin_ = 0;  // of the first element, in the pages
  std::vector<std::byte> sealed_;
  std::optional<FaultSite> site_;
};

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_CANDIDATE_STAGED_TENSOR_H_
