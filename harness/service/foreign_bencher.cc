// Bencher Metric Format: {"NAME": {"MEASURE": {"value": 1, "lower_value": 0, "upper_value": 2}}}.
#include <array>

#include "fmt/format.h"
#include "harness/service/foreign_forms.h"
#include "harness/store/report_rows.h"

namespace deltagauge {
namespace {

struct KnownMeasure {
  std::string_view slug;
  std::string_view metric;
  std::string_view unit;
  Direction direction;
};

// Those that Bencher itself knows; what others mean, the form does not say.
constexpr auto kMeasures = std::to_array<KnownMeasure>({
    {"latency", "latency_ns", "ns", Direction::kSmallerIsBetter},
    {"throughput", "operations_per_second", "operations/s", Direction::kLargerIsBetter},
    {"build-time", "build_time_s", "s", Direction::kSmallerIsBetter},
    {"file-size", "file_size_bytes", "B", Direction::kSmallerIsBetter},
});

Metric MetricOf(const PlacedJson& measure, std::string_view slug) {
  const auto value = measure.Number("value");
  if (!value) measure.Refuse("expected an object with a number 'value'");
  KnownMeasure known = {slug, slug, "1", Direction::kNeither};
  for (const KnownMeasure& of : kMeasures) {
    if (of.slug == slug) known = of;
  }
  Metric metric = ForeignMetric(std::string(known.metric), std::string(known.unit), known.direction,
                                {*value, 0, 1});
  metric.ci_lo = measure.Number("lower_value");
  metric.ci_hi = measure.Number("upper_value");
  if ((metric.ci_lo && *metric.ci_lo > *value) || (metric.ci_hi && *metric.ci_hi < *value)) {
    measure.Refuse("the value lies outside its bounds");
  }
  return metric;
}

}  // namespace

ForeignContent ReadBencher(const PlacedJson& root) {
  ForeignContent content;
  content.program = "bencher";
  for (const auto& [name, measures] : root.json.AsObject()) {
    if (name.empty() || CountCharacters(name) > kMaxForeignNameCharacters) {
      root.Refuse(fmt::format("a name of {} characters; 1 to {} are taken", CountCharacters(name),
                              kMaxForeignNameCharacters));
    }
    CaseReport of = ForeignCase("bencher", name);
    const PlacedJson benchmark = root.Member(name);
    if (!measures.IsObject() || measures.AsObject().empty()) {
      benchmark.Refuse("expected an object of measures");
    }
    for (const auto& [slug, figures] : measures.AsObject()) {
      if (CountCharacters(slug) > kMaxForeignNameCharacters)
        benchmark.Refuse("a measure's name is too long");
      of.metrics.push_back(MetricOf(benchmark.Member(slug), slug));
    }
    content.cases.push_back(std::move(of));
  }
  return content;
}

}  // namespace deltagauge
