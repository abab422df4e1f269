#include <cmath>
#include <limits>

#include "fmt/format.h"
#include "harness/report/export_report.h"
#include "harness/report/export_text.h"
#include "harness/report/json.h"

namespace deltagauge {
namespace {

// Zero is; what float32 would make zero or infinite is not.
bool FitsFloat32(double value) {
  const double magnitude = std::abs(value);
  return magnitude == 0 || (magnitude >= double{std::numeric_limits<float>::denorm_min()} &&
                            magnitude <= double{std::numeric_limits<float>::max()});
}

std::string ParamOf(const CaseReport& of, std::string_view name) {
  const auto found = of.params.find(name);
  return found == of.params.end() ? "" : found->second;
}

// All values are texts: upstream drops a record whose extra_info holds anything else.
Json ExtraInfo(const CaseReport& of) {
  Json extra = Json::MakeObject();
  for (const auto& [name, value] : of.params) extra[name] = value;
  extra["case"] = of.id;
  extra["status"] = VerdictName(of.status);
  return extra;
}

Json Runner(const Machine& machine) {
  const double gibibytes = static_cast<double>(machine.memory_bytes) / (1 << 30);
  return Json::MakeObject(
      {{"name", machine.name},
       {"type", machine.arch},
       {"cpu_info", machine.cpu_model},
       {"cpu_count", machine.threads},
       {"mem_info", fmt::format("{:.1f} GiB", gibibytes)},
       {"avail_mem_in_gb", static_cast<int64_t>(gibibytes)},
       {"gpu_info", ""},
       {"gpu_count", 0},
       {"gpu_mem_info", ""},
       {"extra_info", Json::MakeObject({{"fingerprint", machine.fingerprint},
                                        {"isa_dispatched", machine.isa_dispatched}})}});
}

Json Record(const Report& report, const CaseReport& of, Json metric) {
  Json dependencies = Json::MakeObject();
  for (const auto& [name, version] : report.tool.libraries) {
    dependencies[name] = Json::MakeObject({{"repo", ""},
                                           {"branch", ""},
                                           {"sha", ""},
                                           {"version", version},
                                           {"extra_info", Json::MakeObject()}});
  }
  std::string model = ParamOf(of, "model");
  if (model.empty()) model = "gated_delta_rule";
  return Json::MakeObject(
      {{"benchmark", Json::MakeObject({{"name", report.tool.name},
                                       {"mode", "inference"},
                                       {"dtype", ParamOf(of, "dtype")},
                                       {"extra_info", ExtraInfo(of)}})},
       {"model",
        Json::MakeObject({{"name", std::move(model)},
                          {"type", "fused ops"},
                          {"backend", "cpu"},
                          {"origins", Json::MakeArray()},
                          {"extra_info", Json::MakeObject({{"candidate", of.candidate}})}})},
       {"metric", std::move(metric)},
       {"runners", Json::Array{Runner(report.machine)}},
       {"dependencies", std::move(dependencies)}});
}

Json MetricRecord(const Report& report, const CaseReport& of, const Metric& metric) {
  Json extra = Json::MakeObject({{"unit", metric.unit}});
  if (metric.ci_lo && std::isfinite(*metric.ci_lo)) extra["ci_lo"] = FormatDouble(*metric.ci_lo);
  if (metric.ci_hi && std::isfinite(*metric.ci_hi)) extra["ci_hi"] = FormatDouble(*metric.ci_hi);
  if (metric.floor && std::isfinite(*metric.floor)) extra["floor"] = FormatDouble(*metric.floor);
  Json json = Json::MakeObject({{"name", metric.name},
                                {"benchmark_values", Json::Array{metric.value}},
                                {"extra_info", std::move(extra)}});
  const GateResult* gate = GateOf(report, of, metric);
  if (gate != nullptr && FitsFloat32(gate->threshold)) json["target_value"] = gate->threshold;
  return Record(report, of, std::move(json));
}

Json FailureRecord(const Report& report, const CaseReport& of, std::string_view why) {
  return Record(report, of,
                Json::MakeObject({{"name", "FAILURE_REPORT"},
                                  {"benchmark_values", Json::Array{0}},
                                  {"target_value", 0},
                                  {"extra_info", Json::MakeObject({{"reason", why}})}}));
}

}  // namespace

std::string ExportPytorchV3(const Report& report) {
  std::string lines;
  const auto add = [&](const Json& record) { lines += WriteJson(record) + '\n'; };
  for (const CaseReport& of : report.cases) {
    const bool broken = of.status == Verdict::kFailed || of.status == Verdict::kInvalid ||
                        of.status == Verdict::kError;
    if (broken) add(FailureRecord(report, of, of.reason));
    for (const Metric& metric : of.metrics) {
      if (FitsFloat32(metric.value)) {
        add(MetricRecord(report, of, metric));
      } else {
        add(FailureRecord(report, of, metric.name + " is " + ShortNumber(metric.value)));
      }
    }
  }
  if (lines.empty()) {
    CaseReport none;
    none.id = "none";
    add(FailureRecord(report, none, report.summary.headline));
  }
  return lines;
}

}  // namespace deltagauge
