// libFuzzer target: any line is either refused with a message that points into it, or gives a case
// that fits together and prints itself so that it reads back the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <variant>

#include "harness/kernel/case.h"

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  const auto parsed = deltagauge::ParseCase(line);
  if (const auto* error = std::get_if<deltagauge::CaseError>(&parsed)) {
    Require(error->position <= line.size());
    Require(!error->what.empty() && error->Message().size() < 2000);
    return 0;
  }
  const auto& kernel_case = std::get<deltagauge::KernelCase>(parsed);
  Require(!deltagauge::CheckCase(kernel_case));
  const auto again = deltagauge::ParseCase(deltagauge::PrintCase(kernel_case));
  Require(std::holds_alternative<deltagauge::KernelCase>(again));
  Require(std::get<deltagauge::KernelCase>(again) == kernel_case);
  return 0;
}
