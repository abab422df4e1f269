// run, list, repro: a configuration's cases, all of them or one.
#include <cmath>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "CLI/CLI.hpp"
#include "fmt/format.h"
#include "harness/base/interrupt.h"
#include "harness/cli/key_figures.h"
#include "harness/cli/progress_line.h"
#include "harness/cli/repro_report.h"
#include "harness/cli/verb.h"
#include "harness/config/config_yaml.h"
#include "harness/config/run_plan.h"
#include "harness/kernel/kernel_check.h"
#include "harness/report/export_report.h"
#include "harness/report/json.h"
#include "harness/report/report_json.h"
#include "harness/report/run_step.h"
#include "harness/run/case_runner.h"
#include "harness/run/data_folders.h"
#include "harness/run/outside_arms.h"
#include "harness/run/run_session.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

// What run and list have in common: which cases.
struct CaseChoice {
  std::string config;
  std::vector<std::string> overrides;
  std::vector<std::string> only;
  std::string shard;

  void Declare(CLI::App& app) {
    app.add_option("CONFIG", config, "YAML; by default the shipped configs/quick.yaml");
    app.add_option("--set", overrides, "path=value, as in performance.protocol.budget_s=10")
        ->type_name("PATH=VALUE")
        ->take_all();
    app.add_option("--only", only, "Cases whose id matches, as in 'drift*' or kernel")
        ->type_name("GLOB")
        ->take_all();
    app.add_option("--shard", shard, "One of n parts of the cases, as in 2/4")->type_name("I/N");
  }

  std::string ConfigPath() const {
    return config.empty() ? (ConfigFolder() / "quick.yaml").string() : config;
  }

  Config Load(const CandidateSet& candidates) const {
    ConfigOptions options;
    options.overrides = overrides;
    for (const Candidate& candidate : candidates.All()) options.more_arms.push_back(candidate.name);
    return LoadConfig(ConfigPath(), options);
  }
};

std::string TimeText(double seconds) {
  return seconds < 90 ? fmt::format("{:.0f} s", seconds) : fmt::format("{:.0f} min", seconds / 60);
}

std::vector<Waiver> ParseWaivers(std::string_view json, const std::string& source) {
  std::vector<Waiver> waivers;
  const Json parsed = ParseJson(json, source);
  const auto fail = [&](const std::string& what) {
    throw reference::InputError(
        source, what,
        R"(expected [{"target": "GATE", "by": "NAME", "reason": "WHY", "until": "2026-12-31"}])");
  };
  if (!parsed.IsArray()) fail("not an array");
  for (const Json& element : parsed.AsArray()) {
    if (!element.IsObject()) fail("an element is no object");
    Waiver waiver;
    for (const auto& [name, value] : element.AsObject()) {
      std::string* const field = name == "target"   ? &waiver.target
                                 : name == "by"     ? &waiver.by
                                 : name == "reason" ? &waiver.reason
                                 : name == "until"  ? &waiver.until
                                                    : nullptr;
      if (field == nullptr) fail("unknown member '" + name + "'");
      if (!value.IsString()) fail("'" + name + "' is no string");
      *field = value.AsString();
    }
    waivers.push_back(std::move(waiver));  // EvaluateGates asks for the rest
  }
  return waivers;
}

// --progress-json: a line for each case, and for each hundredth of a stage inside it.
RunObserver StepPrinter(const Console& console) {
  RunObserver observer;
  observer.progress = [&console, last = RunStep()](const RunProgress& progress) mutable {
    RunStep step;
    step.done = static_cast<int64_t>(progress.index);
    step.total = static_cast<int64_t>(progress.count);
    step.case_id = progress.id;
    step.what = progress.what;
    step.share = std::round(100 * progress.done) / 100;
    step.seconds_left = std::round(10 * progress.seconds_left) / 10;
    if (step == last) return;
    console.out << WriteRunStep(step) << std::endl;  // whoever watches wants it now
    last = step;
  };
  return observer;
}

std::string WriteRunEnd(const Report& report) {
  return WriteJson(Json::MakeObject({{"event", "end"},
                                     {"verdict", VerdictName(report.summary.verdict)},
                                     {"exit_code", report.summary.exit_code},
                                     {"report_id", report.report_id}}));
}

