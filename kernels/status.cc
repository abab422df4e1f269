#include "kernels/status.h"

namespace deltagauge {

const char* StatusCodeName(StatusCode code) {
  switch (code) {
    case StatusCode::kOk:
      return "kOk";
    case StatusCode::kInvalidSize:
      return "kInvalidSize";
    case StatusCode::kHeadsNotDivisible:
      return "kHeadsNotDivisible";
    case StatusCode::kInvalidEnum:
      return "kInvalidEnum";
    case StatusCode::kNonFiniteScalar:
      return "kNonFiniteScalar";
    case StatusCode::kNullPointer:
      return "kNullPointer";
    case StatusCode::kMisalignedPointer:
      return "kMisalignedPointer";
    case StatusCode::kExtentOverflow:
      return "kExtentOverflow";
    case StatusCode::kCumulativeLengths:
      return "kCumulativeLengths";
    case StatusCode::kSelfOverlap:
      return "kSelfOverlap";
    case StatusCode::kOverlap:
      return "kOverlap";
    case StatusCode::kWorkspaceTooSmall:
      return "kWorkspaceTooSmall";
    case StatusCode::kUnknownTarget:
      return "kUnknownTarget";
  }
  return "unknown status code";
}

std::string Status::Message() const {
  if (ok()) return "ok";
  std::string message = StatusCodeName(code);
  message += ": ";
  message += argument;
  switch (code) {
    case StatusCode::kInvalidSize:
    case StatusCode::kHeadsNotDivisible:
    case StatusCode::kInvalidEnum:
    case StatusCode::kCumulativeLengths:
    case StatusCode::kWorkspaceTooSmall:
      message += " is " + std::to_string(found);
      break;
    default:
      break;
  }
  message += "; expected ";
  message += hint;
  return message;
}

}  // namespace deltagauge
