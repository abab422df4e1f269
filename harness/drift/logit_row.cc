#include "harness/drift/logit_row.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <stdexcept>

#include "harness/drift/row_census.h"  // ShareStorage
#include "harness/drift/vector_exp.h"

namespace deltagauge {
namespace {

// Elements looked at together: a handful of such arrays of doubles fit into the first cache. Sums
// run in kBlock lanes, element by element, which is what lets a compiler use vectors for them
// without leave to reorder additions, and are folded once, at the end of the row.
constexpr size_t kBlock = 512;

struct alignas(64) Block {
  double value[kBlock] = {};
};

double FoldSum(const Block& terms) {
  Block block = terms;
  for (size_t half = kBlock / 2; half > 0; half /= 2) {
    for (size_t i = 0; i < half; ++i) block.value[i] += block.value[half + i];
  }
  return block.value[0];
}

double FoldMax(const Block& values) {
  Block block = values;
  for (size_t half = kBlock / 2; half > 0; half /= 2) {
    for (size_t i = 0; i < half; ++i) {
      const double other = block.value[half + i];
      block.value[i] = block.value[i] > other ? block.value[i] : other;
    }
  }
  return block.value[0];
}

// `values` as fp64, the rest of the block filled with `padding`.
template <typename T>
void Load(const T* values, size_t count, double padding, Block& block) {
  for (size_t i = 0; i < count; ++i) block.value[i] = static_cast<double>(values[i]);
  std::fill(block.value + count, block.value + kBlock, padding);
}

// A descending list of the largest logits so far. Rows are walked by ascending token, so a later
// logit has to be above, not equal, to come before an earlier one.
void Insert(double logit, int64_t token, TopTokens& top) {
  int32_t place = top.count;
  while (place > 0 && logit > top.logit[place - 1]) --place;
  if (place == kTopTokens) return;
  top.count = std::min(top.count + 1, kTopTokens);
  for (int32_t i = top.count - 1; i > place; --i) {
    top.logit[i] = top.logit[i - 1];
    top.token[i] = top.token[i - 1];
  }
  top.logit[place] = logit;
  top.token[place] = token;
}

void InsertBlock(const Block& block, double block_max, size_t begin, size_t count, TopTokens& top) {
  // After the first few blocks hardly any has something to add.
  if (top.count == kTopTokens && !(block_max > top.logit[kTopTokens - 1])) return;
  for (size_t i = 0; i < count; ++i) {
    Insert(block.value[i], static_cast<int64_t>(begin + i), top);
  }
}

// An extreme, and the block that first had it.
struct Extreme {
  double value = -std::numeric_limits<double>::infinity();
  size_t block_begin = 0;

