#include "harness/config/config_decode.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <set>
#include <type_traits>
#include <utility>
#include <variant>

#include "fmt/format.h"
#include "harness/base/nearest_name.h"
#include "harness/config/config_fields.h"
#include "harness/config/config_flaws.h"
#include "harness/config/config_gates.h"
#include "harness/config/config_text.h"
#include "harness/config/config_traits.h"

namespace deltagauge {
namespace {

using Kind = ConfigNode::Kind;

struct Context {
  ConfigProblems problems;
  std::span<const std::string_view> arms;
};

// One map of a file, walked field by field.
class MapReader {
 public:
  MapReader(const ConfigNode& map, Context& context) : map_(map), context_(context) {}

  template <typename T>
  void Field(std::string_view name, T& value, const FieldSpec& spec) {
    known_.push_back(name);
    const ConfigNode* node = map_.Find(name);
    if (node != nullptr) {
      Read(name, *node, spec, value);
    } else if (spec.need == Need::kRequired) {
      context_.problems.Add(map_.place, fmt::format("key '{}' is missing", name),
                            std::string(spec.meaning));
    }
  }

  void Tolerances(std::string_view name, std::vector<Tolerance>& tolerances,
                  const FieldSpec& spec) {
    known_.push_back(name);
    const ConfigNode* by_dtype = map_.Find(name);
    if (by_dtype == nullptr) return;
    if (!ExpectMap(name, *by_dtype)) return;
    for (size_t i = 0; i < by_dtype->items.size(); ++i) {
      std::string dtype;
      FieldSpec dtype_spec = spec;
      dtype_spec.form = TextForm::kDtype;
      Read(name, KeyNode(by_dtype->keys[i]), dtype_spec, dtype);
      const ConfigNode& by_metric = by_dtype->items[i];
      if (dtype.empty() || !ExpectMap(dtype, by_metric)) continue;
      for (size_t j = 0; j < by_metric.items.size(); ++j) {
        Tolerance tolerance;
        tolerance.dtype = dtype;
        FieldSpec metric_spec = spec;
        metric_spec.form = TextForm::kMetric;
        Read(dtype, KeyNode(by_metric.keys[j]), metric_spec, tolerance.metric);
        Read(by_metric.keys[j].text, by_metric.items[j], {}, tolerance);
        tolerances.push_back(std::move(tolerance));
      }
    }
    std::sort(tolerances.begin(), tolerances.end(), [](const Tolerance& a, const Tolerance& b) {
      return std::pair(a.dtype, a.metric) < std::pair(b.dtype, b.metric);
    });
  }

  // After all fields: what is left is unknown.
  void RefuseUnknownKeys() {
    for (const ConfigKey& key : map_.keys) {
      if (std::find(known_.begin(), known_.end(), key.text) != known_.end()) continue;
      context_.problems.Add(key.place, fmt::format("unknown key {}", QuotedText(key.text)),
                            NameHint(key.text, known_));
    }
  }

 private:
  static ConfigNode KeyNode(const ConfigKey& key) {
    ConfigNode node = ConfigNode::String(key.text);
    node.place = key.place;
    return node;
  }

  void Wrong(std::string_view name, const ConfigNode& node, std::string_view expected,
             std::string hint = {}) {
    context_.problems.AddMismatch(name, node, expected, std::move(hint));
  }

  bool ExpectMap(std::string_view name, const ConfigNode& node) {
    if (node.kind == Kind::kMap) return true;
    Wrong(name, node, "a map");
    return false;
  }

  static bool IsPlain(const ConfigNode& node) { return node.kind == Kind::kScalar && !node.quoted; }
  static bool IsWord(const ConfigNode& node, std::string_view word) {
    return node.kind == Kind::kScalar && node.text == word;
  }

  void Read(std::string_view name, const ConfigNode& node, const FieldSpec& /*spec*/, bool& value) {
    if (IsPlain(node) && (IsWord(node, "true") || IsWord(node, "false"))) {
      value = node.text == "true";
    } else {
      Wrong(name, node, "true or false");
    }
  }

