// The names of the enums in case.h, as repro lines spell them.
#include "harness/kernel/case.h"

namespace deltagauge {
namespace {

template <typename Enum>
using Name = NamedValue<Enum>;

constexpr Name<DataType> kDataTypes[] = {{DataType::kFloat32, "float32"},
                                         {DataType::kBFloat16, "bfloat16"}};

constexpr Name<GateRegime> kGateRegimes[] = {
    {GateRegime::kNone, "none"},     {GateRegime::kLong, "long"},
    {GateRegime::kDrift, "drift"},   {GateRegime::kMedium, "medium"},
    {GateRegime::kStrong, "strong"}, {GateRegime::kMixed, "mixed"},
    {GateRegime::kSpikes, "spikes"}, {GateRegime::kReset, "reset"},
    {GateRegime::kGrowth, "growth"}};

constexpr Name<KeyRegime> kKeyRegimes[] = {{KeyRegime::kUnit, "unit"},
                                           {KeyRegime::kEqual, "equal"},
                                           {KeyRegime::kAlternating, "alternating"},
                                           {KeyRegime::kOrthogonal, "orthogonal"},
                                           {KeyRegime::kZero, "zero"},
                                           {KeyRegime::kSmall, "small"},
                                           {KeyRegime::kHuge, "huge"},
                                           {KeyRegime::kLong, "long"}};

constexpr Name<BetaRegime> kBetaRegimes[] = {{BetaRegime::kUniform, "uniform"},
                                             {BetaRegime::kZero, "zero"},
                                             {BetaRegime::kOne, "one"},
                                             {BetaRegime::kTiny, "tiny"},
                                             {BetaRegime::kTwo, "two"}};

constexpr Name<StateRegime> kStateRegimes[] = {
    {StateRegime::kRandom, "random"}, {StateRegime::kNone, "none"},
    {StateRegime::kZero, "zero"},     {StateRegime::kTiny, "tiny"},
    {StateRegime::kLarge, "large"},   {StateRegime::kNonFinite, "nonfinite"}};

constexpr Name<TensorLayout> kTensorLayouts[] = {{TensorLayout::kHeadMajor, "bhtd"},
                                                 {TensorLayout::kTokenMajor, "bthd"},
                                                 {TensorLayout::kStrided, "strided"},
                                                 {TensorLayout::kUnaligned, "unaligned"}};

constexpr Name<StateLayout> kStateLayouts[] = {{StateLayout::kKeyMajor, "kv"},
                                               {StateLayout::kValueMajor, "vk"}};

constexpr Name<StatePlace> kStatePlaces[] = {{StatePlace::kOutOfPlace, "out"},
                                             {StatePlace::kInPlace, "in"},
                                             {StatePlace::kDiscarded, "discard"}};

constexpr Name<HeadMap> kHeadMaps[] = {{HeadMap::kGrouped, "grouped"}, {HeadMap::kTiled, "tiled"}};

constexpr Name<DecayForm> kDecayForms[] = {{DecayForm::kLog, "log"},
                                           {DecayForm::kExponentiated, "exp"}};

constexpr Name<BetaForm> kBetaForms[] = {{BetaForm::kActivated, "activated"},
                                         {BetaForm::kLogit, "logit"}};

constexpr Name<QkNorm> kQkNorms[] = {{QkNorm::kNone, "none"}, {QkNorm::kL2, "l2"}};

constexpr Name<CheckKind> kCheckKinds[] = {
    {CheckKind::kAccuracy, "accuracy"},   {CheckKind::kThreads, "threads"},
    {CheckKind::kPieces, "pieces"},       {CheckKind::kContagion, "contagion"},
    {CheckKind::kSnapshots, "snapshots"}, {CheckKind::kNeighbours, "neighbours"},
    {CheckKind::kInPlace, "in_place"},    {CheckKind::kLayouts, "layouts"}};

}  // namespace

template <>
std::span<const NamedValue<DataType>> NamesOf() {
  return kDataTypes;
}
template <>
std::span<const NamedValue<GateRegime>> NamesOf() {
  return kGateRegimes;
}
template <>
std::span<const NamedValue<KeyRegime>> NamesOf() {
  return kKeyRegimes;
}
template <>
std::span<const NamedValue<BetaRegime>> NamesOf() {
  return kBetaRegimes;
}
template <>
std::span<const NamedValue<StateRegime>> NamesOf() {
  return kStateRegimes;
}
template <>
std::span<const NamedValue<TensorLayout>> NamesOf() {
  return kTensorLayouts;
}
template <>
std::span<const NamedValue<StateLayout>> NamesOf() {
  return kStateLayouts;
}
template <>
std::span<const NamedValue<StatePlace>> NamesOf() {
  return kStatePlaces;
}
template <>
std::span<const NamedValue<HeadMap>> NamesOf() {
  return kHeadMaps;
}
template <>
std::span<const NamedValue<DecayForm>> NamesOf() {
  return kDecayForms;
}
template <>
std::span<const NamedValue<BetaForm>> NamesOf() {
  return kBetaForms;
}
template <>
std::span<const NamedValue<QkNorm>> NamesOf() {
  return kQkNorms;
}
template <>
std::span<const NamedValue<CheckKind>> NamesOf() {
  return kCheckKinds;
}

}  // namespace deltagauge