  void Take(double other, size_t begin) {
    if (!(other > value)) return;
    value = other;
    block_begin = begin;
  }
};

// What the first pass finds out.
struct Survey {
  TopTokens reference_top;
  TopTokens candidate_top;
  double reference_min = 0;
  double delta_sum = 0;
  Extreme delta_max;
  Extreme minus_delta_max;
};

template <typename Reference, typename Candidate>
Survey SurveyRows(std::span<const Reference> reference, std::span<const Candidate> candidate) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  Survey survey;
  Extreme minus_reference_max;
  Block r, c, delta, minus_delta, minus_r, delta_sums;
  for (size_t begin = 0; begin < reference.size(); begin += kBlock) {
    const size_t count = std::min(kBlock, reference.size() - begin);
    Load(&reference[begin], count, 0, r);
    Load(&candidate[begin], count, 0, c);
    for (size_t i = 0; i < kBlock; ++i) {
      delta.value[i] = c.value[i] - r.value[i];
      delta_sums.value[i] += delta.value[i];
    }
    for (size_t i = 0; i < kBlock; ++i) {
      minus_delta.value[i] = -delta.value[i];
      minus_r.value[i] = -r.value[i];
    }
    for (Block* block : {&r, &c, &delta, &minus_delta, &minus_r}) {
      std::fill(block->value + count, block->value + kBlock, -kInfinity);
    }
    InsertBlock(r, FoldMax(r), begin, count, survey.reference_top);
    InsertBlock(c, FoldMax(c), begin, count, survey.candidate_top);
    survey.delta_max.Take(FoldMax(delta), begin);
    survey.minus_delta_max.Take(FoldMax(minus_delta), begin);
    minus_reference_max.Take(FoldMax(minus_r), begin);
  }
  survey.reference_min = -minus_reference_max.value;
  survey.delta_sum = FoldSum(delta_sums);
  return survey;
}

// What the second pass adds up.
struct Sums {
  double reference_exp = 0;  // sum_i e^(r_i - max r)
  double candidate_exp = 0;
  double weighted = 0;  // sum_i e^(r_i - max r) ((r_i - max r) - (c_i - max c))
  double squares = 0;   // of the deltas
  double squares_centered = 0;
};

template <typename Reference, typename Candidate>
Sums SumRows(std::span<const Reference> reference, std::span<const Candidate> candidate,
             double reference_max, double candidate_max, double mean, DeltaHistograms& histograms) {
  // Padding whose exponential is as good as 0.
  constexpr double kNothing = -1e4;
  Block r, c, difference, raw, centered;
  Block reference_exp, candidate_exp, weighted, squares, squares_centered;
  for (size_t begin = 0; begin < reference.size(); begin += kBlock) {
    const size_t count = std::min(kBlock, reference.size() - begin);
    Load(&reference[begin], count, reference_max + kNothing, r);
    Load(&candidate[begin], count, candidate_max + kNothing, c);
    for (size_t i = 0; i < kBlock; ++i) {
      const double delta = c.value[i] - r.value[i];
      raw.value[i] = std::abs(delta);
      centered.value[i] = std::abs(delta - mean);
    }
    std::fill(raw.value + count, raw.value + kBlock, 0);
    std::fill(centered.value + count, centered.value + kBlock, 0);
    for (size_t i = 0; i < kBlock; ++i) {
      squares.value[i] += raw.value[i] * raw.value[i];
      squares_centered.value[i] += centered.value[i] * centered.value[i];
    }
    for (size_t i = 0; i < kBlock; ++i) {
      const double a = r.value[i] - reference_max;
      const double b = c.value[i] - candidate_max;
      difference.value[i] = a - b;
      r.value[i] = a > kLeastExponent ? a : kLeastExponent;
      c.value[i] = b > kLeastExponent ? b : kLeastExponent;
    }
    for (size_t i = 0; i < kBlock; ++i) {
      const double e_r = ExpInRange(r.value[i]);
      reference_exp.value[i] += e_r;
      candidate_exp.value[i] += ExpInRange(c.value[i]);
      weighted.value[i] += e_r * difference.value[i];
    }
    histograms.raw.Add({raw.value, count});
    histograms.centered.Add({centered.value, count});
  }
  return {FoldSum(reference_exp), FoldSum(candidate_exp), FoldSum(weighted), FoldSum(squares),
          FoldSum(squares_centered)};
}

template <typename T>
int64_t CountNonFinite(std::span<const T> row) {
  return std::count_if(row.begin(), row.end(), [](T value) { return !std::isfinite(value); });
}

// The lowest token of the block at which `sign` * delta has the extreme.
template <typename Reference, typename Candidate>
int64_t Locate(std::span<const Reference> reference, std::span<const Candidate> candidate,
               const Extreme& extreme, double sign) {
  size_t i = extreme.block_begin;
  while (sign * (static_cast<double>(candidate[i]) - static_cast<double>(reference[i])) !=
         extreme.value) {
    ++i;
  }
  return static_cast<int64_t>(i);
}

template <typename Reference, typename Candidate>
void RecordDeltas(std::span<const Reference> reference, std::span<const Candidate> candidate,
                  const Survey& survey, const Sums& sums, LogitRow& row) {
  const double highest = survey.delta_max.value;
  const double lowest = -survey.minus_delta_max.value;
  const int64_t highest_token = Locate(reference, candidate, survey.delta_max, 1);
  const int64_t lowest_token = Locate(reference, candidate, survey.minus_delta_max, -1);
  const auto take_larger = [&](double above, double below, double& value, int64_t& token) {
    value = std::max(above, below);
    token = above > below   ? highest_token
            : above < below ? lowest_token
                            : std::min(highest_token, lowest_token);
  };
  row.sum_squares = sums.squares;
  row.sum_squares_centered = sums.squares_centered;
  take_larger(highest, -lowest, row.max_abs, row.max_abs_token);
  take_larger(highest - row.mean, row.mean - lowest, row.max_abs_centered,
              row.max_abs_centered_token);
}

// KL = E_p[log p - log q] = E_p[(r - max r) - (c - max c)] + log sum e^(c - max c)
//                                                          - log sum e^(r - max r).
void RecordKl(const Sums& sums, LogitRow& row) {
  const double expected = sums.weighted / sums.reference_exp;
  row.kl = expected + (std::log(sums.candidate_exp) - std::log(sums.reference_exp));
  // Errors are those of 2 exponentials and their sums, 2^-50 or so of either term, whose magnitude
  // is at most that of `expected` and of log(vocabulary) < 22. 2^-40 leaves a factor of 40 to that.
  row.kl_rounding = 0x1p-40 * (1 + std::abs(expected));
}

template <typename Reference, typename Candidate>
void RecordTokens(std::span<const Reference> reference, std::span<const Candidate> candidate,
                  const Survey& survey, LogitType type, LogitRow& row) {
  const TopTokens& r = survey.reference_top;
  const TopTokens& c = survey.candidate_top;
  row.reference_token = r.token[0];
  row.candidate_token = c.token[0];
  row.margin = r.logit[0] - r.logit[1];
  row.candidate_margin = c.logit[0] - c.logit[1];
  row.gap = r.logit[0] - static_cast<double>(reference[static_cast<size_t>(row.candidate_token)]);
  for (int32_t i = 0; i < r.count; ++i) {
    if (r.token[i] == row.candidate_token) row.candidate_rank = i + 1;
  }
  row.ulp = UlpAt(std::max(std::abs(r.logit[0]), std::abs(r.logit[1])), type);
  double squares = 0;
  for (int32_t i = 0; i < r.count; ++i) {
    const double delta =
        static_cast<double>(candidate[static_cast<size_t>(r.token[i])]) - r.logit[i];
    squares += (delta - row.mean) * (delta - row.mean);
  }
  row.top_mean_square = squares / r.count;
  row.top5_overlap = JaccardOf(r, c, 5);
  row.top10_overlap = JaccardOf(r, c, 10);
}

template <typename Reference, typename Candidate>
LogitRow Analyze(std::span<const Reference> reference, std::span<const Candidate> candidate,
                 LogitType type, std::optional<int64_t> true_token, DeltaHistograms& histograms) {
  const size_t size = reference.size();
  if (size != candidate.size() || size < 2 || size > std::numeric_limits<int32_t>::max()) {
    throw std::logic_error("logit rows: sizes differ, or are outside 2 to 2^31 - 1");
  }
  if (true_token && (*true_token < 0 || static_cast<size_t>(*true_token) >= size)) {
    throw std::logic_error("logit rows: the true token is outside the vocabulary");
  }
  LogitRow row;
  row.shares_storage = ShareStorage(std::as_bytes(reference), std::as_bytes(candidate));
  row.has_true_token = true_token.has_value();
  const Survey survey = SurveyRows(reference, candidate);
  // Neither NaN nor Inf ever leaves a sum of differences finite.
  if (!std::isfinite(survey.delta_sum)) {
    row.finite = false;
    row.reference_non_finite = CountNonFinite(reference);
    row.candidate_non_finite = CountNonFinite(candidate);
    return row;
  }
  const double reference_max = survey.reference_top.logit[0];
  const double candidate_max = survey.candidate_top.logit[0];
  row.mean = survey.delta_sum / static_cast<double>(size);
  row.reference_max_abs = std::max(std::abs(reference_max), std::abs(survey.reference_min));
  row.constant_reference = reference_max == survey.reference_min;
  const Sums sums =
      SumRows(reference, candidate, reference_max, candidate_max, row.mean, histograms);
  RecordDeltas(reference, candidate, survey, sums, row);
  RecordKl(sums, row);
  RecordTokens(reference, candidate, survey, type, row);
  if (true_token) {
    const size_t token = static_cast<size_t>(*true_token);
    row.reference_log_p =
        static_cast<double>(reference[token]) - reference_max - std::log(sums.reference_exp);
    row.candidate_log_p =
        static_cast<double>(candidate[token]) - candidate_max - std::log(sums.candidate_exp);
  }
  return row;
}

}  // namespace

