/* Plug-ins with one fault each, for tests: DELTAGAUGE_BAD names it, the rest is the example. */
#include <fenv.h>
#include <stdlib.h>
#include <string.h>

#define deltagauge_candidate_v1 example_candidate
#include "harness/candidate/example.c"
#undef deltagauge_candidate_v1

#if !defined(_WIN32)
#include <unistd.h>
#endif
#if defined(__SSE__)
#include <xmmintrin.h>
#endif

static int is(const char* fault) {
  const char* const named = getenv("DELTAGAUGE_BAD");
  return named != NULL && strcmp(named, fault) == 0;
}

static void sleep_for_ever(void) {
  volatile int forever = 1;
  while (forever) {
#if !defined(_WIN32)
    sleep(1);
#endif
  }
}

static int overflow_stack(int frames) {
  volatile char frame[4096];
  frame[0] = (char)frames;
  return frames == 0 ? 0 : overflow_stack(frames - 1) + frame[0];
}

/* Small pieces, all of them used, until there are no more. */
static void take_all_memory(void) {
  static char* volatile piece; /* or a compiler sees that nobody looks at it */
  const size_t bytes = (size_t)1 << 20;
  for (;;) {
    piece = (char*)malloc(bytes);
    memset(piece, 1, bytes); /* as careless as it gets: NULL is not asked for */
  }
}

static void flush_denormals(void) {
#if defined(__SSE__)
  _mm_setcsr(_mm_getcsr() | 0x8040u);
#endif
}

static void* unused;

static int32_t prepare_badly(const deltagauge_call* call, void** prepared) {
  (void)call;
  *prepared = NULL;
  if (is("segfault in prepare")) *(volatile int*)unused = 1;
  return DELTAGAUGE_OK;
}

static void release_badly(void* prepared) {
  (void)prepared;
  if (is("abort in release")) abort();
}

static int32_t fail_with_text(const deltagauge_call* call, int32_t code) {
  strncpy(call->error_text, "no more today", call->error_bytes - 1);
  return code;
}

static int32_t run_badly(const deltagauge_call* call, void* prepared) {
  float* const output = (float*)call->output.data;
  int32_t status = DELTAGAUGE_OK;
  if (is("segfault")) *(volatile int*)unused = 1;
  if (is("abort")) abort();
  if (is("exit 0")) exit(0);
  if (is("exit 3")) exit(3);
  if (is("hang")) sleep_for_ever();
  if (is("stack")) status = overflow_stack(1 << 24);
  if (is("memory")) take_all_memory();
  if (is("status")) return DELTAGAUGE_FAILED;
  if (is("status with text")) return fail_with_text(call, DELTAGAUGE_FAILED);
  if (is("unsupported")) return fail_with_text(call, DELTAGAUGE_UNSUPPORTED);
  if (is("changes input")) ((float*)call->key.data)[1] = 0;
  if (is("changes state")) ((float*)call->initial_state.data)[0] = 0;
  status = run(call, prepared);
  if (is("writes after")) output[call->output.shape[0] * call->output.strides[0]] = 1;
  if (is("writes before")) output[-1] = 1;
  if (is("rounding mode")) fesetround(FE_UPWARD);
  if (is("flushes denormals")) flush_denormals();
  if (is("wrong")) output[0] += 1;
#if !defined(_WIN32)
  if (is("leaves a child") && fork() == 0) sleep_for_ever();
#endif
  return status;
}

static deltagauge_candidate bad;

DELTAGAUGE_EXPORT const deltagauge_candidate* deltagauge_candidate_v1(void) {
  bad = *example_candidate();
  bad.name = "bad";
  bad.prepare = prepare_badly;
  bad.run = run_badly;
  bad.release = release_badly;
  if (is("crash in description")) abort();
  if (is("NULL description")) return NULL;
  if (is("other version")) bad.abi_version = 2;
  if (is("short struct")) bad.struct_bytes = 8;
  if (is("nonsense convention")) bad.conventions.decay = 7;
  if (is("wild name")) bad.name = (const char*)(uintptr_t)16;
  return &bad;
}
