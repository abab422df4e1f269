// How far the logits of one arm are from those of another, over all positions of a text,
// teacher-forced. Streaming: rows are looked at once and not kept; memory is O(positions).
//
//   LogitDriftMeter meter(vocabulary, LogitType::kFloat32);
//   for (...) meter.Add(position, reference_row, candidate_row, next_token);
//   LogitDrift drift = meter.Drift();
//   Agreement agreement = meter.TokenAgreement();
//
// Definitions are in logit_row.h. Statistics over positions (KL, true token, perplexity) are exact,
// with percentiles as in distribution.h. Maxima, where they are, and root mean squares over all
// elements are exact; the percentiles over all positions x vocabulary elements come from a
// histogram and are within a relative 2^-8 (log_histogram.h), below 8e-25 they are 0.
//
// All sums over positions are taken in the order of positions when the result is asked for, so
// neither the order of Add nor how positions were dealt out to merged meters changes a bit.
#ifndef DELTAGAUGE_HARNESS_DRIFT_DRIFT_H_
#define DELTAGAUGE_HARNESS_DRIFT_DRIFT_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "harness/drift/agreement.h"
#include "harness/drift/distribution.h"
#include "harness/drift/logit_row.h"
#include "harness/drift/row_census.h"

namespace deltagauge {

inline constexpr size_t kDriftBuckets = 64;

// Of |delta| over all elements of all usable positions.
struct DeltaFigures {
  double max_abs = 0;
  int64_t max_position = -1;
  int64_t max_token = -1;
  double rms = 0;
  double p50 = 0;
  double p99 = 0;
  double p999 = 0;
};

// Of KL(reference || candidate) over positions, in nats. Values below 0 within rounding count as 0.
struct KlFigures {
  double mean = 0;
  double standard_error = 0;
  double p50 = 0;
  double p90 = 0;
  double p95 = 0;
  double p99 = 0;
  double p999 = 0;
  double max = 0;
  int64_t max_position = -1;
};

// e^(mean of -log p of the true token). All 0 if no true token was given.
struct PerplexityFigures {
  double reference = 0;
  double candidate = 0;
  double ratio = 0;                 // candidate / reference
  double ratio_standard_error = 0;  // paired: of the same tokens
  double log_correlation = 0;       // of the two arms' log p
};

// Consecutive usable positions, about equally many in each, for plots.
struct DriftBucket {
  int64_t first_position = 0;
  int64_t last_position = 0;
  int64_t positions = 0;
  double max_abs = 0;
  double rms = 0;
  double max_abs_centered = 0;
  double rms_centered = 0;
  double kl_mean = 0;
  double kl_max = 0;
};

struct LogitDrift {
  LogitType logit_type = LogitType::kFloat32;
  int64_t vocabulary = 0;
  RowCensus rows;
  double reference_max_abs = 0;  // largest logit: a tolerance above it could not fail

  DeltaFigures raw;
  DeltaFigures centered;  // minus the mean delta of its position
  KlFigures kl;

  int64_t true_tokens = 0;  // positions that have one
  Spread delta_log_p;       // of the true token, candidate minus reference, nats
  Spread delta_p;           // the same of its probability
  PerplexityFigures perplexity;

  std::vector<DriftBucket> buckets;  // at most kDriftBuckets, by position
};

class LogitDriftMeter {
 public:
  // `vocabulary` is 2 to 2^31 - 1 (std::logic_error).
  LogitDriftMeter(int64_t vocabulary, LogitType logit_type);

  // Rows have `vocabulary` elements. `position` is not negative and new to the meter: with several
  // texts, count on. `true_token` is the token that follows in the text. Else std::logic_error.
  // About 3.5 ms of one core for two rows of 248,320 floats, with SSE2 alone.
  void Add(int64_t position, std::span<const float> reference, std::span<const float> candidate,
           std::optional<int64_t> true_token = std::nullopt);
  // A reference in fp64, as the truth is.
  void Add(int64_t position, std::span<const double> reference, std::span<const float> candidate,
           std::optional<int64_t> true_token = std::nullopt);
  void Add(int64_t position, std::span<const double> reference, std::span<const double> candidate,
           std::optional<int64_t> true_token = std::nullopt);

  // As if all of the other's rows had been added here. The other has the same vocabulary and type,
  // and no position of this one (std::logic_error, and nothing has changed).
  void Merge(const LogitDriftMeter& other);

  LogitDrift Drift() const;
  Agreement TokenAgreement(size_t listed_differences = kListedDifferences) const;

  const std::map<int64_t, LogitRow>& Rows() const { return rows_; }

 private:
  template <typename Reference, typename Candidate>
  void AddRow(int64_t position, std::span<const Reference> reference,
              std::span<const Candidate> candidate, std::optional<int64_t> true_token);

  int64_t vocabulary_;
  LogitType logit_type_;
  std::map<int64_t, LogitRow> rows_;
  DeltaHistograms histograms_;
};

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_DRIFT_DRIFT_H_
