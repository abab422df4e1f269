// The fields of a case with their values, as its line spells them.
#ifndef DELTAGAUGE_HARNESS_CONFIG_RUN_CASE_LISTER_H_
#define DELTAGAUGE_HARNESS_CONFIG_RUN_CASE_LISTER_H_

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "harness/config/run_case.h"
#include "harness/config/run_case_fields.h"

namespace deltagauge {

using RunCaseFields = std::vector<std::pair<std::string, std::string>>;  // name, value

inline constexpr std::array<std::string_view, 2> kNoYes = {"no", "yes"};

// Of VisitProtocol: they say how long to measure, not what.
inline constexpr std::array<std::string_view, 6> kProtocolFields = {
    "min_effect", "confidence", "budget_s", "max_quads", "input_sets", "speedup_target"};

inline bool IsProtocolField(std::string_view name) {
  return std::find(kProtocolFields.begin(), kProtocolFields.end(), name) != kProtocolFields.end();
}

// A visitor of run_case_fields.h.
class FieldLister {
 public:
  RunCaseFields fields;

  template <typename Integer>
  void Number(std::string_view name, Integer value, int64_t /*lowest*/, int64_t /*highest*/) {
    Add(name, fmt::format("{}", value));
  }
  void NumberOrAll(std::string_view name, const std::optional<int64_t>& value, int64_t /*lowest*/,
                   int64_t /*highest*/) {
    Add(name, value ? fmt::format("{}", *value) : "all");
  }
  void Real(std::string_view name, double value, double /*lowest*/, double /*highest*/) {
    Add(name, fmt::format("{}", value));
  }
  void Seed(std::string_view name, uint64_t value) { Add(name, fmt::format("{}", value)); }
  template <typename Enumeration>
  void Enum(std::string_view name, Enumeration value) {
    Add(name, std::string(NameOf(value)));
  }
  void YesNo(std::string_view name, bool value) { Add(name, std::string(kNoYes[value ? 1 : 0])); }
  void Path(std::string_view name, const std::string& value) { Add(name, PercentEncoded(value)); }
  void Prompt(std::string_view name, const std::string& value) { Path(name, value); }
  void Arm(std::string_view name, const std::string& value) { Path(name, value); }
  void Truth(std::string_view name, const std::string& value) { Path(name, value); }
  void Target(std::string_view name, const std::string& value) { Path(name, value); }

 private:
  void Add(std::string_view name, std::string value) {
    fields.emplace_back(name, std::move(value));
  }
};

// All of them, defaults too, in the order of the line.
template <typename Run>
RunCaseFields FieldsOf(const Run& run) {
  FieldLister lister;
  Run copy = run;  // the table is written for those who fill it in
  VisitRunFields(lister, copy);
  return std::move(lister.fields);
}

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_CONFIG_RUN_CASE_LISTER_H_
