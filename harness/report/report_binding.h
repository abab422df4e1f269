// One list of fields for each struct of a report, walked in three ways: to write JSON, to read it,
// to write its schema. So the three can't drift apart.
//
//   template <>
//   struct FieldsOf<ShardReport> {
//     static constexpr std::string_view kName = "shard";
//     static void Each(auto& visit, auto& shard) {
//       visit("index", shard.index, "from 1");
//       visit("count", shard.count, "shards of the run");
//     }
//   };
//
// A field may be a bool, an integer, a double, a text, a Json, an enum with JsonNamesOf, another
// such struct, or an optional, vector or map of these. An absent optional is left out. A double
// that is not finite becomes null, and the object says which: "nonfinite": {"max_abs": "nan",
// "samples/3": "inf"}.
#ifndef DELTAGAUGE_HARNESS_REPORT_REPORT_BINDING_H_
#define DELTAGAUGE_HARNESS_REPORT_REPORT_BINDING_H_

#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "harness/base/nearest_name.h"
#include "harness/kernel/case.h"  // NamedValue
#include "harness/report/json.h"
#include "reference/input_error.h"

namespace deltagauge {

inline constexpr std::string_view kNonFinite = "nonfinite";

template <typename Type>
struct FieldsOf;

template <typename Type>
concept Described = requires {
  FieldsOf<Type>::kName;
};

// The values of an enum with their names in JSON.
template <typename Enum>
std::span<const NamedValue<Enum>> JsonNamesOf();

template <typename Type>
struct IsOptional : std::false_type {};
template <typename Type>
struct IsOptional<std::optional<Type>> : std::true_type {};
template <typename Type>
struct IsVector : std::false_type {};
template <typename Type>
struct IsVector<std::vector<Type>> : std::true_type {};
template <typename Type>
struct IsMap : std::false_type {};
template <typename Type, typename Less>
struct IsMap<std::map<std::string, Type, Less>> : std::true_type {};

template <typename Type>
Json ToJson(const Type& value);

class FieldWriter {
 public:
  template <typename Type>
  void operator()(std::string_view name, const Type& value, std::string_view /*meaning*/) {
    if constexpr (IsOptional<Type>::value) {
      if (value) object_[name] = Value(*value, name);
    } else {
      object_[name] = Value(value, name);
    }
  }

  Json Take() {
    if (!non_finite_.IsNull()) object_[kNonFinite] = std::move(non_finite_);
    return std::move(object_);
  }

 private:
  template <typename Type>
  Json Value(const Type& value, std::string_view path) {
    if constexpr (std::same_as<Type, double>) {
      if (std::isfinite(value)) return Json(value);
      non_finite_[path] = std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
      return Json();
    } else if constexpr (IsVector<Type>::value) {
      Json array = Json::MakeArray();
      for (size_t i = 0; i < value.size(); ++i) {
        array.Append(Value(value[i], std::string(path) + "/" + std::to_string(i)));
      }
      return array;
    } else if constexpr (IsMap<Type>::value) {
      Json object = Json::MakeObject();
      for (const auto& [name, element] : value) {
        object[name] = Value(element, std::string(path) + "/" + name);
      }
      return object;
    } else {
      return ToJson(value);
    }
  }

  Json object_ = Json::MakeObject();
  Json non_finite_;
};

template <typename Type>
Json ToJson(const Type& value) {
  if constexpr (Described<Type>) {
    FieldWriter writer;
    FieldsOf<Type>::Each(writer, value);
    return writer.Take();
  } else if constexpr (std::is_enum_v<Type>) {
    for (const auto& [known, name] : JsonNamesOf<Type>()) {
      if (known == value) return Json(name);
    }
    throw std::logic_error("an enum of a report has a value without a name");
  } else {
    return Json(value);
  }
}

// Where a reader is, as a chain of the places that it came through: text is made of it only for an
// error. A place must not outlive the one that it was made of.
class JsonPlace {
 public:
  JsonPlace() = default;
  JsonPlace Member(std::string_view name) const { return JsonPlace(this, name, 0); }
  JsonPlace Element(size_t index) const { return JsonPlace(this, {}, index); }

