#include "reference/recurrence.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <stdexcept>
#include <string>

namespace deltagauge::reference {
namespace {

// float32's own exponential differs between C libraries by an ulp: the float32 forms, too, round
// float64's, so that they are the same everywhere.
template <typename Real>
Real Exp(Real x) {
  return static_cast<Real>(std::exp(static_cast<double>(x)));
}

void RequireSize(const char* name, size_t found, int64_t expected) {
  if (found == static_cast<size_t>(expected)) return;
  throw std::invalid_argument(std::string("recurrence: ") + name + " has " + std::to_string(found) +
                              " elements; expected " + std::to_string(expected));
}

template <typename Real>
void RequireSizes(const RecurrenceInputs<Real>& in) {
  const RecurrenceShape& s = in.shape;
  if (s.batch < 0 || s.tokens < 0 || s.key_heads < 1 || s.value_heads < 1 || s.key_dim < 1 ||
      s.value_dim < 1 || s.value_heads % s.key_heads != 0) {
    throw std::invalid_argument(
        "recurrence: the shape has a negative or zero size, or its value "
        "heads are not a multiple of its key heads");
  }
  const int64_t key_rows = s.batch * s.key_heads * s.tokens;
  const int64_t value_rows = s.batch * s.value_heads * s.tokens;
  RequireSize("query", in.query.size(), key_rows * s.key_dim);
  RequireSize("key", in.key.size(), key_rows * s.key_dim);
  RequireSize("value", in.value.size(), value_rows * s.value_dim);
  RequireSize("log_decay", in.log_decay.size(), value_rows);
  RequireSize("beta", in.beta.size(), value_rows);
  if (!in.initial_state.empty()) {
    RequireSize("initial_state", in.initial_state.size(),
                s.batch * s.value_heads * s.key_dim * s.value_dim);
  }
}

template <typename Real>
RecurrenceResult<Real> ResultWithInitialState(const RecurrenceInputs<Real>& in) {
  const RecurrenceShape& s = in.shape;
  const int64_t heads = s.batch * s.value_heads;
  RecurrenceResult<Real> result;
  result.output.assign(static_cast<size_t>(heads * s.tokens * s.value_dim), Real{0});
  result.final_state.assign(static_cast<size_t>(heads * s.key_dim * s.value_dim), Real{0});
  std::copy(in.initial_state.begin(), in.initial_state.end(), result.final_state.begin());
  return result;
}

// One value head of one batch entry: pointers to its first token, and its state.
template <typename Real>
struct Head {
  int64_t tokens, key_dim, value_dim;
  const Real* query;
  const Real* key;
  const Real* value;
  const Real* log_decay;
  const Real* beta;
  Real* state;
  Real* output;
};

template <typename Real>
Head<Real> HeadAt(const RecurrenceInputs<Real>& in, int64_t batch, int64_t value_head,
                  RecurrenceResult<Real>& result) {
  const RecurrenceShape& s = in.shape;
  const int64_t key_head =
      batch * s.key_heads + KeyHeadOf(in.head_map, value_head, s.key_heads, s.value_heads);
  const int64_t head = batch * s.value_heads + value_head;
  return {s.tokens,
          s.key_dim,
          s.value_dim,
          in.query.data() + key_head * s.tokens * s.key_dim,
          in.key.data() + key_head * s.tokens * s.key_dim,
          in.value.data() + head * s.tokens * s.value_dim,
          in.log_decay.data() + head * s.tokens,
          in.beta.data() + head * s.tokens,
          result.final_state.data() + head * s.key_dim * s.value_dim,
          result.output.data() + head * s.tokens * s.value_dim};
}

// x <- S^T y: x_v = sum_k S_kv y_k.
template <typename Real>
void ReadState(const Real* state, const Real* y, int64_t key_dim, int64_t value_dim, Real* x) {
  std::fill(x, x + value_dim, Real{0});
  for (int64_t k = 0; k < key_dim; ++k) {
    for (int64_t v = 0; v < value_dim; ++v) x[v] += state[k * value_dim + v] * y[k];
  }
}

template <typename Real>
Real Dot(const Real* x, const Real* y, int64_t size) {
  Real sum = 0;
  for (int64_t i = 0; i < size; ++i) sum += x[i] * y[i];
  return sum;
}

template <typename Real>
void OneToken(const Head<Real>& head, int64_t t, Real* d) {
  const int64_t key_dim = head.key_dim;
  const int64_t value_dim = head.value_dim;
  const Real* k_t = head.key + t * key_dim;
  const Real* v_t = head.value + t * value_dim;

  const Real decay = Exp(head.log_decay[t]);
  for (int64_t i = 0; i < key_dim * value_dim; ++i) head.state[i] *= decay;

  ReadState(head.state, k_t, key_dim, value_dim, d);
  for (int64_t v = 0; v < value_dim; ++v) d[v] = head.beta[t] * (v_t[v] - d[v]);

  for (int64_t k = 0; k < key_dim; ++k) {
    for (int64_t v = 0; v < value_dim; ++v) head.state[k * value_dim + v] += k_t[k] * d[v];
  }

  ReadState(head.state, head.query + t * key_dim, key_dim, value_dim, head.output + t * value_dim);
}

// What one chunk of a head needs beside its inputs. Rows are tokens of the chunk.
template <typename Real>
struct ChunkScratch {
  ChunkScratch(int64_t chunk, int64_t key_dim, int64_t value_dim)
      : cumulative(static_cast<size_t>(chunk)),
        solve(static_cast<size_t>(chunk * chunk)),
        w(static_cast<size_t>(chunk * key_dim)),
        d(static_cast<size_t>(chunk * value_dim)),
        row(static_cast<size_t>(std::max(chunk, value_dim))) {}

