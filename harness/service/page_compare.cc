// /compare: two reports, what became worse first.
#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "harness/report/compare.h"
#include "harness/report/export_text.h"
#include "harness/service/page_frame.h"
#include "harness/service/pages.h"
#include "harness/service/report_choice.h"
#include "harness/store/store_queries.h"
#include "harness/store/store_records.h"

namespace deltagauge {
namespace {

constexpr int kBranches = 50;

struct Compared {
  ReportRow base;
  ReportRow head;
  ReportComparison comparison;
};

std::vector<std::string> Suggestions(Database* database) {
  std::vector<std::string> names;
  std::set<std::string> seen;
  const auto add = [&](const std::string& name) {
    if (!name.empty() && seen.insert(name).second) names.push_back(name);
  };
  for (const Baseline& baseline : ListBaselines(database)) add(baseline.name);
  for (const HeadRow& head : ListHeads(kBranches, database)) add(head.branch);
  return names;
}

std::string Form(const HttpRequest& request, const std::vector<std::string>& suggestions) {
  std::string form =
      "<form class=\"choose\" method=\"get\" action=\"/compare\" aria-label=\"What to compare\">\n";
  form += TextField("base", "Base", request.Param("base"), suggestions);
  form += TextField("head", "Head", request.Param("head"), suggestions);
  form += "<button type=\"submit\">Compare</button>\n</form>\n";
  return form;
}

// The worst first, then what can't be said, then the better; in the order of head among these.
int PlaceOf(Change change) {
  switch (change) {
    case Change::kWorse:
      return 0;
    case Change::kUnclear:
      return 1;
    case Change::kNotCompared:
      return 2;
    case Change::kBetter:
      return 3;
    case Change::kSame:
      break;
  }
  return 4;
}

std::string_view ClassOf(Change change) {
  if (change == Change::kWorse) return "failed";
  if (change == Change::kBetter) return "passed";
  return change == Change::kSame ? "skipped" : "inconclusive";
}

std::string ChangeBadge(Change change) {
  return fmt::format("<span class=\"badge {}\">{}</span>", ClassOf(change), ChangeName(change));
}

std::string Figure(const std::optional<double>& value) {
  return value ? ShortNumber(*value) : std::string(html::kNothing);
}

std::string FiguresOf(const CaseChange& of) {
  std::string list;
  for (const MetricChange& metric : of.metrics) {
    if (metric.change == Change::kSame) continue;
    std::string text =
        fmt::format("{}: {} → {}", metric.metric, Figure(metric.base), Figure(metric.head));
    if (metric.ratio) text += fmt::format(" (x {})", ShortNumber(*metric.ratio));
    list += "<li>";
    if (metric.change != of.change) list += ChangeBadge(metric.change) + " ";
    list += EscapeXml(text) + "</li>";
  }
  return list.empty() ? "" : "<ul class=\"figures-list\">" + list + "</ul>";
}

std::string CaseRow(const CaseChange& of) {
  // Of figures alone, the reason says what stands in their list.
  std::string why = FiguresOf(of);
  if (why.empty() || of.base != of.head) why = EscapeXml(of.reason) + why;
  return fmt::format("<tr><td>{}</td><th scope=\"row\">{}</th><td>{} → {}</td><td>{}</td></tr>\n",
                     ChangeBadge(of.change), EscapeXml(of.id), html::Badge(of.base),
                     html::Badge(of.head), why);
}

std::string CaseTables(const ReportComparison& comparison) {
  std::vector<const CaseChange*> cases;
  for (const CaseChange& of : comparison.cases) cases.push_back(&of);
  std::stable_sort(cases.begin(), cases.end(), [](const CaseChange* a, const CaseChange* b) {
    return PlaceOf(a->change) < PlaceOf(b->change);
  });
  std::string changed;
  std::string same;
  size_t same_count = 0;
  for (const CaseChange* of : cases) {
    if (of->change == Change::kSame) ++same_count;
    (of->change == Change::kSame ? same : changed) += CaseRow(*of);
  }
  const std::vector<std::string> columns = {"change", "case", "base → head", "why"};
  std::string html = changed.empty() ? "<p>No case changed.</p>\n"
                                     : html::Table("Cases that changed, what became worse first",
                                                   columns, changed);
  if (!same.empty()) {
    html += fmt::format("<details><summary>{} cases are the same</summary>\n{}</details>\n",
                        same_count, html::Table("Cases that are the same", columns, same));
  }
  return html;
}

std::string OnlyIn(std::string_view name, const std::vector<std::string>& ids) {
  std::string items;
  for (const std::string& id : ids) items += "<li>" + EscapeXml(id) + "</li>\n";
  if (items.empty()) return "";
  return fmt::format("<details><summary>{} cases are only in {}</summary><ul>\n{}</ul></details>\n",
                     ids.size(), name, items);
}

std::string SideFacts(std::string_view side, const ReportRow& row) {
  return fmt::format(
      "<div class=\"tile\"><p class=\"title\">{}</p><p>{} {}</p><p class=\"detail\">{}</p></div>\n",
      side, html::Badge(row.verdict),
      html::Link(ReportUrl(row.report_id),
                 EscapeXml((row.branch.empty() ? "no branch" : row.branch) + " " +
                           CommitText(row.commit, &row))),
      EscapeXml(fmt::format("{}, {}", MachineName(row.machine), row.config)) + ", " +
          TimeText(row.created_s));
}

// Speedups of two machines say nothing about each other: said before anything else.
std::string MachineWarning(const HttpRequest& request, const Compared& compared) {
  if (compared.base.machine.fingerprint == compared.head.machine.fingerprint) return "";
  const std::string base = request.Param("base");
  const std::string head = request.Param("head");
  const std::string between = fmt::format("These are two machines: {} and {}. ",
                                          EscapeXml(MachineName(compared.base.machine)),
                                          EscapeXml(MachineName(compared.head.machine)));
  std::string what;
  if (!compared.comparison.timings_refused.empty()) {
    what = fmt::format(
        "Timings are not compared: {}. {}", EscapeXml(compared.comparison.timings_refused),
        html::Link(PageUrl("/compare", {{"base", base}, {"head", head}, {"force", "1"}}),
                   "Compare them anyway"));
  } else if (request.Param("force") == "1") {
    what = "Timings are compared because you asked for it; what differs may be the machine. " +
           html::Link(PageUrl("/compare", {{"base", base}, {"head", head}}), "Don't compare them");
  }
  return fmt::format("<p class=\"warning\" role=\"alert\" id=\"machines\">{}{}</p>\n", between,
                     what);
}

std::string Result(const HttpRequest& request, const Compared& compared) {
  const ReportComparison& comparison = compared.comparison;
  std::string html = MachineWarning(request, compared);
  for (const std::string& note : comparison.notes) {
    html += "<p class=\"warning\" role=\"status\">" + EscapeXml(note) + "</p>\n";
  }
  html += "<div class=\"tiles\">\n" + SideFacts("base", compared.base) +
          SideFacts("head", compared.head) + "</div>\n";
  html += html::Section("cases", "Cases",
                        CaseTables(comparison) + OnlyIn("base", comparison.only_base) +
                            OnlyIn("head", comparison.only_head));
  return html;
}

std::string Sentence(const ReportComparison& comparison) {
  size_t counts[5] = {};
  for (const CaseChange& of : comparison.cases) ++counts[PlaceOf(of.change)];
  return fmt::format("{} worse, {} unclear, {} not compared, {} better, {} the same.", counts[0],
                     counts[1], counts[2], counts[3], counts[4]);
}

HttpResponse ComparePage(const ServiceParts& parts, const HttpRequest& request) {
  CheckParams(request, {"base", "head", "force"});
  CompareOptions options;
  if (IntParam(request, "force", 0, 1, 0) == 1) {
    options.other_machines = OtherMachines::kCompareAnyway;
  }
  const bool is_asked = !request.Param("base").empty() && !request.Param("head").empty();
  std::vector<std::string> suggestions;
  std::optional<Compared> compared;
  std::optional<HttpError> refusal;
  parts.store.Read([&](Database& database) {
    suggestions = Suggestions(&database);
    if (!is_asked) return;
    try {
      const auto [base, head] =
          ChoosePair(request.Param("base"), request.Param("head"), {}, &database);
      compared = {
          base, head,
          CompareReports(LoadReport(base, &database), LoadReport(head, &database), options)};
    } catch (const HttpError& error) {
      refusal = error;
    }
  });
  Page page;
  page.title = "Compare";
  page.place = "/compare";
  page.main = PageTitle("Compare", compared ? Sentence(compared->comparison)
                                            : "Reports by id, baseline, commit or branch.") +
              Form(request, suggestions);
  if (refusal) {
    page.main += fmt::format("<p class=\"warning\" role=\"alert\">{}; {}</p>\n",
                             EscapeXml(refusal->what()), EscapeXml(refusal->hint()));
  }
  if (compared) page.main += Result(request, *compared);
  return RenderFrame(page, parts.options.version, refusal ? refusal->status() : 200);
}

}  // namespace

void AddComparePage(ServiceParts parts, Router* router) {
  router->Add("GET", "/compare", [parts](const HttpRequest& request, const PathParts&) {
    return ComparePage(parts, request);
  });
}

}  // namespace deltagauge
