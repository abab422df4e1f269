// /api/v1/verdict: go or no-go for a commit, by a policy of the folder of configurations.
#include <algorithm>
#include <filesystem>
#include <map>
#include <tuple>

#include "fmt/format.h"
#include "harness/base/nearest_name.h"
#include "harness/release/release_policy.h"
#include "harness/release/release_verdict.h"
#include "harness/report/report_time.h"
#include "harness/service/kept_waivers.h"
#include "harness/service/report_choice.h"
#include "harness/service/service.h"
#include "harness/store/store_queries.h"

namespace deltagauge {
namespace {

constexpr std::string_view kPolicySuffix = "_policy.yaml";

// Names of policies: "release" is release_policy.yaml. What a request says is only compared with
// them; no path is made of it.
std::map<std::string, std::filesystem::path, std::less<>> Policies(
    const std::filesystem::path& folder) {
  std::map<std::string, std::filesystem::path, std::less<>> policies;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename().string();
    if (!name.ends_with(kPolicySuffix)) continue;
    policies.emplace(name.substr(0, name.size() - kPolicySuffix.size()), entry.path());
  }
  return policies;
}

ReleasePolicy PolicyNamed(const ServiceParts& parts, const std::string& name) {
  const auto policies = Policies(parts.options.config_folder);
  const auto found = policies.find(name);
  if (found != policies.end()) return LoadReleasePolicy(found->second.string());
  std::vector<std::string_view> names;
  for (const auto& [known, path] : policies) names.push_back(known);
  throw HttpError(404, "no_such_policy", fmt::format("there is no policy '{}'", name),
                  NameHint(name, names));
}

// Of each platform, machine and configuration the newest.
std::vector<NamedReport> ReportsOf(const std::string& commit, Database* database) {
  ReportFilter filter;
  filter.commit = commit;
  filter.limit = 500;
  std::map<std::tuple<std::string, std::string, std::string>, ReportRow> newest;
  for (ReportRow& row : ListReports(filter, database)) {
    newest.try_emplace({row.platform, row.machine.fingerprint, row.config}, std::move(row));
  }
  std::vector<NamedReport> reports;
  for (const auto& [key, row] : newest) {
    reports.push_back({row.report_id, LoadReport(row, database)});
  }
  return reports;
}

HttpResponse GetVerdict(const ServiceParts& parts, const HttpRequest& request) {
  CheckParams(request, {"commit", "policy"});
  const std::string commit = request.Param("commit");
  if (commit.size() < 7 || commit.size() > 40 ||
      commit.find_first_not_of("0123456789abcdef") != std::string::npos) {
    throw HttpError(400, "bad_parameter", "'commit' must be 7 to 40 hex digits in lower case");
  }
  const std::string policy_name =
      request.Param("policy").empty() ? "release" : request.Param("policy");
  const ReleasePolicy policy = PolicyNamed(parts, policy_name);
  const int64_t now = parts.options.unix_seconds();
  std::vector<NamedReport> reports;
  parts.store.Read([&](Database& database) {
    reports = ReportsOf(commit, &database);
    ApplyKeptWaivers(FormatUtc(now).substr(0, 10), &database, &reports);
  });
  const ReleaseVerdict verdict = JudgeRelease(policy, reports, {now, commit});
  return JsonAnswer(ReleaseJson(verdict), verdict.IsGo() ? 200 : 409);
}

}  // namespace

void AddVerdictRoutes(ServiceParts parts, Router* router) {
  router->Add("GET", "/api/v1/verdict", [parts](const HttpRequest& request, const PathParts&) {
    return GetVerdict(parts, request);
  });
}

}  // namespace deltagauge
