// What must fit together within one map of a configuration, beyond the type and range of each key.
#ifndef DELTAGAUGE_HARNESS_CONFIG_CONFIG_FLAWS_H_
#define DELTAGAUGE_HARNESS_CONFIG_CONFIG_FLAWS_H_

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "harness/config/config.h"

namespace deltagauge {

// Other names for CheckKind::kAccuracy, which judges them all.
inline constexpr std::array<std::string_view, 3> kPartsOfAccuracy = {"parity", "repeat", "bounds"};

struct Flaw {
  std::string_view key;  // whose place the message gets; if it is not there, the map's
  std::string what;
  std::string hint;
};

// Called with maps whose keys are all sound one by one, inner ones first.
template <typename Struct>
std::optional<Flaw> FlawOf(const Struct& /*value*/) {
  return std::nullopt;
}
std::optional<Flaw> FlawOf(const OutsideArm& arm);
std::optional<Flaw> FlawOf(const KernelShape& shape);
std::optional<Flaw> FlawOf(const KernelConfig& kernel);
std::optional<Flaw> FlawOf(const AgreementConfig& agreement);
std::optional<Flaw> FlawOf(const ModelRunConfig& model);
std::optional<Flaw> FlawOf(const KernelTimingConfig& timing);
std::optional<Flaw> FlawOf(const PerformanceConfig& performance);
std::optional<Flaw> FlawOf(const Gate& gate);
std::optional<Flaw> FlawOf(const Tolerance& tolerance);
std::optional<Flaw> FlawOf(const Config& config);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_CONFIG_CONFIG_FLAWS_H_
