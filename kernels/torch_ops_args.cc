#include "kernels/torch_ops_args.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <c10/core/ScalarType.h>
#include <c10/core/SymInt.h>
#include <c10/core/SymIntArrayRef.h>
#include <c10/util/DimVector.h>
#include <c10/util/Exception.h>

#include <cmath>

namespace deltagauge::torch_ops {
namespace {

struct Sizes {
  c10::SymInt batch;      // of query, key and value; 1 with cu_seqlens
  c10::SymInt sequences;  // of the states
  c10::SymInt tokens;
  c10::SymInt key_heads;
  c10::SymInt value_heads;
  c10::SymInt key_dim;
  c10::SymInt value_dim;
};

template <class Enum>
struct Spelling {
  std::string_view text;
  Enum value;
};

template <class Enum>
Enum ParseChoice(const char* op, const char* option, std::string_view text,
                 const Spelling<Enum> (&choices)[2]) {
  for (const Spelling<Enum>& choice : choices) {
    if (text == choice.text) return choice.value;
  }
  TORCH_CHECK(false, op, ": ", option, ": expected \"", choices[0].text, "\" or \"",
              choices[1].text, "\", found \"", text, "\"");
}

void CheckType(const Call& call, const char* name, const at::Tensor& tensor,
               at::ScalarType expected) {
  TORCH_CHECK(tensor.scalar_type() == expected, call.op, ": ", name, ": expected dtype ", expected,
              ", found ", tensor.scalar_type());
}

void CheckDevice(const Call& call, const char* name, const at::Tensor& tensor) {
  TORCH_CHECK(tensor.defined(), call.op, ": ", name, ": expected a tensor, found none");
  TORCH_CHECK(tensor.device() == call.query.device(), call.op, ": ", name, ": expected device ",
              call.query.device(), " (that of query), found ", tensor.device());
}

bool HasShape(const at::Tensor& tensor, c10::SymIntArrayRef expected) {
  if (tensor.dim() != static_cast<int64_t>(expected.size())) return false;
  const c10::SymIntArrayRef found = tensor.sym_sizes();
  for (size_t i = 0; i < expected.size(); ++i) {
    // Not operator==: of sizes that only the data will tell, this asserts equality at run time.
    if (!found[i].sym_eq(expected[i]).expect_true(__FILE__, __LINE__)) return false;
  }
  return true;
}

void CheckShape(const Call& call, const char* name, const at::Tensor& tensor,
                c10::SymIntArrayRef expected) {
  TORCH_CHECK(HasShape(tensor, expected), call.op, ": ", name, ": expected shape ", expected,
              ", found ", tensor.sym_sizes());
}

bool HeadsFirst(const Call& call) { return call.conventions.layout == Layout::kHeadsFirst; }

c10::SymDimVector TokensShape(const Call& call, const Sizes& sizes, const c10::SymInt& heads) {
  if (HeadsFirst(call)) return {sizes.batch, heads, sizes.tokens};
  return {sizes.batch, sizes.tokens, heads};
}

c10::SymDimVector VectorsShape(const Call& call, const Sizes& sizes, const c10::SymInt& heads,
                               const c10::SymInt& dim) {
  c10::SymDimVector shape = TokensShape(call, sizes, heads);
  shape.push_back(dim);
  return shape;
}

c10::SymDimVector OutputShape(const Call& call, const Sizes& sizes) {
  return VectorsShape(call, sizes, sizes.value_heads, sizes.value_dim);
}

c10::SymDimVector StateShape(const Call& call, const Sizes& sizes) {
  if (call.conventions.state_layout == StateLayout::kKeyMajor) {
    return {sizes.sequences, sizes.value_heads, sizes.key_dim, sizes.value_dim};
  }
  return {sizes.sequences, sizes.value_heads, sizes.value_dim, sizes.key_dim};
}

void CheckRank(const Call& call, const char* name, const at::Tensor& tensor, const char* shape) {
  TORCH_CHECK(tensor.dim() == 4, call.op, ": ", name, ": expected 4 dimensions ", shape, ", found ",
              tensor.sym_sizes());
}

// Query and value name all sizes; the other tensors must follow them.
Sizes ReadSizes(const Call& call) {
  const int head_axis = HeadsFirst(call) ? 1 : 2;
  const c10::SymIntArrayRef query = call.query.sym_sizes();
  const c10::SymIntArrayRef value = call.value.sym_sizes();
  const bool equal_heads = call.conventions.head_rule == HeadRule::kEqual;
  return {.batch = query[0],
          .sequences = call.cu_seqlens == nullptr ? query[0] : call.cu_seqlens->sym_sizes()[0] - 1,
          .tokens = query[HeadsFirst(call) ? 2 : 1],
          .key_heads = query[head_axis],
          .value_heads = equal_heads ? query[head_axis] : value[head_axis],
          .key_dim = query[3],
          .value_dim = value[3]};
}

void CheckRange(const Call& call, const char* name, const char* size_name, const c10::SymInt& size,
                int64_t most) {
  TORCH_SYM_CHECK(size.sym_ge(1), call.op, ": ", name, ": expected ", size_name, " from 1 to ",
                  most, ", found ", size);
  TORCH_SYM_CHECK(size.sym_le(most), call.op, ": ", name, ": expected ", size_name, " from 1 to ",
                  most, ", found ", size);
}

void CheckSizes(const Call& call, const Sizes& sizes) {
  CheckRange(call, "query", "key_dim", sizes.key_dim, kMaxHeadDim);
  CheckRange(call, "value", "value_dim", sizes.value_dim, kMaxHeadDim);
  CheckRange(call, "query", "key_heads", sizes.key_heads, kMaxHeads);
  CheckRange(call, "value", "value_heads", sizes.value_heads, kMaxHeads);
  TORCH_SYM_CHECK((sizes.value_heads % sizes.key_heads).sym_eq(0), call.op,
                  ": value: expected a multiple of query's ", sizes.key_heads, " heads, found ",
                  sizes.value_heads);
  if (call.cu_seqlens != nullptr) {
    TORCH_SYM_CHECK(sizes.batch.sym_eq(1), call.op,
                    ": query: expected a batch of 1 with cu_seqlens, found ", sizes.batch);
  }
}

void CheckCumulativeLengths(const Call& call) {
  const at::Tensor& lengths = *call.cu_seqlens;
  CheckDevice(call, "cu_seqlens", lengths);
  CheckType(call, "cu_seqlens", lengths, at::kLong);
  TORCH_CHECK(lengths.dim() == 1, call.op, ": cu_seqlens: expected 1 dimension, found shape ",
              lengths.sym_sizes());
  TORCH_SYM_CHECK(lengths.sym_sizes()[0].sym_ge(1), call.op,
                  ": cu_seqlens: expected at least one element, found none");
}

void CheckScalars(const Call& call) {
  const Conventions& conventions = call.conventions;
  TORCH_CHECK(std::isfinite(static_cast<float>(conventions.scale)), call.op,
              ": scale: expected a finite float32 number, found ", conventions.scale);
  TORCH_CHECK(
      std::isfinite(static_cast<float>(conventions.norm_epsilon)) && conventions.norm_epsilon >= 0,
      call.op, ": norm_epsilon: expected a finite float32 number, not negative, found ",
      conventions.norm_epsilon);
  TORCH_CHECK(conventions.num_snapshots >= 0 && conventions.num_snapshots <= kMaxSnapshots, call.op,
              ": num_snapshots: expected 0 to ", kMaxSnapshots, ", found ",
              conventions.num_snapshots);
}

}  // namespace

Layout ParseLayout(const char* op, std::string_view text) {
  return ParseChoice<Layout>(op, "layout", text,
                             {{"bthd", Layout::kTokensFirst}, {"bhtd", Layout::kHeadsFirst}});
}

HeadMap ParseHeadMap(const char* op, std::string_view text) {
  return ParseChoice<HeadMap>(op, "head_map", text,
                              {{"grouped", HeadMap::kGrouped}, {"tiled", HeadMap::kTiled}});
}

DecayForm ParseDecayForm(const char* op, std::string_view text) {
  return ParseChoice<DecayForm>(
      op, "decay_form", text,
      {{"log", DecayForm::kLog}, {"exponentiated", DecayForm::kExponentiated}});
}

BetaForm ParseBetaForm(const char* op, std::string_view text) {
  return ParseChoice<BetaForm>(op, "beta_form", text,
                               {{"activated", BetaForm::kActivated}, {"logit", BetaForm::kLogit}});
}

QkNorm ParseQkNorm(const char* op, std::string_view text) {
  return ParseChoice<QkNorm>(op, "qk_norm", text, {{"none", QkNorm::kNone}, {"l2", QkNorm::kL2}});
}

StateLayout ParseStateLayout(const char* op, std::string_view text) {
  return ParseChoice<StateLayout>(
      op, "state_layout", text, {{"kv", StateLayout::kKeyMajor}, {"vk", StateLayout::kValueMajor}});
}

void CheckInputs(const Call& call) {
  CheckDevice(call, "query", call.query);
  CheckDevice(call, "key", call.key);
  CheckDevice(call, "value", call.value);
  CheckDevice(call, call.decay_name, call.decay);
  CheckDevice(call, "beta", call.beta);
  const at::ScalarType type = call.query.scalar_type();
  TORCH_CHECK(type == at::kFloat || type == at::kBFloat16, call.op,
              ": query: expected dtype Float or BFloat16, found ", type);
  CheckType(call, "key", call.key, type);
  CheckType(call, "value", call.value, type);
  CheckType(call, call.decay_name, call.decay, at::kFloat);
  CheckType(call, "beta", call.beta, at::kFloat);

  CheckRank(call, "query", call.query, HeadsFirst(call) ? "[B, H, T, K]" : "[B, T, H, K]");
  CheckRank(call, "value", call.value, HeadsFirst(call) ? "[B, H, T, V]" : "[B, T, H, V]");
  if (call.cu_seqlens != nullptr) CheckCumulativeLengths(call);
  const Sizes sizes = ReadSizes(call);
  CheckSizes(call, sizes);
  CheckShape(call, "key", call.key, VectorsShape(call, sizes, sizes.key_heads, sizes.key_dim));
  CheckShape(call, "value", call.value, OutputShape(call, sizes));
  const c10::SymDimVector gates = TokensShape(call, sizes, sizes.value_heads);
  CheckShape(call, call.decay_name, call.decay, gates);
  CheckShape(call, "beta", call.beta, gates);
  if (call.state != nullptr) {
    CheckDevice(call, call.state_name, *call.state);
    CheckType(call, call.state_name, *call.state, at::kFloat);
    CheckShape(call, call.state_name, *call.state, StateShape(call, sizes));
  }
  CheckScalars(call);
}

bool CheckOut(const Call& call, const at::Tensor& out) {
  CheckDevice(call, "out", out);
  CheckType(call, "out", out, call.value.scalar_type());
  const c10::SymDimVector expected = OutputShape(call, ReadSizes(call));
  if (out.sym_sizes() == c10::SymIntArrayRef(expected)) return true;
  TORCH_CHECK(out.sym_numel() == 0, call.op, ": out: expected shape ",
              c10::SymIntArrayRef(expected), " or no elements, found ", out.sym_sizes());
  return false;
}

at::Tensor NewOutput(const Call& call) {
  return at::empty_symint(OutputShape(call, ReadSizes(call)), call.value.options());
}

at::Tensor NewFinalState(const Call& call) {
  // The decay is float32 too, and on the device of the call.
  return at::empty_symint(StateShape(call, ReadSizes(call)), call.decay.options());
}

at::Tensor NewSnapshots(const Call& call) {
  c10::SymDimVector shape = StateShape(call, ReadSizes(call));
  shape.insert(shape.begin() + 1, c10::SymInt(call.conventions.num_snapshots));
  return at::empty_symint(shape, call.decay.options());
}

void ResizeToOutput(const Call& call, const at::Tensor& out) {
  out.resize__symint(OutputShape(call, ReadSizes(call)));
}

}  // namespace deltagauge::torch_ops
