// {"context": {"date": ..., "host_name": ..., "num_cpus": ...}, "benchmarks": [...]}: one entry for
// each repetition, or only their mean and standard deviation as aggregates.
#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "fmt/format.h"
#include "harness/service/foreign_forms.h"
#include "harness/store/report_rows.h"

namespace deltagauge {
namespace {

// What each entry has; every other number in it is a counter.
constexpr auto kOwnNumbers = std::to_array<std::string_view>(
    {"family_index", "per_family_instance_index", "repetitions", "repetition_index", "threads",
     "iterations", "real_time", "cpu_time", "real_time_coefficient", "real_coefficient",
     "cpu_coefficient", "rms"});

struct Figure {
  std::vector<double> values;  // of single repetitions
  std::optional<double> mean;  // of aggregates
  std::optional<double> stddev;
};

struct Benchmark {
  std::map<std::string, Figure, std::less<>> figures;  // by name of the metric
  int64_t repetitions = 0;                             // as aggregates say
  std::string error;
  std::string skipped;
  bool has_error = false;
  bool is_skipped = false;
  std::string threads;
};

double NanosecondsPer(const PlacedJson& entry) {
  const std::string unit = entry.Text("time_unit").value_or("ns");
  if (unit == "ns") return 1;
  if (unit == "us") return 1e3;
  if (unit == "ms") return 1e6;
  if (unit == "s") return 1e9;
  entry.Member("time_unit").Refuse("expected ns, us, ms or s");
}

bool IsOwnNumber(std::string_view name) {
  return std::find(kOwnNumbers.begin(), kOwnNumbers.end(), name) != kOwnNumbers.end();
}

// Each number of an entry by the name of its metric.
std::map<std::string, double, std::less<>> FiguresOf(const PlacedJson& entry) {
  std::map<std::string, double, std::less<>> figures;
  const double nanoseconds = NanosecondsPer(entry);
  if (const auto time = entry.Number("real_time")) figures["latency_ns"] = *time * nanoseconds;
  if (const auto time = entry.Number("cpu_time")) figures["cpu_time_ns"] = *time * nanoseconds;
  for (const auto& [name, value] : entry.json.AsObject()) {
    if (!value.IsNumber() || IsOwnNumber(name)) continue;
    if (CountCharacters(name) > kMaxForeignNameCharacters)
      entry.Refuse("a counter's name is too long");
    if (const auto number = entry.Number(name)) {
      const bool is_known = name == "items_per_second" || name == "bytes_per_second";
      figures[is_known ? name : "counter." + name] = *number;
    }
  }
  return figures;
}

void AddEntry(const PlacedJson& entry, Benchmark* benchmark) {
  if (const auto threads = entry.Number("threads")) {
    benchmark->threads = fmt::format("{:.0f}", *threads);
  }
  // Whatever becomes of it, what is there must be of its type.
  const auto real_time = entry.Number("real_time");
  const auto cpu_time = entry.Number("cpu_time");
  const auto repetitions = entry.Number("repetitions");
  const std::string run_type = entry.Text("run_type").value_or("iteration");
  const std::string aggregate = entry.Text("aggregate_name").value_or("");
  const std::string error_message = entry.Text("error_message").value_or("");
  const std::string skip_message = entry.Text("skip_message").value_or("");
  NanosecondsPer(entry);
  const Json* const error = entry.json.Find("error_occurred");
  if (error != nullptr && !error->IsBool()) {
    entry.Member("error_occurred").Refuse("expected true or false");
  }
  if (error != nullptr && error->AsBool()) {
    benchmark->has_error = true;
    benchmark->error = error_message;
    return;
  }
  const Json* const skipped = entry.json.Find("skipped");
  const bool is_skipped =
      skipped != nullptr && ((skipped->IsBool() && skipped->AsBool()) || skipped->IsString());
  if (is_skipped) {
    benchmark->is_skipped = true;
    benchmark->skipped = skip_message;
    return;
  }
  if (run_type != "aggregate") {
    if (!real_time && !cpu_time) {
      entry.Refuse("neither 'real_time' nor 'cpu_time', and no error");
    }
    for (const auto& [name, value] : FiguresOf(entry)) {
      benchmark->figures[name].values.push_back(value);
    }
  } else if (aggregate == "mean" || aggregate == "stddev") {
    for (const auto& [name, value] : FiguresOf(entry)) {
      Figure& figure = benchmark->figures[name];
      (aggregate == "mean" ? figure.mean : figure.stddev) = value;
    }
    benchmark->repetitions = static_cast<int64_t>(std::clamp(repetitions.value_or(1), 1.0, 1e9));
  }
}

Metric MetricOf(const std::string& name, const Figure& figure, int64_t repetitions) {
  const bool is_time = name.ends_with("_ns");
  const std::string unit = is_time                      ? "ns"
                           : name == "items_per_second" ? "items/s"
                           : name == "bytes_per_second" ? "B/s"
                                                        : "1";
  const Direction direction = is_time                         ? Direction::kSmallerIsBetter
                              : name.ends_with("_per_second") ? Direction::kLargerIsBetter
                                                              : Direction::kNeither;
  if (!figure.values.empty()) {
    return ForeignMetric(name, unit, direction, RepetitionsOf(figure.values));
  }
  const bool has_spread = figure.stddev && repetitions > 1;
  return ForeignMetric(
      name, unit, direction,
      {figure.mean.value_or(0), figure.stddev.value_or(0), has_spread ? repetitions : 1});
}

CaseReport CaseOf(const std::string& name, const Benchmark& benchmark) {
  CaseReport of = ForeignCase("google_benchmark", name);
  if (!benchmark.threads.empty()) of.params["threads"] = benchmark.threads;
  if (benchmark.has_error) {
    of.status = Verdict::kError;
    of.reason_code = "foreign_error";
    of.reason = benchmark.error;
    return of;
  }
  for (const auto& [metric, figure] : benchmark.figures) {
    if (figure.values.empty() && !figure.mean) continue;
    of.metrics.push_back(MetricOf(metric, figure, benchmark.repetitions));
  }
  if (of.metrics.empty()) {
    of.status = Verdict::kSkipped;
    of.reason_code = "foreign_skipped";
    of.reason = benchmark.is_skipped ? benchmark.skipped : "no figure";
  }
  return of;
}

Machine MachineOf(const PlacedJson& context) {
  Machine machine;
  machine.name = context.Text("host_name").value_or("");
  machine.threads = static_cast<int>(std::clamp(context.Number("num_cpus").value_or(0), 0.0, 1e6));
  machine.mhz_nominal = context.Number("mhz_per_cpu");
  return machine;
}

}  // namespace

ForeignContent ReadGoogleBenchmark(const PlacedJson& root) {
  ForeignContent content;
  content.program = "google-benchmark";
  const PlacedJson context = root.Member("context");
  if (!context.json.IsObject()) context.Refuse("expected an object");
  content.version = context.Text("library_version").value_or("");
  content.build_type = context.Text("library_build_type").value_or("");
  // Versions before 1.5.1 write local time without its zone: no time that could be ordered.
  content.created_at = UtcOf(context.Text("date").value_or("")).value_or("");
  content.machine = MachineOf(context);

  const PlacedJson entries = root.Member("benchmarks");
  std::vector<std::pair<std::string, Benchmark>> benchmarks;  // in the order of the text
  std::map<std::string, size_t, std::less<>> places;
  for (size_t i = 0; i < entries.size(); ++i) {
    const PlacedJson entry = entries.Element(i);
    const std::string own_name = entry.Name("name");
    const std::string name = entry.Text("run_name").value_or(own_name);
    const auto [place, is_new] = places.emplace(name, benchmarks.size());
    if (is_new) benchmarks.emplace_back(name, Benchmark());
    AddEntry(entry, &benchmarks[place->second].second);
  }
  for (const auto& [name, benchmark] : benchmarks) {
    content.cases.push_back(CaseOf(name, benchmark));
  }
  return content;
}

}  // namespace deltagauge
