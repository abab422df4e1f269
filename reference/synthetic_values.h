// The values of synthetic models. Any element of any tensor follows from the tensor's name and the
// element's row-major index alone, with integer arithmetic and exactly rounded operations only, so
// they are the same on every platform.
//
//   seed = FNV-1a 64 of the name
//   z    = splitmix64 of seed + (index + 1) * 0x9e3779b97f4a7c15
//   u    = (z >> 40) / 2^23 - 1, in [-1, 1)
//
// and a rule by the end of the name, the first that fits:
//
// | name ends in              | kGolden              | kV1                  |
// |---------------------------|----------------------|----------------------|
// | linear_attn.norm.weight   | 1 + 0.3 u            | 1 + 0.3 u            |
// | norm.weight               | 0.3 u                | 0.3 u                |
// | A_log                     | 1 + u                | 3 u - 2              |
// | dt_bias                   | 0.5 u - 1            | 0.5 u - 1            |
// | conv1d.weight             | 0.5 u                | 0.5 u                |
// | embed_tokens.weight       | u                    | 0.05 u               |
// | anything else             | 1.5 u / sqrt(last dimension) | the same     |
//
// kV1 spreads the rates exp(A_log) from e^-5 to e, so that long memory is exercised; its embedding
// is small so that a tied head doesn't simply repeat the input token.
#ifndef DELTAGAUGE_REFERENCE_SYNTHETIC_VALUES_H_
#define DELTAGAUGE_REFERENCE_SYNTHETIC_VALUES_H_

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace deltagauge::reference {

enum class ValueRules : uint8_t {
  kGolden,  // the tiny model of golden_tiny.json; arithmetic in float32
  kV1,      // full-size checkpoints; arithmetic in float64, each operation rounded by itself
};

uint64_t SeedOfName(std::string_view name);

// u of the equation above; exact in float32.
double UniformValue(uint64_t seed, uint64_t index);

// To nearest even, of a finite value. The bits of the bfloat16.
uint16_t RoundToBFloat16(float value);

// The values of one tensor before they are rounded to its type.
class SyntheticValues {
 public:
  // `name` with its prefix, as it stands in the file: "model.language_model.norm.weight".
  SyntheticValues(ValueRules rules, std::string_view name, std::span<const int64_t> shape);

  // Elements first, first + 1, ...
  void Fill(int64_t first, std::span<double> values) const;

 private:
  ValueRules rules_;
  uint64_t seed_;
  double scale_ = 1.5;
  double divisor_ = 1;
  double offset_ = 0;
};

// All of a tensor, rounded to float32.
std::vector<float> SyntheticTensor(ValueRules rules, std::string_view name,
                                   std::span<const int64_t> shape);

}  // namespace deltagauge::reference

#endif  // DELTAGAUGE_REFERENCE_SYNTHETIC_VALUES_H_
