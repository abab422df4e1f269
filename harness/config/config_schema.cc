#include "harness/config/config_schema.h"

#include <array>
#include <limits>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "harness/config/config_fields.h"
#include "harness/config/config_flaws.h"
#include "harness/config/config_node.h"
#include "harness/config/config_traits.h"
#include "harness/config/run_case.h"
#include "harness/report/metric_names.h"

namespace deltagauge {
namespace {

constexpr std::string_view kNamePattern = "^[A-Za-z0-9_.-]{1,64}$";

ConfigNode Names(std::span<const std::string_view> names) {
  ConfigNode list = ConfigNode::List();
  for (const std::string_view name : names) list.Add(ConfigNode::String(name));
  return list;
}

ConfigNode OfType(std::string_view type) {
  ConfigNode schema = ConfigNode::Map();
  schema.Add("type", ConfigNode::String(type));
  return schema;
}

ConfigNode Either(ConfigNode a, ConfigNode b) {
  ConfigNode list = ConfigNode::List();
  list.Add(std::move(a)).Add(std::move(b));
  ConfigNode schema = ConfigNode::Map();
  schema.Add("anyOf", std::move(list));
  return schema;
}

ConfigNode Word(std::string_view word) {
  ConfigNode schema = ConfigNode::Map();
  schema.Add("const", ConfigNode::String(word));
  return schema;
}

ConfigNode OneOf(std::span<const std::string_view> names) {
  ConfigNode schema = ConfigNode::Map();
  schema.Add("enum", Names(names));
  return schema;
}

template <typename Enum>
std::vector<std::string_view> EnumNames() {
  std::vector<std::string_view> names;
  for (const NamedValue<Enum>& named : NamesOf<Enum>()) names.push_back(named.name);
  if constexpr (std::same_as<Enum, CheckKind>) {
    names.insert(names.end(), kPartsOfAccuracy.begin(), kPartsOfAccuracy.end());
  }
  return names;
}

std::vector<std::string_view> MetricNames() {
  std::vector<std::string_view> names;
  for (const MetricInfo& metric : AllMetrics()) names.push_back(metric.name);
  return names;
}

ConfigNode Text(size_t max_length) {
  ConfigNode schema = OfType("string");
  schema.Add("minLength", ConfigNode::Literal("1"));
  schema.Add("maxLength", ConfigNode::Literal(fmt::format("{}", max_length)));
  return schema;
}

ConfigNode Matching(std::string_view pattern) {
  ConfigNode schema = OfType("string");
  schema.Add("pattern", ConfigNode::String(pattern));
  return schema;
}

// A name of a list, or a path; names of our own schemes that are in no list are neither.
ConfigNode NameOrPath(std::span<const std::string_view> names) {
  const std::string_view scheme = names.back().substr(0, names.back().find(':'));
  ConfigNode path = Text(kMaxPathBytes);
  path.Add("not", Matching(scheme == "graft" ? "^(builtin|graft):" : "^builtin:"));
  return Either(OneOf(names), std::move(path));
}

template <ConfigStruct Struct>
ConfigNode SchemaOf(const Struct& value, const FieldSpec& spec);

// Names of our own for completion, others for what a map describes.
ConfigNode ArmName() { return Either(OneOf(kArmNames), Matching(kNamePattern)); }

ConfigNode SchemaOf(const std::string& /*value*/, const FieldSpec& spec) {
  constexpr std::array<std::string_view, 1> kTruths = {"oracle"};
  switch (spec.form) {
    case TextForm::kFree:
      return Text(kMaxFreeTextBytes);
    case TextForm::kName:
      return Matching(kNamePattern);
    case TextForm::kTruth:
      return OneOf(kTruths);
    case TextForm::kArm: {
      ConfigNode schema = ArmName();
      schema.items[0].Add(SchemaOf(OutsideArm{}, {}));
      return schema;
    }
    case TextForm::kArmName:
      return ArmName();
    case TextForm::kModel:
      return NameOrPath(kModelNames);
    case TextForm::kText:
      return NameOrPath(kTextNames);
    case TextForm::kPath:
      return Text(kMaxPathBytes);
    case TextForm::kMetric:
      return OneOf(MetricNames());
    case TextForm::kAt:
      return Matching("^([A-Za-z_]+=[^ ,]+(,[A-Za-z_]+=[^ ,]+)*)?$");
    case TextForm::kDtype:
      return OneOf(EnumNames<ModelDataType>());
  }
  return ConfigNode::Map();
}

ConfigNode SchemaOf(bool /*value*/, const FieldSpec& /*spec*/) { return OfType("boolean"); }

template <ConfigNumber Number>
ConfigNode SchemaOf(Number /*value*/, const FieldSpec& spec) {
  ConfigNode schema = OfType(std::same_as<Number, double> ? "number" : "integer");
  const auto add = [&](std::string_view key, auto limit) {
    schema.Add(key, ConfigNode::Literal(fmt::format("{}", limit)));
  };
  if constexpr (std::same_as<Number, uint64_t>) {
    add("minimum", 0);
    add("maximum", std::numeric_limits<uint64_t>::max());
  } else if constexpr (std::same_as<Number, double>) {
    add("minimum", spec.lowest);
    add("maximum", spec.highest);
  } else {
    add("minimum", static_cast<int64_t>(spec.lowest));
    add("maximum", static_cast<int64_t>(spec.highest));
  }
  return schema;
}

template <ConfigEnum Enum>
ConfigNode SchemaOf(Enum /*value*/, const FieldSpec& /*spec*/) {
  return OneOf(EnumNames<Enum>());
}

ConfigNode SchemaOf(const KernelCase& /*value*/, const FieldSpec& /*spec*/) {
  return Matching("^kernel:");
}

template <typename T>
ConfigNode SchemaOf(const std::vector<T>& value, const FieldSpec& spec);

template <typename T>
ConfigNode SchemaOf(const std::optional<T>& /*value*/, const FieldSpec& spec) {
  ConfigNode present = SchemaOf(T{}, spec);
  if (ConfigStruct<T>) return Either(Word("none"), std::move(present));
  if (spec.all == AllWord::kYes) return Either(Word("all"), std::move(present));
  return present;
}

// Everywhere that a list is read, one item alone is read as a list of one.
template <typename T>
ConfigNode SchemaOf(const std::vector<T>& /*value*/, const FieldSpec& spec) {
  ConfigNode item = SchemaOf(T{}, spec);
  ConfigNode list = OfType("array");
  list.Add("items", item);
  if (spec.empty == EmptyList::kRefused) list.Add("minItems", ConfigNode::Literal("1"));
  list.Add("maxItems", ConfigNode::Literal(fmt::format("{}", kMaxListItems)));
  list.Add("uniqueItems", ConfigNode::Literal("true"));
  ConfigNode schema = Either(std::move(item), std::move(list));
  if (spec.all == AllWord::kYes) schema.items[0].Add(Word("all"));
  return schema;
}

class SchemaWriter {
 public:
  template <typename T>
  void Field(std::string_view name, T& value, const FieldSpec& spec) {
    Add(name, SchemaOf(value, spec), spec);
  }

