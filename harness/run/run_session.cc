#include "harness/run/run_session.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>
#include <random>
#include <utility>

#include "fmt/format.h"
#include "harness/base/interrupt.h"
#include "harness/config/config_yaml.h"
#include "harness/report/export_report.h"
#include "harness/report/json.h"
#include "harness/report/metric_names.h"
#include "harness/report/report_file.h"
#include "harness/report/report_json.h"
#include "harness/report/report_metrics.h"
#include "harness/report/report_time.h"
#include "harness/run/ci_environment.h"
#include "harness/run/outside_arms.h"
#include "harness/timing/machine.h"
#include "harness/timing/preflight.h"
#include "kernels/targets.h"
#include "reference/sha256.h"

namespace deltagauge {
namespace {

namespace fs = std::filesystem;

std::vector<ArmReport> ArmsOf(const Config& config, const CandidateSet& candidates) {
  std::vector<ArmReport> arms;
  const auto add = [&](const std::string& name, const char* role) {
    ArmReport arm{.name = name, .role = role, .version = "", .description = ""};
    for (const Candidate& candidate : candidates.All()) {
      if (candidate.name != name) continue;
      arm.version = candidate.version;
      arm.description = candidate.description;
    }
    arms.push_back(std::move(arm));
  };
  add(config.truth, "truth");
  add(config.baseline, "baseline");
  for (const std::string& candidate : config.candidates) add(candidate, "candidate");
  std::ranges::stable_sort(arms, {}, &ArmReport::name);
  return arms;
}

ToolReport ToolOf(const BuildInfo& build, const std::string& libtorch) {
  ToolReport tool;
  tool.version = build.version;
  tool.commit = build.commit;
  tool.dirty = build.dirty;
  tool.build_type = build.build_type;
  tool.compiler = build.compiler;
  tool.flags = build.flags;
  tool.libraries["highway"] = build.highway;
  if (!build.platform.empty()) tool.platform = build.platform;
  if (!libtorch.empty()) tool.libraries["libtorch"] = libtorch;
  return tool;
}

// Seconds that the rest will take: estimates, scaled by how they held so far.
class TimeLeft {
 public:
  explicit TimeLeft(std::span<const PlanEntry> plan) {
    for (const PlanEntry& entry : plan) left_s_ += entry.estimated_s;
  }
  void Finished(const PlanEntry& entry, double seconds) {
    left_s_ -= entry.estimated_s;
    estimated_s_ += entry.estimated_s;
    taken_s_ += seconds;
  }
  void Skipped(const PlanEntry& entry) { left_s_ -= entry.estimated_s; }
  double Seconds() const {
    const double scale = estimated_s_ > 1 ? taken_s_ / estimated_s_ : 1;
    return std::max(0.0, left_s_ * scale);
  }

 private:
  double left_s_ = 0;
  double estimated_s_ = 0;
  double taken_s_ = 0;
};

class Session {
 public:
  Session(const RunRequest& request, const RunWorld& world, const RunObserver& observer)
      : request_(request),
        world_(world),
        observer_(observer),
        candidates_(world.candidates),
        arm_findings_(AddOutsideArms(request.config.outside, candidates_)) {}

  Report Run() {
    const int64_t begin_ns = world_.clock();
    const std::string resolved = ResolvedConfig(request_.config);
    // Throws for what nothing can be judged by, before hours have been spent.
    EvaluateGates(request_.config.gates, request_.waivers, {}, {});
    Report report = Envelope(resolved);
    CheckModels(plan_);
    MakeDirectories(request_.out);
    const RunFolder folder(request_.out, report.config.sha256, world_.build);
    if (request_.resume == Resume::kDecidedCases && !folder.IsInterrupted()) {
      again_ = folder.ReopenUndecided(plan_);
      Note(fmt::format("{} of {} cases are undecided timings", again_.size(), plan_.size()));
      if (again_.empty()) return LoadReport(request_.out);
    }
    for (const PreflightFinding& finding : arm_findings_) {
      Note("Warning: " + finding.what);
    }
    const MachineWatch watch;
    RunCases(folder, report);
    watch.Finish(&report.machine);
    report.preflight = PreflightFindings(report.machine);
    report.preflight.insert(report.preflight.begin(), arm_findings_.begin(), arm_findings_.end());
    report.duration_s = static_cast<double>(world_.clock() - begin_ns) * 1e-9;
    JudgeReport(request_.config.gates, &report);
    WriteReportFiles(report, request_.out);
    if (report.complete) folder.Close();
    return report;
  }

