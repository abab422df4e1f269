#include "harness/report/exposition.h"

#include <cmath>

#include "fmt/format.h"
#include "harness/report/export_text.h"
#include "harness/report/json.h"

namespace deltagauge {
namespace {

std::string Number(double value) {
  return std::isfinite(value) ? FormatDouble(value) : ShortNumber(value);
}

std::string Sample(const std::string& name, const Labels& labels, double value) {
  std::string text;
  for (const auto& [label, of] : labels) {
    text += fmt::format("{}{}=\"{}\"", text.empty() ? "" : ",", label, EscapeLabel(of));
  }
  return name + (text.empty() ? "" : "{" + text + "}") + " " + Number(value) + "\n";
}

std::string_view WithoutSuffix(std::string_view name, std::string_view suffix) {
  return name.ends_with(suffix) ? name.substr(0, name.size() - suffix.size()) : name;
}

}  // namespace

Exposition::Family& Exposition::FamilyOf(const std::string& name, std::string_view type,
                                         std::string_view help) {
  Family& family = families_[name];
  family.type = type;
  family.help = help;
  return family;
}

void Exposition::Add(const std::string& family, std::string_view help, const Labels& labels,
                     double value) {
  const std::string_view type = family.ends_with("_info") ? "info" : "gauge";
  FamilyOf(family, type, help).samples += Sample(family, labels, value);
}

void Exposition::AddCounter(const std::string& family, std::string_view help, const Labels& labels,
                            double value) {
  FamilyOf(family, "counter", help).samples += Sample(family, labels, value);
}

void Exposition::AddHistogram(const std::string& family, std::string_view help,
                              const Labels& labels, std::span<const double> limits,
                              std::span<const int64_t> counts, double sum) {
  std::string& samples = FamilyOf(family, "histogram", help).samples;
  int64_t below = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    below += counts[i];
    Labels with_limit = labels;
    with_limit.emplace_back("le", i < limits.size() ? Number(limits[i]) : "+Inf");
    samples += Sample(family + "_bucket", with_limit, static_cast<double>(below));
  }
  samples += Sample(family + "_sum", labels, sum);
  samples += Sample(family + "_count", labels, static_cast<double>(below));
}

std::string Exposition::Take() const {
  const bool open = form_ == PrometheusText::kOpenMetrics;
  std::string text;
  for (const auto& [name, family] : families_) {
    // OpenMetrics names info and counter families without their suffixes; 0.0.4 has no info.
    std::string_view shown = name;
    std::string_view type = family.type;
    if (open) {
      shown = WithoutSuffix(WithoutSuffix(name, "_info"), "_total");
    } else if (type == "info") {
      type = "gauge";
    }
    text += fmt::format("# HELP {} {}\n# TYPE {} {}\n", shown, family.help, shown, type);
    text += family.samples;
  }
  if (open) text += "# EOF\n";
  return text;
}

}  // namespace deltagauge
