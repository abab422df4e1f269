#include "harness/release/release_policy.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <type_traits>
#include <utility>

#include "fmt/format.h"
#include "harness/base/nearest_name.h"
#include "harness/config/config_node.h"
#include "harness/config/config_problems.h"
#include "harness/config/config_yaml_text.h"
#include "harness/report/metric_names.h"
#include "harness/report/report_file.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

using Kind = ConfigNode::Kind;

template <typename Enum>
struct Choice {
  std::string_view name;
  Enum value;
};

constexpr Choice<TreePolicy> kTrees[] = {{"clean", TreePolicy::kClean}, {"any", TreePolicy::kAny}};
constexpr Choice<Acceptance> kAcceptances[] = {{"refused", Acceptance::kRefused},
                                               {"accepted", Acceptance::kAccepted}};

struct NumberRange {
  double lowest;
  double highest;
};

// One map of the file: each key is asked for once, then what is left is refused.
class PolicyMap {
 public:
  PolicyMap(const ConfigNode& map, ConfigProblems& problems) : map_(map), problems_(problems) {}

  // Null if the map has no such key.
  const ConfigNode* Take(std::string_view key) {
    known_.push_back(key);
    return map_.Find(key);
  }

  void RequireText(std::string_view key, std::string_view hint, std::string& text) {
    const ConfigNode* const node = Require(key, hint);
    if (node == nullptr) return;
    if (node->kind == Kind::kScalar && !node->text.empty()) {
      text = node->text;
    } else {
      problems_.AddMismatch(key, *node, "a name");
    }
  }

  const ConfigNode* Require(std::string_view key, std::string_view hint) {
    const ConfigNode* const node = Take(key);
    if (node == nullptr) {
      problems_.Add(map_.place, fmt::format("key '{}' is missing", key), std::string(hint));
    }
    return node;
  }

  template <typename Number>
  void ReadNumber(std::string_view key, const NumberRange& range, Number& value) {
    const ConfigNode* const node = Take(key);
    if (node == nullptr) return;
    Number number{};
    const char* const end = node->text.data() + node->text.size();
    const auto [rest, error] = std::from_chars(node->text.data(), end, number);
    const auto as_double = static_cast<double>(number);
    if (node->kind == Kind::kScalar && !node->quoted && error == std::errc() && rest == end &&
        range.lowest <= as_double && as_double <= range.highest) {  // false for NaN
      value = number;
      return;
    }
    constexpr std::string_view kWhat = std::is_integral_v<Number> ? "a whole number" : "a number";
    problems_.AddMismatch(key, *node,
                          fmt::format("{} from {} to {}", kWhat, range.lowest, range.highest));
  }

  template <typename Enum, size_t kCount>
  void ReadChoice(std::string_view key, const Choice<Enum> (&choices)[kCount], Enum& value) {
    const ConfigNode* const node = Take(key);
    if (node == nullptr) return;
    std::vector<std::string_view> names;
    for (const Choice<Enum>& choice : choices) {
      names.push_back(choice.name);
      if (node->kind == Kind::kScalar && node->text == choice.name) {
        value = choice.value;
        return;
      }
    }
    problems_.AddMismatch(key, *node, "a name", NameHint(node->text, names));
  }

  // One name or a list of them, each once.
  void ReadNames(std::string_view key, std::vector<std::string>& names) {
    const ConfigNode* const node = Take(key);
    if (node == nullptr) return;
    if (node->kind == Kind::kScalar) {
      ReadName(key, *node, names);
      return;
    }
    if (node->kind != Kind::kList || node->items.size() > kMaxRequirements) {
      problems_.AddMismatch(key, *node, fmt::format("a list of at most {}", kMaxRequirements));
      return;
    }
    for (const ConfigNode& item : node->items) ReadName(key, item, names);
  }

  void RefuseUnknownKeys() const {
    for (const ConfigKey& key : map_.keys) {
      if (std::find(known_.begin(), known_.end(), key.text) != known_.end()) continue;
      problems_.Add(key.place, fmt::format("unknown key {}", QuotedText(key.text)),
                    NameHint(key.text, known_));
    }
  }

