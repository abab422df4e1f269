// github-action-benchmark, Bencher and Google Benchmark.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include "fmt/format.h"
#include "harness/bench/bench_statistics.h"
#include "harness/report/export_report.h"
#include "harness/report/export_text.h"
#include "harness/report/json.h"

namespace deltagauge {
namespace {

constexpr double kLeastValue = 1e-12;

// "performance.prefill.latency_ms" -> "latency", "model.kld.mean" -> "kld-mean".
std::string MeasureSlug(const Metric& metric) {
  std::string_view name = metric.name;
  name.remove_prefix(std::min(name.find('.') + 1, name.size()));
  if (metric.name.starts_with("performance.")) {
    name.remove_prefix(std::min(name.find('.') + 1, name.size()));
  }
  if (name.ends_with("_ms")) name.remove_suffix(3);
  std::string slug(name);
  for (char& c : slug) {
    if (c == '.' || c == '_') c = '-';
  }
  return slug;
}

struct SampleStatistics {
  double mean = 0;
  double median = 0;
  double stddev = 0;
};

SampleStatistics StatisticsOf(const std::vector<double>& samples) {
  SampleStatistics statistics;
  const auto count = static_cast<double>(samples.size());
  statistics.mean = std::accumulate(samples.begin(), samples.end(), 0.0) / count;
  statistics.median = Median(samples);
  double squares = 0;
  for (const double sample : samples) {
    squares += (sample - statistics.mean) * (sample - statistics.mean);
  }
  if (samples.size() > 1) statistics.stddev = std::sqrt(squares / (count - 1));
  return statistics;
}

Json GoogleContext(const Report& report) {
  const Machine& machine = report.machine;
  Json context = Json::MakeObject(
      {{"date", report.created_at},
       {"host_name", machine.name},
       {"executable", report.tool.name},
       {"num_cpus", machine.threads},
       {"mhz_per_cpu", Rounded(machine.mhz_nominal.value_or(0))},
       {"cpu_scaling_enabled", machine.governor == "powersave" || machine.governor == "ondemand" ||
                                   machine.governor == "schedutil"},
       {"aslr_enabled", machine.aslr != "off"},
       {"caches", Json::MakeArray()},
       {"load_avg", Json::MakeArray()},
       {"library_version", report.tool.version},
       {"library_build_type", report.tool.build_type == "Debug" ? "debug" : "release"},
       {"json_schema_version", 1},
       {"machine_fingerprint", machine.fingerprint}});
  for (const CpuCache& cache : machine.caches) {
    context["caches"].Append(Json::MakeObject({{"type", cache.type},
                                               {"level", cache.level},
                                               {"size", cache.size_bytes},
                                               {"num_sharing", cache.shared_by}}));
  }
  if (machine.load_avg && std::isfinite(*machine.load_avg)) {
    context["load_avg"].Append(*machine.load_avg);
  }
  return context;
}

class GoogleRuns {
 public:
  void AddCase(const CaseReport& of) {
    const bool measured =
        of.performance && (of.status == Verdict::kPassed || of.status == Verdict::kInconclusive ||
                           of.status == Verdict::kFailed || of.status == Verdict::kWaived);
    if (!measured) {
      AddFailure(of);
      return;
    }
    for (const ArmTiming* arm : {&of.performance->a, &of.performance->b}) AddArm(of, *arm);
  }

  Json Take() { return std::move(runs_); }

 private:
  static int ThreadsOf(const CaseReport& of) {
    const auto found = of.params.find("threads");
    if (found == of.params.end()) return 1;
    return std::max(1, std::atoi(found->second.c_str()));
  }

  Json Run(const std::string& name, const CaseReport& of, std::string_view type) const {
    return Json::MakeObject({{"name", name},
                             {"family_index", family_},
                             {"per_family_instance_index", 0},
                             {"run_name", name},
                             {"run_type", type},
                             {"threads", ThreadsOf(of)}});
  }

  void AddFailure(const CaseReport& of) {
    Json run = Run(of.id, of, "iteration");
    run["repetitions"] = 1;
    run["repetition_index"] = 0;
    const std::string message = std::string(VerdictName(of.status)) + ": " + of.reason;
    if (of.status == Verdict::kSkipped) {
      run["skipped"] = "SKIPPED";
      run["skip_message"] = message;
    } else {
      run["error_occurred"] = true;
      run["error_message"] = message;
    }
    runs_.Append(std::move(run));
    ++family_;
  }

