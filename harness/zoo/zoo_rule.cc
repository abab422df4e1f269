// The rule token by token.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "harness/kernel/bfloat16.h"
#include "harness/zoo/zoo_head.h"
#include "harness/zoo/zoo_loops.h"

namespace deltagauge::zoo {
namespace {

float SpoiltState(Fault fault, float x) {
  switch (fault) {
    case Fault::kStateInBFloat16:
      return RoundToBFloat16(x);
    case Fault::kStateInFloat16:
      return RoundToFloat16(x);
    case Fault::kLosesThreeDigits:
      return RoundToBits(x, 14);
    case Fault::kStateClamped:
      return std::clamp(x, -1e6f, 1e6f);
    case Fault::kFlushesDenormals:
      return std::abs(x) < 0x1p-126f ? 0.0f : x;
    default:
      return x;
  }
}

bool SpoilsState(Fault fault) {
  return fault == Fault::kStateInBFloat16 || fault == Fault::kStateInFloat16 ||
         fault == Fault::kLosesThreeDigits || fault == Fault::kStateClamped ||
         fault == Fault::kFlushesDenormals;
}

template <typename Real>
class TokenRun {
 public:
  TokenRun(Fault fault, const Form& form, Head& head)
      : fault_(fault),
        form_(form),
        head_(head),
        loops_(LoopsOf<Real>(form.instructions)),
        state_(head.state.begin(), head.state.end()),
        recalled_(static_cast<size_t>(head.columns)),
        read_(recalled_.size()),
        d_(recalled_.size()),
        scratch_(static_cast<size_t>((kMaxWidth + 1) * head.columns)) {}

  void Run() {
    for (int64_t t = 0; t < head_.tokens; ++t) {
      if (fault_ == Fault::kStateResetEvery64 && t > 0 && t % 64 == 0) {
        std::fill(state_.begin(), state_.end(), Real{0});
      }
      const bool last = t == head_.tokens - 1;
      if (last && fault_ == Fault::kFinalBeforeLastToken) final_ = Unscaled();
      Token(t);
      Spoil();
      const int64_t slot = head_.snapshots - head_.tokens + t;
      if (slot >= 0) head_.snapshot_slots[static_cast<size_t>(slot)] = Unscaled();
    }
    head_.state = final_.empty() ? Unscaled() : final_;
    if (fault_ == Fault::kExtraDecayOfFinalState && head_.tokens > 0) {
      for (float& x : head_.state) x *= static_cast<float>(head_.decay.back());
    }
  }

 private:
  double Decay(int64_t t) const {
    // A token counter of 8 bits.
    if (fault_ == Fault::kTokenCounterWraps) return head_.decay[static_cast<size_t>(t % 256)];
    return head_.decay[static_cast<size_t>(t)];
  }

  std::vector<float> Unscaled() const {
    std::vector<float> state;
    state.reserve(state_.size());
    for (const Real x : state_) state.push_back(static_cast<float>(x * scale_));
    return state;
  }

  void Read(const float* with, std::vector<Real>& sums) {
    loops_.read(form_.order, form_.width, state_.data(), head_.key_dim, head_.columns, with,
                scratch_.data(), sums.data());
  }

  void Spoil() {
    if (!SpoilsState(fault_)) return;
    for (Real& x : state_) x = static_cast<Real>(SpoiltState(fault_, static_cast<float>(x)));
  }

  void Token(int64_t t) {
    switch (form_.algorithm) {
      case Algorithm::kOneRead:
        return OneRead(t);
      case Algorithm::kScaledState:
        return Scaled(t);
      case Algorithm::kBetaInKey:
        return BetaInKey(t);
      default:
        return Sweeps(t);
    }
  }

  void StoreOutput(int64_t t, const std::vector<Real>& sums, double by = 1) {
    for (size_t v = 0; v < sums.size(); ++v) {
      head_.Output(t)[v] =
          static_cast<float>(static_cast<double>(sums[v]) * by * double{head_.output_scale});
    }
  }

  // The difference that is written, of what was read of the keys.
  void Difference(int64_t t, Real by) {
    const auto beta = static_cast<Real>(head_.beta[static_cast<size_t>(t)]);
    const float* const value = head_.Value(t);
    for (size_t v = 0; v < d_.size(); ++v) {
      const auto x = static_cast<Real>(value[v]);
      if (fault_ == Fault::kNoDelta) {
        d_[v] = beta * x;
      } else if (fault_ == Fault::kBetaOnValueOnly) {
        d_[v] = beta * x - by * recalled_[v];
      } else {
        d_[v] = beta * (x - by * recalled_[v]);
      }
    }
    if (fault_ == Fault::kMixesColumns) {
      Real sum = 0;
      for (const Real x : d_) sum += x;
      for (Real& x : d_) x += 0 * sum;
    }
    if (fault_ == Fault::kReadsAhead && t + 1 < head_.tokens) {
      for (size_t v = 0; v < d_.size(); ++v) d_[v] += 0 * head_.Value(t + 1)[v];
    }
  }

