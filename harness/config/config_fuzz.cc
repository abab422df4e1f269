// libFuzzer target: any text is either refused with a message, or gives a configuration that
// resolves to a text that gives it again. What follows the first NUL is given to --set.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "harness/config/config_yaml.h"
#include "reference/input_error.h"

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

// A file that texts of the fuzzer can extend, so that few bytes reach far.
std::string BaseFile(const std::string& path) {
  if (path == "base") {
    return "version: 1\nname: a\nkernel: {shapes: [{tokens: [1, 65]}]}\n"
           "models: [{path: m, texts: [t], drift: {}, agreement: {greedy: {}}}]\n"
           "gates: [{metric: model.kld.mean, max: 1}]\n";
  }
  throw deltagauge::reference::InputError(path, "no such file");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t end = std::min(input.find('\0'), input.size());
  deltagauge::ConfigOptions options;
  if (end < input.size()) options.overrides = {std::string(input.substr(end + 1))};
  try {
    const deltagauge::Config config =
        deltagauge::ParseConfig(input.substr(0, end), "fuzz", options, BaseFile);
    const std::string resolved = deltagauge::ResolvedConfig(config);
    Require(deltagauge::ParseConfig(resolved, "resolved", {}, BaseFile) == config);
  } catch (const deltagauge::reference::InputError& error) {
    Require(!error.problem().empty());
  }
  return 0;
}