const char* LogitTypeName(LogitType type) {
  switch (type) {
    case LogitType::kFloat32:
      return "float32";
    case LogitType::kBFloat16:
      return "bfloat16";
    case LogitType::kFloat64:
      return "float64";
  }
  return "?";
}

double UlpAt(double value, LogitType type) {
  const int fraction_bits = type == LogitType::kFloat64 ? 52 : type == LogitType::kFloat32 ? 23 : 7;
  const int least_exponent = type == LogitType::kFloat64 ? -1022 : -126;
  const int exponent = value == 0 ? least_exponent : std::max(std::ilogb(value), least_exponent);
  return std::ldexp(1.0, exponent - fraction_bits);
}

double JaccardOf(const TopTokens& a, const TopTokens& b, int k) {
  const int of_a = std::min(k, a.count);
  const int of_b = std::min(k, b.count);
  int common = 0;
  for (int i = 0; i < of_a; ++i) {
    common += static_cast<int>(std::count(b.token, b.token + of_b, a.token[i]));
  }
  return static_cast<double>(common) / static_cast<double>(of_a + of_b - common);
}

LogitRow AnalyzeLogits(std::span<const float> reference, std::span<const float> candidate,
                       LogitType type, std::optional<int64_t> true_token,
                       DeltaHistograms& histograms) {
  return Analyze(reference, candidate, type, true_token, histograms);
}

LogitRow AnalyzeLogits(std::span<const double> reference, std::span<const float> candidate,
                       LogitType type, std::optional<int64_t> true_token,
                       DeltaHistograms& histograms) {
  return Analyze(reference, candidate, type, true_token, histograms);
}

LogitRow AnalyzeLogits(std::span<const double> reference, std::span<const double> candidate,
                       LogitType type, std::optional<int64_t> true_token,
                       DeltaHistograms& histograms) {
  return Analyze(reference, candidate, type, true_token, histograms);
}

}  // namespace deltagauge
