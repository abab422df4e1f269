// libFuzzer target: any line is either refused with a message that points into it, or gives a case
// that prints itself so that it reads back the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <variant>

#include "harness/config/run_case.h"

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  const auto parsed = deltagauge::ParseRunCase(line);
  if (const auto* error = std::get_if<deltagauge::CaseError>(&parsed)) {
    Require(error->position <= line.size());
    Require(!error->what.empty() && error->Message().size() < 2000);
    return 0;
  }
  const auto& run_case = std::get<deltagauge::RunCase>(parsed);
  Require(!deltagauge::CheckRunCase(run_case));
  const auto again = deltagauge::ParseRunCase(deltagauge::PrintRunCase(run_case));
  Require(std::holds_alternative<deltagauge::RunCase>(again));
  Require(std::get<deltagauge::RunCase>(again) == run_case);
  Require(!deltagauge::ParametersOf(run_case).empty());
  return 0;
}
