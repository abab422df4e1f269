// The rule in chunks of tokens. With P_i the decay from the chunk's start to token i and D_ij that
// from token j to token i:
//
//   d_i = beta_i (v_i - P_i S0^T k_i - sum_{j<i} D_ij (k_i.k_j) d_j)
//   o_i = P_i S0^T q_i + sum_{j<=i} D_ij (q_i.k_j) d_j
//   S   = P_last S0 + sum_j D_last,j k_j d_j^T
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "harness/kernel/bfloat16.h"
#include "harness/zoo/zoo_head.h"
#include "harness/zoo/zoo_loops.h"

namespace deltagauge::zoo {
namespace {

// A square of one chunk, row after row.
class Square {
 public:
  explicit Square(int64_t size) : size_(size), values_(static_cast<size_t>(size * size), 0.0f) {}
  float& At(int64_t i, int64_t j) { return values_[static_cast<size_t>(i * size_ + j)]; }
  float At(int64_t i, int64_t j) const { return values_[static_cast<size_t>(i * size_ + j)]; }
  int64_t size() const { return size_; }
  static Square Identity(int64_t size) {
    Square square(size);
    for (int64_t i = 0; i < size; ++i) square.At(i, i) = 1;
    return square;
  }
  Square Times(const Square& other) const {
    Square product(size_);
    for (int64_t i = 0; i < size_; ++i) {
      for (int64_t k = 0; k <= i; ++k) {  // both are lower triangular
        for (int64_t j = 0; j <= k; ++j) product.At(i, j) += At(i, k) * other.At(k, j);
      }
    }
    return product;
  }

 private:
  int64_t size_;
  std::vector<float> values_;
};

template <typename Real>
class ChunkRun {
 public:
  ChunkRun(Fault fault, const Form& form, Head& head)
      : fault_(fault),
        form_(form),
        head_(head),
        loops_(LoopsOf<Real>(form.instructions)),
        state_(head.state.begin(), head.state.end()),
        older_state_(state_),
        scratch_(static_cast<size_t>((kMaxWidth + 1) * head.columns)) {}

  void Run() {
    int64_t begin = 0;
    while (begin < head_.tokens) {
      const int64_t first_snapshot = std::max<int64_t>(0, head_.tokens - head_.snapshots);
      int64_t end = std::min(begin + form_.chunk, head_.tokens);
      // Tokens whose state is asked for are chunks of their own.
      if (begin >= first_snapshot) {
        end = begin + 1;
      } else {
        end = std::min(end, first_snapshot);
      }
      if (fault_ == Fault::kDropsTail && end - begin < form_.chunk) break;
      Chunk(begin, end - begin);
      const int64_t slot = head_.snapshots - head_.tokens + end - 1;
      if (slot >= 0) {
        head_.snapshot_slots[static_cast<size_t>(slot)].assign(state_.begin(), state_.end());
      }
      begin = end;
    }
    head_.state.assign(state_.begin(), state_.end());
  }

 private:
  double Decay(int64_t t) const { return head_.decay[static_cast<size_t>(t)]; }

  // Sum of log decays over (from, to], as a float32 program has it.
  double LogSum(int64_t from, int64_t to) const {
    double sum = 0;
    for (int64_t t = from + 1; t <= to; ++t) sum += head_.log_decay[static_cast<size_t>(t)];
    return sum;
  }

  float PrefixSum(int64_t begin, int64_t to) const {
    float sum = 0;
    for (int64_t t = begin; t <= to; ++t) {
      sum += std::max(static_cast<float>(head_.log_decay[static_cast<size_t>(t)]), -1000.0f);
    }
    return sum;
  }

  // The decay over (j, i]; j = begin - 1 stands for the state before the chunk.
  double Between(int64_t begin, int64_t j, int64_t i) const {
    if (form_.chunk_decay == ChunkDecay::kSums && j < i) return std::exp(LogSum(j, i));
    if (fault_ == Fault::kPrefixDifferences && j < i) {
      const float before = j < begin ? 0 : PrefixSum(begin, j);
      return double{std::exp(PrefixSum(begin, i) - before)};
    }
    if (fault_ == Fault::kNegatedExponent && j >= begin) {
      return double{std::exp(PrefixSum(begin, i)) * std::exp(-PrefixSum(begin, j))};
    }
    double product = 1;
    for (int64_t t = j + 1; t <= i; ++t) product *= Decay(t);
    return product;
  }

