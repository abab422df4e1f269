/* llama.cpp's operator as a plug-in: ggml_gated_delta_net on ggml's CPU backend, a graph of one
 * node. ci/ggml_plugin downloads and builds ggml and this; no other build knows it.
 *
 * ggml's conventions: a state [V, K] with K = V, log decay, beta after its sigmoid, norms outside,
 * key head hv % Hk; queries, keys and values in any strides, the others contiguous and packed here
 * where they are not. Its scale is always 1/sqrt(K); any other is made good on the output. Its
 * result is one tensor [output | state], so run copies both to where the caller has them, inside
 * the clock; llama.cpp copies the state as well. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ggml-cpu.h"
#include "ggml.h"
#include "kernels/candidate.h"

enum { PACKED_DECAY, PACKED_BETA, PACKED_STATE, RESULT, WORK, BUFFERS };

typedef struct operation {
  struct ggml_context* context;
  struct ggml_threadpool* threads;
  struct ggml_cgraph* graph;
  struct ggml_cplan plan;
  const float* result;
  float output_factor;
  void* buffers[BUFFERS];
} operation;

static void* new_buffer(operation* op, int which, size_t bytes) {
  const size_t line = 64;
  op->buffers[which] = malloc(bytes + line);
  if (op->buffers[which] == NULL) return NULL;
  return (char*)op->buffers[which] + (line - (uintptr_t)op->buffers[which] % line);
}

/* [B, T, H, D] is ggml's [D, H, T, B]. */
static struct ggml_tensor* as_tensor(operation* op, const deltagauge_input* x) {
  const int64_t* n = x->shape;
  struct ggml_tensor* const tensor =
      ggml_new_tensor_4d(op->context, GGML_TYPE_F32, n[3], n[2], n[1], n[0]);
  for (int i = 1; i < 4; ++i) tensor->nb[i] = (size_t)x->strides[3 - i] * sizeof(float);
  tensor->data = (void*)x->data; /* which ggml reads only */
  return tensor;
}

/* A copy without gaps, with the dimensions in the order of `shape`; or the original, if it is so.
 */
static int pack(operation* op, int which, deltagauge_input* x) {
  const int64_t *n = x->shape, *s = x->strides;
  const int64_t row = n[3], matrix = n[2] * row, tensor = n[1] * matrix;
  if (s[3] == 1 && s[2] == row && s[1] == matrix && s[0] == tensor) return 1;
  float* const to = new_buffer(op, which, (size_t)(n[0] * tensor) * sizeof(float));
  if (to == NULL) return 0;
  for (int64_t i = 0; i < n[0] * tensor; ++i) {
    const int64_t a = i / tensor, b = i % tensor / matrix, c = i % matrix / row, d = i % row;
    to[i] = ((const float*)x->data)[a * s[0] + b * s[1] + c * s[2] + d * s[3]];
  }
  x->data = to;
  x->strides[0] = tensor;
  x->strides[1] = matrix;
  x->strides[2] = row;
  x->strides[3] = 1;
  return 1;
}

static void swap_last(int64_t* x) {
  const int64_t last = x[3];
  x[3] = x[2];
  x[2] = last;
}

static void release(void* prepared) {
  operation* const op = prepared;
  if (op == NULL) return;
  if (op->threads != NULL) ggml_threadpool_free(op->threads);
  if (op->context != NULL) ggml_free(op->context);
  for (int i = 0; i < BUFFERS; ++i) free(op->buffers[i]);
  free(op);
}

