// A build without libtorch has no model.
#include <string>

#include "CLI/CLI.hpp"
#include "harness/cli/verb.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

class AbsentVerb final : public Verb {
 public:
  explicit AbsentVerb(std::string_view name) : name_(name) {}

  std::string_view Name() const override { return name_; }
  std::string_view Summary() const override { return "Not in this build, which has no libtorch."; }
  void Declare(CLI::App& app) override {
    app.allow_extras();
    app.footer("Example: deltagauge --help");
  }
  ExitCode Run(const Console&) override {
    throw reference::InputError("", name_ + " needs a build with libtorch",
                                "configure with -DDELTAGAUGE_TORCH=ON");
  }

 private:
  std::string name_;
};

}  // namespace

void AddModelVerbs(Verbs& verbs) {
  for (const char* const name : {"tokenize", "generate", "logits", "synth"}) {
    verbs.push_back(std::make_unique<AbsentVerb>(name));
  }
}

}  // namespace deltagauge
