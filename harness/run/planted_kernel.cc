#include "harness/run/planted_kernel.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <stdexcept>
#include <vector>

#include "harness/kernel/bfloat16.h"
#include "kernels/gated_delta_rule.h"

namespace deltagauge {
namespace {

constexpr int64_t kChunk = 64;

// A gate laid out anew, so that it can be changed: [B, T, Hv].
class GateCopy {
 public:
  GateCopy(const GatedDeltaRuleArgs& args, const GateTensor& gate)
      : tokens_(args.num_tokens), heads_(args.value_heads) {
    for (int64_t s = 0; s < args.num_sequences; ++s) {
      for (int64_t t = 0; t < tokens_; ++t) {
        for (int64_t h = 0; h < heads_; ++h) {
          values_.push_back(gate.data[s * gate.strides.sequence + t * gate.strides.token +
                                      h * gate.strides.head]);
        }
      }
    }
  }
  float& At(int64_t s, int64_t t, int64_t h) {
    return values_[static_cast<size_t>((s * tokens_ + t) * heads_ + h)];
  }
  GateTensor View() const {
    return {values_.data(), {.sequence = tokens_ * heads_, .token = heads_, .head = 1}};
  }

 private:
  int64_t tokens_;
  int64_t heads_;
  std::vector<float> values_;
};

// visit(s, t, h) for each token of each value head.
template <typename Visit>
void EachToken(const GatedDeltaRuleArgs& args, const Visit& visit) {
  for (int64_t s = 0; s < args.num_sequences; ++s) {
    for (int64_t t = 0; t < args.num_tokens; ++t) {
      for (int64_t h = 0; h < args.value_heads; ++h) visit(s, t, h);
    }
  }
}

void ScaleOutputRow(const GatedDeltaRuleArgs& args, int64_t s, int64_t t, int64_t h, float by) {
  const Strides& strides = args.output.strides;
  const int64_t begin = s * strides.sequence + t * strides.token + h * strides.head;
  for (int64_t v = begin; v < begin + args.value_dim; ++v) {
    if (args.data_type == DataType::kFloat32) {
      static_cast<float*>(args.output.data)[v] *= by;
    } else {
      uint16_t& bits = static_cast<uint16_t*>(args.output.data)[v];
      bits = ToBFloat16(FromBFloat16(bits) * by);
    }
  }
}

void ZeroOutput(const GatedDeltaRuleArgs& args, int64_t s, int64_t t, int64_t h, int64_t v) {
  const Strides& strides = args.output.strides;
  const int64_t at = s * strides.sequence + t * strides.token + h * strides.head + v;
  if (args.data_type == DataType::kFloat32) {
    static_cast<float*>(args.output.data)[at] = 0;
  } else {
    static_cast<uint16_t*>(args.output.data)[at] = 0;
  }
}

int64_t Rows(const GatedDeltaRuleArgs& args) {
  return args.state_layout == StateLayout::kKeyMajor ? args.key_dim : args.value_dim;
}
int64_t Columns(const GatedDeltaRuleArgs& args) {
  return args.state_layout == StateLayout::kKeyMajor ? args.value_dim : args.key_dim;
}

// change(element) for each of one head's state.
template <typename Change>
void EachOfState(const GatedDeltaRuleArgs& args, int64_t s, int64_t h, const Change& change) {
  const StateStrides& strides = args.final_state.strides;
  for (int64_t row = 0; row < Rows(args); ++row) {
    for (int64_t column = 0; column < Columns(args); ++column) {
      change(args.final_state
                 .data[s * strides.sequence + h * strides.head + row * strides.row + column]);
    }
  }
}

void ScaleFinalState(const GatedDeltaRuleArgs& args, GateCopy& decay) {
  if (args.final_state.data == nullptr) return;
  for (int64_t s = 0; s < args.num_sequences; ++s) {
    for (int64_t h = 0; h < args.value_heads; ++h) {
      const float by = std::exp(decay.At(s, args.num_tokens - 1, h));
      EachOfState(args, s, h, [&](float& x) { x *= by; });
    }
  }
}

// Tokens [begin, begin + count) of a call, states left to the caller.
GatedDeltaRuleArgs Piece(const GatedDeltaRuleArgs& args, int64_t begin, int64_t count) {
  const int64_t size = args.data_type == DataType::kFloat32 ? 4 : 2;
  GatedDeltaRuleArgs piece = args;
  piece.num_tokens = count;
  for (ConstTensor* const tensor : {&piece.query, &piece.key, &piece.value}) {
    tensor->data =
        static_cast<const std::byte*>(tensor->data) + begin * tensor->strides.token * size;
  }
  piece.output.data =
      static_cast<std::byte*>(args.output.data) + begin * args.output.strides.token * size;
  piece.decay.data += begin * args.decay.strides.token;
  piece.beta.data += begin * args.beta.strides.token;
  return piece;
}

Status InPieces(Planted fault, const GatedDeltaRuleArgs& args, Workspace workspace,
                ParallelFor& threads, RunInfo* info) {
  const int64_t rows = Rows(args), columns = Columns(args);
  std::vector<float> state(
      static_cast<size_t>(args.num_sequences * args.value_heads * rows * columns));
  const StateStrides strides = {
      .sequence = args.value_heads * rows * columns, .head = rows * columns, .row = columns};
  const int64_t step = fault == Planted::kStateReset ? kChunk : 1;
  for (int64_t begin = 0; begin < args.num_tokens; begin += step) {
    GatedDeltaRuleArgs piece = Piece(args, begin, std::min(step, args.num_tokens - begin));
    if (begin > 0) piece.initial_state = {state.data(), strides};
    if (begin > 0 && fault == Planted::kStateReset) piece.initial_state = {};
    piece.final_state = {state.data(), strides};
    const Status status = GatedDeltaRule(piece, workspace, threads, info);
    if (!status.ok()) return status;
    if (fault != Planted::kStateInBFloat16) continue;
    for (float& x : state) x = RoundToBFloat16(x);
  }
  if (args.final_state.data == nullptr) return {};
  size_t i = 0;
  for (int64_t s = 0; s < args.num_sequences; ++s) {
    for (int64_t h = 0; h < args.value_heads; ++h) {
      EachOfState(args, s, h, [&](float& x) { x = state[i++]; });
    }
  }
  return {};
}

void CheckForm(const GatedDeltaRuleArgs& args) {
  if (args.cumulative_lengths != nullptr || args.num_snapshots != 0 || args.num_tokens < 1 ||
      args.decay_form != DecayForm::kLog || args.beta_form != BetaForm::kActivated) {
    throw std::logic_error("a planted kernel can't take this call");
  }
}

Status Run(Planted fault, const GatedDeltaRuleArgs& args, Workspace workspace, ParallelFor& threads,
           RunInfo* info) {
  CheckForm(args);
  if (fault == Planted::kStateReset || fault == Planted::kStateInBFloat16) {
    return InPieces(fault, args, workspace, threads, info);
  }
  GatedDeltaRuleArgs given = args;
  GateCopy decay(args, args.decay), given_decay(args, args.decay), beta(args, args.beta);
  EachToken(args, [&](int64_t s, int64_t t, int64_t h) {
    if (fault == Planted::kGateLate && t > 0) given_decay.At(s, t, h) = decay.At(s, t - 1, h);
    // A decay after the write is the next token's decay before it; the last one is made up for.
    if (fault == Planted::kDecayAfterWrite) {
      given_decay.At(s, t, h) = t > 0 ? decay.At(s, t - 1, h) : 0;
    }
    if (fault == Planted::kBetaOne && t % kChunk == kChunk - 1) beta.At(s, t, h) = 1;
  });
  given.decay = given_decay.View();
  given.beta = beta.View();
  if (fault == Planted::kQueryScaleOff) given.scale *= 1.001f;
  const Status status = GatedDeltaRule(given, workspace, threads, info);
  if (!status.ok()) return status;
  if (fault == Planted::kDecayAfterWrite) {
    EachToken(args, [&](int64_t s, int64_t t, int64_t h) {
      ScaleOutputRow(args, s, t, h, std::exp(decay.At(s, t, h)));
    });
  }
  if (fault == Planted::kDecayAfterWrite || fault == Planted::kExtraDecay) {
    ScaleFinalState(args, decay);
  }
  if (fault == Planted::kOneElementZero) {
    for (int64_t s = 0; s < args.num_sequences; ++s) {
      ZeroOutput(args, s, args.num_tokens / 2, args.value_heads / 2, args.value_dim / 2);
    }
  }
  return {};
}

template <Planted fault>
Status Kernel(const GatedDeltaRuleArgs& args, Workspace workspace, ParallelFor& threads,
              RunInfo* info) {
  return Run(fault, args, workspace, threads, info);
}

}  // namespace

const std::array<PlantedKernel, 8>& PlantedKernels() {
  using enum Planted;
  static constexpr std::array<PlantedKernel, 8> kKernels = {{
      {kStateReset, "state_reset", &Kernel<kStateReset>},
      {kExtraDecay, "extra_decay", &Kernel<kExtraDecay>},
      {kDecayAfterWrite, "decay_after_write", &Kernel<kDecayAfterWrite>},
      {kStateInBFloat16, "state_in_bfloat16", &Kernel<kStateInBFloat16>},
      {kBetaOne, "beta_one", &Kernel<kBetaOne>},
      {kQueryScaleOff, "query_scale_off", &Kernel<kQueryScaleOff>},
      {kOneElementZero, "one_element_zero", &Kernel<kOneElementZero>},
      {kGateLate, "gate_late", &Kernel<kGateLate>},
  }};
  return kKernels;
}

}  // namespace deltagauge