 private:
  Report Envelope(const std::string& resolved) {
    whole_plan_ = BuildPlan(request_.config);
    plan_ = SelectOnly(whole_plan_, request_.only);
    if (request_.shard.has_value()) plan_ = SelectShard(plan_, *request_.shard);

    Report report;
    const uint64_t id_high = world_.random();
    report.report_id = FormatUuid(id_high, world_.random());
    report.created_at = FormatUtc(world_.unix_seconds());
    report.config.name = request_.config.name;
    report.config.path = request_.config_path;
    report.config.sha256 = reference::Sha256Of(resolved);
    report.config.resolved = ParseJson(resolved, "resolved configuration");
    // Shards of one run find together by what they have in common.
    report.run_id = reference::Sha256Of(report.config.sha256 + world_.build.commit).substr(0, 32);
    if (request_.shard.has_value()) {
      report.shard = ShardReport{request_.shard->index, request_.shard->count};
    }
    report.vcs = VcsFrom(world_.build, world_.environment);
    report.ci = CiFrom(world_.environment);
    report.machine = world_.machine();
    report.machine.isa_dispatched = ActiveTarget();
    report.machine.intra_threads =
        *std::max_element(request_.config.threads.begin(), request_.config.threads.end());
    report.arms = ArmsOf(request_.config, candidates_);
    report.waivers = request_.waivers;
    report.gate_policy.today = report.created_at.substr(0, 10);
    if (request_.config.performance.has_value()) {
      report.gate_policy.min_effect = request_.config.performance->protocol.min_effect;
    }
    if (!request_.only.empty() || request_.shard.has_value()) {
      report.gate_policy.no_case = NoCase::kIsSkipped;
    }
    return report;
  }

  void RunCases(const RunFolder& folder, Report& report) {
    RunProgress progress;
    progress.count = plan_.size();
    RunServices services;
    services.candidates = &candidates_;
    services.clock = world_.clock;
    services.cancelled = world_.interrupted;
    services.progress = [&](std::string_view what, double done) {
      progress.what = what;
      progress.done = done;
      Show(progress);
    };
    CaseRunner runner(services);
    std::map<std::string, CaseReport> finished = folder.FinishedCases(request_.resume);
    if (!finished.empty() && again_.empty()) {
      Note(fmt::format("{} of {} cases were finished before the interruption", finished.size(),
                       plan_.size()));
    }
    TimeLeft time_left(plan_);
    for (size_t i = 0; i < plan_.size() && !world_.interrupted(); ++i) {
      const PlanEntry& entry = plan_[i];
      const auto before = finished.find(entry.id);
      if (before != finished.end()) {
        runner.Resume(entry, before->second);
        report.cases.push_back(std::move(before->second));
        time_left.Skipped(entry);
        continue;
      }
      progress.index = i;
      progress.id = entry.id;
      progress.kind = NameOf(KindOf(entry.run_case));
      progress.what.clear();
      progress.seconds_left = time_left.Seconds();
      Show(progress);
      if (IsTimed(KindOf(entry.run_case)) && !gates_seen_) WithholdSpeed(report, runner);
      CaseReport done = runner.Run(entry);
      // What an interruption cut short is no result.
      if (world_.interrupted() && IsTimed(KindOf(entry.run_case))) break;
      done.index = IndexOf(entry.id);
      const auto again = again_.find(entry.id);
      if (again != again_.end() && done.performance) {
        std::vector<std::string>& notes = done.performance->notes;
        notes.insert(notes.begin(), again->second.begin(), again->second.end());
      }
      time_left.Finished(entry, done.duration_ms * 1e-3);
      folder.Append(done);
      if (observer_.finished) observer_.finished(done);
      report.cases.push_back(std::move(done));
    }
    if (report.cases.size() < plan_.size()) {
      report.complete = false;
      report.incomplete_reason =
          fmt::format("interrupted after {} of {} cases", report.cases.size(), plan_.size());
    }
    report.models = runner.models().Models();
    report.texts = runner.models().Texts();
    std::ranges::stable_sort(report.models, {}, &ModelReport::name);
    std::ranges::stable_sort(report.texts, {}, &TextReport::name);
    CorrectTests(&report.cases);
    report.tool = ToolOf(world_.build, runner.models().LibtorchVersion());
  }