  JsonPointer Pointer() const {
    if (parent_ == nullptr) return JsonPointer();
    return name_.data() != nullptr ? parent_->Pointer().Member(name_)
                                   : parent_->Pointer().Element(index_);
  }

 private:
  JsonPlace(const JsonPlace* parent, std::string_view name, size_t index)
      : parent_(parent), name_(name), index_(index) {}

  const JsonPlace* parent_ = nullptr;
  std::string_view name_;  // without data: an element
  size_t index_ = 0;
};

// What a reader does with members that it doesn't know.
enum class UnknownMembers : uint8_t { kRefuse, kIgnore };

struct ReadContext {
  std::string_view where;  // names the source
  UnknownMembers unknown = UnknownMembers::kRefuse;

  [[noreturn]] void Refuse(const JsonPlace& at, const std::string& what,
                           const std::string& hint = {}) const {
    throw reference::InputError(std::string(where) + "#" + at.Pointer().text(), what, hint);
  }
};

template <typename Type>
void FromJson(const Json& json, const JsonPlace& at, const ReadContext& context, Type* value);

class FieldReader {
 public:
  // Both must outlive the reader. Throws InputError if `json` is no object.
  FieldReader(const Json& json, const JsonPlace& at, const ReadContext& context)
      : json_(json), at_(at), context_(context) {
    if (!json.IsObject()) {
      context.Refuse(at, "expected an object, found " + std::string(json.TypeName()));
    }
    known_.reserve(kTypicalFields);
    non_finite_ = json.Find(kNonFinite);
    if (non_finite_ != nullptr && !non_finite_->IsObject()) {
      context.Refuse(at.Member(kNonFinite), "expected an object");
    }
  }

  template <typename Type>
  void operator()(std::string_view name, Type& value, std::string_view /*meaning*/) {
    known_.push_back(name);
    const Json* member = json_.Find(name);
    if constexpr (IsOptional<Type>::value) {
      value.reset();
      if (member == nullptr) return;
      Read(*member, at_.Member(name), name, &value.emplace());
    } else {
      if (member == nullptr) context_.Refuse(at_, "'" + std::string(name) + "' is missing");
      Read(*member, at_.Member(name), name, &value);
    }
  }

  // After all fields.
  void Finish() const {
    if (non_finite_ != nullptr && non_finite_->AsObject().size() != non_finite_used_) {
      context_.Refuse(at_.Member(kNonFinite), "names something that is not null");
    }
    if (context_.unknown == UnknownMembers::kIgnore) return;
    for (const auto& [name, value] : json_.AsObject()) {
      if (name == kNonFinite) continue;
      bool is_known = false;
      for (const std::string_view known : known_) is_known = is_known || known == name;
      if (!is_known) {
        context_.Refuse(at_.Member(name), "unknown member '" + name + "'", NameHint(name, known_));
      }
    }
  }

 private:
  template <typename Type>
  void Read(const Json& json, const JsonPlace& at, std::string_view path, Type* value) {
    if constexpr (std::same_as<Type, double>) {
      ReadDouble(json, at, path, value);
    } else if constexpr (IsVector<Type>::value) {
      if (!json.IsArray()) {
        context_.Refuse(at, "expected an array, found " + std::string(json.TypeName()));
      }
      value->clear();
      value->reserve(json.AsArray().size());
      for (size_t i = 0; i < json.AsArray().size(); ++i) {
        typename Type::value_type element{};
        Read(json.AsArray()[i], at.Element(i), ElementPath(path, i), &element);
        value->push_back(std::move(element));
      }
    } else if constexpr (IsMap<Type>::value) {
      if (!json.IsObject()) {
        context_.Refuse(at, "expected an object, found " + std::string(json.TypeName()));
      }
      value->clear();
      for (const auto& [name, member] : json.AsObject()) {
        Read(member, at.Member(name), MemberPath(path, name), &(*value)[name]);
      }
    } else {
      FromJson(json, at, context_, value);
    }
  }

