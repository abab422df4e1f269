// What a kernel call answers: fine, or which argument is wrong and how.
#ifndef DELTAGAUGE_KERNELS_STATUS_H_
#define DELTAGAUGE_KERNELS_STATUS_H_

#include <cstdint>
#include <string>

namespace deltagauge {

// | code                | meaning                                                               |
// |---------------------|-----------------------------------------------------------------------|
// | kOk                 | done                                                                  |
// | kInvalidSize        | a size is negative, zero where one is needed, or above its limit      |
// | kHeadsNotDivisible  | value_heads is not a multiple of key_heads                            |
// | kInvalidEnum        | a data type, map, form or layout holds no named value                 |
// | kNonFiniteScalar    | scale or norm_epsilon is NaN or Inf, or norm_epsilon is negative      |
// | kNullPointer        | a tensor with elements has no data                                    |
// | kMisalignedPointer  | data is not aligned to its own element (vector alignment isn't needed)|
// | kExtentOverflow     | strides reach outside what an address can hold                        |
// | kCumulativeLengths  | not from 0 upwards to num_tokens, without decrease                    |
// | kSelfOverlap        | strides of a written tensor put two elements in one place             |
// | kOverlap            | a written tensor shares memory with another one                       |
// | kWorkspaceTooSmall  | the workspace has less than kWorkspaceBytesPerThread for each thread  |
// | kUnknownTarget      | no target of that name was compiled in and runs on this machine       |
enum class StatusCode : uint8_t {
  kOk,
  kInvalidSize,
  kHeadsNotDivisible,
  kInvalidEnum,
  kNonFiniteScalar,
  kNullPointer,
  kMisalignedPointer,
  kExtentOverflow,
  kCumulativeLengths,
  kSelfOverlap,
  kOverlap,
  kWorkspaceTooSmall,
  kUnknownTarget,
};

// "kOverlap" and so on.
const char* StatusCodeName(StatusCode code);

struct Status {
  StatusCode code = StatusCode::kOk;
  const char* argument = "";  // name of the argument at fault, static
  const char* hint = "";      // what is expected of it, static
  int64_t found = 0;          // the offending value, where one number tells it

  bool ok() const { return code == StatusCode::kOk; }
  // One line: "kInvalidSize: key_dim is 0; expected 1 to 256".
  std::string Message() const;
};

}  // namespace deltagauge

#endif  // DELTAGAUGE_KERNELS_STATUS_H_
