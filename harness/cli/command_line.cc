#include "harness/cli/command_line.h"

#include <algorithm>
#include <exception>
#include <memory>
#include <ostream>
#include <string_view>

#include "CLI/CLI.hpp"
#include "fmt/format.h"
#include "harness/base/nearest_name.h"
#include "harness/cli/verb.h"
#include "reference/input_error.h"
#include "spdlog/logger.h"
#include "spdlog/sinks/ostream_sink.h"

namespace deltagauge {
namespace {

class Program {
 public:
  Program(const Console& console, const Subject& subject)
      : console_(console),
        log_("deltagauge", std::make_shared<spdlog::sinks::ostream_sink_mt>(console.err, true)) {
    log_.set_pattern("deltagauge: %v");
    AddRunVerbs(subject, verbs_);
    AddReportVerbs(verbs_);
    AddReleaseVerbs(verbs_);
    AddServiceVerbs(verbs_);
    AddCheckVerbs(subject, verbs_);
    AddZooVerbs(verbs_);
    AddModelVerbs(verbs_);
    AddCompletionVerbs(verbs_);
  }

  ExitCode Run(std::vector<std::string> args) {
    CLI::App app("Correctness and speed of the gated delta rule, alone and inside Qwen3.5.",
                 "deltagauge");
    app.footer("Example: deltagauge run configs/quick.yaml");
    app.set_version_flag("--version", "deltagauge " DELTAGAUGE_VERSION);
    app.require_subcommand(1);
    app.allow_windows_style_options(false);  // the same command line everywhere; verbs inherit it
    std::vector<CLI::App*> subcommands;
    for (const std::unique_ptr<Verb>& verb : verbs_) {
      subcommands.push_back(
          app.add_subcommand(std::string(verb->Name()), std::string(verb->Summary())));
      verb->Declare(*subcommands.back());
    }
    if (!args.empty() && !args[0].empty() && args[0][0] != '-' && !IsVerb(args[0])) {
      return Usage(fmt::format("unknown verb '{}'; {}", args[0], NameHint(args[0], VerbNames())));
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
    for (size_t i = 0; i < verbs_.size(); ++i) {
      if (app.got_subcommand(subcommands[i])) return verbs_[i]->Run(console_);
    }
    return Usage("no verb");
  }

  ExitCode Usage(std::string_view what) {
    log_.error("{}", what);
    return kExitUsage;
  }

  ExitCode Internal(const char* what) {
    log_.error("internal error: {}", what);
    return kExitInternal;
  }

 private:
  std::vector<std::string_view> VerbNames() const {
    std::vector<std::string_view> names;
    for (const std::unique_ptr<Verb>& verb : verbs_) names.push_back(verb->Name());
    return names;
  }

  bool IsVerb(std::string_view name) const {
    const std::vector<std::string_view> names = VerbNames();
    return std::find(names.begin(), names.end(), name) != names.end();
  }

  const Console& console_;
  spdlog::logger log_;
  Verbs verbs_;
};

}  // namespace

ExitCode RunCommandLine(const std::vector<std::string>& args, const Console& console,
                        const Subject& subject) {
  Program program(console, subject);
  try {
    return program.Run(args);
  } catch (const reference::InputError& error) {
    return program.Usage(error.what());
  } catch (const std::exception& error) {
    return program.Internal(error.what());
  }
}

}  // namespace deltagauge
