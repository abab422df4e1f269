// Compiled without floating-point contraction: a fused multiply-add would give other bits.
#include "harness/kernel/inputs.h"

#include <bit>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>

#include "harness/kernel/bfloat16.h"

namespace deltagauge {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

// A random function of (seed, stream, index): the finaliser of SplitMix64 over a Weyl sequence.
class Generator {
 public:
  Generator(uint64_t seed, uint64_t stream) : key_(Mix(Mix(seed + kWeyl) + stream * kWeyl)) {}

  // In [0, 1), a multiple of 2^-53.
  double Uniform(int64_t index, uint64_t draw = 0) const {
    const uint64_t counter = static_cast<uint64_t>(index) * 8 + draw;
    return static_cast<double>(Mix(key_ + (counter + 1) * kWeyl) >> 11) * 0x1p-53;
  }
  double Between(int64_t index, double low, double high) const {
    return low + Uniform(index) * (high - low);
  }
  // Bell-shaped, mean 0, variance 1, within +-3.5: the sum of four uniform numbers.
  double Bell(int64_t index) const {
    const double sum =
        (Uniform(index, 0) + Uniform(index, 1)) + (Uniform(index, 2) + Uniform(index, 3));
    return (sum - 2.0) * 1.7320508075688772;  // sqrt(3): four uniforms have variance 4/12
  }

 private:
  static constexpr uint64_t kWeyl = 0x9e3779b97f4a7c15u;  // 2^64 / golden ratio

  static uint64_t Mix(uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
  }

  uint64_t key_;
};

enum Stream : uint64_t { kQuery = 1, kKey, kValue, kDecay, kBeta, kState, kDirection };

void Normalize(std::span<double> row) {
  double sum = 0;
  for (const double x : row) sum += x * x;
  const double norm = std::sqrt(sum);
  if (norm == 0) return;
  for (double& x : row) x /= norm;
}

void BellRow(const Generator& generator, int64_t row_index, std::span<double> row) {
  const auto size = static_cast<int64_t>(row.size());
  for (int64_t i = 0; i < size; ++i) {
    row[static_cast<size_t>(i)] = generator.Bell(row_index * size + i);
  }
}

// The K orthonormal columns of a Householder reflection: dense, and orthogonal for any K.
void OrthogonalRow(const Generator& generator, int64_t head_row, int64_t column,
                   std::span<double> row) {
  BellRow(generator, head_row, row);
  Normalize(row);
  const double mirror = 2.0 * row[static_cast<size_t>(column)];
  for (double& x : row) x = -(mirror * x);
  row[static_cast<size_t>(column)] += 1.0;
}

// Where one row of a tensor belongs. Regimes that follow a head over time (equal keys, ...) draw
// from `head_row`, the number of the head over all sequences.
struct RowPlace {
  int64_t row;
  int64_t head_row;
  int64_t head;
  int64_t token;
};

class InputMaker {
 public:
  explicit InputMaker(const KernelCase& c) : case_(c), offsets_(c) {}

  CaseInputs Make() const {
    CaseInputs inputs;
    const auto fill = [this](int64_t heads, int64_t dim, auto row_of) {
      return Rows(heads, dim, row_of);
    };
    using Row = std::span<double>;
    inputs.query = fill(case_.key_heads, case_.key_dim,
                        [this](const RowPlace& at, Row row) { Query(at, row); });
    inputs.key =
        fill(case_.key_heads, case_.key_dim, [this](const RowPlace& at, Row row) { Key(at, row); });
    inputs.value = fill(case_.value_heads, case_.value_dim,
                        [this](const RowPlace& at, Row row) { Value(at, row); });
    inputs.decay =
        fill(case_.value_heads, 1, [this](const RowPlace& at, Row row) { row[0] = Decay(at); });
    inputs.beta =
        fill(case_.value_heads, 1, [this](const RowPlace& at, Row row) { row[0] = Beta(at); });
    if (case_.state != StateRegime::kNone) inputs.initial_state = State();
    if (case_.data_type == DataType::kBFloat16) {
      for (auto* tensor : {&inputs.query, &inputs.key, &inputs.value}) {
        for (float& x : *tensor) x = RoundToBFloat16(x);
      }
    }
    return inputs;
  }

