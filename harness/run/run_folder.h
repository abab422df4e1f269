// What the folder of a run holds for a run that goes on there: run.json, which run it is, and
// cases.jsonl, its finished cases.
#ifndef DELTAGAUGE_HARNESS_RUN_RUN_FOLDER_H_
#define DELTAGAUGE_HARNESS_RUN_RUN_FOLDER_H_

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "harness/config/run_plan.h"
#include "harness/report/report.h"
#include "harness/run/build_info.h"

namespace deltagauge {

enum class Resume : uint8_t {
  kFinishedCases,  // goes on where a run of the same configuration and build was interrupted
  kDecidedCases,   // as well; of a finished one it measures undecided timings again
  kNothing,
};

class RunFolder {
 public:
  RunFolder(std::string path, std::string config_sha256, const BuildInfo& build)
      : path_(std::move(path)), config_sha256_(std::move(config_sha256)), build_(build) {}

  // Whether a run of this configuration and build was interrupted here.
  bool IsInterrupted() const;

  // Makes the finished run of this folder one that was interrupted before its undecided timings:
  // those that are inconclusive, or decide an inconclusive gate. Returns them by id, with what is
  // to be said of them in the notes of the next measurement; none: nothing was changed. Throws
  // reference::InputError if no finished run of this configuration and build with these cases is
  // here, or if cases of it were waived.
  std::map<std::string, std::vector<std::string>> ReopenUndecided(
      std::span<const PlanEntry> plan) const;

  // Cases of the interrupted run by id. What else is here is removed, and a new run begun.
  std::map<std::string, CaseReport> FinishedCases(Resume resume) const;

  void Append(const CaseReport& done) const;

  // The run is finished: there is nothing to go on with.
  void Close() const;

 private:
  std::string File(const char* name) const;
  std::string Identity() const;

  std::string path_;
  std::string config_sha256_;
  const BuildInfo& build_;
};

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_RUN_RUN_FOLDER_H_