  void AddArm(const CaseReport& of, const ArmTiming& arm) {
    std::vector<double> samples;
    for (const double sample : arm.samples_ns) {
      if (std::isfinite(sample)) samples.push_back(sample);
    }
    if (samples.empty()) return;
    const std::string name = of.id + "/" + arm.name;
    const TimingResult& timing = *of.performance;
    for (size_t i = 0; i < samples.size(); ++i) {
      Json run = Run(name, of, "iteration");
      run["repetitions"] = samples.size();
      run["repetition_index"] = i;
      run["iterations"] = int64_t{timing.calls_per_sample} * timing.runs_per_timing;
      AddTime(samples[i], &run);
      const double items_per_second = arm.units_per_run / samples[i] * 1e9;
      if (std::isfinite(items_per_second)) run["items_per_second"] = items_per_second;
      runs_.Append(std::move(run));
    }
    const SampleStatistics statistics = StatisticsOf(samples);
    AddAggregate(name, of, samples.size(), "mean", statistics.mean);
    AddAggregate(name, of, samples.size(), "median", statistics.median);
    AddAggregate(name, of, samples.size(), "stddev", statistics.stddev);
    AddAggregate(name, of, samples.size(), "cv",
                 statistics.mean > 0 ? statistics.stddev / statistics.mean : 0);
    ++family_;
  }

  void AddAggregate(const std::string& name, const CaseReport& of, size_t repetitions,
                    const std::string& aggregate, double value) {
    if (!std::isfinite(value)) return;
    Json run = Run(name, of, "aggregate");
    run["name"] = name + "_" + aggregate;
    run["aggregate_name"] = aggregate;
    run["aggregate_unit"] = aggregate == "cv" ? "percentage" : "time";
    run["repetitions"] = repetitions;
    run["iterations"] = repetitions;
    AddTime(value, &run);
    runs_.Append(std::move(run));
  }

  static void AddTime(double nanoseconds, Json* run) {
    (*run)["real_time"] = nanoseconds;
    (*run)["cpu_time"] = nanoseconds;
    (*run)["time_unit"] = "ns";
  }

  Json runs_ = Json::MakeArray();
  int family_ = 0;
};

}  // namespace

std::string ExportGithubActionBenchmark(const Report& report, Direction direction) {
  if (direction == Direction::kNeither) {
    throw std::logic_error("github-action-benchmark knows smaller or bigger is better");
  }
  Json entries = Json::MakeArray();
  for (const CaseReport& of : report.cases) {
    for (const Metric& metric : of.metrics) {
      if (metric.direction != direction || !std::isfinite(metric.value)) continue;
      Json entry = Json::MakeObject(
          {{"name", metric.name + " (" + of.id + ")"},
           {"value", std::max(metric.value, kLeastValue)},
           {"unit", metric.unit == "1" ? "ratio" : metric.unit},
           {"extra", "deltagauge repro '" + of.repro + "'\n" + report.machine.cpu_model}});
      if (metric.ci_lo && metric.ci_hi) {
        entry["range"] = ShortNumber(*metric.ci_lo) + " to " + ShortNumber(*metric.ci_hi);
      }
      entries.Append(std::move(entry));
    }
  }
  return WriteJson(entries, JsonLayout::kIndented);
}

std::string ExportBencher(const Report& report) {
  Json cases = Json::MakeObject();
  for (const CaseReport& of : report.cases) {
    for (const Metric& metric : of.metrics) {
      const double scale = metric.unit == "ms" ? 1e6 : 1;  // to ns
      if (!std::isfinite(metric.value * scale)) continue;
      Json& measure = cases[of.id][MeasureSlug(metric)];
      measure["value"] = metric.value * scale;
      // A bound on the wrong side of the value is refused upstream.
      if (metric.ci_lo && std::isfinite(*metric.ci_lo * scale)) {
        measure["lower_value"] = std::min(*metric.ci_lo, metric.value) * scale;
      }
      if (metric.ci_hi && std::isfinite(*metric.ci_hi * scale)) {
        measure["upper_value"] = std::max(*metric.ci_hi, metric.value) * scale;
      }
    }
  }
  return WriteJson(cases, JsonLayout::kIndented);
}

std::string ExportGoogleBenchmark(const Report& report) {
  GoogleRuns runs;
  for (const CaseReport& of : report.cases) {
    if (ConcernOfKind(of.kind) == Concern::kPerformance) runs.AddCase(of);
  }
  return WriteJson(
      Json::MakeObject({{"context", GoogleContext(report)}, {"benchmarks", runs.Take()}}),
      JsonLayout::kIndented);
}

}  // namespace deltagauge