  // Paths are looked up among the numbers that are not finite, which most objects have none of.
  std::string ElementPath(std::string_view path, size_t index) const {
    return non_finite_ == nullptr ? std::string() : std::string(path) + "/" + std::to_string(index);
  }
  std::string MemberPath(std::string_view path, const std::string& name) const {
    return non_finite_ == nullptr ? std::string() : std::string(path) + "/" + name;
  }

  void ReadDouble(const Json& json, const JsonPlace& at, std::string_view path, double* value) {
    const Json* kind = non_finite_ == nullptr ? nullptr : non_finite_->Find(path);
    if (json.IsNumber() && kind == nullptr) {
      *value = json.AsDouble();
      return;
    }
    if (!json.IsNull()) {
      context_.Refuse(at, "expected a number, found " + std::string(json.TypeName()));
    }
    if (kind == nullptr)
      context_.Refuse(at, "null, and 'nonfinite' does not say what it stands for");
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    if (*kind == Json("nan")) {
      *value = std::numeric_limits<double>::quiet_NaN();
    } else if (*kind == Json("inf")) {
      *value = kInfinity;
    } else if (*kind == Json("-inf")) {
      *value = -kInfinity;
    } else {
      context_.Refuse(at_.Member(kNonFinite).Member(path), "expected nan, inf or -inf");
    }
    ++non_finite_used_;
  }

  static constexpr size_t kTypicalFields = 32;

  const Json& json_;
  JsonPlace at_;
  const ReadContext& context_;
  const Json* non_finite_ = nullptr;
  size_t non_finite_used_ = 0;
  std::vector<std::string_view> known_;
};

// Integers, checked for the range of their type.
template <std::integral Integer>
void IntegerFromJson(const Json& json, const JsonPlace& at, const ReadContext& context,
                     Integer* value) {
  if (!json.IsInteger()) {
    context.Refuse(at, "expected an integer, found " + std::string(json.TypeName()));
  }
  const bool fits = json.FitsInt64() ? std::in_range<Integer>(json.AsInt64())
                                     : std::in_range<Integer>(json.AsUint64());
  if (!fits) context.Refuse(at, "this integer is out of range");
  *value = json.FitsInt64() ? static_cast<Integer>(json.AsInt64())
                            : static_cast<Integer>(json.AsUint64());
}

template <typename Type>
void FromJson(const Json& json, const JsonPlace& at, const ReadContext& context, Type* value) {
  if constexpr (Described<Type>) {
    FieldReader reader(json, at, context);
    FieldsOf<Type>::Each(reader, *value);
    reader.Finish();
  } else if constexpr (std::is_enum_v<Type>) {
    std::vector<std::string_view> names;
    for (const auto& [known, name] : JsonNamesOf<Type>()) {
      if (json == Json(name)) {
        *value = known;
        return;
      }
      names.push_back(name);
    }
    const std::string word = json.IsString() ? json.AsString() : std::string(json.TypeName());
    context.Refuse(at, "unknown value '" + word + "'", NameHint(word, names));
  } else if constexpr (std::same_as<Type, bool>) {
    if (!json.IsBool()) {
      context.Refuse(at, "expected true or false, found " + std::string(json.TypeName()));
    }
    *value = json.AsBool();
  } else if constexpr (std::integral<Type>) {
    IntegerFromJson(json, at, context, value);
  } else if constexpr (std::same_as<Type, std::string>) {
    if (!json.IsString()) {
      context.Refuse(at, "expected a string, found " + std::string(json.TypeName()));
    }
    *value = json.AsString();
  } else {
    static_assert(std::same_as<Type, Json>, "a field of a type that this header doesn't know");
    *value = json;
  }
}

// JSON schema (draft 2020-12) of described structs, each once in `definitions`.
class SchemaWriter {
 public:
  explicit SchemaWriter(Json* definitions) : definitions_(definitions) {}

