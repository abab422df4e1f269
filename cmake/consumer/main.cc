// A call whose result is known: keys and queries are the first unit vector, beta is 1 and nothing
// decays, so each output is its token's value and the first row of the state is the last value.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "kernels/gated_delta_rule.h"
#include "kernels/targets.h"

int main() {
  constexpr int64_t kTokens = 65, kDim = 16;
  constexpr size_t kSize = kTokens * kDim;
  std::vector<float> unit(kSize, 0.0f), value(kSize), output(kSize, -1.0f);
  std::vector<float> decay(kTokens, 0.0f), beta(kTokens, 1.0f), state(kDim * kDim, -1.0f);
  for (size_t i = 0; i < kSize; ++i) {
    unit[i] = i % kDim == 0 ? 1.0f : 0.0f;
    value[i] = static_cast<float>(i % 97) - 48.0f;
  }

  deltagauge::GatedDeltaRuleArgs args;
  args.num_sequences = 1;
  args.num_tokens = kTokens;
  args.key_heads = args.value_heads = 1;
  args.key_dim = args.value_dim = kDim;
  const deltagauge::Strides rows = {kSize, kDim, kDim};
  args.query = {unit.data(), rows};
  args.key = {unit.data(), rows};
  args.value = {value.data(), rows};
  args.decay = {decay.data(), {kTokens, 1, kTokens}};
  args.beta = {beta.data(), {kTokens, 1, kTokens}};
  args.output = {output.data(), rows};
  args.final_state = {state.data(), {kDim * kDim, kDim * kDim, kDim}};

  alignas(deltagauge::kWorkspaceAlignment) static unsigned char
      memory[deltagauge::kWorkspaceBytesPerThread];
  deltagauge::SerialFor threads;
  deltagauge::RunInfo info;
  const deltagauge::Status status =
      deltagauge::GatedDeltaRule(args, {memory, sizeof(memory)}, threads, &info);
  if (!status.ok()) {
    std::fprintf(stderr, "%s\n", status.Message().c_str());
    return EXIT_FAILURE;
  }
  for (size_t i = 0; i < kSize; ++i) {
    if (output[i] != value[i]) return EXIT_FAILURE;
  }
  for (size_t i = 0; i < kDim; ++i) {
    if (state[i] != value[kSize - kDim + i]) return EXIT_FAILURE;
  }
  std::printf("consumer: right on %s\n", info.target);
  return EXIT_SUCCESS;
}
