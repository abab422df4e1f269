// deltagauge_aa_experiment: the steps of ci/aa_experiment.
#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "harness/base/verdict.h"
#include "harness/timing/machine.h"
#include "harness/timing/timing_experiment.h"
#include "harness/timing/timing_experiment_run.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

struct Options {
  std::string series = "quiet";
  bool has_planted = false;
  uint64_t seed = 1;
  double budget_s = 4;
  double load_s = 60;
  std::vector<std::string> files;
  std::string out;
};

int Run(const Options& options) {
  const PlantedWork planted = options.has_planted ? PlantedWork::kThreePercent : PlantedWork::kNone;
  std::cout << ExperimentLine(
                   RunExperiment(options.series, planted, options.seed, options.budget_s))
            << std::endl;
  return kExitPass;
}

std::string DescribeMachine() {
  const Machine machine = ThisMachine();
  return machine.cpu_model + ", " + std::to_string(machine.threads) + " threads, " + machine.os +
         ", kernel " + machine.kernel + ", virtualisation: " + machine.virtualisation +
         ", fingerprint " + machine.fingerprint;
}

int WritePage(const Options& options) {
  std::vector<ExperimentRun> runs;
  for (const std::string& file : options.files) {
    std::ifstream lines(file);
    if (!lines) throw reference::InputError(file, "can't be read");
    const std::vector<ExperimentRun> more = ReadExperimentLines(lines, file);
    runs.insert(runs.end(), more.begin(), more.end());
  }
  const std::vector<ExperimentSeries> series = SummarizeExperiment(runs);
  const std::string text = ExperimentMarkdown(
      series,
      {.machine = DescribeMachine(), .subject = ExperimentSubject(), .budget_s = options.budget_s});
  std::ofstream page(options.out);
  page << text << std::flush;
  if (!page) throw reference::InputError(options.out, "can't be written");
  std::cout << text;
  const Verdict verdict = JudgeExperiment(series);
  return verdict == Verdict::kPassed   ? kExitPass
         : verdict == Verdict::kFailed ? kExitPerformance
                                       : kExitInconclusive;
}

int Main(int argc, char** argv) {
  CLI::App app("Tries the performance protocol on this machine; ci/aa_experiment runs it all.");
  app.require_subcommand(1);
  Options options;
  CLI::App* run = app.add_subcommand("run", "one measurement, as a line on standard output");
  run->add_option("--series", options.series, "how the machine is: one word")
      ->check(CLI::IsMember({"quiet", "loaded"}));
  run->add_flag("--planted", options.has_planted, "arm A does 3 % more work");
  run->add_option("--seed", options.seed, "of the coin flips");
  run->add_option("--budget", options.budget_s, "seconds at most")->check(CLI::Range(0.5, 600.0));
  CLI::App* load = app.add_subcommand("load", "keeps a CPU busy half of the time");
  load->add_option("--seconds", options.load_s, "how long");
  load->add_option("--seed", options.seed, "of the pauses");
  CLI::App* page = app.add_subcommand("page", "writes what the lines of all runs say");
  page->add_option("files", options.files, "with lines of `run`")->required();
  page->add_option("--out", options.out, "Markdown")->required();
  page->add_option("--budget", options.budget_s, "what `run` was given");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitPass : kExitUsage;
  }
  try {
    if (run->parsed()) return Run(options);
    if (page->parsed()) return WritePage(options);
    MakeLoad(options.load_s, options.seed);
    return kExitPass;
  } catch (const reference::InputError& error) {
    std::cerr << error.what() << '\n';
    return kExitUsage;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return kExitInternal;
  }
}

}  // namespace
}  // namespace deltagauge

int main(int argc, char** argv) { return deltagauge::Main(argc, argv); }
