// The text that Prometheus scrapes: families of samples, 0.0.4 or OpenMetrics 1.0.0.
#ifndef DELTAGAUGE_HARNESS_REPORT_EXPOSITION_H_
#define DELTAGAUGE_HARNESS_REPORT_EXPOSITION_H_

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/report/export_report.h"  // PrometheusText

namespace deltagauge {

using Labels = std::vector<std::pair<std::string, std::string>>;

class Exposition {
 public:
  explicit Exposition(PrometheusText form) : form_(form) {}

  // A gauge. A name that ends in _info is an info family; its value is 1.
  void Add(const std::string& family, std::string_view help, const Labels& labels, double value);

  // Counts up from 0. `family` ends in _total.
  void AddCounter(const std::string& family, std::string_view help, const Labels& labels,
                  double value);

  // counts[i] fell into (limits[i - 1], limits[i]], the last into everything above.
  void AddHistogram(const std::string& family, std::string_view help, const Labels& labels,
                    std::span<const double> limits, std::span<const int64_t> counts, double sum);

  // Families stand together, each once, however their samples came.
  std::string Take() const;

 private:
  struct Family {
    std::string_view type;
    std::string help;
    std::string samples;
  };
  Family& FamilyOf(const std::string& name, std::string_view type, std::string_view help);

  PrometheusText form_;
  std::map<std::string, Family> families_;
};

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_REPORT_EXPOSITION_H_
