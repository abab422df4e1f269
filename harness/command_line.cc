#include "harness/command_line.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <ostream>
#include <string_view>
#include <variant>

#include "CLI/CLI.hpp"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "harness/check_report.h"
#include "harness/kernel_check.h"
#include "harness/nearest_name.h"
#include "harness/repro_report.h"
#include "kernels/targets.h"
#include "spdlog/logger.h"
#include "spdlog/sinks/ostream_sink.h"

namespace deltagauge {
namespace {

constexpr std::array<std::string_view, 3> kVerbs = {"check", "repro", "targets"};

struct CheckOptions {
  std::string target;
  int threads = 1;
  bool quiet = false;
};

class Program {
 public:
  Program(const Console& console, const Subject& subject)
      : console_(console),
        subject_(subject),
        log_("deltagauge", std::make_shared<spdlog::sinks::ostream_sink_mt>(console.err, true)) {
    log_.set_pattern("deltagauge: %v");
  }

  ExitCode Run(std::vector<std::string> args) {
    CLI::App app("Correctness and speed of the fused gated delta rule.", "deltagauge");
    app.footer("Example: deltagauge check --target AVX2");
    app.set_version_flag("--version", "deltagauge " DELTAGAUGE_VERSION);
    app.require_subcommand(1);

    CheckOptions check;
    CLI::App* check_verb = app.add_subcommand(
        "check",
        "Checks the kernel against an fp64 truth: every gate regime, shape and "
        "convention, and that results depend on nothing they should not depend on.");
    check_verb
        ->add_option("--target", check.target,
                     "Instruction set to run (see `deltagauge targets`), or all")
        ->type_name("NAME");
    check_verb->add_option("--threads", check.threads, "Threads of each call, 1 to 256")
        ->type_name("N")
        ->check(CLI::Range(1, 256));
    check_verb->add_flag("--quiet", check.quiet, "Print problems and the verdict only");
    check_verb->footer(
        "Exit code: 0 passed, 1 failed, 5 invalid, 64 usage, 70 internal error.\n"
        "Example: deltagauge check --target AVX2 --threads 4");

    std::string line;
    CLI::App* repro_verb = app.add_subcommand("repro", "Runs one case again and shows it in full.");
    repro_verb->add_option("LINE", line, "The case, as a report prints it")->required();
    repro_verb->footer("Example: deltagauge repro 'kernel:T=65,Hv=16,gates=spikes,target=AVX2'");

    CLI::App* targets_verb = app.add_subcommand(
        "targets", "Lists the instruction sets that run on this machine, best first.");
    targets_verb->footer("Example: deltagauge targets");

    if (!args.empty() && !args[0].empty() && args[0][0] != '-' && !IsVerb(args[0])) {
      return Usage(fmt::format("unknown verb '{}'; {}", args[0], NameHint(args[0], kVerbs)));
    }
    try {
      std::reverse(args.begin(), args.end());  // CLI11 takes them from the back
      app.parse(args);
    } catch (const CLI::ParseError& error) {
      if (error.get_exit_code() != 0) {
        return Usage(fmt::format("{}; see `deltagauge --help`", error.what()));
      }
      app.exit(error, console_.out, console_.err);  // help and version
      return kExitPass;
    }
    if (app.got_subcommand(check_verb)) return Check(check);
    if (app.got_subcommand(repro_verb)) return Repro(line);
    return Targets();
  }

  ExitCode Internal(const char* what) {
    log_.error("internal error: {}", what);
    return kExitInternal;
  }

 private:
  static bool IsVerb(std::string_view name) {
    return std::find(kVerbs.begin(), kVerbs.end(), name) != kVerbs.end();
  }

  ExitCode Usage(std::string_view what) {
    log_.error("{}", what);
    return kExitUsage;
  }

  ExitCode UnknownTarget(const std::string& name) {
    const std::vector<std::string> runnable = RunnableTargets();
    const std::vector<std::string_view> names(runnable.begin(), runnable.end());
    return Usage(fmt::format("target '{}' does not run here; {}", name, NameHint(name, names)));
  }

  static bool IsRunnable(const std::string& name) {
    const std::vector<std::string> runnable = RunnableTargets();
    return std::find(runnable.begin(), runnable.end(), name) != runnable.end();
  }

  ExitCode Check(const CheckOptions& options) {
    std::vector<std::string> targets = {options.target.empty() ? ActiveTarget() : options.target};
    if (options.target == "all") targets = RunnableTargets();
    if (!IsRunnable(targets.front())) return UnknownTarget(targets.front());

    const auto begin = std::chrono::steady_clock::now();
    const std::vector<GroupedOutcome> outcomes = RunPlan(options, targets);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    if (!options.quiet) {
      console_.out << fmt::format("Fused gated delta rule on {}, {} thread{}\n",
                                  fmt::join(targets, ", "), options.threads,
                                  options.threads == 1 ? "" : "s")
                   << FormatCheckTable(outcomes);
    }
    console_.out << FormatProblems(outcomes) << FormatVerdictLine(outcomes, seconds.count());
    std::vector<Verdict> verdicts;
    for (const GroupedOutcome& grouped : outcomes) verdicts.push_back(grouped.outcome.verdict);
    return ExitCodeOf(verdicts);
  }

  std::vector<GroupedOutcome> RunPlan(const CheckOptions& options,
                                      const std::vector<std::string>& targets) {
    const std::vector<PlannedCase>& plan = subject_.plan;
    std::vector<GroupedOutcome> outcomes;
    for (size_t i = 0; i < plan.size(); ++i) {
      if (console_.show_progress && !options.quiet) {
        console_.err << fmt::format("\r[{}/{}] {:<14}", i + 1, plan.size(), plan[i].group)
                     << std::flush;
      }
      const CaseData data = MakeCaseData(plan[i].kernel_case);
      for (const std::string& target : targets) {
        KernelCase c = plan[i].kernel_case;
        c.target = target;
        c.threads = options.threads;
        outcomes.push_back({plan[i].group, CheckKernel(c, data, subject_.kernel)});
      }
    }
    if (console_.show_progress && !options.quiet) {
      console_.err << fmt::format("\r{:<30}\r", "") << std::flush;
    }
    return outcomes;
  }

  ExitCode Repro(const std::string& line) {
    const auto parsed = ParseCase(line);
    if (const auto* error = std::get_if<CaseError>(&parsed)) {
      return Usage("not a case: " + error->Message());
    }
    const auto& kernel_case = std::get<KernelCase>(parsed);
    if (!kernel_case.target.empty() && !IsRunnable(kernel_case.target)) {
      return UnknownTarget(kernel_case.target);
    }
    const CaseData data = MakeCaseData(kernel_case);
    const CheckOutcome outcome = CheckKernel(kernel_case, data, subject_.kernel);
    console_.out << FormatRepro(outcome, data, subject_.kernel);
    return ExitCodeOf(std::array{outcome.verdict});
  }

  ExitCode Targets() {
    const std::string_view active = ActiveTarget();
    for (const std::string& target : RunnableTargets()) {
      console_.out << target << (target == active ? "  active" : "") << '\n';
    }
    return kExitPass;
  }

  const Console& console_;
  const Subject& subject_;
  spdlog::logger log_;
};

}  // namespace

ExitCode RunCommandLine(const std::vector<std::string>& args, const Console& console,
                        const Subject& subject) {
  Program program(console, subject);
  try {
    return program.Run(args);
  } catch (const std::exception& error) {
    return program.Internal(error.what());
  }
}

}  // namespace deltagauge