  // Whole numbers, as they would be printed: no sign, no leading zero, no fraction.
  template <std::integral Integer>
  void Read(std::string_view name, const ConfigNode& node, const FieldSpec& spec, Integer& value) {
    auto lowest = static_cast<Integer>(spec.lowest);
    auto highest = static_cast<Integer>(spec.highest);
    if constexpr (std::same_as<Integer, uint64_t>) {
      lowest = 0;
      highest = std::numeric_limits<uint64_t>::max();
    }
    Integer number = 0;
    const char* end = node.text.data() + node.text.size();
    const auto [rest, error] = std::from_chars(node.text.data(), end, number);
    if (IsPlain(node) && error == std::errc() && rest == end &&
        fmt::format("{}", number) == node.text && lowest <= number && number <= highest) {
      value = number;
      return;
    }
    Wrong(name, node,
          fmt::format("a whole number from {} to {}{}", lowest, highest,
                      spec.all == AllWord::kYes ? " or all" : ""));
  }

  void Read(std::string_view name, const ConfigNode& node, const FieldSpec& spec, double& value) {
    double number = 0;
    const char* end = node.text.data() + node.text.size();
    const auto [rest, error] = std::from_chars(node.text.data(), end, number);
    if (IsPlain(node) && error == std::errc() && rest == end && spec.lowest <= number &&
        number <= spec.highest) {  // false for NaN
      value = number;
      return;
    }
    const bool any = spec.highest == kLargestLimit;
    Wrong(name, node,
          any ? "a number" : fmt::format("a number from {} to {}", spec.lowest, spec.highest));
  }

  template <ConfigEnum Enum>
  void Read(std::string_view name, const ConfigNode& node, const FieldSpec& /*spec*/, Enum& value) {
    std::vector<std::string_view> names;
    for (const NamedValue<Enum>& named : NamesOf<Enum>()) names.push_back(named.name);
    std::string_view text = node.text;
    if constexpr (std::same_as<Enum, CheckKind>) {
      for (const std::string_view part : kPartsOfAccuracy) {
        if (IsWord(node, part)) text = NameOf(CheckKind::kAccuracy);
        names.push_back(part);
      }
    }
    if (node.kind == Kind::kScalar) {
      for (const NamedValue<Enum>& named : NamesOf<Enum>()) {
        if (named.name != text) continue;
        value = named.value;
        return;
      }
    }
    Wrong(name, node, "a name", NameHint(node.text, names));
  }

  void Read(std::string_view name, const ConfigNode& node, const FieldSpec& /*spec*/,
            KernelCase& value) {
    if (node.kind != Kind::kScalar) {
      Wrong(name, node, "a repro line, such as kernel:T=65,Hv=16");
      return;
    }
    const auto parsed = ParseCase(node.text);
    if (const auto* error = std::get_if<CaseError>(&parsed)) {
      context_.problems.Add(node.place, fmt::format("'{}': {}", name, error->Message()));
      return;
    }
    value = std::get<KernelCase>(parsed);
  }

  void Read(std::string_view name, const ConfigNode& node, const FieldSpec& spec,
            std::string& value) {
    ReadConfigText(name, node, spec.form, context_.arms, context_.problems, value);
  }

  template <typename T>
  void Read(std::string_view name, const ConfigNode& node, const FieldSpec& spec,
            std::optional<T>& value) {
    const std::string_view absent = ConfigStruct<T> ? "none" : "all";
    if ((ConfigStruct<T> || spec.all == AllWord::kYes) && IsWord(node, absent)) {
      value.reset();
      return;
    }
    T present{};
    Read(name, node, spec, present);
    value = std::move(present);
  }

  template <typename T>
  void Read(std::string_view name, const ConfigNode& node, const FieldSpec& spec,
            std::vector<T>& value) {
    value.clear();
    if (spec.all == AllWord::kYes && IsWord(node, "all")) return;
    if (node.kind == Kind::kNothing || (node.kind == Kind::kMap && !ConfigStruct<T>)) {
      Wrong(name, node, "a list");
      return;
    }
    const std::span<const ConfigNode> items =
        node.kind == Kind::kList ? std::span(node.items) : std::span(&node, 1);
    if (items.size() > kMaxListItems) {
      Wrong(name, node, fmt::format("at most {} items", kMaxListItems));
      return;
    }
    if (items.empty() && (spec.empty == EmptyList::kRefused || spec.all == AllWord::kYes)) {
      Wrong(name, node,
            spec.all == AllWord::kYes ? "at least one item, or all" : "at least one item");
    }
    std::set<std::string_view> seen;
    for (const ConfigNode& item : items) {
      if (item.kind == Kind::kScalar && !seen.insert(item.text).second) {
        context_.problems.Add(item.place,
                              fmt::format("'{}': {} comes twice", name, QuotedText(item.text)));
        continue;
      }
      T read{};
      Read(name, item, spec, read);
      if constexpr (std::equality_comparable<T>) {
        // parity, repeat and bounds are one.
        if (ConfigEnum<T> && std::find(value.begin(), value.end(), read) != value.end()) continue;
      }
      value.push_back(std::move(read));
    }
  }

