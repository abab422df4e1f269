#include "harness/service/foreign_forms.h"
#include "harness/store/report_rows.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "fmt/format.h"
#include "harness/report/report_time.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

// Student's t for 0.95, two-sided, of 1 to 30 degrees of freedom (NIST, e-Handbook, 1.3.6.7.2);
// above, the last of them is a little wide, never narrow.
constexpr auto kStudent95 =
    std::to_array<double>({12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
                           2.201,  2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
                           2.080,  2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042});

// Two digits at `at`; nothing for anything else.
std::optional<int64_t> TwoDigits(std::string_view text, size_t at) {
  int64_t value = 0;
  if (at + 2 > text.size()) return std::nullopt;
  const char* const begin = text.data() + at;
  const auto [end, error] = std::from_chars(begin, begin + 2, value);
  return error == std::errc() && end == begin + 2 && value >= 0 ? std::optional(value)
                                                                : std::nullopt;
}

}  // namespace

void PlacedJson::Refuse(const std::string& what) const {
  throw reference::InputError(std::string(where) + "#" + at.text(), what);
}

PlacedJson PlacedJson::Member(std::string_view name) const {
  if (!json.IsObject()) {
    Refuse(fmt::format("expected an object, found {}", json.TypeName()));
  }
  const Json* const member = json.Find(name);
  if (member == nullptr) Refuse(fmt::format("'{}' is missing", name));
  return {*member, at.Member(name), where};
}

PlacedJson PlacedJson::Element(size_t index) const {
  return {json.AsArray()[index], at.Element(index), where};
}

std::optional<double> PlacedJson::Number(std::string_view name) const {
  const Json* const member = json.Find(name);
  if (member == nullptr || member->IsNull()) return std::nullopt;
  if (!member->IsNumber()) {
    Member(name).Refuse(fmt::format("expected a number, found {}", member->TypeName()));
  }
  const double value = member->AsDouble();
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

std::optional<std::string> PlacedJson::Text(std::string_view name) const {
  const Json* const member = json.Find(name);
  if (member == nullptr || member->IsNull()) return std::nullopt;
  if (!member->IsString()) {
    Member(name).Refuse(fmt::format("expected a text, found {}", member->TypeName()));
  }
  if (CountCharacters(member->AsString()) > kMaxForeignNameCharacters) {
    Member(name).Refuse(fmt::format("more than {} characters", kMaxForeignNameCharacters));
  }
  return member->AsString();
}

std::string PlacedJson::Name(std::string_view name) const {
  const PlacedJson member = Member(name);
  auto text = Text(name);
  if (!text || text->empty()) member.Refuse("expected a text that is not empty");
  return std::move(*text);
}

size_t PlacedJson::size() const {
  if (json.IsArray()) return json.AsArray().size();
  if (json.IsObject()) return json.AsObject().size();
  Refuse(fmt::format("expected an array or object, found {}", json.TypeName()));
}

CaseReport ForeignCase(std::string_view form, std::string_view name) {
  CaseReport of;
  of.id = fmt::format("{}:{}", form, name);
  of.kind = "foreign";
  of.status = Verdict::kInconclusive;
  of.reason_code = "not_judged";
  of.reason = "figures of another program; nothing judged them";
  return of;
}

Repetitions RepetitionsOf(const std::vector<double>& values) {
  Repetitions of;
  of.count = static_cast<int64_t>(values.size());
  // In two passes, each term divided first: sums of large values must not become infinite.
  const auto count = static_cast<double>(values.size());
  for (const double value : values) of.mean += value / count;
  double variance = 0;
  for (const double value : values) {
    const double distance = value - of.mean;
    variance += distance * distance / std::max(1.0, count - 1);
  }
  of.stddev = std::sqrt(variance);
  return of;
}

Metric ForeignMetric(std::string name, std::string unit, Direction direction,
                     const Repetitions& repetitions) {
  Metric metric;
  metric.name = "foreign." + std::move(name);
  metric.unit = std::move(unit);
  metric.direction = direction;
  metric.value = repetitions.mean;
  if (repetitions.count < 2) return metric;
  const auto row = std::min(static_cast<size_t>(repetitions.count) - 2, kStudent95.size() - 1);
  const double half =
      kStudent95[row] * repetitions.stddev / std::sqrt(static_cast<double>(repetitions.count));
  if (!std::isfinite(half) || half < 0) return metric;
  metric.ci_lo = metric.value - half;
  metric.ci_hi = metric.value + half;
  metric.level = 0.95;
  return metric;
}

std::optional<std::string> UtcOf(std::string_view rfc3339) {
  constexpr size_t kSeconds = 19;  // of "2026-03-11T10:30:00"
  if (rfc3339.size() <= kSeconds) return std::nullopt;
  auto seconds = ParseUtc(std::string(rfc3339.substr(0, kSeconds)) + "Z");
  std::string_view zone = rfc3339.substr(kSeconds);
  if (zone.starts_with('.')) {
    const size_t end = zone.find_first_not_of("0123456789", 1);
    if (end == std::string_view::npos || end == 1) return std::nullopt;
    zone.remove_prefix(end);
  }
  if (!seconds) return std::nullopt;
  if (zone != "Z") {
    const auto hours = TwoDigits(zone, 1);
    const auto minutes = TwoDigits(zone, 4);
    const bool is_zone = zone.size() == 6 && (zone[0] == '+' || zone[0] == '-') && zone[3] == ':';
    if (!is_zone || !hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
    const int64_t offset_s = *hours * 3600 + *minutes * 60;
    *seconds += zone[0] == '+' ? -offset_s : offset_s;
  }
  constexpr int64_t kYear10000 = 253'402'300'800;
  if (*seconds < 0 || *seconds >= kYear10000) return std::nullopt;
  return FormatUtc(*seconds);
}

}  // namespace deltagauge
