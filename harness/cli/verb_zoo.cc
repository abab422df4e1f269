// zoo: does the harness catch what it is there to catch, and only that?
#include <algorithm>
#include <memory>
#include <ostream>
#include <string>
#include <thread>
#include <vector>

#include "CLI/CLI.hpp"
#include "fmt/format.h"
#include "harness/cli/verb.h"
#include "harness/config/config_yaml.h"
#include "harness/run/data_folders.h"
#include "harness/zoo/zoo_run.h"

namespace deltagauge {
namespace {

class ZooVerb final : public Verb {
 public:
  std::string_view Name() const override { return "zoo"; }
  std::string_view Summary() const override {
    return "Runs kernels with known faults, and correct ones that order the same arithmetic in "
           "other ways, against a configuration's kernel cases and gates.";
  }

  void Declare(CLI::App& app) override {
    app.add_option("CONFIG", config_, "YAML; by default the shipped configs/quick.yaml");
    app.add_option("--only", only_, "Faults and variants by name, as in 'state_*'")
        ->type_name("GLOB")
        ->take_all();
    app.add_option("--threads", threads_, "How many run at the same time; by default all cores")
        ->type_name("N")
        ->check(CLI::Range(1, 256));
    app.add_flag("--list", list_, "Name them, with their origin, and run nothing");
    CLI::Option* const json = app.add_flag("--json", json_, "JSON instead of a table");
    app.add_flag("--markdown", markdown_, "A document to keep instead of a table")->excludes(json);
    app.footer(
        "Exit code: 0 every fault caught and every variant passed, 1 not so, 64 usage, 70 internal "
        "error.\nExample: deltagauge zoo --only 'state_*'");
  }

  ExitCode Run(const Console& console) override {
    if (list_) return List(console);
    const std::string path = config_.empty() ? (ConfigFolder() / "quick.yaml").string() : config_;
    const Config config = LoadConfig(path, {});
    zoo::ZooRequest request;
    request.plan = BuildPlan(config);
    request.only = only_;
    request.threads = threads_ > 0
                          ? threads_
                          : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
    for (const Gate& gate : config.gates) {
      if (gate.metric.starts_with("kernel.")) request.gates.push_back(gate);
    }
    const std::vector<zoo::MemberResult> results =
        zoo::RunZoo(request, [&](size_t index, size_t count, const std::string& repro) {
          if (!console.show_progress) return;
          console.err << fmt::format("\r[{}/{}] {:<100.100}", index + 1, count, repro)
                      << std::flush;
        });
    if (console.show_progress) console.err << fmt::format("\r{:<112}\r", "") << std::flush;
    if (json_) {
      console.out << zoo::ZooJson(results);
    } else if (markdown_) {
      console.out << zoo::ZooMarkdown(results, config_.empty() ? "configs/quick.yaml" : config_);
    } else {
      console.out << zoo::ZooText(results);
    }
    return zoo::ExitCodeOf(results);
  }

 private:
  static ExitCode List(const Console& console) {
    for (const zoo::Member& fault : zoo::Faults()) {
      console.out << fmt::format("fault    {:<28} {} ({})\n", fault.name, fault.what, fault.origin);
    }
    for (const zoo::Member& variant : zoo::Variants()) {
      console.out << fmt::format("variant  {:<28} {}\n", variant.name, variant.what);
    }
    return kExitPass;
  }

  std::string config_;
  std::vector<std::string> only_;
  int threads_ = 0;
  bool list_ = false;
  bool json_ = false;
  bool markdown_ = false;
};

}  // namespace

void AddZooVerbs(Verbs& verbs) { verbs.push_back(std::make_unique<ZooVerb>()); }

}  // namespace deltagauge
