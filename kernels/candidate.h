/* A kernel for the gated delta rule from outside, as a shared library: the interface between it and
 * DeltaGauge. C99 and C++; nothing to link with. A complete example is harness/candidate/example.c.
 *
 * The library exports one symbol, DELTAGAUGE_CANDIDATE_SYMBOL:
 *
 *   DELTAGAUGE_EXPORT const deltagauge_candidate* deltagauge_candidate_v1(void);
 *
 * What it returns is constant and lives as long as the library is loaded. It says what the kernel
 * computes and in which conventions; DeltaGauge translates everything else around the call, outside
 * the clock. The rule itself, per sequence and value head, with a state S [K, V]:
 *
 *   S <- a S;  d = beta (v - S^T k);  S <- S + k d^T;  o = S^T (scale q)
 *
 * Tensors have a shape, always in the order below, and strides in elements; the order in memory is
 * what the strides say and the conventions promise. B sequences of T tokens each, Hk key heads, Hv
 * value heads (a multiple of Hk):
 *
 *   query, key      [B, T, Hk, K]   data type of the call
 *   value, output   [B, T, Hv, V]   data type of the call
 *   decay, beta     [B, T, Hv, 1]   float32
 *   states          [B, Hv, K, V]   float32
 *
 * Promises of the caller: all sizes are at least 1 and within the limits; nothing is NULL, without
 * an initial state there are zeros; data is aligned as the limits ask; outputs overlap nothing, but
 * for a state in place. Duties of the kernel: it writes every element of output and final_state and
 * nothing else, leaves its inputs, the rounding mode and the treatment of denormal numbers as they
 * were, and returns; exceptions of C++ must not leave it. The same call twice gives the same bits.
 *
 * Versions: this is version 1. Fields are never changed nor reordered. New ones are added at the
 * end, `struct_bytes` says how much a library knows of; whatever can't be added so gets a new
 * symbol. */
#ifndef DELTAGAUGE_KERNELS_CANDIDATE_H_
#define DELTAGAUGE_KERNELS_CANDIDATE_H_

#include <stddef.h>
#include <stdint.h>

#define DELTAGAUGE_CANDIDATE_ABI 1
#define DELTAGAUGE_CANDIDATE_SYMBOL "deltagauge_candidate_v1"

