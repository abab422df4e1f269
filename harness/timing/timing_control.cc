#include "harness/timing/timing_control.h"

#include <cstddef>

namespace deltagauge {
namespace {

constexpr size_t kWords = (size_t{256} << 10) / sizeof(uint32_t);
constexpr uint32_t kPasses = 8;
constexpr int kSteps = 100'000;  // some 4 cycles each

}  // namespace

ControlCall::ControlCall() : memory_(kWords, 0) {}

void ControlCall::Run() {
  uint64_t x = chain_;
  for (int i = 0; i < kSteps; ++i) x = x * 6364136223846793005u + 1442695040888963407u;
  chain_ = x;
  for (uint32_t pass = 0; pass < kPasses; ++pass) {
    for (uint32_t& word : memory_) ++word;
  }
  ++runs_;
}

std::string ControlCall::Defect() const {
  for (const uint32_t word : memory_) {
    if (word != runs_ * kPasses)
      return "the control benchmark's memory does not hold what it wrote";
  }
  return "";
}

}  // namespace deltagauge