  void Tolerances(std::string_view name, std::vector<Tolerance>& /*value*/, const FieldSpec& spec) {
    ConfigNode by_metric = OfType("object");
    by_metric.Add("propertyNames", OneOf(MetricNames()));
    by_metric.Add("additionalProperties", SchemaOf(Tolerance{}, spec));
    ConfigNode schema = OfType("object");
    schema.Add("propertyNames", OneOf(EnumNames<ModelDataType>()));
    schema.Add("additionalProperties", std::move(by_metric));
    Add(name, std::move(schema), spec);
  }

  void Add(std::string_view name, ConfigNode schema, const FieldSpec& spec) {
    schema.Add("description", ConfigNode::String(spec.meaning));
    properties_.Add(name, std::move(schema));
    if (spec.need == Need::kRequired) required_.Add(ConfigNode::String(name));
  }

  ConfigNode Schema() && {
    ConfigNode schema = OfType("object");
    schema.Add("properties", std::move(properties_));
    if (!required_.items.empty()) schema.Add("required", std::move(required_));
    schema.Add("additionalProperties", ConfigNode::Literal("false"));
    return schema;
  }

  void DropRequired() { required_ = ConfigNode::List(); }

 private:
  ConfigNode properties_ = ConfigNode::Map();
  ConfigNode required_ = ConfigNode::List();
};

template <ConfigStruct Struct>
ConfigNode SchemaOf(const Struct& value, const FieldSpec& /*spec*/) {
  SchemaWriter writer;
  Struct copy = value;
  VisitFields(writer, copy);
  ConfigNode schema = std::move(writer).Schema();
  if constexpr (!kShorthandKey<Struct>.empty()) {
    ConfigNode shorthand = *schema.Find("properties")->Find(kShorthandKey<Struct>);
    return Either(std::move(shorthand), std::move(schema));
  }
  return schema;
}

}  // namespace

std::string ConfigSchema() {
  SchemaWriter writer;
  ConfigNode version = ConfigNode::Map();
  version.Add("const", ConfigNode::Literal("1"));
  writer.Add("version", std::move(version), {.meaning = "Of this form of file."});
  std::vector<std::string> extends;
  writer.Field("extends", extends, {.meaning = "Files read first, relative to this one."});
  Config defaults;
  VisitFields(writer, defaults);
  // A file that others extend, or that extends another, need not be whole.
  writer.DropRequired();
  ConfigNode body = std::move(writer).Schema();

  ConfigNode schema = ConfigNode::Map();
  schema.Add("$schema", ConfigNode::String("https://json-schema.org/draft/2020-12/schema"));
  schema.Add("title", ConfigNode::String("DeltaGauge configuration"));
  for (size_t i = 0; i < body.keys.size(); ++i) schema.Add(body.keys[i].text, body.items[i]);
  schema.Add("required", ConfigNode::List().Add(ConfigNode::String("version")));
  return ConfigJson(schema);
}

}  // namespace deltagauge
