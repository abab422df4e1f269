#include "harness/release/release_verdict.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "harness/report/gates.h"
#include "harness/report/report_time.h"

namespace deltagauge {
namespace {

constexpr int64_t kSecondsADay = 86400;
constexpr int64_t kClockSkewSeconds = 3600;  // by which another machine's clock may be ahead
constexpr size_t kShortestCommit = 7;

bool IsCommit(std::string_view asked, std::string_view commit) {
  return asked.size() >= kShortestCommit && commit.starts_with(asked);
}

template <typename Names, typename Name>
bool Contains(const Names& names, const Name& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

void AddName(const std::string& name, std::vector<std::string>& names) {
  if (!name.empty() && !Contains(names, name)) names.push_back(name);
}

// What speed has to do with nothing of.
bool IsTimedKind(std::string_view kind) { return ConcernOfKind(kind) == Concern::kPerformance; }

class Judge {
 public:
  Judge(const ReleasePolicy& policy, std::span<const NamedReport> reports,
        const ReleaseQuestion& question)
      : policy_(policy), reports_(reports), question_(question) {}

  ReleaseVerdict Run() {
    verdict_.policy = policy_.name;
    MakeRows();
    JudgeCommits();
    for (const NamedReport& report : reports_) JudgeOne(report);
    JudgeRepeats();
    for (const PlatformPolicy& platform : policy_.platforms) JudgePlatform(platform);
    JudgeAgreement();
    for (PlatformRow& row : verdict_.platforms) {
      row.reasons = std::count_if(
          verdict_.reasons.begin(), verdict_.reasons.end(),
          [&](const ReleaseReason& reason) { return reason.platform == row.platform; });
    }
    return std::move(verdict_);
  }

 private:
  static std::string PlatformOf(const Report& report) { return report.tool.platform.value_or(""); }

  void Add(ReleaseReason reason) { verdict_.reasons.push_back(std::move(reason)); }

  void AddOf(const NamedReport& report, ReleaseFlaw flaw, std::string what, std::string hint = {},
             ExitCode code = kExitInvalid) {
    Add({flaw, PlatformOf(report.report), report.name, std::move(what), std::move(hint), code});
  }

  void AddOf(const PlatformPolicy& platform, ReleaseFlaw flaw, std::string what,
             std::string hint = {}, ExitCode code = kExitInvalid) {
    Add({flaw, platform.name, "", std::move(what), std::move(hint), code});
  }

  std::vector<const Report*> ReportsOf(std::string_view platform) const {
    std::vector<const Report*> reports;
    for (const NamedReport& report : reports_) {
      if (PlatformOf(report.report) == platform) reports.push_back(&report.report);
    }
    return reports;
  }

  PlatformRow& RowOf(const std::string& platform) {
    for (PlatformRow& row : verdict_.platforms) {
      if (row.platform == platform) return row;
    }
    PlatformRow& row = verdict_.platforms.emplace_back();
    row.platform = platform;
    row.required = false;
    return row;
  }

  void MakeRows() {
    for (const PlatformPolicy& platform : policy_.platforms) RowOf(platform.name).required = true;
    for (const NamedReport& named : reports_) {
      PlatformRow& row = RowOf(PlatformOf(named.report));
      row.reports.push_back(named.name);
      AddName(named.report.config.name, row.configs);
      for (const CaseReport& of : named.report.cases) {
        ++row.cases;
        row.passed += of.status == Verdict::kPassed;
        row.skipped += of.status == Verdict::kSkipped;
        if (of.status == Verdict::kPassed && of.kind == "kernel" && of.correctness) {
          AddName(of.correctness->target, row.targets);
        }
      }
      for (const GateResult& gate : named.report.gates) {
        row.gates += gate.verdict != Verdict::kSkipped;
        row.gates_passed += gate.verdict == Verdict::kPassed || gate.verdict == Verdict::kWaived;
      }
    }
  }

  void JudgeCommits() {
    std::set<std::string> commits;
    for (const NamedReport& named : reports_) commits.insert(named.report.tool.commit);
    const bool is_one = commits.size() == 1;
    verdict_.commit = is_one ? *commits.begin() : question_.commit;
    for (const NamedReport& named : reports_) {
      const std::string& commit = named.report.tool.commit;
      if (commit.empty()) {
        AddOf(named, ReleaseFlaw::kOtherCommit, "the program that made it knows no commit",
              "build it in a checkout");
      } else if (!question_.commit.empty() && !IsCommit(question_.commit, commit)) {
        AddOf(named, ReleaseFlaw::kOtherCommit,
              fmt::format("of commit {}, not of {}", commit, question_.commit), "run it again");
      } else if (question_.commit.empty() && !is_one) {
        AddOf(named, ReleaseFlaw::kOtherCommit,
              fmt::format("of commit {}; the reports are of {} commits", commit, commits.size()),
              "say which is to be released");
      }
    }
  }

  void JudgeOne(const NamedReport& named) {
    const Report& report = named.report;
    const std::string platform = PlatformOf(report);
    if (platform.empty()) {
      AddOf(named, ReleaseFlaw::kNoPlatform, "does not say which platform it is of",
            "an older version made it: run it again");
    } else if (!IsRequired(platform)) {
      AddOf(named, ReleaseFlaw::kNoPlatform,
            fmt::format("the policy has no platform '{}'", platform));
    }
    JudgeAge(named);
    if (report.tool.dirty && policy_.tree == TreePolicy::kClean) {
      AddOf(named, ReleaseFlaw::kDirtyTree, "the sources had changes that are not in the commit",
            "commit or stash them, build, run again");
    }
    if (!report.complete) {
      AddOf(named, ReleaseFlaw::kIncompleteRun, "incomplete: " + report.incomplete_reason);
    } else if (report.shard) {
      AddOf(named, ReleaseFlaw::kIncompleteRun,
            fmt::format("shard {} of {}", report.shard->index, report.shard->count),
            "`deltagauge merge` puts shards together");
    } else if (report.gate_policy.no_case == NoCase::kIsSkipped) {
      AddOf(named, ReleaseFlaw::kIncompleteRun, "only a selection of its cases was run");
    }
    JudgeSummary(named);
  }

  bool IsRequired(std::string_view platform) const {
    return std::any_of(policy_.platforms.begin(), policy_.platforms.end(),
                       [&](const PlatformPolicy& known) { return known.name == platform; });
  }

  void JudgeAge(const NamedReport& named) {
    const std::string& created = named.report.created_at;
    const std::optional<int64_t> at = ParseUtc(created);
    if (!at) {
      AddOf(named, ReleaseFlaw::kStale, fmt::format("'{}' is no time", created));
      return;
    }
    const int64_t age_s = question_.now_unix_s - *at;
    if (age_s < -kClockSkewSeconds) {
      AddOf(named, ReleaseFlaw::kStale, fmt::format("from the future: {}", created),
            "set the clocks");
    } else if (age_s > policy_.max_age_days * kSecondsADay) {
      AddOf(named, ReleaseFlaw::kStale,
            fmt::format("{} days old ({}); at most {} are allowed", age_s / kSecondsADay, created,
                        policy_.max_age_days),
            "run it again");
    }
  }

  // From the cases and gates themselves, as Summarize does it, not from what the report says of
  // them.
  static ExitCode ExitCodeOfRun(const Report& report) {
    std::vector<JudgedConcern> parts;
    for (const CaseReport& of : report.cases) {
      parts.push_back({of.status, ConcernOfKind(of.kind)});
    }
    for (const GateResult& gate : report.gates) parts.push_back({gate.verdict, gate.concern});
    const ExitCode code = ExitCodeOf(parts);
    return report.complete ? code : MoreSevere(code, kExitInconclusive);
  }

  void JudgeSummary(const NamedReport& named) {
    const Report& report = named.report;
    const std::string page = "its report.html says which cases, each with its repro line";
    const std::string& what = report.summary.headline;
    const ExitCode code = ExitCodeOfRun(report);
    if (code != report.summary.exit_code) {
      AddOf(named, ReleaseFlaw::kInvalidRun,
            fmt::format("its cases and gates come to exit code {}, its summary says {}",
                        static_cast<int>(code), report.summary.exit_code),
            "it was changed after the run: run it again");
    }
    switch (code) {
      case kExitPass:
        break;
      case kExitCorrectness:
      case kExitDrift:
      case kExitPerformance:
        AddOf(named, ReleaseFlaw::kFailedRun, what, page, code);
        break;
      case kExitInconclusive:
        if (policy_.inconclusive == Acceptance::kAccepted && report.complete) break;
        AddOf(named, ReleaseFlaw::kInconclusiveRun, what,
              "`deltagauge doctor` says how to make the machine quieter", code);
        break;
      case kExitInvalid:
      case kExitUsage:
      case kExitInternal:
        AddOf(named, ReleaseFlaw::kInvalidRun, what, page, kExitInvalid);
        break;
    }
    if (policy_.waivers == Acceptance::kAccepted) return;
    for (const GateResult& gate : report.gates) {
      if (gate.verdict != Verdict::kWaived) continue;
      AddOf(named, ReleaseFlaw::kWaivedRun, "gate waived: " + gate.id, "",
            ExitCodeOf(JudgedConcern{Verdict::kFailed, gate.concern}));
    }
    for (const CaseReport& of : report.cases) {
      if (of.status != Verdict::kWaived) continue;
      AddOf(named, ReleaseFlaw::kWaivedRun, "case waived: " + of.id, "",
            ExitCodeOf(JudgedConcern{Verdict::kFailed, ConcernOfKind(of.kind)}));
    }
  }

  void JudgeRepeats() {
    std::map<std::string_view, const NamedReport*> by_id;
    std::map<std::string_view, const NamedReport*> by_config;
    for (const NamedReport& named : reports_) {
      const auto [same, is_new] = by_id.try_emplace(named.report.report_id, &named);
      if (!is_new) {
        AddOf(named, ReleaseFlaw::kRepeatedReport, "the same report as " + same->second->name);
      }
      const ConfigReport& config = named.report.config;
      const auto [known, is_first] = by_config.try_emplace(config.name, &named);
      if (!is_first && known->second->report.config.sha256 != config.sha256) {
        AddOf(named, ReleaseFlaw::kOtherConfig,
              fmt::format("its configuration '{}' is not that of {}", config.name,
                          known->second->name),
              "run the same file everywhere, without --set");
      }
    }
  }

  void JudgePlatform(const PlatformPolicy& platform) {
    const std::vector<const Report*> reports = ReportsOf(platform.name);
    if (reports.empty()) {
      AddOf(platform, ReleaseFlaw::kMissingPlatform, "no report",
            platform.configs.empty()
                ? "run a configuration there"
                : fmt::format("there: deltagauge run configs/{}.yaml", platform.configs.front()));
      return;
    }
    const PlatformRow& row = RowOf(platform.name);
    for (const std::string& config : platform.configs) {
      if (Contains(row.configs, config)) continue;
      AddOf(platform, ReleaseFlaw::kMissingConfig,
            fmt::format("no run of configuration '{}'", config),
            fmt::format("there: deltagauge run configs/{}.yaml", config));
    }
    for (const std::string& target : platform.targets) {
      if (Contains(row.targets, target)) continue;
      AddOf(platform, ReleaseFlaw::kMissingTarget,
            fmt::format("no kernel case passed on instruction set {}", target),
            fmt::format("those that did: {}", fmt::join(row.targets, ", ")));
    }
    for (const std::string& candidate : platform.candidates) {
      const bool found = HasPassed(reports, [&](const CaseReport& of) {
        return of.candidate == candidate && !IsTimedKind(of.kind);
      });
      if (found) continue;
      AddOf(platform, ReleaseFlaw::kMissingCandidate,
            fmt::format("no case of candidate '{}' passed", candidate));
    }
    for (const std::string& model : platform.models) {
      const bool found = HasPassed(reports, [&](const CaseReport& of) {
        const auto of_model = of.params.find("model");
        return of_model != of.params.end() && of_model->second == model;
      });
      if (found) continue;
      AddOf(platform, ReleaseFlaw::kMissingModel,
            fmt::format("no case of model '{}' passed", model));
    }
    for (const std::string& metric : platform.gates) JudgeGates(platform, reports, metric);
  }

  template <typename Matches>
  static bool HasPassed(const std::vector<const Report*>& reports, const Matches& matches) {
    return std::any_of(reports.begin(), reports.end(), [&](const Report* report) {
      return std::any_of(report->cases.begin(), report->cases.end(), [&](const CaseReport& of) {
        return of.status == Verdict::kPassed && matches(of);
      });
    });
  }

  // Failures make the run fail, too; here it is said that it was one of the gates that count.
  void JudgeGates(const PlatformPolicy& platform, const std::vector<const Report*>& reports,
                  const std::string& metric) {
    bool decided = false;
    for (const Report* const report : reports) {
      for (const GateResult& gate : report->gates) {
        if (gate.metric != metric || gate.verdict == Verdict::kSkipped) continue;
        decided = true;
        const bool accepted =
            gate.verdict == Verdict::kPassed ||
            (gate.verdict == Verdict::kWaived && policy_.waivers == Acceptance::kAccepted) ||
            (gate.verdict == Verdict::kInconclusive &&
             policy_.inconclusive == Acceptance::kAccepted);
        if (accepted) continue;
        const Verdict verdict = gate.verdict == Verdict::kWaived  ? Verdict::kFailed
                                : gate.verdict == Verdict::kError ? Verdict::kInvalid
                                                                  : gate.verdict;
        AddOf(platform, ReleaseFlaw::kGateNotPassed,
              fmt::format("gate {} {}: {}", gate.id, VerdictName(gate.verdict), gate.reason),
              gate.repro, ExitCodeOf(JudgedConcern{verdict, gate.concern}));
      }
    }
    if (!decided) {
      AddOf(platform, ReleaseFlaw::kMissingGate, fmt::format("no gate looked at {}", metric));
    }
  }

  void JudgeAgreement() {
    std::vector<std::string> present;
    for (const PlatformPolicy& platform : policy_.platforms) {
      if (!ReportsOf(platform.name).empty()) present.push_back(platform.name);
    }
    for (size_t i = 0; i < present.size(); ++i) {
      for (size_t j = i + 1; j < present.size(); ++j) {
        verdict_.agreement.push_back(
            ComparePlatforms(present[i], ReportsOf(present[i]), present[j], ReportsOf(present[j])));
        JudgePair(verdict_.agreement.back());
      }
    }
  }

  void JudgePair(const PlatformAgreement& pair) {
    const std::string pair_name = pair.platform + " and " + pair.other;
    const auto add = [&](ReleaseFlaw flaw, std::string what, std::string hint, ExitCode code) {
      Add({flaw, pair.other, "", std::move(what), std::move(hint), code});
    };
    if (pair.cases < policy_.agreement.min_cases) {
      add(ReleaseFlaw::kTooFewShared,
          fmt::format("{} share {} kernel cases; at least {} are asked for", pair_name, pair.cases,
                      policy_.agreement.min_cases),
          "run the same configurations on both", kExitInvalid);
    }
    if (!pair.other_inputs.empty()) {
      const CaseDifference& first = pair.other_inputs.front();
      add(ReleaseFlaw::kOtherInputs,
          fmt::format("{}: {} of {} cases have other inputs, first {}", pair_name,
                      pair.other_inputs.size(), pair.cases, first.id),
          "deltagauge repro '" + first.repro + "'", kExitCorrectness);
    }
    for (const auto& [dtype, largest] : pair.largest) {
      const double limit =
          dtype == "bfloat16" ? policy_.agreement.bfloat16 : policy_.agreement.float32;
      if (largest.distance <= limit) continue;  // false for NaN
      add(ReleaseFlaw::kOtherOutputs,
          fmt::format("{}: {} of {} differs by {:.2g} in {}; at most {:.2g} is allowed", pair_name,
                      largest.tensor, largest.id, largest.distance, dtype, limit),
          "deltagauge repro '" + largest.repro + "'", kExitCorrectness);
    }
  }

  const ReleasePolicy& policy_;
  std::span<const NamedReport> reports_;
  const ReleaseQuestion& question_;
  ReleaseVerdict verdict_;
};

}  // namespace

ExitCode ReleaseVerdict::exit_code() const {
  ExitCode code = kExitPass;
  for (const ReleaseReason& reason : reasons) code = MoreSevere(code, reason.exit_code);
  return code;
}

ReleaseVerdict JudgeRelease(const ReleasePolicy& policy, std::span<const NamedReport> reports,
                            const ReleaseQuestion& question) {
  return Judge(policy, reports, question).Run();
}

}  // namespace deltagauge