 private:
  template <typename RowOf>
  std::vector<float> Rows(int64_t heads, int64_t dim, const RowOf& row_of) const {
    std::vector<float> tensor;
    tensor.reserve(static_cast<size_t>(offsets_.TotalTokens() * heads * dim));
    std::vector<double> row(static_cast<size_t>(dim));
    for (int64_t s = 0; s < offsets_.NumSequences(); ++s) {
      for (int64_t h = 0; h < heads; ++h) {
        for (int64_t t = 0; t < offsets_.Length(s); ++t) {
          row_of(RowPlace{offsets_.Row(s, heads, h, t), s * heads + h, h, t}, row);
          for (const double x : row) tensor.push_back(static_cast<float>(x));
        }
      }
    }
    return tensor;
  }

  // Length 1, unless the norm is the kernel's business.
  void Query(const RowPlace& at, std::span<double> row) const {
    BellRow(query_, at.row, row);
    if (case_.qk_norm == QkNorm::kNone) Normalize(row);
    ScaleRaw(row);
  }

  void Key(const RowPlace& at, std::span<double> row) const {
    switch (case_.keys) {
      case KeyRegime::kEqual:
        BellRow(direction_, at.head_row, row);
        break;
      case KeyRegime::kAlternating:
        BellRow(direction_, at.head_row, row);
        if (at.token % 2 == 1) {
          for (double& x : row) x = -x;
        }
        break;
      case KeyRegime::kOrthogonal:
        OrthogonalRow(direction_, at.head_row, at.token % case_.key_dim, row);
        break;
      default:
        BellRow(key_, at.row, row);
    }
    if (case_.qk_norm == QkNorm::kNone) Normalize(row);
    if (case_.keys == KeyRegime::kZero && at.token % 3 == 1) {
      for (double& x : row) x = 0.0;
    }
    if (case_.keys == KeyRegime::kLong) {
      for (double& x : row) x *= 1.25;
    }
    ScaleRaw(row);
  }

  // Small: sum(x^2) is about K * 1e-8, of the order of the usual epsilon of 1e-6.
  void ScaleRaw(std::span<double> row) const {
    if (case_.keys != KeyRegime::kHuge && case_.keys != KeyRegime::kSmall) return;
    const double factor = case_.keys == KeyRegime::kHuge ? 1e18 / 3.5 : 1e-4;
    for (double& x : row) x *= factor;
  }

  void Value(const RowPlace& at, std::span<double> row) const {
    const double unit = case_.state == StateRegime::kTiny ? 0x1p-130 : 1.0;
    BellRow(value_, at.row, row);
    for (double& x : row) x = (x * 0.5 + 0.25) * unit;
  }

  double Decay(const RowPlace& at) const {
    const double g = LogDecay(at);
    return case_.decay_form == DecayForm::kLog ? g : ExponentialOf(g);
  }

  double LogDecay(const RowPlace& at) const {
    switch (case_.gates) {
      case GateRegime::kNone:
        return 0.0;
      case GateRegime::kLong:
        return decay_.Between(at.row, -2e-4, 0.0);
      case GateRegime::kDrift:
        return -1e-4;
      case GateRegime::kMedium:
        return decay_.Between(at.row, -0.5, -0.01);
      case GateRegime::kStrong:
        return decay_.Between(at.row, -20.0, -1e-4);
      case GateRegime::kMixed:
        if (at.head == case_.value_heads / 2) return decay_.Between(at.row, -20.0, -1e-4);
        return decay_.Between(at.row, -2e-4, 0.0);
      case GateRegime::kSpikes:
        return Spike(at, {-20.0, -60.0, -200.0, -kInf});
      case GateRegime::kReset:
        return Spike(at, {-kInf, -kInf, -kInf, -kInf});
      case GateRegime::kGrowth:
        return decay_.Between(at.row, 0.0, 0.02);
    }
    return 0.0;
  }

  // Quiet, but for a spike at every seventh token, at another phase in each head: with 7 prime to
  // all tile sizes a spike comes to lie at every place of a tile.
  double Spike(const RowPlace& at, const double (&spikes)[4]) const {
    const int64_t beat = at.token + 3 * at.head_row + 5;
    if (beat % 7 != 0) return decay_.Between(at.row, -0.02, -1e-4);
    return spikes[(beat / 7) % 4];
  }

