// Do two platforms compute the same? Kernel cases of one id have one seed: their inputs must be the
// same bits, their outputs the same up to rounding.
#ifndef DELTAGAUGE_HARNESS_RELEASE_RELEASE_AGREEMENT_H_
#define DELTAGAUGE_HARNESS_RELEASE_RELEASE_AGREEMENT_H_

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "harness/report/merge.h"  // NamedReport
#include "harness/report/report.h"

namespace deltagauge {

// Where two platforms part.
struct CaseDifference {
  std::string id;
  std::string repro;
  std::string tensor;  // empty: the inputs
  std::string dtype;
  double distance = 0;  // relative RMS; 0 for inputs
};

struct PlatformAgreement {
  std::string platform;
  std::string other;
  int64_t cases = 0;         // that both have with inputs and digests
  int64_t same_inputs = 0;   // of these
  int64_t tensors = 0;       // of these
  int64_t same_tensors = 0;  // to the bit
  // The largest relative RMS distance, by dtype, with where it is. An estimate from projections:
  // see harness/kernel/tensor_digest.h.
  std::map<std::string, CaseDifference, std::less<>> largest;
  std::vector<CaseDifference> other_inputs;  // all of them
};

// Cases that both passed. Several reports of a platform: of equal ids the first counts.
PlatformAgreement ComparePlatforms(const std::string& platform,
                                   std::span<const Report* const> reports, const std::string& other,
                                   std::span<const Report* const> other_reports);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_RELEASE_RELEASE_AGREEMENT_H_
