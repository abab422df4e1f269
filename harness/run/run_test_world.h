// What tests of whole runs share: a world in which nothing depends on this machine or on time.
#ifndef DELTAGAUGE_HARNESS_RUN_RUN_TEST_WORLD_H_
#define DELTAGAUGE_HARNESS_RUN_RUN_TEST_WORLD_H_

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "harness/config/config.h"
#include "harness/report/report.h"
#include "harness/run/run_session.h"

namespace deltagauge {

// The built-in candidates, a clock that goes on by 1 ms at each reading, 2026-03-11, ids that count
// up, never interrupted, a machine without a name, an empty environment.
RunWorld TestWorld();
inline constexpr std::string_view kTestDay = "2026-03-11";

// `text` follows `version: 1` and `name: test`. Throws reference::InputError.
Config ParsedConfig(const std::string& text, const std::vector<std::string>& more_arms = {});

// A folder that is there for one test.
class OutFolder {
 public:
  OutFolder();
  ~OutFolder();
  OutFolder(const OutFolder&) = delete;
  OutFolder& operator=(const OutFolder&) = delete;
  std::string File(const std::string& name) const { return (path_ / name).string(); }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

// A run of "test.yaml" into a folder of its own.
Report RunOnce(const Config& config, const RunWorld& world);

// The report's JSON without what two equal runs may differ in: ids, times, what they were shards
// of.
std::string Timeless(Report report);

// The first line in which two texts differ, of each; empty if none does.
std::string Difference(const std::string& a, const std::string& b);

// The only case whose id begins so. Throws std::logic_error if there is none, or several.
const CaseReport& CaseOf(const Report& report, std::string_view id_begin);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_RUN_RUN_TEST_WORLD_H_
