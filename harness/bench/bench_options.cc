#include "harness/bench/bench_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <optional>
#include <string_view>

#include "harness/base/nearest_name.h"

namespace deltagauge {
namespace {

constexpr std::string_view kPrefix = "--deltagauge_";
constexpr int kMaxThreads = 1024;

constexpr std::array<std::string_view, 9> kNames = {
    "threads", "target", "quick", "ratios", "only", "pin", "executorch", "libpython", "ops"};

// The flag of a switch, or null if the name is not a switch's.
bool* SwitchOf(std::string_view name, BenchOptions& options) {
  if (name == "quick") return &options.quick;
  if (name == "ratios") return &options.ratios;
  if (name == "pin") return &options.pin;
  return nullptr;
}

std::optional<int> ParseThreads(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (value < 1 || value > kMaxThreads) return std::nullopt;
  return value;
}

std::optional<bool> ParseSwitch(std::string_view text) {
  if (text == "true" || text == "1") return true;
  if (text == "false" || text == "0") return false;
  return std::nullopt;
}

// Returns what is expected, if the value is something else.
std::string Set(std::string_view name, std::string_view value, BenchOptions& options) {
  if (name == "threads") {
    const std::optional<int> threads = ParseThreads(value);
    if (!threads.has_value()) return fmt::format("a number from 1 to {}", kMaxThreads);
    options.threads = *threads;
  } else if (bool* const flag = SwitchOf(name, options)) {
    const std::optional<bool> on = ParseSwitch(value);
    if (!on.has_value()) return "true or false";
    *flag = *on;
  } else {
    if (value.empty()) {
      return name == "target" ? "the name of an instruction set"
             : name == "only" ? "a part of a name"
                              : "a path";
    }
    std::string& text = name == "target"       ? options.target
                        : name == "only"       ? options.only
                        : name == "executorch" ? options.executorch
                        : name == "libpython"  ? options.libpython
                                               : options.ops;
    text = value;
  }
  return "";
}

}  // namespace

ParsedOptions ParseBenchOptions(const std::vector<std::string>& arguments) {
  ParsedOptions parsed;
  for (const std::string& argument : arguments) {
    if (argument == "--help") parsed.options.help = true;
    if (!argument.starts_with(kPrefix)) {
      parsed.others.push_back(argument);
      continue;
    }
    const std::string_view rest = std::string_view{argument}.substr(kPrefix.size());
    const size_t equals = rest.find('=');
    const std::string_view name = rest.substr(0, equals);
    if (std::find(kNames.begin(), kNames.end(), name) == kNames.end()) {
      parsed.error = fmt::format("unknown flag '{}{}'; {}", kPrefix, name, NameHint(name, kNames));
      return parsed;
    }
    const bool is_switch = SwitchOf(name, parsed.options) != nullptr;
    const std::string_view value = equals == std::string_view::npos
                                       ? std::string_view(is_switch ? "true" : "")
                                       : rest.substr(equals + 1);
    const std::string expected = Set(name, value, parsed.options);
    if (!expected.empty()) {
      parsed.error = fmt::format("{}{}: '{}'; expected {}", kPrefix, name, value, expected);
      return parsed;
    }
  }
  return parsed;
}

std::string BenchUsage() {
  return
      R"(deltagauge_bench: the fused gated delta rule against this machine's limits and its peers.

  --deltagauge_threads=N        threads at most (default: all)
  --deltagauge_target=NAME      force an instruction set (default: the best)
  --deltagauge_quick            a smoke test of half a minute; its figures mean little
  --deltagauge_ratios=false     leave out the table of targets at the end
  --deltagauge_only=TEXT        of that table only the pairs that have TEXT in their name
  --deltagauge_pin=false        let the system move our threads from CPU to CPU; by default each
                                stays on one of its own, where there are enough
  --deltagauge_executorch=PATH  ExecuTorch's libcustom_ops_aot_lib.so (default: the environment
                                variable EXECUTORCH_CUSTOM_OPS_AOT_LIB, or the one installed beside
                                libtorch when this program was configured)
  --deltagauge_libpython=PATH   the libpython that it needs
  --deltagauge_ops=PATH         our own libdeltagauge_ops (default: the one of this build)

The rows are Google Benchmark's; --benchmark_filter=none leaves them out. Its flags:

)";
}

}  // namespace deltagauge
