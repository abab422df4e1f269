#include "harness/run/run_folder.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>

#include "fmt/format.h"
#include "harness/report/json.h"
#include "harness/report/report_file.h"
#include "harness/report/report_json.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRunFile = "run.json";
constexpr const char* kCaseFile = "cases.jsonl";
constexpr const char* kAgain = "measured again; before: ";

// Of the notes, those about measurements before this one.
std::vector<std::string> Attempts(const CaseReport& of) {
  std::vector<std::string> attempts;
  if (!of.performance) return attempts;
  for (const std::string& note : of.performance->notes) {
    if (note.starts_with(kAgain)) attempts.push_back(note);
  }
  return attempts;
}

}  // namespace

std::string RunFolder::File(const char* name) const { return (fs::path(path_) / name).string(); }

std::string RunFolder::Identity() const {
  Json identity = Json::MakeObject();
  identity["config_sha256"] = config_sha256_;
  identity["version"] = build_.version;
  identity["commit"] = build_.commit;
  identity["flags"] = build_.flags;
  return WriteJson(identity) + "\n";
}

bool RunFolder::IsInterrupted() const {
  std::error_code ignored;
  return fs::exists(File(kRunFile), ignored) && fs::exists(File(kCaseFile), ignored) &&
         ReadWholeFile(File(kRunFile), 1 << 16) == Identity();
}

std::map<std::string, CaseReport> RunFolder::FinishedCases(Resume resume) const {
  std::map<std::string, CaseReport> finished;
  if (resume != Resume::kNothing && IsInterrupted()) {
    for (CaseReport& saved : ReadCases(File(kCaseFile)).cases) {
      std::string id = saved.id;
      finished.emplace(std::move(id), std::move(saved));
    }
    return finished;
  }
  std::error_code ignored;
  fs::remove(File(kCaseFile), ignored);
  WriteFileAtomically(File(kRunFile), Identity());
  return finished;
}

std::map<std::string, std::vector<std::string>> RunFolder::ReopenUndecided(
    std::span<const PlanEntry> plan) const {
  const Report report = LoadReport(path_);
  const auto refuse = [&](const std::string& what, const std::string& mend) {
    throw reference::InputError(ReportPath(path_), what, mend);
  };
  if (report.config.sha256 != config_sha256_ || report.tool.version != build_.version ||
      report.tool.commit != build_.commit || report.tool.flags != build_.flags) {
    refuse("is of another configuration or build", "run everything anew, without --again");
  }
  std::set<std::string> ids;
  for (const CaseReport& of : report.cases) ids.insert(of.id);
  if (!report.complete || ids.size() != plan.size() ||
      !std::ranges::all_of(plan, [&](const PlanEntry& entry) { return ids.contains(entry.id); })) {
    refuse(fmt::format("holds {} cases, and this run has {}", ids.size(), plan.size()),
           "give --only and --shard as they were given then");
  }
  std::map<std::string, std::vector<std::string>> again;
  std::string decided;
  std::set<std::string> undecided;
  for (const GateResult& gate : report.gates) {
    if (gate.verdict == Verdict::kInconclusive) undecided.insert(gate.case_id);
  }
  for (const CaseReport& of : report.cases) {
    if (of.status == Verdict::kWaived) {
      refuse("has waived cases", "run everything anew, without --again");
    }
    if (of.performance && (of.status == Verdict::kInconclusive || undecided.contains(of.id))) {
      std::vector<std::string>& notes = again[of.id] = Attempts(of);
      notes.push_back(fmt::format("{}{:.3f} x ({:.3f} to {:.3f}), {}", kAgain,
                                  of.performance->speedup.point, of.performance->speedup.ci_lo,
                                  of.performance->speedup.ci_hi,
                                  of.reason.empty() ? "the gate undecided" : of.reason));
    } else {
      decided += WriteCaseLine(of) + "\n";
    }
  }
  if (again.empty()) return again;
  WriteFileAtomically(File(kCaseFile), decided);
  WriteFileAtomically(File(kRunFile), Identity());
  return again;
}

void RunFolder::Append(const CaseReport& done) const { AppendCase(File(kCaseFile), done); }

void RunFolder::Close() const {
  std::error_code ignored;
  fs::remove(File(kCaseFile), ignored);
  fs::remove(File(kRunFile), ignored);
}

}  // namespace deltagauge
