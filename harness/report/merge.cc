#include "harness/report/merge.h"

#include <algorithm>
#include <map>
#include <set>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "harness/report/gates.h"
#include "harness/report/report_json.h"
#include "harness/report/report_metrics.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

// What two reports of one run share.
struct Identity {
  const char* what;
  std::string value;
};

std::string GatesText(const Report& report) {
  std::string text;
  for (const GateResult& gate : report.gates) text += gate.id + "\n";
  return text;
}

std::string WaiversText(const Report& report) {
  std::string text;
  for (const Waiver& waiver : report.waivers) {
    text += fmt::format("{}\n{}\n{}\n{}\n", waiver.target, waiver.by, waiver.reason, waiver.until);
  }
  return text;
}

std::vector<Identity> IdentityOf(const Report& report) {
  return {{"configuration", report.config.sha256},
          {"commit", report.tool.commit},
          {"state of the tree", report.tool.dirty ? "changed" : "clean"},
          {"version of the program", report.tool.version},
          {"platform", report.tool.platform.value_or("")},
          {"set of gates", GatesText(report)},
          {"set of waivers", WaiversText(report)},
          {"smallest effect", fmt::format("{}", report.gate_policy.min_effect)}};
}

void CheckSameRun(const NamedReport& first, const NamedReport& other) {
  const auto expected = IdentityOf(first.report);
  const auto found = IdentityOf(other.report);
  for (size_t i = 0; i < expected.size(); ++i) {
    if (expected[i].value == found[i].value) continue;
    const bool is_long = expected[i].value.size() > 80 || found[i].value.size() > 80 ||
                         expected[i].value.find('\n') != std::string::npos;
    throw reference::InputError(
        other.name,
        fmt::format(
            "is of another {} than {}{}", expected[i].what, first.name,
            is_long ? "" : fmt::format(": '{}', not '{}'", found[i].value, expected[i].value)),
        "only shards of one run can be merged");
  }
}

// Without what a second run of the same would change.
std::string ResultText(CaseReport of) {
  of.duration_ms = 0;
  of.machine.reset();
  return WriteCaseLine(of);
}

// Collects cases by id.
class CaseUnion {
 public:
  void Add(const NamedReport& from, CaseReport of) {
    const auto [entry, is_new] = places_.try_emplace(of.id, cases_.size());
    if (is_new) {
      cases_.push_back(std::move(of));
      names_.push_back(from.name);
      return;
    }
    if (ResultText(cases_[entry->second]) == ResultText(std::move(of))) return;
    throw reference::InputError(from.name, fmt::format("case '{}' has another result than in {}",
                                                       entry->first, names_[entry->second]));
  }

  std::vector<CaseReport> InOrder() && {
    std::stable_sort(cases_.begin(), cases_.end(),
                     [](const CaseReport& a, const CaseReport& b) { return a.index < b.index; });
    return std::move(cases_);
  }

 private:
  std::map<std::string, size_t> places_;
  std::vector<CaseReport> cases_;
  std::vector<std::string> names_;  // where each came from
};

// Adds those that are new by their key, and leaves all in the order of the keys.
template <typename Part>
void AddNew(const std::vector<Part>& parts, std::string Part::*key, std::vector<Part>* all) {
  for (const Part& part : parts) {
    const bool known = std::any_of(all->begin(), all->end(),
                                   [&](const Part& other) { return other.*key == part.*key; });
    if (!known) all->push_back(part);
  }
  std::stable_sort(all->begin(), all->end(),
                   [&](const Part& a, const Part& b) { return a.*key < b.*key; });
}

// In the order in which they came: it is that of their weight.
void AddFindings(const std::vector<PreflightFinding>& findings,
                 std::vector<PreflightFinding>* all) {
  for (const PreflightFinding& finding : findings) {
    const bool known = std::any_of(all->begin(), all->end(), [&](const PreflightFinding& other) {
      return other.code == finding.code;
    });
    if (!known) all->push_back(finding);
  }
}