/* False where memory is short. */
static int build(operation* op, const deltagauge_call* call) {
  const size_t nodes = 16;
  const struct ggml_init_params memory = {
      nodes * ggml_tensor_overhead() + ggml_graph_overhead_custom(nodes, false), NULL, true};
  struct ggml_threadpool_params threads = ggml_threadpool_params_default(call->num_threads);
  deltagauge_input decay = call->decay, beta = call->beta, state = call->initial_state;
  swap_last(state.shape); /* [B, H, V, K] */
  swap_last(state.strides);
  if (!pack(op, PACKED_DECAY, &decay) || !pack(op, PACKED_BETA, &beta) ||
      !pack(op, PACKED_STATE, &state)) {
    return 0;
  }
  ggml_cpu_init();
  op->context = ggml_init(memory);
  threads.poll = 0; /* between calls its threads sleep, or they would slow others down */
  op->threads = ggml_threadpool_new(&threads);
  if (op->context == NULL || op->threads == NULL) return 0;
  struct ggml_tensor* const result =
      ggml_gated_delta_net(op->context, as_tensor(op, &call->query), as_tensor(op, &call->key),
                           as_tensor(op, &call->value), as_tensor(op, &decay), as_tensor(op, &beta),
                           as_tensor(op, &state), 1 /* the final state only */);
  op->graph = ggml_new_graph_custom(op->context, nodes, false);
  ggml_build_forward_expand(op->graph, result);
  op->plan = ggml_graph_plan(op->graph, call->num_threads, op->threads);
  op->plan.work_data = new_buffer(op, WORK, op->plan.work_size);
  op->result = result->data = new_buffer(op, RESULT, ggml_nbytes(result));
  return op->plan.work_data != NULL && op->result != NULL;
}

static int32_t prepare(const deltagauge_call* call, void** prepared) {
  const int64_t K = call->key.shape[3], V = call->value.shape[3];
  if (K != V) {
    snprintf(call->error_text, call->error_bytes, "ggml has K = V only, not %d and %d", (int)K,
             (int)V);
    return DELTAGAUGE_UNSUPPORTED;
  }
  operation* const op = calloc(1, sizeof(*op));
  if (op == NULL) return DELTAGAUGE_FAILED;
  op->output_factor = (float)((double)call->scale / (1.0f / sqrtf((float)K)));
  *prepared = op;
  if (build(op, call)) return DELTAGAUGE_OK;
  release(op); /* which nobody calls after a failure */
  *prepared = NULL;
  snprintf(call->error_text, call->error_bytes, "out of memory");
  return DELTAGAUGE_FAILED;
}

/* `from`, without gaps, in the order of to->shape. */
static void copy_rows(const float* from, const deltagauge_output* to, float factor) {
  const int64_t *n = to->shape, *s = to->strides;
  for (int64_t i = 0; i < n[0] * n[1] * n[2]; ++i, from += n[3]) {
    const int64_t a = i / (n[1] * n[2]), b = i / n[2] % n[1], c = i % n[2];
    float* const row = (float*)to->data + a * s[0] + b * s[1] + c * s[2];
    if (factor == 1) {
      memcpy(row, from, (size_t)n[3] * sizeof(float));
    } else {
      for (int64_t d = 0; d < n[3]; ++d) row[d] = from[d] * factor;
    }
  }
}

static int32_t run(const deltagauge_call* call, void* prepared) {
  operation* const op = prepared;
  const int64_t* n = call->output.shape;
  deltagauge_output state = call->final_state;
  if (ggml_graph_compute(op->graph, &op->plan) != GGML_STATUS_SUCCESS) return DELTAGAUGE_FAILED;
  swap_last(state.shape);
  swap_last(state.strides);
  copy_rows(op->result, &call->output, op->output_factor);
  copy_rows(op->result + n[0] * n[1] * n[2] * n[3], &state, 1);
  return DELTAGAUGE_OK;
}

static const deltagauge_candidate candidate = {
    DELTAGAUGE_CANDIDATE_ABI,
    sizeof(deltagauge_candidate),
    "ggml_gated_delta_net",
    DELTAGAUGE_GGML_VERSION,
    "llama.cpp's operator on its CPU backend",
    {DELTAGAUGE_STATE_VK, DELTAGAUGE_DECAY_LOG, DELTAGAUGE_BETA_ACTIVATED, DELTAGAUGE_SCALE_INSIDE,
     DELTAGAUGE_NORM_OUTSIDE, DELTAGAUGE_HEADS_TILED, DELTAGAUGE_STATE_FUNCTIONAL,
     DELTAGAUGE_STRIDES_ANY},
    DELTAGAUGE_FLOAT32,
    {0, 0, 0, 0, 0},
    prepare,
    run,
    release,
};

DELTAGAUGE_EXPORT const deltagauge_candidate* deltagauge_candidate_v1(void) { return &candidate; }
