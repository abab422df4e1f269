// libFuzzer target: what comes from a plug-in's side. Any bytes of a worker process are no answer,
// or one that can be shown and sent on; any description is refused with a reason, or can be shown.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "harness/candidate/outcome_wire.h"
#include "harness/candidate/plugin.h"

namespace deltagauge {
namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

// Changes (place, byte) to what is right, so that all of it is reached without a corpus.
std::string Changed(std::string bytes, std::string_view changes) {
  for (size_t i = 0; i + 2 < changes.size(); i += 3) {
    const size_t place =
        static_cast<uint8_t>(changes[i]) | size_t{static_cast<uint8_t>(changes[i + 1])} << 8;
    bytes[place % bytes.size()] = changes[i + 2];
  }
  return bytes;
}

deltagauge_candidate GoodCandidate() {
  deltagauge_candidate candidate = {};
  candidate.name = "mine";
  candidate.version = "1";
  candidate.description = "";
  candidate.conventions = {1, 1, 1, 1, 1, 1, 1, 1};
  candidate.data_types = DELTAGAUGE_FLOAT32;
  candidate.run = [](const deltagauge_call*, void*) -> int32_t { return DELTAGAUGE_OK; };
  return candidate;
}

PluginInfo InfoOf(const deltagauge_candidate& candidate) {
  return {"mine.so",
          candidate.name,
          candidate.version,
          candidate.description,
          candidate.conventions,
          candidate.limits,
          candidate.data_types};
}

CheckOutcome GoodOutcome() {
  CheckOutcome outcome;
  outcome.verdict = Verdict::kFailed;
  outcome.target = "mine";
  outcome.findings = {{.tensor = "output", .detail = "there"}};
  outcome.tensors.resize(1);
  outcome.tensors[0].name = "output";
  outcome.tensors[0].digest.sketch = {1.0, std::numeric_limits<double>::infinity()};
  return outcome;
}

void TryInfo(const std::string& bytes) {
  const std::optional<PluginInfo> info = UnpackInfo(bytes);
  if (!info) return;
  Require(!DescribePlugin(*info).empty());
  Require(PackInfo(*info) == bytes);
}

void TryOutcome(const std::string& bytes) {
  const std::optional<CheckOutcome> outcome = UnpackOutcome(bytes, KernelCase{});
  if (!outcome) return;
  Require(!VerdictName(outcome->verdict).empty());
  for (const Finding& finding : outcome->findings) Require(!finding.Message().empty());
  for (const TensorReport& tensor : outcome->tensors) {
    Require(tensor.result.truth_is_constant || !tensor.result.truth_is_constant);  // no other bool
  }
  Require(UnpackOutcome(PackOutcome(*outcome), KernelCase{}).has_value());
}

// Texts and numbers that a library could hold.
void TryDescription(std::string_view data) {
  deltagauge_candidate candidate = GoodCandidate();
  const size_t third = data.size() / 3;
  const std::string name(data.substr(0, third));
  const std::string version(data.substr(third, third));
  std::string numbers(sizeof(candidate.conventions) + sizeof(candidate.limits), '\0');
  std::memcpy(numbers.data(), &candidate.conventions, sizeof(candidate.conventions));
  numbers = Changed(numbers, data.substr(2 * third));
  std::memcpy(&candidate.conventions, numbers.data(), sizeof(candidate.conventions));
  std::memcpy(&candidate.limits, numbers.data() + sizeof(candidate.conventions),
              sizeof(candidate.limits));
  candidate.name = name.c_str();
  candidate.version = version.c_str();
  candidate.description = version.c_str();
  const std::string flaw = FindCandidateFlaw(candidate);
  if (!flaw.empty()) {
    Require(flaw.size() < 1000);
    return;
  }
  const PluginInfo info = InfoOf(candidate);
  Require(info.name.size() <= 64 && info.version.size() <= 64);
  Require(!DescribePlugin(info).empty());
  Require(UnpackInfo(PackInfo(info)).has_value());
}

void TryBytes(std::string_view data) {
  const std::string_view rest = data.substr(1);
  switch (static_cast<uint8_t>(data[0]) % 5) {
    case 0:
      return TryInfo(std::string(rest));
    case 1:
      return TryInfo(Changed(PackInfo(InfoOf(GoodCandidate())), rest));
    case 2:
      return TryOutcome(std::string(rest));
    case 3:
      return TryOutcome(Changed(PackOutcome(GoodOutcome()), rest));
    default:
      return TryDescription(rest);
  }
}

}  // namespace
}  // namespace deltagauge

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 0) deltagauge::TryBytes({reinterpret_cast<const char*>(data), size});
  return 0;
}
