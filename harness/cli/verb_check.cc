// check, targets: the kernel half of the harness.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <ostream>
#include <string>

#include "CLI/CLI.hpp"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "harness/base/nearest_name.h"
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
    app.add_option("--target", target_, "Instruction set to run (see `deltagauge targets`), or all")
        ->type_name("NAME");
    app.add_option("--threads", threads_, "Threads of each call, 1 to 256")
        ->type_name("N")
        ->check(CLI::Range(1, 256));
    app.add_flag("--quiet", quiet_, "Print problems and the verdict only");
    app.footer(
        "Exit code: 0 passed, 1 failed, 5 invalid, 64 usage, 70 internal error.\n"
        "Example: deltagauge check --target AVX2 --threads 4");
  }

  ExitCode Run(const Console& console) override {
    std::vector<std::string> targets = {target_.empty() ? ActiveTarget() : target_};
    if (target_ == "all") targets = RunnableTargets();
    if (!IsRunnable(targets.front())) ThrowUnknownTarget(targets.front());

    const auto begin = std::chrono::steady_clock::now();
    const std::vector<GroupedOutcome> outcomes = RunPlan(console, targets);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    if (!quiet_) {
      console.out << fmt::format("Fused gated delta rule on {}, {} thread{}\n",
                                 fmt::join(targets, ", "), threads_, threads_ == 1 ? "" : "s")
                  << FormatCheckTable(outcomes);
    }
    console.out << FormatProblems(outcomes) << FormatVerdictLine(outcomes, seconds.count());
    std::vector<Verdict> verdicts;
    for (const GroupedOutcome& grouped : outcomes) verdicts.push_back(grouped.outcome.verdict);
    return ExitCodeOf(verdicts);
  }

 private:
  std::vector<GroupedOutcome> RunPlan(const Console& console,
                                      const std::vector<std::string>& targets) {
    const std::vector<PlannedCase>& plan = subject_.plan;
    std::vector<GroupedOutcome> outcomes;
    for (size_t i = 0; i < plan.size(); ++i) {
      if (console.show_progress && !quiet_) {
        console.err << fmt::format("\r[{}/{}] {:<14}", i + 1, plan.size(), plan[i].group)
                    << std::flush;
      }
      const CaseData data = MakeCaseData(plan[i].kernel_case);
      for (const std::string& target : targets) {
        KernelCase c = plan[i].kernel_case;
        c.target = target;
        c.threads = threads_;
        outcomes.push_back({plan[i].group, CheckKernel(c, data, subject_.kernel)});
      }
    }
    if (console.show_progress && !quiet_) {
      console.err << fmt::format("\r{:<30}\r", "") << std::flush;
    }
    return outcomes;
  }

  const Subject& subject_;
  std::string target_;
  int threads_ = 1;
  bool quiet_ = false;
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
