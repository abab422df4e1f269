// export, compare, merge, doctor: what is done with reports, and with machines.
#include <algorithm>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "CLI/CLI.hpp"
#include "fmt/format.h"
#include "harness/base/nearest_name.h"
#include "harness/cli/verb.h"
#include "harness/report/compare.h"
#include "harness/report/export_report.h"
#include "harness/report/merge.h"
#include "harness/report/report_file.h"
#include "harness/report/report_time.h"
#include "harness/run/run_session.h"
#include "harness/timing/doctor.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

// To a file, or to standard output if there is none.
void Deliver(const std::string& text, const std::string& out, const Console& console) {
  if (out.empty()) {
    console.out << text;
  } else {
    WriteFileAtomically(out, text);
  }
}

template <typename Enum>
Enum ParseNamed(std::string_view option, std::string_view text) {
  std::vector<std::string_view> names;
  for (const NamedValue<Enum>& named : NamesOf<Enum>()) {
    if (named.name == text) return named.value;
    names.push_back(named.name);
  }
  throw reference::InputError("", fmt::format("{} '{}' is unknown", option, text),
                              NameHint(text, names));
}

// What tells whose machine it was and not of which kind: for reports that are given away.
void LeaveOutNames(Report& report) {
  report.vcs.branch.clear();
  report.machine.name.clear();
  report.machine.kernel.clear();
  for (Machine& machine : report.other_machines) {
    machine.name.clear();
    machine.kernel.clear();
  }
}

class ExportVerb final : public Verb {
 public:
  std::string_view Name() const override { return "export"; }
  std::string_view Summary() const override { return "Turns a report into another tool's form."; }

  void Declare(CLI::App& app) override {
    app.add_option("REPORT", report_, "report.json or its folder")->required();
    app.add_option("--format", format_,
                   "pytorch-v3, github-action-benchmark, bencher, google-benchmark, prometheus,\n"
                   "openmetrics, junit, ctrf, markdown or html")
        ->type_name("NAME")
        ->required();
    app.add_flag("--bigger", bigger_,
                 "github-action-benchmark: the metrics of which more is better");
    app.add_flag("--anonymous", anonymous_,
                 "Leave out the machine's name, the release of its system and the branch");
    app.add_flag("--no-charts", no_charts_,
                 "html: leave out the chart library; the figures stand in tables");
    app.add_option("--out", out_, "File to write instead of standard output")->type_name("FILE");
    app.footer("Example: deltagauge export out/quick --format bencher --out bmf.json");
  }

  ExitCode Run(const Console& console) override {
    const auto format = ParseNamed<ExportFormat>("--format", format_);
    ExportOptions options;
    if (bigger_) options.direction = Direction::kLargerIsBetter;
    if (no_charts_) options.charts = PageCharts::kTables;
    Report report = LoadReport(report_);
    if (anonymous_) LeaveOutNames(report);
    Deliver(ExportReport(report, format, options), out_, console);
    return kExitPass;
  }

 private:
  std::string report_;
  std::string format_;
  std::string out_;
  bool bigger_ = false;
  bool anonymous_ = false;
  bool no_charts_ = false;
};

class CompareVerb final : public Verb {
 public:
  std::string_view Name() const override { return "compare"; }
  std::string_view Summary() const override {
    return "Joins two reports case by case and says what became better or worse.";
  }

  void Declare(CLI::App& app) override {
    app.add_option("BASE", base_, "report.json or its folder")->required();
    app.add_option("HEAD", head_, "report.json or its folder")->required();
    app.add_flag("--force", force_, "Compare timings of different machines all the same");
    app.add_option("--format", format_, "text, markdown or json")
        ->type_name("NAME")
        ->capture_default_str();
    app.add_option("--out", out_, "File to write instead of standard output")->type_name("FILE");
    app.footer("Example: deltagauge compare out/main out/branch --format markdown");
  }

  ExitCode Run(const Console& console) override {
    CompareOptions options;
    if (force_) options.other_machines = OtherMachines::kCompareAnyway;
    const std::vector<std::string_view> kinds = {"text", "markdown", "json"};
    if (std::find(kinds.begin(), kinds.end(), format_) == kinds.end()) {
      throw reference::InputError("", fmt::format("--format '{}' is unknown", format_),
                                  NameHint(format_, kinds));
    }
    const ReportComparison comparison =
        CompareReports(LoadReport(base_), LoadReport(head_), options);
    Deliver(format_ == "text"       ? ComparisonText(comparison)
            : format_ == "markdown" ? ComparisonMarkdown(comparison)
                                    : WriteJson(ComparisonJson(comparison), JsonLayout::kIndented),
            out_, console);
    return comparison.exit_code;
  }

 private:
  std::string base_;
  std::string head_;
  std::string format_ = "text";
  std::string out_;
  bool force_ = false;
};

class MergeVerb final : public Verb {
 public:
  std::string_view Name() const override { return "merge"; }
  std::string_view Summary() const override { return "Puts the shards of a run together."; }

  void Declare(CLI::App& app) override {
    app.add_option("REPORT", reports_, "report.json of each shard, or its folder")
        ->required()
        ->take_all();
    app.add_option("--out", out_, "Folder for the whole report")->type_name("DIR")->required();
    app.footer(
        "Exit code: that of the whole run.\n"
        "Example: deltagauge merge out/1 out/2 --out out/all");
  }

  ExitCode Run(const Console& console) override {
    std::vector<NamedReport> shards;
    for (const std::string& path : reports_) shards.push_back({path, LoadReport(path)});
    const RunWorld world = ThisWorld();
    const Report merged = MergeReports(shards, FormatUuid(world.random(), world.random()));
    MakeDirectories(out_);
    WriteReportFiles(merged, out_);
    console.out << TerminalSummary(merged, out_ + "/report.json", Colours::kNone);
    return static_cast<ExitCode>(merged.summary.exit_code);
  }

 private:
  std::vector<std::string> reports_;
  std::string out_;
};

class DoctorVerb final : public Verb {
 public:
  std::string_view Name() const override { return "doctor"; }
  std::string_view Summary() const override {
    return "Tells whether this machine can time anything, and what to change.";
  }

  void Declare(CLI::App& app) override {
    app.add_option("--budget", options_.budget_s, "Seconds for the kernel against itself")
        ->type_name("S")
        ->check(CLI::Range(1.0, 600.0))
        ->capture_default_str();
    app.add_option("--threads", options_.threads, "1 to 256")
        ->type_name("N")
        ->check(CLI::Range(1, 256))
        ->capture_default_str();
    app.add_option("--min-effect", options_.min_effect, "The slowdown that matters, as in 0.02")
        ->type_name("X")
        ->check(CLI::Range(0.001, 1.0))
        ->capture_default_str();
    app.footer(
        "Exit code: 0 such a slowdown can be found, 4 the machine is too noisy, 5 times mean "
        "nothing here.\n"
        "Example: deltagauge doctor --threads 2");
  }

  ExitCode Run(const Console& console) override {
    return ExitCodeOf(JudgedConcern{RunDoctor(options_, console.out), Concern::kPerformance});
  }

 private:
  DoctorOptions options_;
};

}  // namespace

void AddReportVerbs(Verbs& verbs) {
  verbs.push_back(std::make_unique<ExportVerb>());
  verbs.push_back(std::make_unique<CompareVerb>());
  verbs.push_back(std::make_unique<MergeVerb>());
  verbs.push_back(std::make_unique<DoctorVerb>());
}

}  // namespace deltagauge
