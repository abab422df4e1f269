// What must be shown before a release: on which platforms, with which models, candidates,
// instruction sets and gates, by how fresh reports, and how far results of two platforms may be
// apart.
//
// YAML, read as strictly as configurations are (harness/config/config_yaml.h): one map with
// `version: 1`; anything that is not understood is refused with file:line:column and the nearest
// name. configs/release_policy.yaml is the project's own; configs/README.md explains each key.
#ifndef DELTAGAUGE_HARNESS_RELEASE_RELEASE_POLICY_H_
#define DELTAGAUGE_HARNESS_RELEASE_RELEASE_POLICY_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace deltagauge {

// What the reports of one platform must show together; any of these lists may be empty.
struct PlatformPolicy {
  std::string name;                     // "linux-x86_64", as ToolReport::platform
  std::vector<std::string> configs;     // names of configurations, a whole run of each
  std::vector<std::string> candidates;  // with at least one passed case that is not a timing
  std::vector<std::string> models;      // with at least one passed case
  std::vector<std::string> targets;     // instruction sets with at least one passed kernel case
  std::vector<std::string> gates;       // metrics; each has a gate, and all its gates passed

  bool operator==(const PlatformPolicy&) const = default;
};

enum class TreePolicy : uint8_t { kClean, kAny };
enum class Acceptance : uint8_t { kRefused, kAccepted };

// Of the same kernel case on two platforms. Inputs must be the same to the bit, always.
struct AgreementPolicy {
  int64_t min_cases = 1;  // that every pair of platforms must share
  // Largest relative RMS distance of a result. float32: each is within 2e-6 of the truth, by
  // contract. bfloat16: results are rounded correctly but where float32's own error decides;
  // AVX-512 and SVE2 are 3e-5 apart in the quick configuration (in float32 4e-7), of which this is
  // ten times.
  double float32 = 4e-6;
  double bfloat16 = 3e-4;

  bool operator==(const AgreementPolicy&) const = default;
};

struct ReleasePolicy {
  std::string name;
  int max_age_days = 14;  // of a report, from its created_at
  TreePolicy tree = TreePolicy::kClean;
  Acceptance waivers = Acceptance::kAccepted;      // of runs that pass by a waiver
  Acceptance inconclusive = Acceptance::kRefused;  // of runs in which only timings are undecided
  std::vector<PlatformPolicy> platforms;
  AgreementPolicy agreement;

  bool operator==(const ReleasePolicy&) const = default;
};

inline constexpr size_t kMaxPolicyBytes = size_t{1} << 20;
inline constexpr size_t kMaxPlatforms = 64;
inline constexpr size_t kMaxRequirements = 256;  // in each list of a platform

// Throws reference::InputError, as LoadConfig does. `name` is what messages call the text.
ReleasePolicy ParseReleasePolicy(std::string_view text, const std::string& name);
ReleasePolicy LoadReleasePolicy(const std::string& path);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_RELEASE_RELEASE_POLICY_H_
