/* A plug-in in any conventions, for tests: eight numbers in DELTAGAUGE_CONVENTIONS, in the order of
 * deltagauge_conventions, and five in DELTAGAUGE_LIMITS. It holds the caller to its promises. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/candidate.h"

static deltagauge_candidate mine;

static int64_t offset(const int64_t* strides, int64_t a, int64_t b, int64_t c, int64_t d) {
  return a * strides[0] + b * strides[1] + c * strides[2] + d * strides[3];
}

static double get(const deltagauge_call* call, const deltagauge_input* x, int64_t at) {
  uint32_t bits;
  float value;
  if (call->data_type == DELTAGAUGE_FLOAT32) return ((const float*)x->data)[at];
  bits = (uint32_t)((const uint16_t*)x->data)[at] << 16;
  memcpy(&value, &bits, sizeof(value));
  return value;
}

static void put(const deltagauge_call* call, int64_t at, double wide) {
  const float value = (float)wide;
  uint32_t bits;
  if (call->data_type == DELTAGAUGE_FLOAT32) {
    ((float*)call->output.data)[at] = value;
    return;
  }
  memcpy(&bits, &value, sizeof(bits));
  bits += 0x7fff + ((bits >> 16) & 1); /* to nearest even; no NaN here */
  ((uint16_t*)call->output.data)[at] = (uint16_t)(bits >> 16);
}

/* One row of K, normalised if that is for us to do. */
static void row(const deltagauge_call* call, const deltagauge_input* x, int64_t b, int64_t t,
                int64_t h, double* to) {
  const int64_t K = x->shape[3];
  double sum = call->norm_epsilon;
  int64_t k;
  for (k = 0; k < K; ++k) {
    to[k] = get(call, x, offset(x->strides, b, t, h, k));
    sum += to[k] * to[k];
  }
  if (mine.conventions.qk_norm != DELTAGAUGE_NORM_INSIDE) return;
  for (k = 0; k < K; ++k) to[k] /= sqrt(sum);
}

static int64_t key_head(const deltagauge_call* call, int64_t hv) {
  const int64_t Hk = call->key.shape[2], Hv = call->value.shape[2];
  if (mine.conventions.head_map == DELTAGAUGE_HEADS_TILED) return hv % Hk;
  return hv / (Hv / Hk);
}

static void token(const deltagauge_call* call, int64_t b, int64_t t, int64_t h, double* S,
                  double* q, double* k) {
  const int64_t K = call->key.shape[3], V = call->value.shape[3];
  const double g = ((const float*)call->decay.data)[offset(call->decay.strides, b, t, h, 0)];
  const double raw = ((const float*)call->beta.data)[offset(call->beta.strides, b, t, h, 0)];
  const double a = mine.conventions.decay == DELTAGAUGE_DECAY_LOG ? exp(g) : g;
  const double beta = mine.conventions.beta == DELTAGAUGE_BETA_LOGIT ? 1 / (1 + exp(-raw)) : raw;
  const double scale = mine.conventions.scale == DELTAGAUGE_SCALE_INSIDE ? call->scale : 1;
  int64_t i, j;
  row(call, &call->query, b, t, key_head(call, h), q);
  row(call, &call->key, b, t, key_head(call, h), k);
  for (j = 0; j < V; ++j) {
    double read = 0, sum = 0, d;
    for (i = 0; i < K; ++i) read += (S[i * V + j] *= a) * k[i];
    d = beta * (get(call, &call->value, offset(call->value.strides, b, t, h, j)) - read);
    for (i = 0; i < K; ++i) sum += (S[i * V + j] += k[i] * d) * q[i];
    put(call, offset(call->output.strides, b, t, h, j), sum * scale);
  }
}

static int32_t broken(const deltagauge_call* call, const char* promise) {
  snprintf(call->error_text, call->error_bytes, "broken promise: %s", promise);
  return DELTAGAUGE_FAILED;
}

static int is_aligned(const void* data, int32_t bytes) {
  return bytes == 0 || (uintptr_t)data % (uintptr_t)bytes == 0;
}

