// One value head of one sequence as dense arrays: what an algorithm sees once strides, types and
// conventions are behind it. Some columns of it, where a task takes a panel.
#ifndef DELTAGAUGE_HARNESS_ZOO_ZOO_HEAD_H_
#define DELTAGAUGE_HARNESS_ZOO_ZOO_HEAD_H_

#include <cstdint>
#include <vector>

#include "harness/zoo/zoo_fault.h"
#include "harness/zoo/zoo_form.h"
#include "kernels/gated_delta_rule.h"

namespace deltagauge::zoo {

struct HeadPlace {
  int64_t sequence = 0;
  int64_t value_head = 0;
  int64_t first_column = 0;
  int64_t columns = 0;
};

struct Head {
  int64_t tokens = 0;
  int64_t key_dim = 0;
  int64_t columns = 0;
  int64_t snapshots = 0;
  std::vector<float> query;       // [tokens, key_dim], normed and scaled
  std::vector<float> key;         // [tokens, key_dim], normed
  std::vector<float> value;       // [tokens, columns]
  std::vector<double> log_decay;  // [tokens]
  std::vector<double> decay;      // [tokens]
  std::vector<float> beta;        // [tokens]
  float output_scale = 1;
  std::vector<float> state;   // [key_dim, columns]: first the initial, then the final one
  std::vector<float> output;  // [tokens, columns]
  std::vector<std::vector<float>> snapshot_slots;  // those after a token; the others stay empty

  float* Query(int64_t t) { return query.data() + t * key_dim; }
  float* Key(int64_t t) { return key.data() + t * key_dim; }
  float* Value(int64_t t) { return value.data() + t * columns; }
  float* Output(int64_t t) { return output.data() + t * columns; }
};

// Tokens of a sequence, and the first of them on the token axis.
struct TokenRange {
  int64_t first = 0;
  int64_t count = 0;
};
TokenRange TokensOf(const GatedDeltaRuleArgs& args, Fault fault, int64_t sequence);

// Rows and state as they lie in memory, in `head`; nothing is converted yet but bfloat16.
void LoadHead(const GatedDeltaRuleArgs& args, Fault fault, const HeadPlace& place, Head& head);

// Norm, scale, beta and decay, as the call's conventions say.
void ConvertHead(const GatedDeltaRuleArgs& args, Fault fault, const Form& form,
                 const HeadPlace& place, Head& head);

// Output, final state and snapshots back into memory.
void StoreHead(const GatedDeltaRuleArgs& args, Fault fault, const HeadPlace& place, Head& head);

// `bits` significant bits, to nearest even. For the type's range see the callers.
float RoundToBits(float x, int bits);
// With the range of float16: overflow to Inf, denormals below 2^-14.
float RoundToFloat16(float x);

// The rule. `scratch` is the task's own memory, of which the fault may use what lies there.
void RunHead(Fault fault, const Form& form, Head& head);
void RunHeadInChunks(Fault fault, const Form& form, Head& head);

}  // namespace deltagauge::zoo

#endif  // DELTAGAUGE_HARNESS_ZOO_ZOO_HEAD_H_
