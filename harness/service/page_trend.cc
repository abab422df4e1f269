// /trend: one figure over time, drawn and as a table.
#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "fmt/format.h"
#include "harness/report/export_text.h"
#include "harness/report/metric_names.h"
#include "harness/service/page_frame.h"
#include "harness/service/pages.h"
#include "harness/service/trend.h"

namespace deltagauge {
namespace {

constexpr int kBranches = 50;

// What is asked for first, where nothing was said.
constexpr std::string_view kFirstMetrics[] = {
    "performance.prefill.speedup", "performance.decode.speedup", "performance.kernel.speedup",
    "model.logit_drift.max_abs", "kernel.error_ratio"};

struct Question {
  std::string metric;
  std::string case_name;
  std::string machine;
  std::string branch;
  int points = 200;
};

struct Offer {
  std::vector<std::string> metrics;
  std::vector<std::string> branches;
  std::vector<SeriesName> series;  // of the metric
};

struct Found {
  Offer offer;
  std::optional<Trend> trend;
  std::string note;  // where what is shown is not what was asked for
};

Question QuestionOf(const HttpRequest& request) {
  CheckParams(request, {"metric", "case", "machine", "branch", "points"});
  return {WithoutNul(request.Param("metric")), WithoutNul(request.Param("case")),
          WithoutNul(request.Param("machine")), WithoutNul(request.Param("branch")),
          static_cast<int>(IntParam(request, "points", 1, 500, 200))};
}

std::string FirstMetric(const std::vector<std::string>& metrics) {
  for (const std::string_view name : kFirstMetrics) {
    if (std::find(metrics.begin(), metrics.end(), name) != metrics.end()) return std::string(name);
  }
  return metrics.empty() ? "" : metrics.front();
}

// The series that comes closest to what was asked for: its case, then its machine, then the machine
// that reported last.
const SeriesName* Choose(const Question& asked, std::string_view newest_machine,
                         const std::vector<SeriesName>& series) {
  const auto rank = [&](const SeriesName& name) {
    const std::string& machine = name.machine.fingerprint;
    return std::tuple(asked.case_name.empty() || name.case_name == asked.case_name,
                      asked.machine.empty() || machine == asked.machine, machine == newest_machine);
  };
  const auto best =
      std::max_element(series.begin(), series.end(),
                       [&](const SeriesName& a, const SeriesName& b) { return rank(a) < rank(b); });
  return best == series.end() ? nullptr : &*best;
}

// The branch's; of an empty branch, whichever machine.
std::string NewestMachine(std::string_view branch, const std::vector<HeadRow>& heads) {
  const ReportRow* newest = nullptr;
  for (const HeadRow& head : heads) {
    if (!branch.empty() && head.branch != branch) continue;
    if (newest == nullptr || head.report.created_s > newest->created_s) newest = &head.report;
  }
  return newest == nullptr ? "" : newest->machine.fingerprint;
}

Found Find(Question* asked, Database* database) {
  Found found;
  found.offer.metrics = ListMetrics(database);
  const std::vector<HeadRow> heads = ListHeads(kBranches, database);
  std::set<std::string> seen;
  for (const HeadRow& head : heads) {
    if (!head.branch.empty() && seen.insert(head.branch).second) {
      found.offer.branches.push_back(head.branch);
    }
  }
  if (asked->metric.empty()) asked->metric = FirstMetric(found.offer.metrics);
  if (asked->metric.empty()) return found;
  found.offer.series = ListSeries({"", asked->metric, ""}, database);
  // That list is cut off at some length; what was asked for may be behind it.
  const auto exact = ListSeries({asked->case_name, asked->metric, asked->machine}, database);
  const auto& series = exact.empty() ? found.offer.series : exact;
  const SeriesName* const chosen = Choose(*asked, NewestMachine(asked->branch, heads), series);
  if (chosen == nullptr) return found;
  if (exact.empty()) found.note = "That case and machine have no such figures; here is another.";
  asked->case_name = chosen->case_name;
  asked->machine = chosen->machine.fingerprint;
  found.trend = ReadTrend(*chosen, asked->branch, asked->points, database);
  return found;
}

std::string Form(const Question& asked, const Offer& offer) {
  std::vector<Choice> metrics;
  for (const std::string& name : offer.metrics) metrics.push_back({name, name});
  std::vector<Choice> cases;
  std::vector<Choice> machines;
  std::set<std::string> seen;
  for (const SeriesName& name : offer.series) {
    if (seen.insert("c" + name.case_name).second) cases.push_back({name.case_name, name.case_name});
    const MachineRow& machine = name.machine;
    if (seen.insert("m" + machine.fingerprint).second) {
      machines.push_back({machine.fingerprint,
                          MachineName(machine) + " (" + machine.fingerprint.substr(0, 8) + ")"});
    }
  }
  std::vector<Choice> branches = {{"", "all branches"}};
  for (const std::string& name : offer.branches) branches.push_back({name, name});
  return "<form class=\"choose\" method=\"get\" action=\"/trend\" aria-label=\"What to show\">\n" +
         Select("metric", "Figure", asked.metric, metrics) +
         Select("case", "Case", asked.case_name, cases) +
         Select("machine", "Machine", asked.machine, machines) +
         Select("branch", "Branch", asked.branch, branches) +
         "<button type=\"submit\">Show</button>\n</form>\n";
}

std::string ChangesText(const Trend& trend) {
  std::string items;
  for (const ChangePoint& change : trend.changes) {
    const SeriesPoint& point = trend.points[change.index];
    const auto worse = IsWorse(change, trend.name.direction);
    items +=
        fmt::format("<li class=\"{}\">{} at {}: {} to {} ({:+.2g} %)</li>\n",
                    !worse   ? "neutral"
                    : *worse ? "bad"
                             : "good",
                    !worse   ? "Moved"
                    : *worse ? "Worse"
                             : "Better",
                    html::Link(ReportUrl(point.report_id), EscapeXml(CommitText(point.commit))),
                    ShortNumber(change.median_before), ShortNumber(change.median_after),
                    100 * change.relative_change);
  }
  for (const TrendRemark& remark : trend.remarks) {
    const Annotation& annotation = remark.annotation;
    items += fmt::format("<li class=\"neutral\">{}, {}: {}</li>\n", TimeText(annotation.at_s),
                         EscapeXml(annotation.author), EscapeXml(annotation.note));
  }
  if (items.empty()) return "<p>No change of level was found.</p>\n";
  return "<ul class=\"changes\">\n" + items + "</ul>\n";
}

std::string PointRows(const Trend& trend) {
  std::string rows;
  for (size_t i = trend.points.size(); i-- > 0;) {
    const SeriesPoint& point = trend.points[i];
    const auto is_here = [&](const auto& other) { return other.index == i; };
    const bool is_change = std::any_of(trend.changes.begin(), trend.changes.end(), is_here);
    rows += fmt::format(
        "<tr><th scope=\"row\">{}{}</th><td>{}</td>{}{}{}{}<td>{}{}</td></tr>\n",
        html::Link(ReportUrl(point.report_id), EscapeXml(CommitText(point.commit))),
        point.dirty ? " (changed)" : "", TimeText(point.created_s), html::Cell(point.branch),
        html::NumberCell(point.value ? WithInterval(*point.value, point.ci_lo, point.ci_hi)
                                     : std::string(html::kNothing)),
        html::NumberCell(trend.levels[i] ? std::optional(trend.levels[i]->median) : std::nullopt),
        html::NumberCell(point.noise ? LogRatioPercent(*point.noise) : std::string(html::kNothing)),
        html::Badge(point.verdict), is_change ? " level changes here" : "");
  }
  return rows;
}

std::string Figure(const Trend& trend) {
  const std::string unit = trend.name.unit == "1" ? "" : " [" + trend.name.unit + "]";
  const std::string title = trend.name.metric + " of " + trend.name.case_name + unit;
  std::string facts =
      "The line joins the figures, the band round it is their interval; the grey band is the "
      "level between changes and the noise floor round it.";
  if (trend.limit) facts += " The dashed line is the gate " + trend.limit->text + ".";
  if (trend.points.empty()) return "<p>No report of this branch has the figure.</p>\n";
  return fmt::format(
      "<figure><figcaption><strong>{0}</strong> {1}</figcaption><div class=\"chart trend\">"
      "<canvas id=\"trend\" role=\"img\" aria-label=\"Chart: {0}. The table below has the "
      "figures.\"></canvas></div></figure>\n{2}",
      EscapeXml(title), EscapeXml(facts), ChangesText(trend));
}

HttpResponse TrendPage(const ServiceParts& parts, const HttpRequest& request) {
  Question asked = QuestionOf(request);
  Found found;
  parts.store.Read([&](Database& database) { found = Find(&asked, &database); });
  Page page;
  page.title = "Trends";
  page.place = "/trend";
  const MetricInfo* const info = FindMetric(asked.metric);
  page.main = PageTitle(found.trend ? asked.metric : "Trends",
                        info == nullptr ? "" : EscapeXml(info->meaning)) +
              Form(asked, found.offer);
  if (!found.note.empty()) {
    page.main += "<p class=\"warning\" role=\"status\">" + EscapeXml(found.note) + "</p>\n";
  }
  if (!found.trend) {
    page.main += "<p class=\"warning\" role=\"status\">There are no such figures.</p>\n";
    return RenderFrame(page, parts.options.version, asked.metric.empty() ? 200 : 404);
  }
  const Trend& trend = *found.trend;
  page.title = asked.metric + " of " + asked.case_name;
  page.main += html::Section("history", "History", Figure(trend));
  if (!trend.points.empty()) {
    page.main += html::Section("points", "Figures",
                               html::Table("The newest first",
                                           {"commit", "when, UTC", "branch", "figure (interval)",
                                            "level", "noise", "case"},
                                           PointRows(trend)));
    page.data = EscapeJsonForHtml(WriteJson(TrendJson(trend)));
    page.scripts = {"chart.js", "service.js"};
  }
  return RenderFrame(page, parts.options.version);
}

}  // namespace

void AddTrendPage(ServiceParts parts, Router* router) {
  router->Add("GET", "/trend", [parts](const HttpRequest& request, const PathParts&) {
    return TrendPage(parts, request);
  });
}

}  // namespace deltagauge
