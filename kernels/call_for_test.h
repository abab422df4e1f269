// A valid small call on memory of its own, for tests to run or to spoil.
#ifndef DELTAGAUGE_KERNELS_CALL_FOR_TEST_H_
#define DELTAGAUGE_KERNELS_CALL_FOR_TEST_H_

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

#include "kernels/gated_delta_rule.h"

namespace deltagauge {

struct CallForTest {
  static constexpr int64_t kTokens = 6;
  static constexpr int64_t kKeyHeads = 2;
  static constexpr int64_t kValueHeads = 4;
  static constexpr int64_t kKeyDim = 5;
  static constexpr int64_t kValueDim = 7;
  static constexpr int64_t kState = kKeyDim * kValueDim;

  std::vector<float> query, key, value, decay, beta, initial, output, final_state, snapshots;
  std::vector<unsigned char> memory;
  GatedDeltaRuleArgs args;

  explicit CallForTest(int64_t sequences = 2)
      : query(Fill(sequences * kTokens * kKeyHeads * kKeyDim, 0.3f)),
        key(Fill(sequences * kTokens * kKeyHeads * kKeyDim, 0.2f)),
        value(Fill(sequences * kTokens * kValueHeads * kValueDim, 1.0f)),
        decay(Fill(sequences * kTokens * kValueHeads, -0.1f)),
        beta(Fill(sequences * kTokens * kValueHeads, 0.5f)),
        initial(Fill(sequences * kValueHeads * kState, 0.1f)),
        output(Fill(sequences * kTokens * kValueHeads * kValueDim, -7.0f)),
        final_state(Fill(sequences * kValueHeads * kState, -7.0f)),
        snapshots(Fill(sequences * kValueHeads * kState * 2, -7.0f)),
        memory(2 * kWorkspaceBytesPerThread + kWorkspaceAlignment) {
    args.num_sequences = sequences;
    args.num_tokens = kTokens;
    args.key_heads = kKeyHeads;
    args.value_heads = kValueHeads;
    args.key_dim = kKeyDim;
    args.value_dim = kValueDim;
    const Strides keys = {kTokens * kKeyHeads * kKeyDim, kKeyHeads * kKeyDim, kKeyDim};
    const Strides values = {kTokens * kValueHeads * kValueDim, kValueHeads * kValueDim, kValueDim};
    const Strides gates = {kTokens * kValueHeads, kValueHeads, 1};
    const StateStrides states = {kValueHeads * kState, kState, kValueDim};
    args.query = {query.data(), keys};
    args.key = {key.data(), keys};
    args.value = {value.data(), values};
    args.decay = {decay.data(), gates};
    args.beta = {beta.data(), gates};
    args.initial_state = {initial.data(), states};
    args.output = {output.data(), values};
    args.final_state = {final_state.data(), states};
    args.snapshots = {snapshots.data(), {2 * kValueHeads * kState, 2 * kState, kValueDim}};
    args.num_snapshots = 2;
    args.snapshot_stride = kState;
  }

  Workspace workspace() {
    void* data = memory.data();
    size_t space = memory.size();
    std::align(kWorkspaceAlignment, kWorkspaceBytesPerThread, data, space);
    return {data, kWorkspaceBytesPerThread};
  }

  Status Run() {
    SerialFor serial;
    return GatedDeltaRule(args, workspace(), serial);
  }

  // Nothing that a call may write has been written.
  bool IsUntouched() const {
    for (const auto* written : {&output, &final_state, &snapshots}) {
      for (size_t i = 0; i < written->size(); ++i) {
        if ((*written)[i] != FillValue(i, -7.0f)) return false;
      }
    }
    return true;
  }

 private:
  static float FillValue(size_t i, float x) {
    return x * (1.0f + 0.01f * static_cast<float>(i % 7));
  }

  static std::vector<float> Fill(int64_t size, float x) {
    std::vector<float> out(static_cast<size_t>(size));
    for (size_t i = 0; i < out.size(); ++i) out[i] = FillValue(i, x);
    return out;
  }
};

}  // namespace deltagauge

#endif  // DELTAGAUGE_KERNELS_CALL_FOR_TEST_H_
