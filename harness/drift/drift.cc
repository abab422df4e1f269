#include "harness/drift/drift.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <utility>

namespace deltagauge {
namespace {

using PositionedRow = std::pair<int64_t, const LogitRow*>;

double ClippedKl(const LogitRow& row) { return std::max(row.kl, 0.0); }

DeltaFigures FiguresOf(std::span<const PositionedRow> rows, int64_t vocabulary,
                       const LogHistogram& histogram, double LogitRow::*max_abs,
                       int64_t LogitRow::*token, double LogitRow::*sum_squares) {
  DeltaFigures figures;
  double squares = 0;
  for (const auto& [position, row] : rows) {
    squares += row->*sum_squares;
    if (figures.max_position >= 0 && !(row->*max_abs > figures.max_abs)) continue;
    figures.max_abs = row->*max_abs;
    figures.max_position = position;
    figures.max_token = row->*token;
  }
  if (rows.empty()) return figures;
  figures.rms =
      std::sqrt(squares / static_cast<double>(rows.size()) / static_cast<double>(vocabulary));
  // The middle of the last bucket may lie above the largest element.
  figures.p50 = std::min(histogram.Percentile(0.5), figures.max_abs);
  figures.p99 = std::min(histogram.Percentile(0.99), figures.max_abs);
  figures.p999 = std::min(histogram.Percentile(0.999), figures.max_abs);
  return figures;
}

KlFigures KlOf(std::span<const PositionedRow> rows) {
  KlFigures figures;
  if (rows.empty()) return figures;
  std::vector<double> values;
  for (const auto& [position, row] : rows) {
    const double kl = ClippedKl(*row);
    values.push_back(kl);
    if (figures.max_position >= 0 && !(kl > figures.max)) continue;
    figures.max = kl;
    figures.max_position = position;
  }
  const MeanEstimate mean = EstimateMean(values);
  figures.mean = mean.mean;
  figures.standard_error = mean.standard_error;
  std::sort(values.begin(), values.end());
  figures.p50 = Percentile(values, 0.5);
  figures.p90 = Percentile(values, 0.9);
  figures.p95 = Percentile(values, 0.95);
  figures.p99 = Percentile(values, 0.99);
  figures.p999 = Percentile(values, 0.999);
  return figures;
}

void AddTrueTokens(std::span<const PositionedRow> rows, LogitDrift& drift) {
  std::vector<double> reference, candidate, delta_log_p, delta_p;  // the first two: -log p
  for (const auto& [position, row] : rows) {
    if (!row->has_true_token) continue;
    reference.push_back(-row->reference_log_p);
    candidate.push_back(-row->candidate_log_p);
    delta_log_p.push_back(row->candidate_log_p - row->reference_log_p);
    delta_p.push_back(std::exp(row->candidate_log_p) - std::exp(row->reference_log_p));
  }
  drift.true_tokens = static_cast<int64_t>(reference.size());
  if (reference.empty()) return;
  drift.delta_log_p = SpreadOf(std::move(delta_log_p));
  drift.delta_p = SpreadOf(std::move(delta_p));
  const RatioEstimate ratio = EstimatePairedRatio(reference, candidate);
  drift.perplexity = {std::exp(EstimateMean(reference).mean),
                      std::exp(EstimateMean(candidate).mean), ratio.ratio, ratio.standard_error,
                      ratio.correlation};
}

DriftBucket BucketOf(std::span<const PositionedRow> rows, int64_t vocabulary) {
  DriftBucket bucket;
  bucket.first_position = rows.front().first;
  bucket.last_position = rows.back().first;
  bucket.positions = static_cast<int64_t>(rows.size());
  double squares = 0, squares_centered = 0, kl = 0;
  for (const auto& [position, row] : rows) {
    bucket.max_abs = std::max(bucket.max_abs, row->max_abs);
    bucket.max_abs_centered = std::max(bucket.max_abs_centered, row->max_abs_centered);
    bucket.kl_max = std::max(bucket.kl_max, ClippedKl(*row));
    squares += row->sum_squares;
    squares_centered += row->sum_squares_centered;
    kl += ClippedKl(*row);
  }
  const double count = static_cast<double>(rows.size());
  bucket.rms = std::sqrt(squares / count / static_cast<double>(vocabulary));
  bucket.rms_centered = std::sqrt(squares_centered / count / static_cast<double>(vocabulary));
  bucket.kl_mean = kl / count;
  return bucket;
}

std::vector<DriftBucket> BucketsOf(std::span<const PositionedRow> rows, int64_t vocabulary) {
  const size_t count = std::min(kDriftBuckets, rows.size());
  std::vector<DriftBucket> buckets;
  for (size_t i = 0; i < count; ++i) {
    const size_t begin = i * rows.size() / count;
    const size_t end = (i + 1) * rows.size() / count;
    buckets.push_back(BucketOf(rows.subspan(begin, end - begin), vocabulary));
  }
  return buckets;
}

}  // namespace

LogitDriftMeter::LogitDriftMeter(int64_t vocabulary, LogitType logit_type)
    : vocabulary_(vocabulary), logit_type_(logit_type) {
  if (vocabulary < 2 || vocabulary > std::numeric_limits<int32_t>::max()) {
    throw std::logic_error("logit drift: the vocabulary is outside 2 to 2^31 - 1");
  }
}

template <typename Reference, typename Candidate>
void LogitDriftMeter::AddRow(int64_t position, std::span<const Reference> reference,
                             std::span<const Candidate> candidate,
                             std::optional<int64_t> true_token) {
  if (position < 0 || rows_.contains(position)) {
    throw std::logic_error("logit drift: a position is negative or comes twice");
  }
  if (reference.size() != static_cast<size_t>(vocabulary_)) {
    throw std::logic_error("logit drift: a row is not as long as the vocabulary");
  }
  const LogitRow row = AnalyzeLogits(reference, candidate, logit_type_, true_token, histograms_);
  rows_.emplace(position, row);
}

void LogitDriftMeter::Add(int64_t position, std::span<const float> reference,
                          std::span<const float> candidate, std::optional<int64_t> true_token) {
  AddRow(position, reference, candidate, true_token);
}

void LogitDriftMeter::Add(int64_t position, std::span<const double> reference,
                          std::span<const float> candidate, std::optional<int64_t> true_token) {
  AddRow(position, reference, candidate, true_token);
}

void LogitDriftMeter::Add(int64_t position, std::span<const double> reference,
                          std::span<const double> candidate, std::optional<int64_t> true_token) {
  AddRow(position, reference, candidate, true_token);
}

void LogitDriftMeter::Merge(const LogitDriftMeter& other) {
  if (vocabulary_ != other.vocabulary_ || logit_type_ != other.logit_type_) {
    throw std::logic_error("logit drift: merged meters differ in vocabulary or type");
  }
  for (const auto& [position, row] : other.rows_) {
    if (rows_.contains(position)) {
      throw std::logic_error("logit drift: merged meters have a position in common");
    }
  }
  rows_.insert(other.rows_.begin(), other.rows_.end());
  histograms_.raw.Merge(other.histograms_.raw);
  histograms_.centered.Merge(other.histograms_.centered);
}

LogitDrift LogitDriftMeter::Drift() const {
  LogitDrift drift;
  drift.logit_type = logit_type_;
  drift.vocabulary = vocabulary_;
  drift.rows = CensusOf(rows_);
  std::vector<PositionedRow> usable;
  for (const auto& [position, row] : rows_) {
    if (!row.finite) continue;
    usable.emplace_back(position, &row);
    drift.reference_max_abs = std::max(drift.reference_max_abs, row.reference_max_abs);
  }
  drift.raw = FiguresOf(usable, vocabulary_, histograms_.raw, &LogitRow::max_abs,
                        &LogitRow::max_abs_token, &LogitRow::sum_squares);
  drift.centered = FiguresOf(usable, vocabulary_, histograms_.centered, &LogitRow::max_abs_centered,
                             &LogitRow::max_abs_centered_token, &LogitRow::sum_squares_centered);
  drift.kl = KlOf(usable);
  AddTrueTokens(usable, drift);
  drift.buckets = BucketsOf(usable, vocabulary_);
  return drift;
}

Agreement LogitDriftMeter::TokenAgreement(size_t listed_differences) const {
  return AgreementOf(rows_, listed_differences);
}

}  // namespace deltagauge