  // e^g from multiplications alone: the series at g / 1024, then ten squarings. Good to about 1e-13
  // and the same everywhere; the decay is an input, so any value would do.
  static double ExponentialOf(double g) {
    if (g == -kInf) return 0.0;
    const double x = g / 1024.0;
    double power = 1.0 + x * (1.0 + x / 2.0 * (1.0 + x / 3.0 * (1.0 + x / 4.0 * (1.0 + x / 5.0))));
    for (int i = 0; i < 10; ++i) power *= power;
    return power;
  }

  double Beta(const RowPlace& at) const {
    const bool logit = case_.beta_form == BetaForm::kLogit;
    switch (case_.betas) {
      case BetaRegime::kUniform:
        return logit ? beta_.Between(at.row, -5.0, 5.0) : beta_.Uniform(at.row);
      case BetaRegime::kZero:
        return logit ? -kInf : 0.0;
      case BetaRegime::kOne:
        return logit ? kInf : 1.0;
      case BetaRegime::kTiny:
        return logit ? -69.0 : 1e-30;
      case BetaRegime::kTwo:
        return 2.0;
    }
    return 0.0;
  }

  std::vector<float> State() const {
    const int64_t head_size = case_.key_dim * case_.value_dim;
    const int64_t size = offsets_.NumSequences() * case_.value_heads * head_size;
    std::vector<float> state(static_cast<size_t>(size));
    for (int64_t i = 0; i < size; ++i) {
      state[static_cast<size_t>(i)] = static_cast<float>(StateElement(i));
    }
    if (case_.state == StateRegime::kNonFinite) {  // in head 0 of sequence 0
      state[0] = std::numeric_limits<float>::quiet_NaN();
      state[static_cast<size_t>(head_size - 1)] = std::numeric_limits<float>::infinity();
    }
    return state;
  }

  double StateElement(int64_t i) const {
    switch (case_.state) {
      case StateRegime::kNone:
      case StateRegime::kZero:
        return 0.0;
      case StateRegime::kTiny: {
        // From 2^-126, the smallest normal number, down to 2^-149, the smallest denormal.
        double element = state_.Between(i, -0x1p-126, 0x1p-126);
        for (int64_t halvings = i % 8; halvings > 0; --halvings) element *= 0.125;
        return element;
      }
      case StateRegime::kLarge:
        return state_.Between(i, -1e6, 1e6);
      case StateRegime::kRandom:
      case StateRegime::kNonFinite:
        return state_.Between(i, -1.0, 1.0);
    }
    return 0.0;
  }

  const KernelCase& case_;
  const SequenceOffsets offsets_;
  const Generator query_{case_.seed, kQuery};
  const Generator key_{case_.seed, kKey};
  const Generator value_{case_.seed, kValue};
  const Generator decay_{case_.seed, kDecay};
  const Generator beta_{case_.seed, kBeta};
  const Generator state_{case_.seed, kState};
  const Generator direction_{case_.seed, kDirection};
};

void HashTensor(const std::vector<float>& tensor, uint64_t& hash) {
  for (const float x : tensor) {
    const uint32_t bits = std::bit_cast<uint32_t>(x);
    for (int shift = 0; shift < 32; shift += 8) {
      hash = (hash ^ ((bits >> shift) & 0xffu)) * 0x100000001b3u;
    }
  }
}

}  // namespace

SequenceOffsets::SequenceOffsets(const KernelCase& kernel_case) : first_token{0} {
  for (int64_t s = 0; s < kernel_case.NumSequences(); ++s) {
    first_token.push_back(first_token.back() + kernel_case.LengthOf(s));
  }
}

CaseInputs MakeInputs(const KernelCase& kernel_case) { return InputMaker(kernel_case).Make(); }

uint64_t HashInputs(const CaseInputs& inputs) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (const auto* tensor : {&inputs.query, &inputs.key, &inputs.value, &inputs.decay, &inputs.beta,
                             &inputs.initial_state}) {
    HashTensor(*tensor, hash);
  }
  return hash;
}

}  // namespace deltagauge
