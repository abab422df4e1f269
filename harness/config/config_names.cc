// The names of the enums in config.h, as configurations and repro lines spell them.
#include "harness/config/config.h"

namespace deltagauge {
namespace {

constexpr NamedValue<ModelDataType> kModelDataTypes[] = {{ModelDataType::kFloat32, "float32"},
                                                         {ModelDataType::kBFloat16, "bfloat16"},
                                                         {ModelDataType::kFloat64, "float64"}};

constexpr NamedValue<InvarianceKind> kInvarianceKinds[] = {{InvarianceKind::kPieces, "pieces"},
                                                           {InvarianceKind::kDecode, "decode"},
                                                           {InvarianceKind::kThreads, "threads"},
                                                           {InvarianceKind::kRepeat, "repeat"}};

constexpr NamedValue<ModelTiming> kModelTimings[] = {{ModelTiming::kPrefill, "prefill"},
                                                     {ModelTiming::kDecode, "decode"}};

constexpr NamedValue<Fallback> kFallbacks[] = {
    {Fallback::kNone, "none"}, {Fallback::kSkip, "skip"}, {Fallback::kEager, "eager"}};

constexpr NamedValue<Translation> kTranslations[] = {{Translation::kOutside, "outside"},
                                                     {Translation::kInside, "inside"}};

constexpr NamedValue<LimitSource> kLimitSources[] = {{LimitSource::kConfig, "config"},
                                                     {LimitSource::kTolerances, "tolerances"}};

}  // namespace

template <>
std::span<const NamedValue<ModelDataType>> NamesOf() {
  return kModelDataTypes;
}
template <>
std::span<const NamedValue<InvarianceKind>> NamesOf() {
  return kInvarianceKinds;
}
template <>
std::span<const NamedValue<ModelTiming>> NamesOf() {
  return kModelTimings;
}
template <>
std::span<const NamedValue<Fallback>> NamesOf() {
  return kFallbacks;
}
template <>
std::span<const NamedValue<Translation>> NamesOf() {
  return kTranslations;
}
template <>
std::span<const NamedValue<LimitSource>> NamesOf() {
  return kLimitSources;
}

}  // namespace deltagauge