// Which machine each case ran on, seen from the merged report.
void AddMachines(const Report& shard, Report* merged) {
  const auto add = [&](const Machine& machine) {
    if (machine.fingerprint == merged->machine.fingerprint) return;
    AddNew({machine}, &Machine::fingerprint, &merged->other_machines);
  };
  add(shard.machine);
  for (const Machine& machine : shard.other_machines) add(machine);
}

void SetMachine(const Report& shard, const Report& merged, CaseReport* of) {
  const std::string& machine = of->machine ? *of->machine : shard.machine.fingerprint;
  if (machine == merged.machine.fingerprint) {
    of->machine.reset();
  } else {
    of->machine = machine;
  }
}

// "shards 2 and 5 of 8 are missing", or nothing.
std::string MissingShards(std::span<const NamedReport> shards) {
  std::set<int> there;
  int count = 0;
  for (const auto& [name, report] : shards) {
    if (!report.shard) return "";  // the whole run is among them
    const ShardReport& shard = *report.shard;
    if (count != 0 && shard.count != count) {
      throw reference::InputError(name, fmt::format("is one of {} shards, not of {} as {}",
                                                    shard.count, count, shards.front().name));
    }
    count = shard.count;
    if (shard.index < 1 || shard.index > shard.count) {
      throw reference::InputError(name, fmt::format("is shard {} of {}", shard.index, shard.count));
    }
    there.insert(shard.index);
  }
  if (count > 1'000'000) return "most shards are missing";
  std::vector<int> missing;
  for (int index = 1; index <= count; ++index) {
    if (!there.contains(index)) missing.push_back(index);
  }
  if (missing.empty()) return "";
  return fmt::format("of {} shards, {} {} missing", count, fmt::join(missing, ", "),
                     missing.size() == 1 ? "is" : "are");
}

void AddReason(const std::string& reason, Report* merged) {
  merged->complete = false;
  merged->incomplete_reason += (merged->incomplete_reason.empty() ? "" : "; ") + reason;
}

void AddParents(const NamedReport& shard, Report* merged) {
  if (shard.report.parent_report_ids.empty()) {
    merged->parent_report_ids.push_back(shard.report.report_id);
  }
  for (const std::string& id : shard.report.parent_report_ids) {
    merged->parent_report_ids.push_back(id);
  }
}

}  // namespace

Report MergeReports(std::span<const NamedReport> shards, const std::string& report_id) {
  if (shards.empty()) throw reference::InputError("merge", "no report to merge");
  const NamedReport& first = shards.front();
  Report merged = first.report;
  merged.report_id = report_id;
  merged.shard.reset();
  merged.parent_report_ids.clear();
  merged.other_machines.clear();
  merged.duration_s = 0;
  merged.complete = true;
  merged.incomplete_reason.clear();
  const std::string missing = MissingShards(shards);
  if (!missing.empty()) AddReason(missing, &merged);
  CaseUnion cases;
  for (const NamedReport& shard : shards) {
    const Report& report = shard.report;
    CheckSameRun(first, shard);
    AddParents(shard, &merged);
    AddMachines(report, &merged);
    AddFindings(report.preflight, &merged.preflight);
    AddNew(report.arms, &ArmReport::name, &merged.arms);
    AddNew(report.models, &ModelReport::name, &merged.models);
    AddNew(report.texts, &TextReport::name, &merged.texts);
    merged.created_at = std::min(merged.created_at, report.created_at);
    merged.duration_s += report.duration_s;
    if (!report.complete) AddReason(shard.name + ": " + report.incomplete_reason, &merged);
    for (CaseReport of : report.cases) {
      SetMachine(report, merged, &of);
      cases.Add(shard, std::move(of));
    }
  }
  merged.cases = std::move(cases).InOrder();
  CorrectTests(&merged.cases);  // each shard knew only its own
  merged.gate_policy.no_case = NoCase::kIsInvalid;
  JudgeReport(GatesOf(first.report.gates), &merged);
  return merged;
}

}  // namespace deltagauge
