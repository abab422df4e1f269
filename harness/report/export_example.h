// What the golden tests of reports and exporters compare with.
#ifndef DELTAGAUGE_HARNESS_REPORT_EXPORT_EXAMPLE_H_
#define DELTAGAUGE_HARNESS_REPORT_EXPORT_EXAMPLE_H_

#include <string>
#include <vector>

namespace deltagauge {

struct GoldenFile {
  std::string name;  // in harness/report/fixtures
  std::string text;  // as it is written now
};

// Of the example reports. The page is rendered with a stand-in for the chart library.
std::vector<GoldenFile> GoldenFiles();

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_REPORT_EXPORT_EXAMPLE_H_