  template <typename Type>
  void operator()(std::string_view name, Type& /*value*/, std::string_view meaning) {
    if constexpr (IsOptional<Type>::value) {
      properties_[name] = Of<typename Type::value_type>();
    } else {
      properties_[name] = Of<Type>();
      required_.Append(name);
    }
    if (!meaning.empty()) properties_[name]["description"] = meaning;
    has_double_ = has_double_ || HasDouble<Type>();
  }

  // The schema of a struct, by reference.
  template <Described Type>
  Json Reference() {
    const std::string name(FieldsOf<Type>::kName);
    if (definitions_->Find(name) == nullptr) {
      (*definitions_)[name] = Json();  // stops a struct that contains itself
      (*definitions_)[name] = Object<Type>();
    }
    return Json::MakeObject({{"$ref", "#/$defs/" + name}});
  }

  template <Described Type>
  Json Object() {
    SchemaWriter fields(definitions_);
    Type value;
    FieldsOf<Type>::Each(fields, value);
    return fields.Take();
  }

 private:
  template <typename Type>
  static constexpr bool HasDouble() {
    if constexpr (IsOptional<Type>::value || IsVector<Type>::value) {
      return HasDouble<typename Type::value_type>();
    } else if constexpr (IsMap<Type>::value) {
      return HasDouble<typename Type::mapped_type>();
    } else {
      return std::same_as<Type, double>;
    }
  }

  template <typename Type>
  Json Of() {
    if constexpr (Described<Type>) {
      return Reference<Type>();
    } else if constexpr (IsVector<Type>::value) {
      return Json::MakeObject({{"type", "array"}, {"items", Of<typename Type::value_type>()}});
    } else if constexpr (IsMap<Type>::value) {
      return Json::MakeObject(
          {{"type", "object"}, {"additionalProperties", Of<typename Type::mapped_type>()}});
    } else if constexpr (std::is_enum_v<Type>) {
      Json names = Json::MakeArray();
      for (const auto& [value, name] : JsonNamesOf<Type>()) names.Append(name);
      return Json::MakeObject({{"enum", std::move(names)}});
    } else if constexpr (std::same_as<Type, double>) {
      return Json::MakeObject({{"type", Json::Array{"number", "null"}}});
    } else if constexpr (std::same_as<Type, bool>) {
      return Json::MakeObject({{"type", "boolean"}});
    } else if constexpr (std::integral<Type>) {
      Json schema = Json::MakeObject({{"type", "integer"}});
      if constexpr (std::is_unsigned_v<Type>) schema["minimum"] = 0;
      return schema;
    } else if constexpr (std::same_as<Type, std::string>) {
      return Json::MakeObject({{"type", "string"}});
    } else {
      static_assert(std::same_as<Type, Json>, "a field of a type that this header doesn't know");
      return Json::MakeObject();
    }
  }

  Json Take() {
    if (has_double_) {
      properties_[kNonFinite] = Json::MakeObject(
          {{"type", "object"},
           {"additionalProperties",
            Json::MakeObject({{"enum", Json::Array{"nan", "inf", "-inf"}}})},
           {"description", "what the nulls among this object's numbers stand for, by their path"}});
    }
    Json schema = Json::MakeObject({{"type", "object"},
                                    {"properties", std::move(properties_)},
                                    {"additionalProperties", false}});
    if (!required_.AsArray().empty()) schema["required"] = std::move(required_);
    return schema;
  }

  Json* definitions_;
  Json properties_ = Json::MakeObject();
  Json required_ = Json::MakeArray();
  bool has_double_ = false;
};

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_REPORT_REPORT_BINDING_H_