class RunVerb final : public Verb {
 public:
  std::string_view Name() const override { return "run"; }
  std::string_view Summary() const override {
    return "Runs a configuration: kernel, model and speed, to one verdict and one report.";
  }

  void Declare(CLI::App& app) override {
    cases_.Declare(app);
    app.add_option("--out", out_, "Folder for report.json, report.html, junit.xml and summary.md")
        ->type_name("DIR")
        ->capture_default_str();
    auto* const fresh =
        app.add_flag("--fresh", fresh_, "Begin anew even if the folder holds an interrupted run");
    app.add_flag("--again", again_,
                 "Measure undecided timings of the folder's run again; what is decided stays")
        ->excludes(fresh);
    app.add_option("--waivers", waivers_,
                   "JSON array of known failures: {target, by, reason, until}")
        ->type_name("FILE");
    auto* const quiet = app.add_flag("--quiet", quiet_, "Print the verdict only");
    auto* const json = app.add_flag("--json", json_, "Print report.json instead of a summary");
    app.add_flag("--progress-json", progress_json_,
                 "Print how far it is, one JSON object a line, instead of a summary")
        ->excludes(quiet, json);
    app.footer(
        "Exit code: 0 passed, 1 a kernel is wrong, 2 drift or agreement, 3 slower than asked,\n"
        "4 inconclusive, 5 invalid (nothing could be shown), 64 usage, 70 internal error.\n"
        "Of several, the first of 70, 64, 5, 1, 2, 3, 4.\n"
        "Example: deltagauge run configs/quick.yaml --out out/quick --only prefill");
  }

  ExitCode Run(const Console& console) override {
    const RunWorld world = ThisWorld();
    RunRequest request;
    request.config = cases_.Load(world.candidates);
    request.config_path = cases_.ConfigPath();
    request.only = cases_.only;
    if (!cases_.shard.empty()) request.shard = ParseShard(cases_.shard);
    if (!waivers_.empty()) {
      request.waivers = ParseWaivers(ReadTextFile(waivers_, size_t{1} << 20), waivers_);
    }
    request.out = out_;
    request.resume = fresh_   ? Resume::kNothing
                     : again_ ? Resume::kDecidedCases
                              : Resume::kFinishedCases;

    Report report;
    {
      const InterruptGuard guard;
      ProgressLine line(console);
      report = RunSession(request, world, Observer(console, line));
    }
    const std::string path = out_ + "/report.json";
    if (progress_json_) {
      console.out << WriteRunEnd(report) << std::endl;
    } else if (json_) {
      console.out << WriteReport(report);
    } else if (quiet_) {
      console.out << VerdictName(report.summary.verdict) << '\n';
    } else {
      console.out << FormatKeyFigures(report) << TerminalSummary(report, path, Colours::kNone)
                  << "Page: " << out_ << "/report.html\n";
    }
    return static_cast<ExitCode>(report.summary.exit_code);
  }

 private:
  RunObserver Observer(const Console& console, ProgressLine& line) const {
    if (progress_json_) return StepPrinter(console);
    RunObserver observer;
    const bool quiet = quiet_ || json_;
    observer.progress = [&line, quiet](const RunProgress& progress) {
      if (quiet) return;
      std::string text =
          fmt::format("[{}/{}] {}", progress.index + 1, progress.count, progress.kind);
      if (!progress.what.empty()) {
        text += fmt::format(", {} {:.0f} %", progress.what, 100 * progress.done);
      }
      line.Show(text + ", about " + TimeText(progress.seconds_left) + " left");
    };
    observer.note = [&console, &line, quiet](const std::string& note) {
      if (quiet) return;
      line.Clear();
      console.err << note << '\n';
    };
    observer.finished = [&console, &line, quiet](const CaseReport& finished) {
      if (quiet) return;
      if (finished.status == Verdict::kPassed || finished.status == Verdict::kSkipped) return;
      line.Clear();
      console.err << fmt::format("{}: {}\n  {}\n", VerdictName(finished.status), finished.id,
                                 finished.reason);
    };
    return observer;
  }

  CaseChoice cases_;
  std::string out_ = "deltagauge-out";
  std::string waivers_;
  bool fresh_ = false;
  bool again_ = false;
  bool quiet_ = false;
  bool json_ = false;
  bool progress_json_ = false;
};