  void FillDecays(int64_t begin, int64_t count) {
    between_ = Square(count);
    from_start_.assign(static_cast<size_t>(count), 1.0);
    for (int64_t i = 0; i < count; ++i) {
      from_start_[static_cast<size_t>(i)] = Between(begin, begin - 1, begin + i);
      if (fault_ == Fault::kExclusiveDecay) {
        from_start_[static_cast<size_t>(i)] = Between(begin, begin - 1, begin + i - 1);
      }
      const bool fast = form_.chunk_decay == ChunkDecay::kProducts && fault_ == Fault::kNone;
      if (fast) {
        double product = 1;
        for (int64_t j = i; j >= 0; --j) {
          between_.At(i, j) = static_cast<float>(product);
          product *= Decay(begin + j);
        }
        continue;
      }
      for (int64_t j = 0; j <= i; ++j) {
        between_.At(i, j) = static_cast<float>(Between(begin, begin + j, begin + i));
      }
      if (fault_ != Fault::kMaskAfterExp) continue;
      for (int64_t j = i + 1; j < count; ++j) {
        between_.At(i, j) = 0 * std::exp(PrefixSum(begin, begin + i) - PrefixSum(begin, begin + j));
      }
    }
  }

  std::vector<Real> Read(const float* with) {
    std::vector<Real> sums(static_cast<size_t>(head_.columns));
    std::vector<Real> rounded;
    const std::vector<Real>* state = fault_ == Fault::kStaleChunkState ? &older_state_ : &state_;
    if (fault_ == Fault::kChunkStateInFloat16) {
      for (const Real x : state_) {
        rounded.push_back(static_cast<Real>(RoundToFloat16(static_cast<float>(x))));
      }
      state = &rounded;
    }
    loops_.read(form_.order, form_.width, state->data(), head_.key_dim, head_.columns, with,
                scratch_.data(), sums.data());
    return sums;
  }

  float Beta(int64_t t) const { return head_.beta[static_cast<size_t>(t)]; }

  // beta_i D_ij k_i.k_j for j < i: what the forward solve subtracts, I + this is the system.
  Square System(int64_t begin, int64_t count) const {
    Square system(count);
    for (int64_t i = 0; i < count; ++i) {
      const int64_t end = fault_ == Fault::kInverseWithDiagonal ? i + 1 : i;
      for (int64_t j = 0; j < end; ++j) {
        const float dot = loops_.dot(head_.Key(begin + i), head_.Key(begin + j), head_.key_dim);
        const float decay = fault_ == Fault::kSystemWithoutDecay ? 1.0f : between_.At(i, j);
        const float beta = Beta(begin + (fault_ == Fault::kBetaOfColumn ? j : i));
        system.At(i, j) = beta * (decay * dot);
      }
      if (fault_ != Fault::kMaskAfterExp) continue;
      for (int64_t j = i + 1; j < count; ++j) system.At(i, 0) += between_.At(i, j);
    }
    return system;
  }

  Square Inverse(const Square& system) const {
    const int64_t size = system.size();
    Square inverse = Square::Identity(size);
    if (form_.algorithm == Algorithm::kChunkDoubling) {
      // (I + A)^-1 = (I - A)(I + A^2)(I + A^4)...
      for (int64_t i = 0; i < size; ++i) {
        for (int64_t j = 0; j < i; ++j) inverse.At(i, j) = -system.At(i, j);
      }
      Square power = system;
      const int64_t last = fault_ == Fault::kTruncatedSeries ? 4 : size;
      for (int64_t degree = 2; degree < last; degree *= 2) {
        power = power.Times(power);
        Square factor = power;
        for (int64_t i = 0; i < size; ++i) factor.At(i, i) += 1;
        inverse = inverse.Times(factor);
      }
    } else {
      for (int64_t i = 0; i < size; ++i) {
        for (int64_t k = 0; k < i; ++k) {
          for (int64_t j = 0; j <= k; ++j) {
            inverse.At(i, j) -= system.At(i, k) * inverse.At(k, j);
          }
        }
      }
    }
    if (fault_ == Fault::kInverseInBFloat16) {
      for (int64_t i = 0; i < size; ++i) {
        for (int64_t j = 0; j < i; ++j) inverse.At(i, j) = RoundToBFloat16(inverse.At(i, j));
      }
    }
    return inverse;
  }

  std::vector<Real> Solve(int64_t begin, int64_t count) {
    const Square system = System(begin, count);
    std::vector<Real> d(static_cast<size_t>(count * head_.columns));
    for (int64_t i = 0; i < count; ++i) {
      const std::vector<Real> recalled = Read(head_.Key(begin + i));
      const auto decay = static_cast<Real>(from_start_[static_cast<size_t>(i)]);
      Real* const row = d.data() + i * head_.columns;
      for (int64_t v = 0; v < head_.columns; ++v) {
        row[v] = Beta(begin + i) *
                 (head_.Value(begin + i)[v] - decay * recalled[static_cast<size_t>(v)]);
      }
      for (int64_t j = 0; j < i; ++j) {
        loops_.add(row, d.data() + j * head_.columns, head_.columns,
                   -static_cast<Real>(system.At(i, j)));
      }
      if (fault_ != Fault::kInverseWithDiagonal) continue;
      for (int64_t v = 0; v < head_.columns; ++v) row[v] /= 1 + system.At(i, i);
    }
    return d;
  }