  template <ConfigStruct Struct>
  void Read(std::string_view name, const ConfigNode& node, const FieldSpec& /*spec*/,
            Struct& value) {
    if constexpr (!kShorthandKey<Struct>.empty()) {
      if (node.kind == Kind::kScalar) {
        ConfigNode map = ConfigNode::Map();
        map.place = node.place;
        map.Add(kShorthandKey<Struct>, node);
        ReadStruct(map, value);
        return;
      }
    }
    if (ExpectMap(name, node)) ReadStruct(node, value);
  }

  template <ConfigStruct Struct>
  void ReadStruct(const ConfigNode& map, Struct& value);

  const ConfigNode& map_;
  Context& context_;
  std::vector<std::string_view> known_;
};

template <ConfigStruct Struct>
void ReadMap(const ConfigNode& map, Context& context, Struct& value) {
  const bool was_clean = context.problems.empty();
  MapReader reader(map, context);
  VisitFields(reader, value);
  reader.RefuseUnknownKeys();
  if (!was_clean || !context.problems.empty()) return;  // what fits together is asked of the sound
  if (const std::optional<Flaw> flaw = FlawOf(value)) {
    const ConfigNode* node = map.Find(flaw->key);
    context.problems.Add(node == nullptr ? map.place : node->place, flaw->what, flaw->hint);
  }
}

template <ConfigStruct Struct>
void MapReader::ReadStruct(const ConfigNode& map, Struct& value) {
  ReadMap(map, context_, value);
}

// What a part that names no threads or checks takes from the whole.
void FillIn(Config& config) {
  const auto fill = [&](std::vector<int>& threads) {
    if (threads.empty()) threads = config.threads;
  };
  if (config.kernel) {
    fill(config.kernel->threads);
    for (KernelShape& shape : config.kernel->shapes) {
      if (shape.checks.empty()) shape.checks = config.kernel->checks;
    }
  }
  for (ModelRunConfig& model : config.models) fill(model.threads);
  if (config.performance) fill(config.performance->threads);
}

// A map in place of an arm's name: read, and the name put there.
class OutsideArms {
 public:
  explicit OutsideArms(Context& context) : context_(context) {}

  std::vector<OutsideArm> TakeFrom(ConfigNode& root) {
    if (ConfigNode* baseline = root.Find("baseline")) TakeOne(*baseline);
    if (ConfigNode* candidates = root.Find("candidates")) {
      TakeOne(*candidates);
      for (ConfigNode& item : candidates->items) TakeOne(item);
    }
    return std::move(arms_);
  }

 private:
  void TakeOne(ConfigNode& node) {
    if (node.kind != Kind::kMap) return;
    OutsideArm arm;
    ReadMap(node, context_, arm);
    const bool is_taken = std::any_of(arms_.begin(), arms_.end(), [&](const OutsideArm& other) {
      return other.name == arm.name;
    });
    if (is_taken) {
      context_.problems.Add(node.place, fmt::format("'{}' is described twice", arm.name),
                            "describe it once, and give its name elsewhere");
    }
    ConfigNode name = ConfigNode::String(arm.name);
    name.place = node.place;
    node = std::move(name);
    arms_.push_back(std::move(arm));
  }

  Context& context_;
  std::vector<OutsideArm> arms_;
};

}  // namespace

Config DecodeConfig(const ConfigNode& whole, std::span<const std::string_view> arms) {
  Context context{{}, arms};
  Config config;
  ConfigNode root = whole;
  config.outside = OutsideArms(context).TakeFrom(root);
  context.problems.ThrowIfAny();
  std::vector<std::string_view> names(arms.begin(), arms.end());
  for (const OutsideArm& arm : config.outside) names.push_back(arm.name);
  context.arms = names;
  ReadMap(root, context, config);
  context.problems.ThrowIfAny();
  FillIn(config);
  ResolveGates(root, context.problems, config);
  context.problems.ThrowIfAny();
  return config;
}

}  // namespace deltagauge