class ListVerb final : public Verb {
 public:
  std::string_view Name() const override { return "list"; }
  std::string_view Summary() const override { return "Prints the cases of a configuration."; }

  void Declare(CLI::App& app) override {
    cases_.Declare(app);
    app.footer("Example: deltagauge list configs/quick.yaml --only kernel");
  }

  ExitCode Run(const Console& console) override {
    std::vector<PlanEntry> plan =
        SelectOnly(BuildPlan(cases_.Load(BuiltinCandidates())), cases_.only);
    if (!cases_.shard.empty()) plan = SelectShard(plan, ParseShard(cases_.shard));
    console.out << FormatPlan(plan);
    return kExitPass;
  }

 private:
  CaseChoice cases_;
};

class ReproVerb final : public Verb {
 public:
  explicit ReproVerb(const Subject& subject) : subject_(subject) {}

  std::string_view Name() const override { return "repro"; }
  std::string_view Summary() const override { return "Runs one case again and shows it in full."; }

  void Declare(CLI::App& app) override {
    app.add_option("LINE", line_, "The case, as a report prints it")->required();
    app.add_option("--config", config_, "Configuration that describes its arms from outside")
        ->type_name("YAML");
    app.footer("Example: deltagauge repro 'kernel:T=65,Hv=16,gates=spikes,target=AVX2'");
  }

  ExitCode Run(const Console& console) override {
    auto parsed = ParseRunCase(line_);
    if (const auto* const error = std::get_if<CaseError>(&parsed)) {
      throw reference::InputError("", "not a case: " + error->Message());
    }
    const auto& run_case = std::get<RunCase>(parsed);
    const auto* const kernel = std::get_if<KernelRun>(&run_case);
    if (kernel != nullptr && kernel->candidate == "fused") {
      return ReproKernelCase(kernel->kernel_case, subject_, console);
    }
    RunWorld world = ThisWorld();
    if (!config_.empty()) {
      for (const auto& finding : AddOutsideArms(LoadConfig(config_).outside, world.candidates)) {
        console.err << "Warning: " << finding.what << '\n';
      }
    }
    ExpectCandidate(CandidateOf(run_case), world.candidates);
    RunServices services;
    services.candidates = &world.candidates;
    services.clock = world.clock;
    services.cancelled = [] { return false; };
    const PlanEntry entry = {CaseId(run_case), run_case, "", 0};
    CheckModels({&entry, 1});
    CaseReport report;
    {
      ProgressLine progress(console);
      services.progress = progress.Callback();
      CaseRunner runner(services);
      report = runner.Run(entry);
    }
    console.out << report.repro << '\n';
    for (const Metric& metric : report.metrics) {
      console.out << fmt::format("  {:<36} {:.6g} {}", metric.name, metric.value,
                                 metric.unit == "1" ? "" : metric.unit);
      if (metric.ci_lo && metric.ci_hi) {
        console.out << fmt::format("  [{:.6g}, {:.6g}]", *metric.ci_lo, *metric.ci_hi);
      }
      console.out << '\n';
    }
    console.out << WriteJson(ParseJson(WriteCaseLine(report), "case"), JsonLayout::kIndented)
                << VerdictName(report.status);
    if (!report.reason.empty()) console.out << ": " << report.reason;
    console.out << '\n';
    return ExitCodeOf(JudgedConcern{report.status, ConcernOfKind(report.kind)});
  }

 private:
  void ExpectCandidate(const std::string& name, const CandidateSet& candidates) const {
    try {
      candidates.Get(name);
    } catch (const reference::InputError& error) {
      if (!config_.empty()) throw;
      throw reference::InputError("", error.problem(),
                                  error.hint() + "; one from outside needs --config CONFIG.yaml");
    }
  }

  const Subject& subject_;
  std::string line_;
  std::string config_;
};

}  // namespace

void AddRunVerbs(const Subject& subject, Verbs& verbs) {
  verbs.push_back(std::make_unique<RunVerb>());
  verbs.push_back(std::make_unique<ListVerb>());
  verbs.push_back(std::make_unique<ReproVerb>(subject));
}

}  // namespace deltagauge