  std::vector<Real> cumulative;  // G_i
  std::vector<Real> solve;       // N - I, strictly lower triangular [C, C]
  std::vector<Real> w;           // [C, K]
  std::vector<Real> d;           // [C, V]
  std::vector<Real> row;
};

// N = (I - A)^-1 by forward substitution: N_i = A_i + sum_{j<i} A_ij N_j, plus the identity.
template <typename Real>
void SolveUnitLowerTriangular(const Head<Real>& head, int64_t begin, int64_t size, int64_t stride,
                              ChunkScratch<Real>& scratch) {
  const Real* keys = head.key + begin * head.key_dim;
  const Real* beta = head.beta + begin;
  for (int64_t i = 0; i < size; ++i) {
    Real* solved = scratch.solve.data() + i * stride;
    Real* a = scratch.row.data();
    for (int64_t j = 0; j < i; ++j) {
      // Only j < i is ever exponentiated: above the diagonal the exponent is positive, and
      // inf * 0 is no zero.
      const Real decay = Exp(scratch.cumulative[static_cast<size_t>(i)] -
                             scratch.cumulative[static_cast<size_t>(j)]);
      a[j] =
          -(beta[i] * Dot(keys + i * head.key_dim, keys + j * head.key_dim, head.key_dim)) * decay;
      solved[j] = a[j];
    }
    for (int64_t j = 0; j < i; ++j) {
      const Real* earlier = scratch.solve.data() + j * stride;
      for (int64_t m = 0; m < j; ++m) solved[m] += a[j] * earlier[m];
    }
  }
}

// w = N (beta exp(G) k) and d = N (beta v) - w S.
template <typename Real>
void ChunkWrites(const Head<Real>& head, int64_t begin, int64_t size, int64_t stride,
                 ChunkScratch<Real>& scratch) {
  const int64_t key_dim = head.key_dim;
  const int64_t value_dim = head.value_dim;
  for (int64_t i = 0; i < size; ++i) {
    Real* w = scratch.w.data() + i * key_dim;
    Real* d = scratch.d.data() + i * value_dim;
    std::fill(w, w + key_dim, Real{0});
    std::fill(d, d + value_dim, Real{0});
    for (int64_t j = 0; j <= i; ++j) {
      const Real n = j == i ? Real{1} : scratch.solve[static_cast<size_t>(i * stride + j)];
      const Real beta = head.beta[begin + j];
      const Real growth = Exp(scratch.cumulative[static_cast<size_t>(j)]);
      const Real* k_j = head.key + (begin + j) * key_dim;
      const Real* v_j = head.value + (begin + j) * value_dim;
      for (int64_t k = 0; k < key_dim; ++k) w[k] += n * (k_j[k] * beta * growth);
      for (int64_t v = 0; v < value_dim; ++v) d[v] += n * (v_j[v] * beta);
    }
    ReadState(head.state, w, key_dim, value_dim, scratch.row.data());
    for (int64_t v = 0; v < value_dim; ++v) d[v] -= scratch.row[static_cast<size_t>(v)];
  }
}

template <typename Real>
void ChunkOutputs(const Head<Real>& head, int64_t begin, int64_t size,
                  ChunkScratch<Real>& scratch) {
  const int64_t key_dim = head.key_dim;
  const int64_t value_dim = head.value_dim;
  std::vector<Real> decayed_query(static_cast<size_t>(key_dim));
  for (int64_t i = 0; i < size; ++i) {
    const Real* q_i = head.query + (begin + i) * key_dim;
    Real* o_i = head.output + (begin + i) * value_dim;
    const Real total = scratch.cumulative[static_cast<size_t>(i)];
    for (int64_t k = 0; k < key_dim; ++k) {
      decayed_query[static_cast<size_t>(k)] = q_i[k] * Exp(total);
    }
    ReadState(head.state, decayed_query.data(), key_dim, value_dim, o_i);
    for (int64_t j = 0; j <= i; ++j) {
      const Real weight = Dot(q_i, head.key + (begin + j) * key_dim, key_dim) *
                          Exp(total - scratch.cumulative[static_cast<size_t>(j)]);
      const Real* d_j = scratch.d.data() + j * value_dim;
      for (int64_t v = 0; v < value_dim; ++v) o_i[v] += weight * d_j[v];
    }
  }
}

template <typename Real>
void ChunkState(const Head<Real>& head, int64_t begin, int64_t size, ChunkScratch<Real>& scratch) {
  const int64_t key_dim = head.key_dim;
  const int64_t value_dim = head.value_dim;
  const Real total = scratch.cumulative[static_cast<size_t>(size - 1)];
  const Real decay = Exp(total);
  for (int64_t i = 0; i < key_dim * value_dim; ++i) head.state[i] *= decay;
  for (int64_t j = 0; j < size; ++j) {
    const Real remaining = Exp(total - scratch.cumulative[static_cast<size_t>(j)]);
    const Real* k_j = head.key + (begin + j) * key_dim;
    const Real* d_j = scratch.d.data() + j * value_dim;
    for (int64_t k = 0; k < key_dim; ++k) {
      const Real decayed_key = k_j[k] * remaining;
      for (int64_t v = 0; v < value_dim; ++v) head.state[k * value_dim + v] += decayed_key * d_j[v];
    }
  }
}

template <typename Real>
void OneChunk(const Head<Real>& head, int64_t begin, int64_t size, int64_t stride,
              ChunkScratch<Real>& scratch) {
  Real total = 0;
  for (int64_t i = 0; i < size; ++i) {
    total += head.log_decay[begin + i];
    scratch.cumulative[static_cast<size_t>(i)] = total;
  }
  SolveUnitLowerTriangular(head, begin, size, stride, scratch);
  ChunkWrites(head, begin, size, stride, scratch);
  ChunkOutputs(head, begin, size, scratch);
  ChunkState(head, begin, size, scratch);
}

}  // namespace

template <typename Real>
RecurrenceResult<Real> RunRecurrent(const RecurrenceInputs<Real>& inputs, StatesWanted wanted) {
  RequireSizes(inputs);
  const RecurrenceShape& s = inputs.shape;
  RecurrenceResult<Real> result = ResultWithInitialState(inputs);
  const int64_t state_size = s.key_dim * s.value_dim;
  if (wanted == StatesWanted::kAfterEachToken) {
    result.states.reserve(static_cast<size_t>(s.batch * s.value_heads * s.tokens * state_size));
  }
  std::vector<Real> d(static_cast<size_t>(s.value_dim));
  for (int64_t batch = 0; batch < s.batch; ++batch) {
    for (int64_t value_head = 0; value_head < s.value_heads; ++value_head) {
      const Head<Real> head = HeadAt(inputs, batch, value_head, result);
      for (int64_t t = 0; t < s.tokens; ++t) {
        OneToken(head, t, d.data());
        if (wanted == StatesWanted::kAfterEachToken) {
          result.states.insert(result.states.end(), head.state, head.state + state_size);
        }
      }
    }
  }
  return result;
}

template <typename Real>
RecurrenceResult<Real> RunChunked(const RecurrenceInputs<Real>& inputs, int64_t chunk) {
  RequireSizes(inputs);
  if (chunk < 1) throw std::invalid_argument("recurrence: chunk must be at least 1");
  const RecurrenceShape& s = inputs.shape;
  RecurrenceResult<Real> result = ResultWithInitialState(inputs);
  chunk = std::min(chunk, std::max<int64_t>(s.tokens, 1));  // scratch is quadratic in it
  ChunkScratch<Real> scratch(chunk, s.key_dim, s.value_dim);
  for (int64_t batch = 0; batch < s.batch; ++batch) {
    for (int64_t value_head = 0; value_head < s.value_heads; ++value_head) {
      const Head<Real> head = HeadAt(inputs, batch, value_head, result);
      for (int64_t begin = 0; begin < s.tokens; begin += chunk) {
        OneChunk(head, begin, std::min(chunk, s.tokens - begin), chunk, scratch);
      }
    }
  }
  return result;
}

template RecurrenceResult<float> RunRecurrent(const RecurrenceInputs<float>&, StatesWanted);
template RecurrenceResult<double> RunRecurrent(const RecurrenceInputs<double>&, StatesWanted);
template RecurrenceResult<float> RunChunked(const RecurrenceInputs<float>&, int64_t);
template RecurrenceResult<double> RunChunked(const RecurrenceInputs<double>&, int64_t);

}  // namespace deltagauge::reference
