// One position of two arms: everything that drift and agreement need to know of two rows of logits,
// in two passes over them, after which the rows are not needed any more.
//
// All arithmetic is fp64. With r and c the rows of the reference and of the candidate,
//   delta_i = c_i - r_i,   centred delta_i = delta_i - mean(delta),
//   p = softmax(r), q = softmax(c),   KL = sum_i p_i (log p_i - log q_i), in nats.
// A common shift of a row changes the raw deltas and nothing else: softmax ignores it.
#ifndef DELTAGAUGE_HARNESS_DRIFT_LOGIT_ROW_H_
#define DELTAGAUGE_HARNESS_DRIFT_LOGIT_ROW_H_

#include <cstdint>
#include <optional>
#include <span>

#include "harness/drift/log_histogram.h"

namespace deltagauge {

// The type in which the arms compute logits, whatever they are stored in: it sets the ULP.
enum class LogitType : uint8_t { kFloat32, kBFloat16, kFloat64 };

// "float32", "bfloat16", "float64".
const char* LogitTypeName(LogitType type);

// Distance of neighbouring numbers of the type at `value`: 2^(e - 23), 2^(e - 7) or 2^(e - 52) for
// 2^e <= |value| < 2^(e + 1). bfloat16 has 0.125 in [16, 32). Below the smallest normal number it
// is that of the smallest normal number. `value` is finite.
double UlpAt(double value, LogitType type);

inline constexpr int kTopTokens = 10;

// Logits in descending order, equal ones by ascending token: the first is the arg-max, the lowest
// index among equal maxima. Shorter than kTopTokens only if the vocabulary is.
struct TopTokens {
  int32_t count = 0;
  int64_t token[kTopTokens] = {};
  double logit[kTopTokens] = {};
};

// Of the first `k` of both, as sets: size of the intersection / size of the union.
double JaccardOf(const TopTokens& a, const TopTokens& b, int k);

struct LogitRow {
  // Elements that are NaN or Inf. If there is one, or if a double overflowed on the way
  // (`finite` false), nothing below counts.
  int64_t reference_non_finite = 0;
  int64_t candidate_non_finite = 0;
  bool finite = true;
  bool shares_storage = false;      // the two rows overlap in memory: nothing was compared
  bool constant_reference = false;  // all logits are the same

  double reference_max_abs = 0;
  double max_abs = 0;
  int64_t max_abs_token = -1;  // the lowest, where several have it
  double sum_squares = 0;      // of the deltas
  double mean = 0;             // of the deltas
  double max_abs_centered = 0;
  int64_t max_abs_centered_token = -1;
  double sum_squares_centered = 0;

  // As computed, so it may be below 0; `kl_rounding` bounds how far below rounding can bring it.
  double kl = 0;
  double kl_rounding = 0;

  bool has_true_token = false;
  double reference_log_p = 0;  // of the true token, nats
  double candidate_log_p = 0;

  // For the agreement of tokens. Margins and gaps are of the reference unless they say otherwise.
  int64_t reference_token = -1;
  int64_t candidate_token = -1;
  double margin = 0;            // first minus second
  double candidate_margin = 0;  // the candidate's first minus its second
  double gap = 0;               // first minus that of the candidate's token; 0 if they agree
  int32_t candidate_rank = 0;   // of the candidate's token, from 1; 0: not within kTopTokens
  double ulp = 0;               // at the larger magnitude of the first two
  double top_mean_square = 0;   // of the centred deltas over the reference's first kTopTokens
  double top5_overlap = 0;      // Jaccard
  double top10_overlap = 0;
};

// Where the magnitudes of all elements of finite rows go.
struct DeltaHistograms {
  LogHistogram raw;
  LogHistogram centered;
};

// The rows have the same size, 2 to 2^31 - 1, and `true_token`, if there is one, lies within it
// (std::logic_error).
LogitRow AnalyzeLogits(std::span<const float> reference, std::span<const float> candidate,
                       LogitType type, std::optional<int64_t> true_token,
                       DeltaHistograms& histograms);
LogitRow AnalyzeLogits(std::span<const double> reference, std::span<const float> candidate,
                       LogitType type, std::optional<int64_t> true_token,
                       DeltaHistograms& histograms);
LogitRow AnalyzeLogits(std::span<const double> reference, std::span<const double> candidate,
                       LogitType type, std::optional<int64_t> true_token,
                       DeltaHistograms& histograms);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_DRIFT_LOGIT_ROW_H_
