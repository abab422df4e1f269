// check, targets: the kernel half of the harness.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <ostream>
#include <string>
#include <variant>

#include "CLI/CLI.hpp"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "harness/base/nearest_name.h"
#include "harness/candidate/plugin_check.h"
#include "harness/candidate/plugin_kernel.h"
#include "harness/cli/check_report.h"
#include "harness/cli/repro_report.h"
#include "harness/cli/verb.h"
#include "harness/kernel/kernel_check.h"
#include "kernels/targets.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

bool IsRunnable(const std::string& name) {
  const std::vector<std::string> runnable = RunnableTargets();
  return std::find(runnable.begin(), runnable.end(), name) != runnable.end();
}

[[noreturn]] void ThrowUnknownTarget(const std::string& name) {
  const std::vector<std::string> runnable = RunnableTargets();
  const std::vector<std::string_view> names(runnable.begin(), runnable.end());
  throw reference::InputError("", "target '" + name + "' does not run here", NameHint(name, names));
}

class CheckVerb final : public Verb {
 public:
  explicit CheckVerb(const Subject& subject) : subject_(subject) {}

  std::string_view Name() const override { return "check"; }
  std::string_view Summary() const override {
    return "Checks the kernel against an fp64 truth: every gate regime, shape and "
           "convention, and that results depend on nothing they should not depend on.";
  }

  void Declare(CLI::App& app) override {
    CLI::Option* const target =
        app.add_option("--target", target_,
                       "Instruction set to run (see `deltagauge targets`), or all")
            ->type_name("NAME");
    app.add_option("--threads", threads_, "Threads of each call, 1 to 256")
        ->type_name("N")
        ->check(CLI::Range(1, 256));
    app.add_flag("--quiet", quiet_, "Print problems and the verdict only");
    CLI::Option* const plugin =
        app.add_option(
               "--plugin", plugin_,
               "Check a kernel from outside instead: a shared library as kernels/candidate.h "
               "describes it, each case in a process of its own")
            ->type_name("PATH")
            ->excludes(target);
    app.add_option("--case", case_line_, "With --plugin: only this case, as it is")
        ->type_name("LINE")
        ->needs(plugin);
    app.add_option("--time-limit", limits_.seconds, "With --plugin: of one case, in seconds")
        ->type_name("SECONDS")
        ->check(CLI::Range(0.1, 86400.0))
        ->needs(plugin);
    app.add_option("--memory-limit", memory_mib_, "With --plugin: of one case, in MiB; 0: none")
        ->type_name("MIB")
        ->check(CLI::Range(0, 1 << 24))
        ->needs(plugin);
    app.footer(
        "Exit code: 0 passed, 1 failed, 5 invalid, 64 usage, 70 error, of a plug-in too.\n"
        "Example: deltagauge check --target AVX2 --threads 4\n"
        "Example: deltagauge check --plugin ./mine.so");
  }

  ExitCode Run(const Console& console) override {
    if (!plugin_.empty()) return RunPlugin(console);
    std::vector<std::string> targets = {target_.empty() ? ActiveTarget() : target_};
    if (target_ == "all") targets = RunnableTargets();
    if (!IsRunnable(targets.front())) ThrowUnknownTarget(targets.front());
    return RunPlan(
        console, subject_.plan,
        fmt::format("Fused gated delta rule on {}", fmt::join(targets, ", ")),
        [&](const KernelCase& planned, const CaseData& data, std::vector<CheckOutcome>& outcomes) {
          for (const std::string& target : targets) {
            KernelCase c = planned;
            c.target = target;
            outcomes.push_back(CheckKernel(c, data, subject_.kernel));
          }
        });
  }

 private:
  using CheckCaseFunction =
      std::function<void(const KernelCase&, const CaseData&, std::vector<CheckOutcome>&)>;

