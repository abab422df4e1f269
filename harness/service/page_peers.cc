// /peers: implementations side by side, from one report that ran several of them.
#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "harness/report/export_text.h"
#include "harness/service/page_frame.h"
#include "harness/service/pages.h"
#include "harness/service/report_choice.h"
#include "harness/store/store_queries.h"

namespace deltagauge {
namespace {

constexpr size_t kMaxRead = 12;  // reports that are looked at for one with several candidates

struct Row {
  std::string question;  // what tells it from the others of its kind, whoever answered
  std::string metric;
  std::string unit;
  Direction direction = Direction::kNeither;
  std::map<std::string, std::pair<const CaseReport*, const Metric*>> of_candidate;
};

std::set<std::string> CandidatesOf(const Report& report) {
  std::set<std::string> candidates;
  for (const CaseReport& of : report.cases) candidates.insert(of.candidate);
  return candidates;
}

using Params = std::map<std::string, std::string, std::less<>>;

// "prefill: dtype float32, tokens 512", without what is left out.
std::string QuestionOf(const CaseReport& of, const Params& left_out) {
  std::string text = of.kind;
  char before = ':';
  for (const auto& [name, value] : of.params) {
    if (name == "candidate" || left_out.count(name) > 0) continue;
    text += fmt::format("{} {} {}", before, name, value);
    before = ',';
  }
  return text;
}

// By kind: the parameters that have one value in all of its cases. A kernel case has twenty, of
// which two differ.
std::map<std::string, Params> CommonParams(const Report& report) {
  std::map<std::string, Params> common;
  for (const CaseReport& of : report.cases) {
    const auto [place, is_first] = common.try_emplace(of.kind, of.params);
    if (is_first) {
      place->second.erase("candidate");
      continue;
    }
    std::erase_if(place->second, [&](const auto& param) {
      const auto found = of.params.find(param.first);
      return found == of.params.end() || found->second != param.second;
    });
  }
  return common;
}

// Those that at least two candidates have, in the order of the report.
std::vector<Row> SharedRows(const Report& report,
                            const std::map<std::string, Params>& common_params) {
  std::vector<Row> rows;
  std::map<std::pair<std::string, std::string>, size_t> places;
  for (const CaseReport& of : report.cases) {
    const std::string whole = QuestionOf(of, {});
    const std::string question = QuestionOf(of, common_params.at(of.kind));
    for (const Metric& metric : of.metrics) {
      const auto [place, is_new] = places.emplace(std::pair(whole, metric.name), rows.size());
      if (is_new) rows.push_back({question, metric.name, metric.unit, metric.direction, {}});
      rows[place->second].of_candidate.emplace(of.candidate, std::pair(&of, &metric));
    }
  }
  std::erase_if(rows, [](const Row& row) { return row.of_candidate.size() < 2; });
  return rows;
}

// The candidate with the best figure; nothing where no side is better, or two are equal.
std::string BestOf(const Row& row) {
  if (row.direction == Direction::kNeither) return "";
  std::string best;
  std::optional<double> value;
  for (const auto& [candidate, figure] : row.of_candidate) {
    const double other = figure.second->value;
    if (!std::isfinite(other)) continue;
    if (value && other == *value) best.clear();
    const bool is_better =
        !value || (row.direction == Direction::kLargerIsBetter ? other > *value : other < *value);
    if (!is_better) continue;
    best = candidate;
    value = other;
  }
  return best;
}

std::string RowHtml(const Row& row, const std::set<std::string>& candidates) {
  std::string html = "<tr><th scope=\"row\">" + EscapeXml(row.question) + "</th>" +
                     html::Cell(row.unit == "1" ? row.metric : row.metric + " [" + row.unit + "]");
  const std::string best = BestOf(row);
  for (const std::string& candidate : candidates) {
    const auto found = row.of_candidate.find(candidate);
    if (found == row.of_candidate.end()) {
      html += html::NumberCell(html::kNothing);
      continue;
    }
    const auto& [of, metric] = found->second;
    html += fmt::format("<td class=\"number{}\">{}{}</td>", candidate == best ? " best" : "",
                        EscapeXml(WithInterval(metric->value, metric->ci_lo, metric->ci_hi)),
                        of->status == Verdict::kPassed ? "" : " " + html::Badge(of->status));
  }
  return html + "</tr>\n";
}

std::string Arms(const Report& report) {
  std::string rows;
  for (const ArmReport& arm : report.arms) {
    rows += "<tr><th scope=\"row\">" + EscapeXml(arm.name) + "</th>" + html::Cell(arm.role) +
            html::Cell(arm.version) + html::Cell(arm.description) + "</tr>\n";
  }
  if (rows.empty()) return "";
  return html::Section("arms", "Who they are",
                       html::Table("Arms of the report", {"arm", "role", "version", "what"}, rows));
}

// What all rows of a kind share, once.
std::string CommonText(const std::map<std::string, Params>& common_params) {
  std::string items;
  for (const auto& [kind, params] : common_params) {
    std::string text;
    for (const auto& [name, value] : params) {
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, value);
    }
    if (!text.empty()) items += "<li>" + EscapeXml(kind + ": " + text) + "</li>\n";
  }
  if (items.empty()) return "";
  return "<details><summary>What all cases of a kind have in common</summary><ul>\n" + items +
         "</ul></details>\n";
}

struct Chosen {
  ReportRow row;
  Report report;
};

// The newest of all machines that has several candidates.
std::optional<Chosen> Choose(const std::string& asked, Database* database) {
  if (!asked.empty()) {
    ReportRow row = ChooseReport(asked, {}, database);
    Report report = LoadReport(row, database);
    return Chosen{std::move(row), std::move(report)};
  }
  std::vector<ReportRow> rows = ListLatest(database);
  std::sort(rows.begin(), rows.end(),
            [](const ReportRow& a, const ReportRow& b) { return a.created_s > b.created_s; });
  if (rows.size() > kMaxRead) rows.resize(kMaxRead);
  for (ReportRow& row : rows) {
    Report report = LoadReport(row, database);
    if (CandidatesOf(report).size() > 1) return Chosen{std::move(row), std::move(report)};
  }
  return std::nullopt;
}

HttpResponse PeersPage(const ServiceParts& parts, const HttpRequest& request) {
  CheckParams(request, {"report"});
  std::optional<Chosen> chosen;
  parts.store.Read(
      [&](Database& database) { chosen = Choose(request.Param("report"), &database); });
  Page page;
  page.title = "Peers";
  page.place = "/peers";
  if (!chosen) {
    page.main = PageTitle("Peers",
                          "No machine's newest report has several candidates. Name some under "
                          "<code>candidates</code> in a configuration.");
    return RenderFrame(page, parts.options.version);
  }
  const std::set<std::string> candidates = CandidatesOf(chosen->report);
  std::vector<std::string> columns = {"asked", "figure"};
  columns.insert(columns.end(), candidates.begin(), candidates.end());
  std::string rows;
  const auto common_params = CommonParams(chosen->report);
  for (const Row& row : SharedRows(chosen->report, common_params)) {
    rows += RowHtml(row, candidates);
  }
  page.main = PageTitle(
      "Peers",
      fmt::format("{} on {}, {}.",
                  html::Link(ReportUrl(chosen->row.report_id),
                             EscapeXml("Report of " + CommitText(chosen->row.commit))),
                  EscapeXml(MachineName(chosen->row.machine)), TimeText(chosen->row.created_s)));
  page.main += html::Section(
      "peers", "Side by side",
      rows.empty() ? "<p>No two candidates answered the same question.</p>\n"
                   : html::Table("The best of a row is bold; figures of one run on one machine",
                                 columns, rows) +
                         CommonText(common_params));
  page.main += Arms(chosen->report);
  return RenderFrame(page, parts.options.version);
}

}  // namespace

void AddPeersPage(ServiceParts parts, Router* router) {
  router->Add("GET", "/peers", [parts](const HttpRequest& request, const PathParts&) {
    return PeersPage(parts, request);
  });
}

}  // namespace deltagauge