static int32_t check_promises(const deltagauge_call* call) {
  const deltagauge_conventions* c = &mine.conventions;
  const int64_t *s = call->query.strides, *shape = call->query.shape;
  const int64_t* state = call->initial_state.strides;
  const int in_place = call->initial_state.data == call->final_state.data;
  if (in_place != (c->state_place == DELTAGAUGE_STATE_IN_PLACE)) return broken(call, "place");
  if (state[c->state_layout == DELTAGAUGE_STATE_KV ? 3 : 2] != 1) return broken(call, "layout");
  if (c->scale == DELTAGAUGE_SCALE_OUTSIDE && call->scale != 1) return broken(call, "scale");
  if (c->head_map == DELTAGAUGE_HEADS_EQUAL && shape[2] != call->value.shape[2]) {
    return broken(call, "equal heads");
  }
  if (c->token_layout == DELTAGAUGE_TOKENS_MAJOR &&
      (s[2] != shape[3] || s[1] != shape[2] * shape[3])) {
    return broken(call, "token-major");
  }
  if (c->token_layout == DELTAGAUGE_HEADS_MAJOR &&
      (s[1] != shape[3] || s[2] != shape[1] * shape[3])) {
    return broken(call, "head-major");
  }
  if (!is_aligned(call->key.data, mine.limits.alignment_bytes) ||
      !is_aligned(call->output.data, mine.limits.alignment_bytes) ||
      !is_aligned(call->final_state.data, mine.limits.alignment_bytes)) {
    return broken(call, "alignment");
  }
  if (mine.limits.max_threads > 0 && call->num_threads > mine.limits.max_threads) {
    return broken(call, "threads");
  }
  return call->struct_bytes >= sizeof(*call) ? DELTAGAUGE_OK : broken(call, "struct_bytes");
}

/* Prepared: a state of one head, a query, a key. */
static int32_t prepare(const deltagauge_call* call, void** prepared) {
  const int64_t K = call->key.shape[3], V = call->value.shape[3];
  *prepared = malloc((size_t)(K * V + 2 * K) * sizeof(double));
  return *prepared == NULL ? DELTAGAUGE_FAILED : check_promises(call);
}

static int32_t run(const deltagauge_call* call, void* prepared) {
  const int64_t B = call->value.shape[0], T = call->value.shape[1], H = call->value.shape[2];
  const int64_t K = call->key.shape[3], V = call->value.shape[3];
  double *S = (double*)prepared, *q = S + K * V, *k = q + K;
  const deltagauge_input* from = &call->initial_state;
  const deltagauge_output* to = &call->final_state;
  int64_t b, h, t, i, j;
  for (b = 0; b < B; ++b) {
    for (h = 0; h < H; ++h) {
      for (i = 0; i < K; ++i) {
        for (j = 0; j < V; ++j) {
          S[i * V + j] = ((const float*)from->data)[offset(from->strides, b, h, i, j)];
        }
      }
      for (t = 0; t < T; ++t) token(call, b, t, h, S, q, k);
      for (i = 0; i < K; ++i) {
        for (j = 0; j < V; ++j) {
          ((float*)to->data)[offset(to->strides, b, h, i, j)] = (float)S[i * V + j];
        }
      }
    }
  }
  return DELTAGAUGE_OK;
}

DELTAGAUGE_EXPORT const deltagauge_candidate* deltagauge_candidate_v1(void) {
  const char* const conventions = getenv("DELTAGAUGE_CONVENTIONS");
  const char* const limits = getenv("DELTAGAUGE_LIMITS");
  deltagauge_conventions* c = &mine.conventions;
  deltagauge_limits* l = &mine.limits;
  int n[8] = {1, 1, 1, 1, 2, 1, 2, 3}, m[5] = {0, 0, 0, 0, 0};
  if (conventions != NULL) {
    sscanf(conventions, "%d %d %d %d %d %d %d %d", n, n + 1, n + 2, n + 3, n + 4, n + 5, n + 6,
           n + 7);
  }
  if (limits != NULL) sscanf(limits, "%d %d %d %d %d", m, m + 1, m + 2, m + 3, m + 4);
  c->state_layout = n[0];
  c->decay = n[1];
  c->beta = n[2];
  c->scale = n[3];
  c->qk_norm = n[4];
  c->head_map = n[5];
  c->state_place = n[6];
  c->token_layout = n[7];
  l->max_key_dim = m[0];
  l->max_value_dim = m[1];
  l->max_tokens = m[2];
  l->alignment_bytes = m[3];
  l->max_threads = m[4];
  mine.abi_version = DELTAGAUGE_CANDIDATE_ABI;
  mine.struct_bytes = sizeof(mine);
  mine.name = "conventions";
  mine.version = "1";
  mine.description = "";
  mine.data_types = DELTAGAUGE_FLOAT32 | DELTAGAUGE_BFLOAT16;
  mine.prepare = prepare;
  mine.run = run;
  mine.release = free;
  return &mine;
}
