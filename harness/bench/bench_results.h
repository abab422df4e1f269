// Whether a timed result may be believed.
#ifndef DELTAGAUGE_HARNESS_BENCH_BENCH_RESULTS_H_
#define DELTAGAUGE_HARNESS_BENCH_BENCH_RESULTS_H_

#include <span>
#include <string>

namespace deltagauge {

// "holds NaN or Inf at element 7", "is all zero", "is empty", or nothing if it is none of these.
std::string DefectOfResult(std::span<const float> result);

// RMS(a - b) / RMS(b). NaN if the sizes differ or there is nothing to compare.
double RelativeRmsDifference(std::span<const float> a, std::span<const float> b);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_BENCH_BENCH_RESULTS_H_
