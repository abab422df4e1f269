#include "harness/config/config_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <set>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "harness/base/nearest_name.h"
#include "harness/config/run_case.h"
#include "harness/report/metric_names.h"
#include "reference/error_text.h"

namespace deltagauge {
namespace {

using Kind = ConfigNode::Kind;

class TextReader {
 public:
  TextReader(std::string_view name, const ConfigNode& node, ConfigProblems& problems)
      : name_(name), node_(node), problems_(problems) {}

  void Read(TextForm form, std::span<const std::string_view> arms, std::string& value) {
    constexpr std::array<std::string_view, 1> kTruths = {"oracle"};
    if (form == TextForm::kArmName && node_.kind == Kind::kMap) {
      Wrong("a name", "describe it under baseline or candidates, and name it here");
      return;
    }
    if (node_.kind != Kind::kScalar) {
      Wrong(form == TextForm::kFree ? "a text" : "a name");
      return;
    }
    double number = 0;
    const char* end = node_.text.data() + node_.text.size();
    const bool is_number =
        std::from_chars(node_.text.data(), end, number).ptr == end && !node_.text.empty();
    if (!node_.quoted && (is_number || node_.text == "true" || node_.text == "false")) {
      Wrong("a text", "put it in quotes");
      return;
    }
    switch (form) {
      case TextForm::kFree:
        if (node_.text.empty() || node_.text.size() > kMaxFreeTextBytes ||
            node_.text.find('\0') != std::string::npos) {
          Wrong(fmt::format("a text of 1 to {} bytes", kMaxFreeTextBytes));
          return;
        }
        value = node_.text;
        return;
      case TextForm::kName: {
        const bool is_name = std::all_of(node_.text.begin(), node_.text.end(), [](char x) {
          return (x >= 'a' && x <= 'z') || (x >= 'A' && x <= 'Z') || (x >= '0' && x <= '9') ||
                 x == '-' || x == '_' || x == '.';
        });
        if (!is_name || node_.text.empty() || node_.text.size() > 64) {
          Wrong("1 to 64 of letters, digits, - _ .");
          return;
        }
        value = node_.text;
        return;
      }
      case TextForm::kTruth:
        return ReadName(kTruths, value);
      case TextForm::kArm:
      case TextForm::kArmName:
        return ReadName(arms, value);
      case TextForm::kModel:
        return ReadPath(kModelNames, value);
      case TextForm::kText:
        return ReadPath(kTextNames, value);
      case TextForm::kPath:
        return ReadPath({}, value);
      case TextForm::kMetric:
        return ReadMetric(value);
      case TextForm::kAt:
        return ReadAt(value);
      case TextForm::kDtype: {
        std::vector<std::string_view> names;
        for (const auto& named : NamesOf<ModelDataType>()) names.push_back(named.name);
        return ReadName(names, value);
      }
    }
  }

 private:
  void Wrong(std::string_view expected, std::string hint = {}) {
    problems_.AddMismatch(name_, node_, expected, std::move(hint));
  }

  void ReadName(std::span<const std::string_view> names, std::string& value) {
    if (std::find(names.begin(), names.end(), node_.text) == names.end()) {
      Wrong("a name", NameHint(node_.text, names));
      return;
    }
    value = node_.text;
  }

  void ReadPath(std::span<const std::string_view> names, std::string& value) {
    if (std::find(names.begin(), names.end(), node_.text) != names.end()) {
      value = node_.text;
      return;
    }
    for (const std::string_view known : names) {
      const std::string_view scheme = known.substr(0, known.find(':') + 1);
      if (node_.text.compare(0, scheme.size(), scheme) == 0) {
        Wrong("a name", NameHint(node_.text, names));
        return;
      }
    }
    if (node_.text.empty() || node_.text.size() > kMaxPathBytes ||
        node_.text.find('\0') != std::string::npos) {
      Wrong(fmt::format("a path of 1 to {} bytes", kMaxPathBytes));
      return;
    }
    const std::string_view folder =
        node_.place.file ? node_.place.file->folder : std::string_view();
    std::string path = reference::GenericPathName(
        (reference::PathOf(folder) / reference::PathOf(node_.text)).lexically_normal());
    if (path.size() > kMaxPathBytes) {
      Wrong(fmt::format("a path of at most {} bytes with its folder", kMaxPathBytes));
      return;
    }
    value = std::move(path);
  }

  void ReadMetric(std::string& value) {
    if (FindMetric(node_.text) == nullptr) {
      problems_.Add(node_.place, fmt::format("unknown metric {}", QuotedText(node_.text)),
                    MetricHint(node_.text));
      return;
    }
    value = node_.text;
  }

  // name=value pairs, sorted by name.
  void ReadAt(std::string& value) {
    std::vector<std::string> pairs;
    std::set<std::string_view> seen;
    const std::vector<std::string> parameters = ParameterNames();
    const std::vector<std::string_view> names(parameters.begin(), parameters.end());
    std::string_view rest = node_.text;
    while (!node_.text.empty()) {
      const size_t comma = rest.find(',');
      const std::string_view pair = rest.substr(0, comma);
      const size_t equals = pair.find('=');
      const std::string_view key = pair.substr(0, equals);
      if (equals == std::string_view::npos || equals == 0 || equals + 1 == pair.size() ||
          pair.find(' ') != std::string_view::npos) {
        Wrong("name=value[,name=value] without spaces");
        return;
      }
      if (std::find(names.begin(), names.end(), key) == names.end()) {
        Wrong("parameters of cases", NameHint(key, names));
        return;
      }
      if (!seen.insert(key).second) {
        Wrong("each parameter once");
        return;
      }
      pairs.emplace_back(pair);
      if (comma == std::string_view::npos) break;
      rest.remove_prefix(comma + 1);
    }
    std::sort(pairs.begin(), pairs.end());
    value = fmt::format("{}", fmt::join(pairs, ","));
  }

  std::string_view name_;
  const ConfigNode& node_;
  ConfigProblems& problems_;
};

}  // namespace

void ReadConfigText(std::string_view name, const ConfigNode& node, TextForm form,
                    std::span<const std::string_view> arms, ConfigProblems& problems,
                    std::string& value) {
  TextReader(name, node, problems).Read(form, arms, value);
}

}  // namespace deltagauge
