#include "harness/report/export_html.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "harness/report/export_html_assets.h"
#include "harness/report/export_report.h"
#include "harness/report/export_text.h"
#include "harness/report/html_parts.h"
#include "harness/report/json.h"
#include "harness/report/report_charts.h"
#include "harness/report/report_json.h"
#include "harness/report/report_metrics.h"

namespace deltagauge {
namespace {

using html::Badge;
using html::Cell;
using html::Fact;
using html::kNothing;
using html::NumberCell;
using html::Repro;
using html::Section;
using html::Table;

// --- Top: the verdict and the figures that people ask for first.

std::string VerdictHeader(const Report& report) {
  const std::string verdict(VerdictName(report.summary.verdict));
  std::string_view headline = report.summary.headline;
  if (headline.starts_with(verdict + ": ")) headline.remove_prefix(verdict.size() + 2);
  const std::string commit =
      report.tool.commit.substr(0, 12) + (report.tool.dirty ? " (changed)" : "");
  return fmt::format(
      "<header class=\"verdict {0}\"><p class=\"name\">DeltaGauge</p>"
      "<h1>{1}</h1><p class=\"headline\">{2}</p><dl "
      "class=\"facts\">{3}{4}{5}{6}{7}{8}</dl></header>\n",
      verdict, EscapeXml(verdict), EscapeXml(headline), Fact("configuration", report.config.name),
      Fact("commit", commit), Fact("machine", report.machine.cpu_model),
      Fact("began", report.created_at), Fact("took", fmt::format("{:.1f} s", report.duration_s)),
      Fact("exit code", std::to_string(report.summary.exit_code)));
}

struct KeyFigure {
  std::string_view metric;
  std::string_view title;
};

constexpr KeyFigure kKeyFigures[] = {
    {"kernel.error_ratio", "kernel error over the float32 references"},
    {"model.logit_drift.max_abs", "largest logit difference"},
    {"model.agreement.mismatch", "share of tokens that differ"},
    {"performance.prefill.speedup", "prefill speedup"},
    {"performance.decode.speedup", "decode speedup"},
    {"performance.kernel.speedup", "kernel speedup"},
};

std::string LinkOfFigure(const PageLinks& links, std::string_view case_id, std::string_view metric,
                         std::string_view content) {
  return html::Link(links.figure && !case_id.empty() ? links.figure(case_id, metric) : "", content);
}

// The worst case of each.
std::string KeyFigures(const Report& report, const PageLinks& links) {
  std::string tiles;
  for (const auto& [name, title] : kKeyFigures) {
    const Metric* worst = nullptr;
    const CaseReport* of_worst = nullptr;
    for (const CaseReport& of : report.cases) {
      const Metric* metric = FindMetricOf(of, name);
      if (metric == nullptr) continue;
      const bool worse =
          worst == nullptr || std::isnan(metric->value) ||
          (metric->direction == Direction::kLargerIsBetter ? metric->value < worst->value
                                                           : metric->value > worst->value);
      if (!worse) continue;
      worst = metric;
      of_worst = &of;
    }
    if (worst == nullptr) continue;
    const std::string interval =
        worst->ci_lo && worst->ci_hi && worst->floor
            ? fmt::format("{} to {}", ShortNumber(*worst->ci_lo), ShortNumber(*worst->ci_hi))
            : "";
    tiles += fmt::format(
        "<div class=\"tile\"><p class=\"title\">{}</p><p class=\"value\">{}</p>"
        "<p class=\"detail\">{}</p><p class=\"detail\">{}</p></div>\n",
        EscapeXml(title), LinkOfFigure(links, of_worst->id, name, ShortNumber(worst->value)),
        interval, EscapeXml("worst: " + of_worst->id));
  }
  return tiles.empty() ? "" : "<div class=\"tiles\">\n" + tiles + "</div>\n";
}

// --- Gates.

std::string GateRow(const GateResult& gate, const PageLinks& links) {
  std::string why = EscapeXml(gate.reason);
  if (gate.waiver) {
    why += fmt::format(
        "<br>{} {} {} {}: {}", gate.verdict == Verdict::kWaived ? "waived by" : "waiver of",
        EscapeXml(gate.waiver->by), gate.verdict == Verdict::kWaived ? "until" : "ended on",
        EscapeXml(gate.waiver->until), EscapeXml(gate.waiver->reason));
  }
  if (!gate.repro.empty() && gate.verdict != Verdict::kPassed) why += Repro(gate.repro);
  return "<tr><td>" + Badge(gate.verdict) + "</td><th scope=\"row\">" +
         LinkOfFigure(links, gate.case_id, gate.metric, EscapeXml(gate.id)) + "</th>" +
         NumberCell(gate.observed ? WithInterval(*gate.observed, gate.ci_lo, gate.ci_hi)
                                  : std::string(kNothing)) +
         NumberCell(gate.margin) + NumberCell(std::to_string(gate.cases)) + "<td>" + why +
         "</td></tr>\n";
}

std::string Gates(const Report& report, const PageLinks& links) {
  if (report.gates.empty()) return "";
  std::vector<const GateResult*> gates;
  for (const GateResult& gate : report.gates) gates.push_back(&gate);
  std::stable_sort(gates.begin(), gates.end(), [](const GateResult* a, const GateResult* b) {
    return a->verdict > b->verdict;  // the worst first
  });
  std::string rows;
  for (const GateResult* gate : gates) rows += GateRow(*gate, links);
  return Table("Gates, the worst first",
               {"verdict", "gate", "observed (interval)", "margin", "cases", "why"}, rows);
}

// --- Charts with their tables.

std::string Figure(std::string_view id, std::string_view title, std::string_view note,
                   std::string_view kind, std::string_view table) {
  return fmt::format(
      "<figure><figcaption><strong>{1}</strong> {2}</figcaption>"
      "<div class=\"chart {3}\"><canvas id=\"{0}\" role=\"img\" aria-label=\"Chart: {1}. The table "
      "below has the figures.\"></canvas></div>"
      "<details><summary>Figures as a table</summary>\n{4}</details></figure>\n",
      id, EscapeXml(title), EscapeXml(note), kind, table);
}

std::string FigureOf(const LineChart& chart) {
  std::set<double> places;
  std::vector<std::map<double, double>> columns;
  std::vector<std::string> names = {chart.x_label};
  for (const ChartSeries& series : chart.series) {
    columns.emplace_back(series.points.begin(), series.points.end());
    names.push_back(series.name);
    for (const auto& [x, y] : series.points) places.insert(x);
  }
  std::string rows;
  for (const double x : places) {
    rows += "<tr><th scope=\"row\" class=\"number\">" + FormatDouble(x) + "</th>";
    for (const auto& column : columns) {
      const auto found = column.find(x);
      rows += NumberCell(found == column.end() ? std::optional<double>() : found->second);
    }
    rows += "</tr>\n";
  }
  return Figure(chart.id, chart.title, chart.note, "line",
                Table(chart.title + ": " + chart.y_label, names, rows));
}

std::string FigureOf(const BarChart& chart) {
  std::string rows;
  for (const BarRow& row : chart.rows) {
    rows += "<tr><th scope=\"row\">" + EscapeXml(row.label) + "</th>" +
            NumberCell(ShortNumber(row.value)) + NumberCell(row.lo) + NumberCell(row.hi) +
            NumberCell(row.floor) + NumberCell(row.target) + "<td>" + Badge(row.verdict) +
            "</td></tr>\n";
  }
  return Figure(
      chart.id, chart.title, chart.note, "bar",
      Table(chart.title, {"case", chart.x_label, "from", "to", "noise", "target", ""}, rows));
}

struct Charts {
  Json data = Json::MakeArray();