  ExitCode RunPlugin(const Console& console) {
    limits_.memory_bytes = int64_t{memory_mib_} << 20;
    const PluginInfo info = AskPlugin(plugin_, limits_);
    std::vector<PlannedCase> plan = subject_.plan;
    if (case_line_.empty()) {
      for (PlannedCase& planned : plan) planned.kernel_case = AdaptCase(info, planned.kernel_case);
    } else {
      const auto parsed = ParseCase(case_line_);
      if (const auto* error = std::get_if<CaseError>(&parsed)) {
        throw reference::InputError("--case", error->Message());
      }
      plan = {{"case", std::get<KernelCase>(parsed)}};
    }
    return RunPlan(
        console, plan, DescribePlugin(info),
        [&](const KernelCase& c, const CaseData& data, std::vector<CheckOutcome>& outcomes) {
          outcomes.push_back(CheckPlugin(plugin_, limits_, c, data));
        });
  }

  ExitCode RunPlan(const Console& console, const std::vector<PlannedCase>& plan,
                   const std::string& title, const CheckCaseFunction& check) {
    const auto begin = std::chrono::steady_clock::now();
    std::vector<GroupedOutcome> outcomes;
    for (size_t i = 0; i < plan.size(); ++i) {
      if (console.show_progress && !quiet_) {
        console.err << fmt::format("\r[{}/{}] {:<14}", i + 1, plan.size(), plan[i].group)
                    << std::flush;
      }
      KernelCase c = plan[i].kernel_case;
      if (case_line_.empty()) c.threads = threads_;
      std::vector<CheckOutcome> of_case;
      check(c, MakeCaseData(c), of_case);
      for (CheckOutcome& outcome : of_case) {
        outcomes.push_back({plan[i].group, std::move(outcome)});
      }
    }
    if (console.show_progress && !quiet_) {
      console.err << fmt::format("\r{:<30}\r", "") << std::flush;
    }
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    if (!quiet_) {
      console.out << fmt::format("{}, {} thread{}\n", title, threads_, threads_ == 1 ? "" : "s")
                  << FormatCheckTable(outcomes);
    }
    console.out << FormatProblems(outcomes, ReproCommand())
                << FormatVerdictLine(outcomes, seconds.count());
    std::vector<Verdict> verdicts;
    for (const GroupedOutcome& grouped : outcomes) verdicts.push_back(grouped.outcome.verdict);
    return ExitCodeOf(verdicts);
  }

  // What a case line is put behind.
  std::string ReproCommand() const {
    if (plugin_.empty()) return "deltagauge repro";
    return fmt::format("deltagauge check --plugin '{}' --case", plugin_);
  }

  const Subject& subject_;
  std::string target_;
  int threads_ = 1;
  bool quiet_ = false;
  std::string plugin_;
  std::string case_line_;
  IsolationLimits limits_;
  int memory_mib_ = 4096;
};

class TargetsVerb final : public Verb {
 public:
  std::string_view Name() const override { return "targets"; }
  std::string_view Summary() const override {
    return "Lists the instruction sets that run on this machine, best first.";
  }
  void Declare(CLI::App& app) override { app.footer("Example: deltagauge targets"); }

  ExitCode Run(const Console& console) override {
    const std::string_view active = ActiveTarget();
    for (const std::string& target : RunnableTargets()) {
      console.out << target << (target == active ? "  active" : "") << '\n';
    }
    return kExitPass;
  }
};

}  // namespace

ExitCode ReproKernelCase(const KernelCase& kernel_case, const Subject& subject,
                         const Console& console) {
  if (!kernel_case.target.empty() && !IsRunnable(kernel_case.target)) {
    ThrowUnknownTarget(kernel_case.target);
  }
  const CaseData data = MakeCaseData(kernel_case);
  const CheckOutcome outcome = CheckKernel(kernel_case, data, subject.kernel);
  console.out << FormatRepro(outcome, data, subject.kernel);
  return ExitCodeOf(std::array{outcome.verdict});
}

void AddCheckVerbs(const Subject& subject, Verbs& verbs) {
  verbs.push_back(std::make_unique<CheckVerb>(subject));
  verbs.push_back(std::make_unique<TargetsVerb>());
}

}  // namespace deltagauge
