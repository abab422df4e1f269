// Which of the field types of config_fields.h a type is.
#ifndef DELTAGAUGE_HARNESS_CONFIG_CONFIG_TRAITS_H_
#define DELTAGAUGE_HARNESS_CONFIG_CONFIG_TRAITS_H_

#include <concepts>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "harness/config/config_fields.h"

namespace deltagauge {

struct AnyVisitor {
  template <typename T>
  void Field(std::string_view name, T& value, const FieldSpec& spec);
  void Tolerances(std::string_view name, std::vector<Tolerance>& value, const FieldSpec& spec);
};

// A map with a table of fields.
template <typename T>
concept ConfigStruct = requires(AnyVisitor& v, T& value) {
  VisitFields(v, value);
};

template <typename T>
concept ConfigEnum = std::is_enum_v<T>;

template <typename T>
concept ConfigNumber = std::same_as<T, int> || std::same_as<T, int64_t> ||
    std::same_as<T, uint64_t> || std::same_as<T, double>;

template <typename T>
inline constexpr bool kIsList = false;
template <typename T>
inline constexpr bool kIsList<std::vector<T>> = true;

template <typename T>
inline constexpr bool kIsOptional = false;
template <typename T>
inline constexpr bool kIsOptional<std::optional<T>> = true;

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_CONFIG_CONFIG_TRAITS_H_
