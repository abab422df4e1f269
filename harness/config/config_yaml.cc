#include "harness/config/config_yaml.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <utility>

#include "fmt/format.h"
#include "harness/config/config_decode.h"
#include "harness/config/config_node.h"
#include "harness/config/config_override.h"
#include "harness/config/config_yaml_text.h"
#include "reference/error_text.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

using reference::GenericPathName;
using reference::InputError;
using reference::PathOf;
using Kind = ConfigNode::Kind;

std::string ReadConfigFile(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(PathOf(path), error)) {
    throw InputError(path, "expected a file, found a folder");
  }
  std::ifstream file(PathOf(path), std::ios::binary);
  if (!file) throw InputError(path, "can't open the file", "does it exist?");
  std::string text(kMaxConfigFileBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) throw InputError(path, "can't read the file");
  text.resize(static_cast<size_t>(file.gcount()));
  return text;
}

// Maps key by key; anything else is replaced.
void Merge(ConfigNode from, ConfigNode& into) {
  if (from.kind != Kind::kMap || into.kind != Kind::kMap) {
    into = std::move(from);
    return;
  }
  into.place = from.place;
  for (size_t i = 0; i < from.keys.size(); ++i) {
    if (ConfigNode* known = into.Find(from.keys[i].text)) {
      Merge(std::move(from.items[i]), *known);
    } else {
      into.keys.push_back(std::move(from.keys[i]));
      into.items.push_back(std::move(from.items[i]));
    }
  }
}

// A file with all that it extends, as one map without `version` and `extends`.
class FileReader {
 public:
  explicit FileReader(const ReadFile& read_file) : read_file_(read_file) {}

  ConfigNode Read(std::string_view text, const std::string& name) {
    if (++files_ > kMaxConfigFiles) {
      throw InputError(
          name, fmt::format("expected at most {} files that extend each other", kMaxConfigFiles));
    }
    const std::string folder = GenericPathName(PathOf(name).parent_path());
    ConfigNode root = ParseYaml(text, {name, folder});
    if (root.kind != Kind::kMap) {
      throw InputError(root.place.Text(), "expected a map, found " + Described(root),
                       "begin with version: 1");
    }
    CheckVersion(root);
    const std::optional<ConfigNode> extends = Take(root, "extends");
    if (!extends) return root;

    const std::string normal = GenericPathName(PathOf(name).lexically_normal());
    open_.push_back(normal);
    ConfigNode merged = ConfigNode::Map();
    if (extends->kind == Kind::kList) {
      for (const ConfigNode& item : extends->items) Merge(ReadBase(item, folder), merged);
    } else {
      Merge(ReadBase(*extends, folder), merged);
    }
    open_.pop_back();
    Merge(std::move(root), merged);
    return merged;
  }

 private:
  static std::optional<ConfigNode> Take(ConfigNode& map, std::string_view key) {
    ConfigNode* node = map.Find(key);
    if (node == nullptr) return std::nullopt;
    const auto index = node - map.items.data();
    ConfigNode taken = std::move(*node);
    map.items.erase(map.items.begin() + index);
    map.keys.erase(map.keys.begin() + index);
    return taken;
  }

  static void CheckVersion(ConfigNode& root) {
    const std::optional<ConfigNode> version = Take(root, "version");
    if (!version) {
      throw InputError(root.place.Text(), "key 'version' is missing", "begin with version: 1");
    }
    if (version->kind != Kind::kScalar || version->quoted || version->text != "1") {
      throw InputError(version->place.Text(), "'version': expected 1, found " + Described(*version),
                       "this program reads version 1");
    }
  }

  ConfigNode ReadBase(const ConfigNode& node, const std::string& folder) {
    if (node.kind != Kind::kScalar || node.text.empty()) {
      throw InputError(node.place.Text(),
                       "'extends': expected a file's name, found " + Described(node));
    }
    const std::string path =
        GenericPathName((PathOf(folder) / PathOf(node.text)).lexically_normal());
    if (std::find(open_.begin(), open_.end(), path) != open_.end()) {
      throw InputError(node.place.Text(), fmt::format("'{}' extends itself", path),
                       fmt::format("the way there: {} -> {}", fmt::join(open_, " -> "), path));
    }
    std::string text;
    try {
      text = read_file_(path);
    } catch (const InputError& error) {
      throw InputError(node.place.Text(), fmt::format("'extends': {}: {}", path, error.problem()),
                       error.hint());
    }
    return Read(text, path);
  }

  const ReadFile& read_file_;
  std::vector<std::string> open_;
  size_t files_ = 0;
};

}  // namespace

Config ParseConfig(std::string_view text, const std::string& name, const ConfigOptions& options,
                   const ReadFile& read_file) {
  ConfigNode root = FileReader(read_file).Read(text, name);
  for (const std::string& assignment : options.overrides) ApplyOverride(assignment, root);
  std::vector<std::string_view> arms(kArmNames.begin(), kArmNames.end());
  arms.insert(arms.end(), options.more_arms.begin(), options.more_arms.end());
  return DecodeConfig(root, arms);
}

Config LoadConfig(const std::string& path, const ConfigOptions& options) {
  return ParseConfig(ReadConfigFile(path), path, options, ReadConfigFile);
}

}  // namespace deltagauge