  template <typename Chart>
  std::string Add(const std::vector<Chart>& charts) {
    std::string figures;
    for (const Chart& chart : charts) {
      figures += FigureOf(chart);
      data.Append(ChartJson(chart));
    }
    return figures.empty() ? "" : "<div class=\"figures\">\n" + figures + "</div>\n";
  }
};

// --- Tables of what has no chart.

std::string AgreementTable(const Report& report) {
  std::string rows;
  for (const CaseReport& of : report.cases) {
    if (!of.agreement) continue;
    const Agreement& agreement = *of.agreement;
    rows += "<tr><th scope=\"row\">" + EscapeXml(of.id) + "</th>" +
            NumberCell(std::to_string(agreement.rows.usable)) +
            NumberCell(WithInterval(agreement.agree_share, agreement.agree_interval.low,
                                    agreement.agree_interval.high)) +
            NumberCell(std::to_string(agreement.tie_flip)) +
            NumberCell(std::to_string(agreement.mismatch)) +
            NumberCell(ShortNumber(agreement.tie_density)) +
            NumberCell(ShortNumber(agreement.top5_overlap)) +
            NumberCell(ShortNumber(agreement.top10_overlap)) + "</tr>\n";
  }
  if (rows.empty()) return "";
  return Table("Next token, teacher-forced",
               {"case", "positions", "same token (interval)", "tie flips", "mismatches",
                "share of near ties", "top-5 overlap", "top-10 overlap"},
               rows);
}

std::string GreedyTable(const Report& report) {
  std::string rows;
  for (const CaseReport& of : report.cases) {
    if (!of.greedy) continue;
    for (const auto& [prompt, result] : of.greedy->prompts) {
      rows +=
          "<tr><th scope=\"row\">" + EscapeXml(prompt) + "</th>" +
          Cell(GreedyClassName(result.greedy_class)) +
          NumberCell(fmt::format("{} of {}", result.matched_prefix, result.reference_tokens)) +
          NumberCell(result.first_divergence < 0 ? std::string(kNothing)
                                                 : std::to_string(result.first_divergence)) +
          NumberCell(fmt::format("{} of {}", result.reanchored_matched, result.reanchored_tokens)) +
          "</tr>\n";
    }
  }
  if (rows.empty()) return "";
  return Table("Greedy continuation",
               {"prompt", "class", "same tokens", "parts at", "same after re-anchoring"}, rows);
}

std::string InvarianceTable(const Report& report) {
  std::string rows;
  for (const CaseReport& of : report.cases) {
    if (!of.invariance) continue;
    for (const InvarianceComparison& comparison : of.invariance->comparisons) {
      rows += "<tr><td>" + Badge(of.status) + "</td><th scope=\"row\">" +
              EscapeXml(comparison.what) + "</th>" + Cell(comparison.same_bits ? "yes" : "no") +
              NumberCell(ShortNumber(comparison.max_abs)) + NumberCell(comparison.limit) +
              "</tr>\n";
    }
  }
  if (rows.empty()) return "";
  return Table("What must not change the result",
               {"", "compared", "same bits", "largest difference", "limit"}, rows);
}

std::string CaseTable(const Report& report, const PageLinks& links) {
  std::string rows;
  for (const CaseReport& of : report.cases) {
    std::string figures;
    for (const Metric& metric : of.metrics) {
      const std::string figure =
          EscapeXml(fmt::format("{} {}", metric.name, ShortNumber(metric.value)));
      figures += figures.empty() ? "" : ", ";
      figures += LinkOfFigure(links, of.id, metric.name, figure);
    }
    rows += "<tr><td>" + Badge(of.status) + "</td><th scope=\"row\">" + EscapeXml(of.id) + "</th>" +
            "<td>" + figures + (of.reason.empty() ? "" : "<br>") + EscapeXml(of.reason) +
            (of.status == Verdict::kPassed ? "" : Repro(of.repro)) + "</td>" +
            NumberCell(fmt::format("{:.0f}", of.duration_ms)) + "</tr>\n";
  }
  if (rows.empty()) return "";
  return fmt::format("<details><summary>All {} cases</summary>\n{}</details>\n",
                     report.cases.size(), Table("Cases", {"", "case", "figures", "ms"}, rows));
}

// "a: 1, b: x" of plain members; others as JSON.
std::string FactRows(const Json& object) {
  std::string rows;
  for (const auto& [name, value] : object.AsObject()) {
    const std::string text = value.IsString() ? value.AsString() : WriteJson(value);
    if (text.empty() || text == "null" || text == "[]" || text == "{}") continue;
    rows += "<tr><th scope=\"row\">" + EscapeXml(name) + "</th>" + Cell(text) + "</tr>\n";
  }
  return rows;
}

std::string MachineSection(const Report& report) {
  // Names and values as report.json has them. Without the cases it is small.
  Report envelope = report;
  envelope.cases.clear();
  const Json json = ReportToJson(envelope);
  std::string text;
  for (const PreflightFinding& finding : report.preflight) {
    text += fmt::format("<p class=\"finding\">{}: {} <em>{}</em></p>\n",
                        finding.severity == PreflightFinding::Severity::kNote ? "Note" : "Warning",
                        EscapeXml(finding.what), EscapeXml(finding.advice));
  }
  text += Table("Machine", {"", ""}, FactRows(*json.Find("machine")));
  text += Table("Program", {"", ""}, FactRows(*json.Find("tool")));
  return text;
}

std::string ConfigSection(const Report& report) {
  const Json& resolved = report.config.resolved;
  return fmt::format(
      "<p>{}, SHA-256 <code>{}</code></p>\n<details><summary>Every value</summary>"
      "<pre tabindex=\"0\">{}</pre></details>\n",
      EscapeXml(report.config.path.empty() ? "built in" : report.config.path),
      EscapeXml(report.config.sha256), EscapeXml(WriteJson(resolved, JsonLayout::kIndented)));
}

}  // namespace

std::string EscapeInlineScript(std::string_view script) {
  std::string escaped;
  escaped.reserve(script.size());
  for (size_t i = 0; i < script.size(); ++i) {
    escaped += script[i];
    // Inside a string or a regular expression, where alone they can occur, a backslash before these
    // changes nothing.
    if (script[i] == '<' && i + 1 < script.size() &&
        (script[i + 1] == '/' || script[i + 1] == '!')) {
      const std::string_view rest = script.substr(i + 1, 7);
      std::string lower(rest);
      for (char& c : lower) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
      }
      if (lower == "/script" || lower.starts_with("!--")) escaped += '\\';
    }
  }
  return escaped;
}

