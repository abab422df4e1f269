// completion, man: the command line described for shells and for `man`.
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "fmt/format.h"
#include "harness/base/nearest_name.h"
#include "harness/cli/command_description.h"
#include "harness/cli/verb.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

class CompletionVerb final : public Verb {
 public:
  std::string_view Name() const override { return "completion"; }
  std::string_view Summary() const override {
    return "Prints a script of completions for a shell.";
  }

  void Declare(CLI::App& app) override {
    app_ = &app;
    app.add_option("SHELL", shell_, "bash, zsh or fish")->required();
    app.footer("Example: source <(deltagauge completion bash)");
  }

  ExitCode Run(const Console& console) override {
    const CommandDescription program = DescribeCommand(*app_->get_parent());
    if (shell_ == "bash") {
      console.out << BashCompletion(program);
    } else if (shell_ == "zsh") {
      console.out << ZshCompletion(program);
    } else if (shell_ == "fish") {
      console.out << FishCompletion(program);
    } else {
      const std::vector<std::string_view> shells = {"bash", "zsh", "fish"};
      throw reference::InputError("", fmt::format("shell '{}' is unknown", shell_),
                                  NameHint(shell_, shells));
    }
    return kExitPass;
  }

 private:
  const CLI::App* app_ = nullptr;
  std::string shell_;
};

class ManVerb final : public Verb {
 public:
  std::string_view Name() const override { return "man"; }
  std::string_view Summary() const override { return "Prints the manual page."; }

  void Declare(CLI::App& app) override {
    app_ = &app;
    app.footer("Example: deltagauge man | man -l -");
  }

  ExitCode Run(const Console& console) override {
    console.out << ManPage(DescribeCommand(*app_->get_parent()), DELTAGAUGE_VERSION);
    return kExitPass;
  }

 private:
  const CLI::App* app_ = nullptr;
};

}  // namespace

void AddCompletionVerbs(Verbs& verbs) {
  verbs.push_back(std::make_unique<CompletionVerb>());
  verbs.push_back(std::make_unique<ManVerb>());
}

}  // namespace deltagauge
