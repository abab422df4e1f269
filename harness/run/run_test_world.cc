#include "harness/run/run_test_world.h"

#include <cstdint>
#include <memory>
#include <random>
#include <sstream>
#include <stdexcept>
#include <system_error>

#include "fmt/format.h"
#include "harness/config/config_yaml.h"
#include "harness/report/report_json.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

namespace fs = std::filesystem;

}  // namespace

RunWorld TestWorld() {
  RunWorld world;
  world.candidates = BuiltinCandidates();
  world.clock = [now = std::make_shared<int64_t>(0)] { return *now += 1'000'000; };
  world.unix_seconds = [] { return int64_t{1'773'221'400}; };  // 2026-03-11T09:30:00Z
  world.random = [next = std::make_shared<uint64_t>(0)] { return ++*next; };
  world.interrupted = [] { return false; };
  world.machine = [] {
    Machine machine;
    machine.fingerprint = "00112233445566aa";
    return machine;
  };
  world.build.version = "1.2.3";
  world.build.commit = "0123456789abcdef0123456789abcdef01234567";
  world.build.branch = "main";
  world.environment = [](const std::string&) { return std::nullopt; };
  return world;
}

Config ParsedConfig(const std::string& text, const std::vector<std::string>& more_arms) {
  ConfigOptions options;
  options.more_arms = more_arms;
  return ParseConfig("version: 1\nname: test\n" + text, "test.yaml", options,
                     [](const std::string& path) -> std::string {
                       throw reference::InputError(path, "tests have no other files");
                     });
}

OutFolder::OutFolder() {
  std::random_device device;
  path_ =
      fs::temp_directory_path() / fmt::format("deltagauge_run_{:08x}{:08x}", device(), device());
}

OutFolder::~OutFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

Report RunOnce(const Config& config, const RunWorld& world) {
  const OutFolder out;
  RunRequest request;
  request.config = config;
  request.config_path = "test.yaml";
  request.out = out.path();
  return RunSession(request, world, {});
}

std::string Timeless(Report report) {
  report.report_id.clear();
  report.parent_report_ids.clear();
  report.shard.reset();
  report.created_at.clear();
  report.duration_s = 0;
  report.machine = {};
  report.preflight.clear();
  for (CaseReport& of : report.cases) of.duration_ms = 0;
  return WriteReport(report);
}

std::string Difference(const std::string& a, const std::string& b) {
  std::istringstream a_lines(a), b_lines(b);
  for (int line = 1;; ++line) {
    std::string of_a, of_b;
    const bool more_a = static_cast<bool>(std::getline(a_lines, of_a));
    const bool more_b = static_cast<bool>(std::getline(b_lines, of_b));
    if (!more_a && !more_b) return "";
    if (more_a != more_b || of_a != of_b) {
      return fmt::format("line {}: '{}' against '{}'", line, of_a, of_b);
    }
  }
}

const CaseReport& CaseOf(const Report& report, std::string_view id_begin) {
  const CaseReport* found = nullptr;
  for (const CaseReport& of : report.cases) {
    if (!of.id.starts_with(id_begin)) continue;
    if (found != nullptr) throw std::logic_error(fmt::format("several cases '{}'", id_begin));
    found = &of;
  }
  if (found == nullptr) throw std::logic_error(fmt::format("no case '{}'", id_begin));
  return *found;
}

}  // namespace deltagauge
