// A Config as the tree of nodes that reads back to it.
#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "harness/config/config_decode.h"
#include "harness/config/config_fields.h"
#include "harness/config/config_traits.h"
#include "harness/config/config_yaml.h"

namespace deltagauge {
namespace {

class MapWriter {
 public:
  ConfigNode& map() { return map_; }

  template <typename T>
  void Field(std::string_view name, const T& value, const FieldSpec& spec) {
    // An absent limit, `at` or candidate has no word.
    if constexpr (std::same_as<T, std::optional<double>>) {
      if (!value) return;
    }
    if constexpr (std::same_as<T, std::string>) {
      if (value.empty()) return;
    }
    map_.Add(name, Node(value, spec));
  }

  void Tolerances(std::string_view name, const std::vector<Tolerance>& tolerances,
                  const FieldSpec& /*spec*/) {
    ConfigNode by_dtype = ConfigNode::Map();
    for (const Tolerance& tolerance : tolerances) {
      if (by_dtype.Find(tolerance.dtype) == nullptr) {
        by_dtype.Add(tolerance.dtype, ConfigNode::Map());
      }
      by_dtype.Find(tolerance.dtype)->Add(tolerance.metric, Node(tolerance, {}));
    }
    map_.Add(name, std::move(by_dtype));
  }

  static ConfigNode Node(bool value, const FieldSpec& /*spec*/) {
    return ConfigNode::Literal(value ? "true" : "false");
  }
  template <ConfigNumber Number>
  static ConfigNode Node(Number value, const FieldSpec& /*spec*/) {
    return ConfigNode::Literal(fmt::format("{}", value));  // shortest that reads back the same
  }
  static ConfigNode Node(const std::string& value, const FieldSpec& /*spec*/) {
    return ConfigNode::String(value);
  }
  template <ConfigEnum Enum>
  static ConfigNode Node(Enum value, const FieldSpec& /*spec*/) {
    return ConfigNode::String(NameOf(value));
  }
  static ConfigNode Node(const KernelCase& value, const FieldSpec& /*spec*/) {
    return ConfigNode::String(PrintCase(value));
  }
  template <typename T>
  static ConfigNode Node(const std::optional<T>& value, const FieldSpec& spec) {
    if (value) return Node(*value, spec);
    return ConfigNode::String(ConfigStruct<T> ? "none" : "all");
  }
  template <typename T>
  static ConfigNode Node(const std::vector<T>& value, const FieldSpec& spec) {
    if (value.empty() && spec.all == AllWord::kYes) return ConfigNode::String("all");
    ConfigNode list = ConfigNode::List();
    for (const T& item : value) list.Add(Node(item, spec));
    return list;
  }
  template <ConfigStruct Struct>
  static ConfigNode Node(const Struct& value, const FieldSpec& /*spec*/) {
    MapWriter writer;
    Struct copy = value;  // the table is written for those who fill it in
    VisitFields(writer, copy);
    return std::move(writer.map());
  }

 private:
  ConfigNode map_ = ConfigNode::Map();
};

// Where the arm is named first, in the order in which DecodeConfig takes maps.
ConfigNode* FindArm(ConfigNode& root, std::string_view name) {
  ConfigNode* const baseline = root.Find("baseline");
  if (baseline->text == name) return baseline;
  for (ConfigNode& candidate : root.Find("candidates")->items) {
    if (candidate.text == name) return &candidate;
  }
  return nullptr;
}

}  // namespace

ConfigNode EncodeConfig(const Config& config) {
  MapWriter writer;
  writer.map().Add("version", ConfigNode::Literal("1"));
  Config copy = config;
  VisitFields(writer, copy);
  ConfigNode root = std::move(writer.map());
  for (const OutsideArm& arm : config.outside) {
    if (ConfigNode* name = FindArm(root, arm.name)) *name = MapWriter::Node(arm, {});
  }
  return root;
}

std::string ResolvedConfig(const Config& config) { return ConfigJson(EncodeConfig(config)); }

}  // namespace deltagauge
