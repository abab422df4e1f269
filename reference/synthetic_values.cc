// Compiled without contraction: a * b + c must round twice on every machine.
#include "reference/synthetic_values.h"

#include <bit>
#include <cmath>
#include <cstddef>

namespace deltagauge::reference {
namespace {

struct Rule {
  std::string_view ending;
  double golden_scale, golden_offset;
  double v1_scale, v1_offset;
};

constexpr Rule kRules[] = {
    {"linear_attn.norm.weight", 0.3, 1, 0.3, 1},
    {"norm.weight", 0.3, 0, 0.3, 0},
    {"A_log", 1, 1, 3, -2},
    {"dt_bias", 0.5, -1, 0.5, -1},
    {"conv1d.weight", 0.5, 0, 0.5, 0},
    {"embed_tokens.weight", 1, 0, 0.05, 0},
};

}  // namespace

uint64_t SeedOfName(std::string_view name) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : name) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  }
  return hash;
}

double UniformValue(uint64_t seed, uint64_t index) {
  uint64_t z = seed + (index + 1) * 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  z ^= z >> 31;
  // Through a signed type, which every machine converts in one instruction.
  return static_cast<double>(static_cast<int64_t>(z >> 40)) * 0x1p-23 - 1;
}

uint16_t RoundToBFloat16(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

SyntheticValues::SyntheticValues(ValueRules rules, std::string_view name,
                                 std::span<const int64_t> shape)
    : rules_(rules), seed_(SeedOfName(name)) {
  for (const Rule& rule : kRules) {
    if (!name.ends_with(rule.ending)) continue;
    scale_ = rules == ValueRules::kGolden ? rule.golden_scale : rule.v1_scale;
    offset_ = rules == ValueRules::kGolden ? rule.golden_offset : rule.v1_offset;
    return;
  }
  if (!shape.empty()) divisor_ = std::sqrt(static_cast<double>(shape.back()));
}

void SyntheticValues::Fill(int64_t first, std::span<double> values) const {
  auto index = static_cast<uint64_t>(first);
  if (rules_ == ValueRules::kGolden) {
    const auto scale = static_cast<float>(scale_ / divisor_);
    const auto offset = static_cast<float>(offset_);
    for (double& value : values) {
      value = static_cast<float>(UniformValue(seed_, index++)) * scale + offset;
    }
    return;
  }
  for (double& value : values) {
    value = UniformValue(seed_, index++) * scale_ / divisor_ + offset_;
  }
}

std::vector<float> SyntheticTensor(ValueRules rules, std::string_view name,
                                   std::span<const int64_t> shape) {
  int64_t elements = 1;
  for (const int64_t size : shape) elements *= size;
  std::vector<double> values(static_cast<size_t>(elements));
  SyntheticValues(rules, name, shape).Fill(0, values);
  std::vector<float> rounded;
  rounded.reserve(values.size());
  for (const double value : values) rounded.push_back(static_cast<float>(value));
  return rounded;
}

}  // namespace deltagauge::reference
