// How far a run is, as one line of JSON: what `deltagauge run --progress-json` prints and whoever
// watches it reads.
#ifndef DELTAGAUGE_HARNESS_REPORT_RUN_STEP_H_
#define DELTAGAUGE_HARNESS_REPORT_RUN_STEP_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "harness/report/json.h"

namespace deltagauge {

struct RunStep {
  int64_t done = 0;   // cases
  int64_t total = 0;  // cases
  std::string case_id;
  std::string what;  // a stage inside the case, or ""
  double share = 0;  // of that stage, 0 to 1, in hundredths
  double seconds_left = 0;

  bool operator==(const RunStep&) const = default;
};

// {"case": ..., "done": 3, "seconds_left": 12, "share": 0.4, "total": 40, "what": "greedy"}
Json RunStepJson(const RunStep& step);

// The same with "event": "progress", on one line.
std::string WriteRunStep(const RunStep& step);

// Nothing for any other line.
std::optional<RunStep> ReadRunStep(std::string_view line);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_REPORT_RUN_STEP_H_