  // Timed cases come last: what the gates say of the others decides whether speed counts.
  void WithholdSpeed(const Report& report, CaseRunner& runner) {
    gates_seen_ = true;
    std::vector<Gate> gates;
    for (const Gate& gate : request_.config.gates) {
      const MetricInfo* const metric = FindMetric(gate.metric);
      if (metric != nullptr && metric->concern != Concern::kPerformance) gates.push_back(gate);
    }
    GatePolicy policy = report.gate_policy;
    policy.no_case = NoCase::kIsSkipped;
    // Candidate by candidate: a gate's result names only the worst of its cases.
    for (const std::string& candidate : request_.config.candidates) {
      std::vector<CaseReport> cases;
      for (const CaseReport& done : report.cases) {
        if (done.candidate == candidate) cases.push_back(done);
      }
      for (const GateResult& gate : EvaluateGates(gates, report.waivers, cases, policy)) {
        if (gate.verdict == Verdict::kFailed) runner.Withhold(candidate);
      }
    }
  }

  int64_t IndexOf(const std::string& id) const {
    for (size_t i = 0; i < whole_plan_.size(); ++i) {
      if (whole_plan_[i].id == id) return static_cast<int64_t>(i);
    }
    return -1;
  }

  void Note(const std::string& note) const {
    if (observer_.note) observer_.note(note);
  }

  void Show(const RunProgress& progress) const {
    if (observer_.progress) observer_.progress(progress);
  }

  const RunRequest& request_;
  const RunWorld& world_;
  const RunObserver& observer_;
  CandidateSet candidates_;  // the world's, and those from outside
  std::vector<PreflightFinding> arm_findings_;
  std::vector<PlanEntry> whole_plan_;
  std::vector<PlanEntry> plan_;
  // Timings that are measured again, by id: notes about how they came out before.
  std::map<std::string, std::vector<std::string>> again_;
  bool gates_seen_ = false;
};

}  // namespace

RunWorld ThisWorld() {
  RunWorld world;
  world.candidates = BuiltinCandidates();
  world.clock = [] {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
  };
  world.unix_seconds = [] {
    return std::chrono::duration_cast<std::chrono::seconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  };
  world.random = [] {
    std::random_device device;
    return (uint64_t{device()} << 32) | device();
  };
  world.interrupted = Interrupted;
  world.machine = ThisMachine;
  world.build = ThisBuild();
  world.environment = ReadProcessEnvironment;
  return world;
}

Report RunSession(const RunRequest& request, const RunWorld& world, const RunObserver& observer) {
  return Session(request, world, observer).Run();
}

void WriteReportFiles(const Report& report, const std::string& folder) {
  const auto write = [&](const char* name, const std::string& contents) {
    WriteFileAtomically((fs::path(folder) / name).string(), contents);
  };
  write("junit.xml", ExportJunit(report));
  write("summary.md", ExportMarkdown(report, ExportOptions{}.markdown_bytes));
  write("report.html", ExportHtml(report));
  write("report.json", WriteReport(report));  // last: who finds it finds the others, too
}

}  // namespace deltagauge