#if defined(_WIN32)
#define DELTAGAUGE_EXPORT_SYMBOL __declspec(dllexport)
#else
#define DELTAGAUGE_EXPORT_SYMBOL __attribute__((visibility("default")))
#endif
/* Names as C has them. NOLINTBEGIN(readability-identifier-naming) */
#ifdef __cplusplus
#define DELTAGAUGE_EXPORT extern "C" DELTAGAUGE_EXPORT_SYMBOL
extern "C" {
#else
#define DELTAGAUGE_EXPORT DELTAGAUGE_EXPORT_SYMBOL
#endif

/* What prepare and run answer. With anything but OK they may write a text for people, ended by a
 * zero byte, to error_text; what the outputs hold no longer matters. */
enum {
  DELTAGAUGE_OK = 0,
  DELTAGAUGE_UNSUPPORTED = 1, /* this call is beyond the kernel, whatever its limits say */
  DELTAGAUGE_FAILED = 2       /* anything else: no memory, ... */
};

/* Bits of data_types; a call's data_type is one of them. */
enum { DELTAGAUGE_FLOAT32 = 1, DELTAGAUGE_BFLOAT16 = 2 };

/* state_layout: how [K, V] of one head lies in memory, contiguous in its last dimension. */
enum { DELTAGAUGE_STATE_KV = 1, DELTAGAUGE_STATE_VK = 2 };

/* decay: g, or a = exp(g). */
enum { DELTAGAUGE_DECAY_LOG = 1, DELTAGAUGE_DECAY_EXP = 2 };

/* beta: as the equation has it, or the logit whose sigmoid the kernel takes. */
enum { DELTAGAUGE_BETA_ACTIVATED = 1, DELTAGAUGE_BETA_LOGIT = 2 };

/* scale: the kernel multiplies the query by the call's `scale`, after its norm; or the kernel knows
 * no scale, and its output is multiplied afterwards. */
enum { DELTAGAUGE_SCALE_INSIDE = 1, DELTAGAUGE_SCALE_OUTSIDE = 2 };

/* qk_norm: the kernel divides query and key by sqrt(sum(x^2) + norm_epsilon), over K and before the
 * scale, in every call; or never: it takes them as they are. */
enum { DELTAGAUGE_NORM_INSIDE = 1, DELTAGAUGE_NORM_OUTSIDE = 2 };

/* head_map: the key head of value head hv is hv / (Hv / Hk), or hv % Hk, or there are always as
 * many key heads as value heads. */
enum { DELTAGAUGE_HEADS_GROUPED = 1, DELTAGAUGE_HEADS_TILED = 2, DELTAGAUGE_HEADS_EQUAL = 3 };

/* state_place: final_state is initial_state itself (the same address), or never is. */
enum { DELTAGAUGE_STATE_IN_PLACE = 1, DELTAGAUGE_STATE_FUNCTIONAL = 2 };

/* token_layout of all tensors but states: contiguous as [B, T, H, D], contiguous as [B, H, T, D],
 * or anything that strides can say (D contiguous). States are contiguous unless it is ANY. */
enum {
  DELTAGAUGE_TOKENS_MAJOR = 1, /* [B, T, H, D] */
  DELTAGAUGE_HEADS_MAJOR = 2,  /* [B, H, T, D] */
  DELTAGAUGE_STRIDES_ANY = 3
};

/* One of the values above each; 0 is an error. */
typedef struct deltagauge_conventions {
  int32_t state_layout;
  int32_t decay;
  int32_t beta;
  int32_t scale;
  int32_t qk_norm;
  int32_t head_map;
  int32_t state_place;
  int32_t token_layout;
} deltagauge_conventions;

/* Calls beyond them are not made; such cases are skipped with the reason. 0: no limit. */
typedef struct deltagauge_limits {
  int32_t max_key_dim;
  int32_t max_value_dim;
  int64_t max_tokens;      /* of a sequence */
  int32_t alignment_bytes; /* of every tensor's first element, a power of two up to 4096 */
  int32_t max_threads;     /* a call asks for no more of them */
} deltagauge_limits;

typedef struct deltagauge_input {
  const void* data;
  int64_t shape[4];
  int64_t strides[4];
} deltagauge_input;

typedef struct deltagauge_output {
  void* data;
  int64_t shape[4];
  int64_t strides[4];
} deltagauge_output;

typedef struct deltagauge_call {
  size_t struct_bytes; /* of this struct as the caller knows it */
  int32_t data_type;   /* DELTAGAUGE_FLOAT32 or DELTAGAUGE_BFLOAT16 */
  int32_t num_threads; /* at most so many, the calling one included */
  float scale;         /* 1 with DELTAGAUGE_SCALE_OUTSIDE */
  float norm_epsilon;
  deltagauge_input query, key, value, decay, beta, initial_state;
  deltagauge_output output, final_state;
  char* error_text; /* [error_bytes], empty at first */
  size_t error_bytes;
} deltagauge_call;

typedef struct deltagauge_candidate {
  int32_t abi_version;     /* DELTAGAUGE_CANDIDATE_ABI */
  size_t struct_bytes;     /* sizeof(deltagauge_candidate) */
  const char* name;        /* 1 to 64 of a-z A-Z 0-9 . _ - */
  const char* version;     /* 1 to 64 printable characters */
  const char* description; /* one line, up to 256 characters; may be empty */
  deltagauge_conventions conventions;
  uint32_t data_types; /* bits */
  deltagauge_limits limits;
  /* May be NULL. Outside the clock, before the runs of one call: what depends on shapes, or packs
   * inputs. `prepared` goes to run and release. Inputs hold their values; outputs mean nothing. */
  int32_t (*prepare)(const deltagauge_call* call, void** prepared);
  /* Inside the clock. Gets the call that prepare got, or with NULL for prepare a NULL `prepared`.
   * May be called several times for one prepare. */
  int32_t (*run)(const deltagauge_call* call, void* prepared);
  /* NULL where prepare is or there is nothing to free. */
  void (*release)(void* prepared);
} deltagauge_candidate;

/* The type of the symbol. */
typedef const deltagauge_candidate* (*deltagauge_candidate_function)(void);

#ifdef __cplusplus
}
#endif
/* NOLINTEND(readability-identifier-naming) */

#endif /* DELTAGAUGE_KERNELS_CANDIDATE_H_ */
