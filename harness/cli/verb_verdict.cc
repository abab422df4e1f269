// verdict: may this be released?
#include <algorithm>
#include <filesystem>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "fmt/format.h"
#include "harness/base/nearest_name.h"
#include "harness/cli/verb.h"
#include "harness/release/release_manifest.h"
#include "harness/release/release_policy.h"
#include "harness/release/release_verdict.h"
#include "harness/report/report_file.h"
#include "harness/report/report_json.h"
#include "harness/report/report_time.h"
#include "harness/run/run_session.h"
#include "reference/input_error.h"
#include "reference/sha256.h"

namespace deltagauge {
namespace {

std::string FolderOf(const std::string& path) {
  return std::filesystem::path(path).parent_path().string();
}

class VerdictVerb final : public Verb {
 public:
  std::string_view Name() const override { return "verdict"; }
  std::string_view Summary() const override {
    return "Says go or no-go for a release, from the reports of all platforms.";
  }

  void Declare(CLI::App& app) override {
    app.add_option("REPORT", reports_, "report.json of each platform, or its folder")->take_all();
    app.add_option("--policy", policy_, "What has to be shown: see configs/release_policy.yaml")
        ->type_name("FILE");
    app.add_option("--commit", commit_,
                   "To be released, at least 7 digits; without it the reports must be of one")
        ->type_name("SHA");
    app.add_option("--format", format_, "text, markdown or json")
        ->type_name("NAME")
        ->capture_default_str();
    app.add_option("--manifest", manifest_, "Write the SHA-256 of each report, and the verdict")
        ->type_name("FILE");
    app.add_option("--check", check_,
                   "Instead: whether the files that a manifest names are still the same")
        ->type_name("FILE");
    app.footer(
        "Exit code: 0 go; else the most severe reason: 1, 2, 3 something failed, 4 a timing is\n"
        "undecided, 5 what is required is missing, stale, of another commit or a changed tree.\n"
        "With --check: 0 all the same, 5 not.\n"
        "Example: deltagauge verdict --policy configs/release_policy.yaml linux windows");
  }

  ExitCode Run(const Console& console) override {
    if (!check_.empty()) return Check(console);
    if (policy_.empty()) throw reference::InputError("", "--policy is required");
    const std::vector<std::string_view> kinds = {"text", "markdown", "json"};
    if (std::find(kinds.begin(), kinds.end(), format_) == kinds.end()) {
      throw reference::InputError("", fmt::format("--format '{}' is unknown", format_),
                                  NameHint(format_, kinds));
    }
    CheckCommit();
    const int64_t now = ThisWorld().unix_seconds();
    ReleaseManifest manifest;
    const std::string policy_text = ReadWholeFile(policy_, kMaxPolicyBytes);
    const ReleasePolicy policy = ParseReleasePolicy(policy_text, policy_);
    const std::vector<NamedReport> reports = ReadReports(manifest);
    const ReleaseVerdict verdict = JudgeRelease(policy, reports, {now, commit_});
    console.out << (format_ == "text" ? ReleaseText(verdict)
                    : format_ == "markdown"
                        ? ReleaseMarkdown(verdict)
                        : WriteJson(ReleaseJson(verdict), JsonLayout::kIndented));
    if (!manifest_.empty()) {
      manifest.created_at = FormatUtc(now);
      manifest.policy = {RelativeTo(FolderOf(manifest_), policy_), reference::Sha256Of(policy_text),
                         "", ""};
      manifest.verdict = ReleaseJson(verdict);
      WriteFileAtomically(manifest_, WriteManifest(manifest));
    }
    return verdict.exit_code();
  }

 private:
  void CheckCommit() const {
    if (commit_.empty()) return;
    const bool is_hex = commit_.find_first_not_of("0123456789abcdef") == std::string::npos;
    if (commit_.size() < 7 || commit_.size() > 40 || !is_hex) {
      throw reference::InputError("", fmt::format("--commit '{}' is no commit", commit_),
                                  "expected 7 to 40 hex digits in lower case");
    }
  }

  // Each file is read once: what is judged is what is hashed.
  std::vector<NamedReport> ReadReports(ReleaseManifest& manifest) const {
    std::vector<NamedReport> reports;
    for (const std::string& given : reports_) {
      const std::string path = ReportPath(given);
      const std::string text = ReadWholeFile(path, kMaxReportBytes);
      reports.push_back({given, ReadReport(text, path)});
      const Report& report = reports.back().report;
      manifest.reports.push_back({RelativeTo(FolderOf(manifest_), path), reference::Sha256Of(text),
                                  report.report_id, report.tool.platform.value_or("")});
    }
    return reports;
  }

  ExitCode Check(const Console& console) const {
    if (!reports_.empty() || !policy_.empty() || !manifest_.empty()) {
      throw reference::InputError("", "--check takes no reports, --policy or --manifest",
                                  "the manifest names them");
    }
    const ReleaseManifest manifest =
        ParseManifest(ReadWholeFile(check_, kMaxManifestBytes), check_);
    int different = 0;
    const std::vector<CheckedFile> files = CheckManifest(manifest, FolderOf(check_));
    for (const auto& [entry, state] : files) {
      if (state == FileState::kSame) continue;
      ++different;
      console.out << fmt::format("{}: {}\n", entry.path,
                                 state == FileState::kMissing ? "missing" : "changed");
    }
    const Json* const said = manifest.verdict.Find("verdict");
    console.out << fmt::format("{} of {} files are as they were on {}; the verdict then: {}\n",
                               files.size() - different, files.size(), manifest.created_at,
                               said != nullptr && said->IsString() ? said->AsString() : "not said");
    return different == 0 ? kExitPass : kExitInvalid;
  }

  std::vector<std::string> reports_;
  std::string policy_;
  std::string commit_;
  std::string format_ = "text";
  std::string manifest_;
  std::string check_;
};

}  // namespace

void AddReleaseVerbs(Verbs& verbs) { verbs.push_back(std::make_unique<VerdictVerb>()); }

}  // namespace deltagauge