 private:
  void ReadName(std::string_view key, const ConfigNode& node, std::vector<std::string>& names) {
    if (node.kind != Kind::kScalar || node.text.empty()) {
      problems_.AddMismatch(key, node, "a name");
    } else if (std::find(names.begin(), names.end(), node.text) != names.end()) {
      problems_.Add(node.place, fmt::format("'{}': {} comes twice", key, QuotedText(node.text)));
    } else if (key == "gates" && FindMetric(node.text) == nullptr) {
      problems_.Add(node.place, fmt::format("unknown metric {}", QuotedText(node.text)),
                    MetricHint(node.text));
    } else {
      names.push_back(node.text);
    }
  }

  const ConfigNode& map_;
  ConfigProblems& problems_;
  std::vector<std::string_view> known_;
};

bool ExpectMap(std::string_view name, const ConfigNode& node, ConfigProblems& problems) {
  if (node.kind == Kind::kMap) return true;
  problems.AddMismatch(name, node, "a map");
  return false;
}

PlatformPolicy ReadPlatform(const ConfigNode& node, ConfigProblems& problems) {
  PlatformPolicy platform;
  if (!ExpectMap("platforms", node, problems)) return platform;
  PolicyMap map(node, problems);
  map.RequireText("name", "such as linux-x86_64: what reports call tool.platform", platform.name);
  map.ReadNames("configs", platform.configs);
  map.ReadNames("candidates", platform.candidates);
  map.ReadNames("models", platform.models);
  map.ReadNames("targets", platform.targets);
  map.ReadNames("gates", platform.gates);
  map.RefuseUnknownKeys();
  return platform;
}

void ReadPlatforms(const ConfigNode& node, ConfigProblems& problems, ReleasePolicy& policy) {
  if (node.kind != Kind::kList || node.items.empty() || node.items.size() > kMaxPlatforms) {
    problems.AddMismatch("platforms", node, fmt::format("a list of 1 to {}", kMaxPlatforms));
    return;
  }
  std::set<std::string> seen;
  for (const ConfigNode& item : node.items) {
    PlatformPolicy platform = ReadPlatform(item, problems);
    if (!platform.name.empty() && !seen.insert(platform.name).second) {
      problems.Add(item.place, fmt::format("platform {} comes twice", QuotedText(platform.name)));
    }
    policy.platforms.push_back(std::move(platform));
  }
}

void ReadAgreement(const ConfigNode& node, ConfigProblems& problems, AgreementPolicy& agreement) {
  if (!ExpectMap("agreement", node, problems)) return;
  PolicyMap map(node, problems);
  map.ReadNumber("min_cases", {0, 1e6}, agreement.min_cases);
  map.ReadNumber("float32", {0, 1}, agreement.float32);
  map.ReadNumber("bfloat16", {0, 1}, agreement.bfloat16);
  map.RefuseUnknownKeys();
}

}  // namespace

ReleasePolicy ParseReleasePolicy(std::string_view text, const std::string& name) {
  const ConfigNode root = ParseYaml(text, {name, ""});
  if (root.kind != Kind::kMap) {
    throw reference::InputError(root.place.Text(), "expected a map, found " + Described(root),
                                "begin with version: 1");
  }
  ConfigProblems problems;
  ReleasePolicy policy;
  PolicyMap map(root, problems);
  int version = 1;
  if (root.Find("version") == nullptr) map.Require("version", "begin with version: 1");
  map.ReadNumber("version", {1, 1}, version);
  map.RequireText("name", "of the policy, in verdicts", policy.name);
  map.ReadNumber("max_age_days", {0, 36500}, policy.max_age_days);
  map.ReadChoice("tree", kTrees, policy.tree);
  map.ReadChoice("waivers", kAcceptances, policy.waivers);
  map.ReadChoice("inconclusive", kAcceptances, policy.inconclusive);
  if (const ConfigNode* const node = map.Require("platforms", "what has to be shown, and where")) {
    ReadPlatforms(*node, problems, policy);
  }
  if (const ConfigNode* const node = map.Take("agreement")) {
    ReadAgreement(*node, problems, policy.agreement);
  }
  map.RefuseUnknownKeys();
  problems.ThrowIfAny();
  return policy;
}

ReleasePolicy LoadReleasePolicy(const std::string& path) {
  return ParseReleasePolicy(ReadWholeFile(path, kMaxPolicyBytes), path);
}

}  // namespace deltagauge
