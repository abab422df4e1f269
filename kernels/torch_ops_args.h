// What the torch operators are called with, and the checks that all their variants share: shapes,
// types, devices and scalars, on real tensors and on Meta (and fake) ones, symbolic sizes included.
// Nothing here reads or writes an element. Errors are c10::Error, one line that names the operator
// and the argument, says what is expected, and what was found:
//
//   llama::recurrent_gated_delta_rule: key: expected shape [2, 3, 4, 5], found [2, 3, 4, 6]
#ifndef DELTAGAUGE_KERNELS_TORCH_OPS_ARGS_H_
#define DELTAGAUGE_KERNELS_TORCH_OPS_ARGS_H_

#include <cstdint>
#include <string_view>

#include "kernels/gated_delta_rule.h"

namespace at {
class Tensor;
}

namespace deltagauge::torch_ops {

enum class Layout : uint8_t {
  kHeadsFirst,  // [B, H, T, D] and [B, H, T]
  kTokensFirst  // [B, T, H, D] and [B, T, H]
};

enum class HeadRule : uint8_t {
  kEqual,    // Hv == Hk
  kMultiple  // Hv is a multiple of Hk
};

// How the tensors of a call are to be read.
struct Conventions {
  Layout layout = Layout::kHeadsFirst;
  HeadRule head_rule = HeadRule::kMultiple;
  HeadMap head_map = HeadMap::kGrouped;
  DecayForm decay_form = DecayForm::kLog;
  BetaForm beta_form = BetaForm::kActivated;
  QkNorm qk_norm = QkNorm::kNone;
  StateLayout state_layout = StateLayout::kKeyMajor;
  double norm_epsilon = 1e-6;
  double scale = 1.0;
  int64_t num_snapshots = 0;
};

// The spellings of the enums in a schema. `op` goes into the message of an error.
Layout ParseLayout(const char* op, std::string_view text);            // "bthd", "bhtd"
HeadMap ParseHeadMap(const char* op, std::string_view text);          // "grouped", "tiled"
DecayForm ParseDecayForm(const char* op, std::string_view text);      // "log", "exponentiated"
BetaForm ParseBetaForm(const char* op, std::string_view text);        // "activated", "logit"
QkNorm ParseQkNorm(const char* op, std::string_view text);            // "none", "l2"
StateLayout ParseStateLayout(const char* op, std::string_view text);  // "kv", "vk"

// The inputs of one call. Refers to the caller's tensors.
struct Call {
  const char* op = "";          // with its namespace, for messages
  const char* decay_name = "";  // what the schema calls these two
  const char* state_name = "";
  const at::Tensor& query;
  const at::Tensor& key;
  const at::Tensor& value;
  const at::Tensor& decay;
  const at::Tensor& beta;
  const at::Tensor* state = nullptr;       // nullptr: zeros
  const at::Tensor* cu_seqlens = nullptr;  // nullptr: every sequence has T tokens
  Conventions conventions;
};

// Checks all inputs. What only data and addresses can tell (the content of cu_seqlens, overlaps) is
// left to torch_ops_run.h. Everything below expects that this has returned.
void CheckInputs(const Call& call);

// Checks type and device of a given `out`, and its size: that of the output, or no element at all
// (it is then to be resized). Returns whether it already has the size of the output.
bool CheckOut(const Call& call, const at::Tensor& out);

// New tensors, contiguous, without content.
at::Tensor NewOutput(const Call& call);
at::Tensor NewFinalState(const Call& call);
at::Tensor NewSnapshots(const Call& call);  // [sequence, slot, <state>]

// Gives `out` the size of the output.
void ResizeToOutput(const Call& call, const at::Tensor& out);

}  // namespace deltagauge::torch_ops

#endif  // DELTAGAUGE_KERNELS_TORCH_OPS_ARGS_H_