  void Sweeps(int64_t t) {
    const auto a = static_cast<Real>(Decay(t));
    float* const key = head_.Key(t);
    float* const query = head_.Query(t);
    if (fault_ == Fault::kRecallWithoutDecay) Read(key, recalled_);
    if (fault_ != Fault::kDecayAfterUpdate) {
      loops_.scale(state_.data(), static_cast<int64_t>(state_.size()), a);
      Spoil();
    }
    if (fault_ == Fault::kOutputReadsOldState) Read(query, read_);
    if (fault_ != Fault::kRecallWithoutDecay) Read(key, recalled_);
    Difference(t, 1);
    if (fault_ == Fault::kDropsLastLane && head_.key_dim >= 16) {
      for (int64_t k = 15; k < head_.key_dim; k += 64) key[k] = 0;
    }
    loops_.update(state_.data(), head_.key_dim, head_.columns, Real{1}, key, d_.data());
    if (fault_ == Fault::kDecayAfterUpdate) {
      loops_.scale(state_.data(), static_cast<int64_t>(state_.size()), a);
    }
    if (fault_ != Fault::kOutputReadsOldState) Read(query, read_);
    StoreOutput(t, read_);
  }

  void OneRead(int64_t t) {
    const auto a = static_cast<Real>(Decay(t));
    Read(head_.Key(t), recalled_);
    Read(head_.Query(t), read_);
    Difference(t, a);
    const auto dot = static_cast<Real>(loops_.dot(head_.Query(t), head_.Key(t), head_.key_dim));
    for (size_t v = 0; v < read_.size(); ++v) read_[v] = a * read_[v] + dot * d_[v];
    loops_.update(state_.data(), head_.key_dim, head_.columns, a, head_.Key(t), d_.data());
    StoreOutput(t, read_);
  }

  void Scaled(int64_t t) {
    scale_ *= Decay(t);
    if (!(scale_ >= 0x1p-8 && scale_ <= 1)) {
      loops_.scale(state_.data(), static_cast<int64_t>(state_.size()), static_cast<Real>(scale_));
      scale_ = 1;
    }
    Read(head_.Key(t), recalled_);
    Difference(t, static_cast<Real>(scale_));
    for (Real& x : d_) x = static_cast<Real>(static_cast<double>(x) / scale_);
    loops_.update(state_.data(), head_.key_dim, head_.columns, Real{1}, head_.Key(t), d_.data());
    Read(head_.Query(t), read_);
    StoreOutput(t, read_, scale_);
  }

  void BetaInKey(int64_t t) {
    loops_.scale(state_.data(), static_cast<int64_t>(state_.size()), static_cast<Real>(Decay(t)));
    const float beta = head_.beta[static_cast<size_t>(t)];
    std::vector<float> key(head_.Key(t), head_.Key(t) + head_.key_dim);
    for (float& x : key) x *= beta;
    Read(key.data(), recalled_);
    for (size_t v = 0; v < d_.size(); ++v) d_[v] = beta * head_.Value(t)[v] - recalled_[v];
    loops_.update(state_.data(), head_.key_dim, head_.columns, Real{1}, head_.Key(t), d_.data());
    Read(head_.Query(t), read_);
    StoreOutput(t, read_);
  }

  const Fault fault_;
  const Form& form_;
  Head& head_;
  const Loops<Real>& loops_;
  std::vector<Real> state_;
  double scale_ = 1;  // the state is scale_ * state_
  std::vector<Real> recalled_;
  std::vector<Real> read_;
  std::vector<Real> d_;
  std::vector<double> scratch_;
  std::vector<float> final_;  // of the fault that writes it too early
};

}  // namespace

void RunHead(Fault fault, const Form& form, Head& head) {
  if (form.chunk > 0) return RunHeadInChunks(fault, form, head);
  if (form.state == Precision::kFloat64) {
    TokenRun<double>(fault, form, head).Run();
  } else {
    TokenRun<float>(fault, form, head).Run();
  }
}

}  // namespace deltagauge::zoo
