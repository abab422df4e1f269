#include "harness/service/run_choice.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "fmt/format.h"
#include "harness/base/nearest_name.h"
#include "harness/config/config_yaml.h"
#include "harness/config/run_plan.h"
#include "harness/service/http.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

using Files = std::set<std::string, std::less<>>;

std::filesystem::path ConfigNamed(const std::filesystem::path& folder, const std::string& name) {
  std::map<std::string, std::filesystem::path, std::less<>> files;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    const bool is_policy = entry.path().filename().string().ends_with("_policy.yaml");
    if (entry.path().extension() != ".yaml" || is_policy) continue;
    files.emplace(entry.path().stem().string(), entry.path());
  }
  if (const auto found = files.find(name); found != files.end()) return found->second;
  std::vector<std::string_view> names;
  for (const auto& [known, path] : files) names.push_back(known);
  throw HttpError(422, "no_such_config", "there is no configuration of this name",
                  NameHint(name, names));
}

void CheckForm(const std::vector<std::string>& overrides) {
  if (overrides.size() > kMaxRunOverrides) {
    throw HttpError(400, "bad_member",
                    fmt::format("body#/overrides: more than {}", kMaxRunOverrides));
  }
  for (size_t i = 0; i < overrides.size(); ++i) {
    const std::string& text = overrides[i];
    const bool is_line = std::none_of(text.begin(), text.end(), [](char c) {
      return static_cast<unsigned char>(c) < ' ' || c == '\x7f';
    });
    if (is_line && text.size() <= kMaxRunOverrideBytes) continue;
    throw HttpError(400, "bad_member",
                    fmt::format("body#/overrides/{}: expected one line of at most {} bytes", i,
                                kMaxRunOverrideBytes));
  }
}

// All that a run of it would open by a name of the configuration's.
Files FilesOf(const Config& config) {
  Files files;
  for (const ModelRunConfig& model : config.models) {
    files.insert(model.path);
    for (const TextConfig& text : model.texts) files.insert(text.path);
  }
  return files;
}

// By what comes out: there are many ways to write the same value.
void CheckFiles(const Config& config, const Config& as_it_is) {
  Files known = FilesOf(as_it_is);
  known.insert(kModelNames.begin(), kModelNames.end());
  known.insert(kTextNames.begin(), kTextNames.end());
  for (const std::string& file : FilesOf(config)) {
    if (known.find(file) != known.end()) continue;
    throw HttpError(422, "names_a_file",
                    "a value names a file or a folder, which only a configuration may",
                    "write a configuration into the service's folder of configurations");
  }
}

}  // namespace

RunOrder ChooseRun(const std::filesystem::path& folder, const std::string& name,
                   std::vector<std::string> overrides) {
  CheckForm(overrides);
  RunOrder order;
  order.config = name;
  order.config_file = ConfigNamed(folder, name);
  try {
    const std::string file = order.config_file.string();
    ConfigOptions options;
    options.overrides = overrides;
    const Config config = LoadConfig(file, options);
    CheckFiles(config, LoadConfig(file));
    BuildPlan(config);
  } catch (const reference::InputError& error) {
    throw HttpError(422, "not_understood", error.what());
  }
  order.overrides = std::move(overrides);
  return order;
}

}  // namespace deltagauge
