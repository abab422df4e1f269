// /: what branches and machines say, at a glance.
#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "fmt/format.h"
#include "harness/report/export_text.h"
#include "harness/service/head_changes.h"
#include "harness/service/page_frame.h"
#include "harness/service/pages.h"
#include "harness/store/store_queries.h"

namespace deltagauge {
namespace {

constexpr int kBranches = 30;
constexpr size_t kMaxAttention = 8;   // rows above the table, so that the table is seen too
constexpr size_t kMaxCompared = 200;  // heads that are held against the report before

struct Head {
  HeadRow row;
  std::optional<HeadChange> change;

  Verdict verdict() const { return VerdictNamed(row.report.verdict).value_or(Verdict::kError); }
  bool IsWorse() const { return change && change->worse > 0; }
  bool NeedsAttention() const { return IsWorse() || verdict() > Verdict::kPassed; }
};

std::vector<Head> ReadHeads(HeadChanges* changes, Database* database) {
  std::vector<Head> heads;
  for (HeadRow& row : ListHeads(kBranches, database)) heads.push_back({std::move(row), {}});
  for (size_t i = 0; i < std::min(heads.size(), kMaxCompared); ++i) {
    heads[i].change = changes->Of(heads[i].row.report, database);
  }
  return heads;
}

std::string BranchName(const std::string& branch) { return branch.empty() ? "no branch" : branch; }

std::string Regressed(const Head& head) {
  const auto& [base, worse, first] = *head.change;
  const std::string url =
      PageUrl("/compare", {{"base", base}, {"head", head.row.report.report_id}});
  return html::Link(url, fmt::format("{} case{} worse than before", worse, worse == 1 ? "" : "s"));
}

std::string AttentionRow(const Head& head) {
  const ReportRow& report = head.row.report;
  std::string why = EscapeXml(report.headline);
  if (head.IsWorse()) {
    why += fmt::format("<br>{}: {}", Regressed(head), EscapeXml(head.change->first));
  }
  std::string badges = html::Badge(report.verdict);
  if (head.IsWorse()) badges += " <span class=\"badge failed\">regressed</span>";
  return fmt::format(
      "<tr><td>{}</td><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td></tr>\n", badges,
      html::Link(ReportUrl(report.report_id),
                 EscapeXml(BranchName(head.row.branch) + " " + CommitText(report.commit, &report))),
      EscapeXml(MachineName(report.machine) + ", " + report.config), why,
      TimeText(report.created_s));
}

// Those that are not as they should be: the worst first, of these the newest.
std::string Attention(const std::vector<Head>& heads) {
  std::vector<const Head*> those;
  for (const Head& head : heads) {
    if (head.NeedsAttention()) those.push_back(&head);
  }
  if (those.empty()) return "";
  const auto rank = [](const Head* head) {
    const Verdict verdict =
        std::max(head->verdict(), head->IsWorse() ? Verdict::kFailed : Verdict::kSkipped);
    return std::pair(verdict, head->row.report.created_s);
  };
  std::stable_sort(those.begin(), those.end(),
                   [&](const Head* a, const Head* b) { return rank(a) > rank(b); });
  std::string rows;
  for (size_t i = 0; i < std::min(those.size(), kMaxAttention); ++i)
    rows += AttentionRow(*those[i]);
  const std::string caption =
      those.size() > kMaxAttention
          ? fmt::format("The worst {} of {}; all are in the table below", kMaxAttention,
                        those.size())
          : "Newest reports that did not pass, or are worse than the one before";
  return html::Section(
      "attention", "Needs attention",
      html::Table(caption, {"verdict", "report", "machine", "why", "when, UTC"}, rows));
}

// --- Branches x machines.

std::string HeadEntry(const Head& head) {
  const ReportRow& report = head.row.report;
  std::string entry =
      fmt::format("<div class=\"entry\">{} {}<span class=\"detail\">{}, {}</span>",
                  html::Link(ReportUrl(report.report_id), html::Badge(report.verdict)),
                  EscapeXml(report.config), EscapeXml(CommitText(report.commit, &report)),
                  TimeText(report.created_s));
  if (head.IsWorse()) entry += "<span class=\"detail bad\">" + Regressed(head) + "</span>";
  return entry + "</div>";
}

std::string Matrix(const std::vector<Head>& heads) {
  // In the order of names, since ListHeads gives each branch's machines so.
  std::map<std::tuple<std::string, std::string>, const MachineRow*> machines;
  std::vector<std::string> branches;  // the newest first
  std::map<std::tuple<std::string, std::string>, std::string> cells;
  for (const Head& head : heads) {
    const MachineRow& machine = head.row.report.machine;
    machines.emplace(std::tuple(MachineName(machine), machine.fingerprint), &machine);
    if (branches.empty() || branches.back() != head.row.branch) branches.push_back(head.row.branch);
    cells[{head.row.branch, machine.fingerprint}] += HeadEntry(head);
  }
  std::map<std::string, int> same_name;
  for (const auto& [key, machine] : machines) ++same_name[std::get<0>(key)];
  std::vector<std::string> columns = {"branch"};
  for (const auto& [key, machine] : machines) {
    const std::string& name = std::get<0>(key);
    columns.push_back(same_name[name] > 1 ? name + " " + machine->fingerprint.substr(0, 8) : name);
  }
  std::string rows;
  for (const std::string& branch : branches) {
    rows += "<tr><th scope=\"row\">" +
            html::Link(PageUrl("/trend", {{"branch", branch}}), EscapeXml(BranchName(branch))) +
            "</th>";
    for (const auto& [key, machine] : machines) {
      const auto found = cells.find({branch, machine->fingerprint});
      rows += found == cells.end() ? html::Cell(html::kNothing) : "<td>" + found->second + "</td>";
    }
    rows += "</tr>\n";
  }
  return html::Section(
      "heads", "Branches and machines",
      html::Table("The newest report of each branch, machine and configuration", columns, rows));
}

HttpResponse Overview(const ServiceParts& parts, const HttpRequest& request, HeadChanges* changes) {
  CheckParams(request, {});
  std::vector<Head> heads;
  parts.store.Read([&](Database& database) { heads = ReadHeads(changes, &database); });
  const auto bad = std::count_if(heads.begin(), heads.end(),
                                 [](const Head& head) { return head.NeedsAttention(); });
  Page page;
  page.title = "Overview";
  page.place = "/";
  if (heads.empty()) {
    page.main = PageTitle("Overview", "There are no reports yet. Send one:") +
                "<section aria-label=\"How to send a report\"><pre tabindex=\"0\">curl -H "
                "\"Authorization: Bearer $DELTAGAUGE_TOKEN\" --data-binary @out/report.json "
                "HOST/api/v1/reports</pre></section>\n";
  } else {
    page.main =
        PageTitle("Overview", bad == 0 ? fmt::format("All {} newest reports passed.", heads.size())
                                       : fmt::format("{} of {} newest reports need attention.", bad,
                                                     heads.size())) +
        Attention(heads) + Matrix(heads);
  }
  return RenderFrame(page, parts.options.version);
}

}  // namespace

void AddOverviewPage(ServiceParts parts, Router* router) {
  const auto changes = std::make_shared<HeadChanges>();
  router->Add("GET", "/", [parts, changes](const HttpRequest& request, const PathParts&) {
    return Overview(parts, request, changes.get());
  });
}

}  // namespace deltagauge