  // d = T (beta v) - (T (beta P k)) S0, with T the inverse.
  std::vector<Real> SolveByInverse(int64_t begin, int64_t count) {
    const Square inverse = Inverse(System(begin, count));
    std::vector<Real> d(static_cast<size_t>(count * head_.columns));
    for (int64_t i = 0; i < count; ++i) {
      std::vector<float> w(static_cast<size_t>(head_.key_dim));
      Real* const row = d.data() + i * head_.columns;
      for (int64_t j = 0; j <= i; ++j) {
        const float factor = inverse.At(i, j) * Beta(begin + j);
        double decay = from_start_[static_cast<size_t>(j)];
        if (fault_ == Fault::kKeysDecayedTwice) decay *= decay;
        const float key_factor = factor * static_cast<float>(decay);
        for (int64_t k = 0; k < head_.key_dim; ++k) {
          w[static_cast<size_t>(k)] += key_factor * head_.Key(begin + j)[k];
        }
        for (int64_t v = 0; v < head_.columns; ++v) row[v] += factor * head_.Value(begin + j)[v];
      }
      const std::vector<Real> recalled = Read(w.data());
      for (int64_t v = 0; v < head_.columns; ++v) row[v] -= recalled[static_cast<size_t>(v)];
    }
    return d;
  }

  void WriteOutputs(int64_t begin, int64_t count, const std::vector<Real>& d) {
    for (int64_t i = 0; i < count; ++i) {
      std::vector<Real> row = Read(head_.Query(begin + i));
      for (Real& x : row) x *= static_cast<Real>(from_start_[static_cast<size_t>(i)]);
      const int64_t end = fault_ == Fault::kOutputWithoutDiagonal ? i : i + 1;
      for (int64_t j = 0; j < end; ++j) {
        const float dot = loops_.dot(head_.Query(begin + i), head_.Key(begin + j), head_.key_dim);
        loops_.add(row.data(), d.data() + j * head_.columns, head_.columns,
                   static_cast<Real>(between_.At(i, j)) * static_cast<Real>(dot));
      }
      for (int64_t v = 0; v < head_.columns; ++v) {
        head_.Output(begin + i)[v] =
            static_cast<float>(row[static_cast<size_t>(v)] * head_.output_scale);
      }
    }
  }

  float ToEnd(int64_t begin, int64_t count, int64_t j) const {
    const int64_t last = count - 1;
    if (fault_ == Fault::kWritesWithoutDecay) return 1;
    if (fault_ == Fault::kDecayToEndAsRatio) {
      return std::exp(PrefixSum(begin, begin + last)) / std::exp(PrefixSum(begin, begin + j));
    }
    if (fault_ == Fault::kTailDecayFromPadding && count < form_.chunk) {
      return std::exp(-PrefixSum(begin, begin + j));
    }
    return between_.At(last, j);
  }

  void WriteState(int64_t begin, int64_t count, const std::vector<Real>& d) {
    double decay = from_start_[static_cast<size_t>(count - 1)];
    const bool partial = count < form_.chunk;
    if (fault_ == Fault::kCarryWithoutDecay) decay = 1;
    if (fault_ == Fault::kTailDecayFromPadding && partial) decay = 1;
    older_state_ = state_;
    for (int64_t j = 0; j < count; ++j) {
      std::vector<float> key(head_.Key(begin + j), head_.Key(begin + j) + head_.key_dim);
      const float to_end = ToEnd(begin, count, j);
      for (float& x : key) x *= to_end;
      loops_.update(state_.data(), head_.key_dim, head_.columns,
                    j == 0 ? static_cast<Real>(decay) : Real{1}, key.data(),
                    d.data() + j * head_.columns);
    }
    if (fault_ == Fault::kPadsDecay && partial) {
      const double pads = std::pow(Decay(begin + count - 1), form_.chunk - count);
      loops_.scale(state_.data(), static_cast<int64_t>(state_.size()), static_cast<Real>(pads));
    }
  }

  void Chunk(int64_t begin, int64_t count) {
    FillDecays(begin, count);
    const bool solve = form_.algorithm == Algorithm::kChunkSolve;
    const std::vector<Real> d = solve ? Solve(begin, count) : SolveByInverse(begin, count);
    WriteOutputs(begin, count, d);
    WriteState(begin, count, d);
  }

  const Fault fault_;
  const Form& form_;
  Head& head_;
  const Loops<Real>& loops_;
  std::vector<Real> state_;
  std::vector<Real> older_state_;
  std::vector<double> scratch_;
  Square between_{0};               // decays between tokens of the chunk
  std::vector<double> from_start_;  // decays from the chunk's start
};

}  // namespace

void RunHeadInChunks(Fault fault, const Form& form, Head& head) {
  if (form.state == Precision::kFloat64) {
    ChunkRun<double>(fault, form, head).Run();
  } else {
    ChunkRun<float>(fault, form, head).Run();
  }
}

}  // namespace deltagauge::zoo
