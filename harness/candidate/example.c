/* A complete plug-in: the gated delta rule, token by token, in float32.
 *
 *   cc -std=c99 -O2 -fPIC -shared -I. harness/candidate/example.c -o example.so
 *   deltagauge check --plugin ./example.so
 *
 * -I names the folder that holds kernels/candidate.h. */
#include "kernels/candidate.h"

#include <math.h>

static const float* at(const deltagauge_input* x, int64_t a, int64_t b, int64_t c) {
  return (const float*)x->data + a * x->strides[0] + b * x->strides[1] + c * x->strides[2];
}

/* S: one head of final_state, [K, V] contiguous. */
static void token(const deltagauge_call* call, int64_t b, int64_t t, int64_t hv, float* S) {
  const int64_t K = call->key.shape[3], V = call->value.shape[3];
  const int64_t hk = hv / (call->value.shape[2] / call->key.shape[2]); /* grouped */
  const float *q = at(&call->query, b, t, hk), *k = at(&call->key, b, t, hk);
  const float* v = at(&call->value, b, t, hv);
  const float a = expf(*at(&call->decay, b, t, hv)), beta = *at(&call->beta, b, t, hv);
  const deltagauge_output* out = &call->output;
  float* o = (float*)out->data + b * out->strides[0] + t * out->strides[1] + hv * out->strides[2];
  for (int64_t j = 0; j < V; ++j) {
    float read = 0, sum = 0;
    for (int64_t i = 0; i < K; ++i) read += (S[i * V + j] *= a) * k[i];
    const float d = beta * (v[j] - read);
    for (int64_t i = 0; i < K; ++i) sum += (S[i * V + j] += k[i] * d) * q[i];
    o[j] = sum * call->scale;
  }
}

static int32_t run(const deltagauge_call* call, void* prepared) {
  const int64_t B = call->value.shape[0], T = call->value.shape[1], H = call->value.shape[2];
  const int64_t size = call->key.shape[3] * call->value.shape[3];
  const float* before = (const float*)call->initial_state.data;
  float* state = (float*)call->final_state.data;
  (void)prepared;
  for (int64_t i = 0; i < B * H * size; ++i) state[i] = before[i];
  for (int64_t b = 0; b < B; ++b) {
    for (int64_t h = 0; h < H; ++h) {
      for (int64_t t = 0; t < T; ++t) token(call, b, t, h, state + (b * H + h) * size);
    }
  }
  return DELTAGAUGE_OK;
}

static const deltagauge_candidate candidate = {
    DELTAGAUGE_CANDIDATE_ABI,
    sizeof(deltagauge_candidate),
    "example",
    "1.0",
    "The gated delta rule as plain loops",
    {DELTAGAUGE_STATE_KV, DELTAGAUGE_DECAY_LOG, DELTAGAUGE_BETA_ACTIVATED, DELTAGAUGE_SCALE_INSIDE,
     DELTAGAUGE_NORM_OUTSIDE, DELTAGAUGE_HEADS_GROUPED, DELTAGAUGE_STATE_FUNCTIONAL,
     DELTAGAUGE_TOKENS_MAJOR},
    DELTAGAUGE_FLOAT32,
    {0, 0, 0, 0, 1},
    NULL, /* prepare */
    run,
    NULL, /* release */
};

DELTAGAUGE_EXPORT const deltagauge_candidate* deltagauge_candidate_v1(void) { return &candidate; }
