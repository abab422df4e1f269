// What the three forms have in common, and the reader of each. For foreign_report.cc alone.
#ifndef DELTAGAUGE_HARNESS_SERVICE_FOREIGN_FORMS_H_
#define DELTAGAUGE_HARNESS_SERVICE_FOREIGN_FORMS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/report/json.h"
#include "harness/report/report.h"

namespace deltagauge {

inline constexpr size_t kMaxForeignNameCharacters = 1000;

// A JSON value with its place in a text.
struct PlacedJson {
  const Json& json;
  JsonPointer at;
  std::string_view where;

  // Throws reference::InputError "where#/at/name: what".
  [[noreturn]] void Refuse(const std::string& what) const;

  // Member or element; throws if this is no object, or has none of that name.
  PlacedJson Member(std::string_view name) const;
  PlacedJson Element(size_t index) const;
  // Absent and null give nothing; another type throws.
  std::optional<double> Number(std::string_view name) const;
  std::optional<std::string> Text(std::string_view name) const;
  // Neither absent nor empty, at most kMaxForeignNameCharacters.
  std::string Name(std::string_view name) const;
  // Of an array or object of these; throws if this is neither.
  size_t size() const;
};

// What a form says of itself; what it does not say is empty.
struct ForeignContent {
  std::string program;  // "google-benchmark"
  std::string version;
  std::string build_type;
  std::string commit;
  std::string created_at;  // RFC 3339, UTC
  Machine machine;         // without fingerprint
  std::vector<CaseReport> cases;
};

ForeignContent ReadGoogleBenchmark(const PlacedJson& root);
ForeignContent ReadLlamaBench(const PlacedJson& root);
ForeignContent ReadBencher(const PlacedJson& root);

// An inconclusive case that nothing judged.
CaseReport ForeignCase(std::string_view form, std::string_view name);

struct Repetitions {
  double mean = 0;
  double stddev = 0;
  int64_t count = 1;
};
Repetitions RepetitionsOf(const std::vector<double>& values);

// With Student's interval from two repetitions on.
Metric ForeignMetric(std::string name, std::string unit, Direction direction,
                     const Repetitions& repetitions);

// "2026-03-11T10:30:00+01:00" and "...Z" in UTC, fractions of seconds dropped; nothing for any
// other text.
std::optional<std::string> UtcOf(std::string_view rfc3339);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_SERVICE_FOREIGN_FORMS_H_