PageParts RenderParts(const Report& report, const PageLinks& links) {
  Charts charts;
  std::string body = KeyFigures(report, links);
  body += Section("gates", "Gates", Gates(report, links));
  body += Section("speed", "Speed", charts.Add(SpeedCharts(report)));
  body += Section("kernel", "Kernel error by regime and length", charts.Add(KernelCharts(report)));
  body += Section("drift", "Logit drift over positions", charts.Add(DriftCharts(report)));
  body += Section("layers", "Drift by layer", charts.Add(LayerCharts(report)));
  body += Section("tokens", "Next tokens", AgreementTable(report) + GreedyTable(report));
  body += Section("invariance", "Invariance", InvarianceTable(report));
  body += Section("cases", "Cases", CaseTable(report, links));
  body += Section("machine", "Machine and program", MachineSection(report));
  body += Section("config", "Configuration", ConfigSection(report));
  return {fmt::format("{}: {}", VerdictName(report.summary.verdict), report.config.name),
          VerdictHeader(report), std::move(body), EscapeJsonForHtml(WriteJson(charts.data))};
}

std::string RenderPage(const Report& report, const PageAssets& assets) {
  PageParts parts = RenderParts(report);
  return html::Fill(assets.page, {{"title", EscapeXml(parts.title)},
                                  {"style", std::string(assets.style)},
                                  {"verdict", std::move(parts.verdict)},
                                  {"body", std::move(parts.body)},
                                  {"data", std::move(parts.data)},
                                  {"library", EscapeInlineScript(assets.library)},
                                  {"script", EscapeInlineScript(assets.script)}});
}

PageAssets BuiltInPageAssets() {
  const auto text = [](const EmbeddedFile& file) {
    return std::string_view(file.bytes, file.size);
  };
  return {text(kPageHtml), text(kPageCss), text(kPageJs), text(kChartLibrary)};
}

std::string ExportHtml(const Report& report, PageCharts charts) {
  PageAssets assets = BuiltInPageAssets();
  if (charts == PageCharts::kTables) assets.library = {};
  return RenderPage(report, assets);
}

}  // namespace deltagauge
