#include "harness/model/model_pass.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <limits>
#include <numeric>
#include <optional>
#include <span>
#include <utility>

#include "fmt/format.h"
#include "reference/recurrence_torch.h"

namespace deltagauge {
namespace {

using reference::ComputeType;
using reference::HiddenStates;
using reference::LayerRecurrence;
using reference::LogitBlock;
using reference::Model;
using reference::ModelCache;

// ---- greedy ----

LogitBlock LastLogits(const Model& model, const HiddenStates& hidden) {
  return model.Logits(hidden, std::array{hidden.Rows() - 1});
}

bool IsEnd(const Model& model, int64_t id) {
  const std::vector<int64_t>& ends = model.config().eos_token_ids;
  return std::find(ends.begin(), ends.end(), id) != ends.end();
}

// Both arms along the greedy continuation of the baseline.
std::vector<LogitRow> Continue(const Model& model, LayerRecurrence& candidate,
                               LayerRecurrence& baseline, const std::vector<int32_t>& prompt,
                               int64_t tokens) {
  ModelCache expected_cache = model.NewCache(1, baseline);
  ModelCache found_cache = model.NewCache(1, candidate);
  const LogitType type = LogitTypeOf(model.type());
  DeltaHistograms unused;
  std::vector<LogitRow> rows;
  std::vector<int32_t> fed = prompt;
  while (static_cast<int64_t>(rows.size()) < tokens) {
    const LogitBlock expected = LastLogits(model, model.Forward(fed, expected_cache, baseline));
    const LogitBlock found = LastLogits(model, model.Forward(fed, found_cache, candidate));
    if (expected.IsDouble()) {
      rows.push_back(
          AnalyzeLogits(expected.Float64(0), found.Float64(0), type, std::nullopt, unused));
      fed = {reference::ArgMax(expected.Float64(0))};
    } else {
      rows.push_back(
          AnalyzeLogits(expected.Float32(0), found.Float32(0), type, std::nullopt, unused));
      fed = {reference::ArgMax(expected.Float32(0))};
    }
    if (IsEnd(model, fed.front())) break;
  }
  return rows;
}

// ---- invariance ----

struct Logits {
  std::vector<std::vector<double>> rows;
};

void Append(const Model& model, const HiddenStates& hidden, Logits& logits) {
  for (int64_t begin = 0; begin < hidden.Rows(); begin += kBlockPositions) {
    std::vector<int64_t> rows(
        static_cast<size_t>(std::min(kBlockPositions, hidden.Rows() - begin)));
    std::iota(rows.begin(), rows.end(), begin);
    const LogitBlock block = model.Logits(hidden, rows);
    for (int64_t row = 0; row < block.Rows(); ++row) {
      if (block.IsDouble()) {
        const auto values = block.Float64(row);
        logits.rows.emplace_back(values.begin(), values.end());
      } else {
        const auto values = block.Float32(row);
        logits.rows.emplace_back(values.begin(), values.end());
      }
    }
  }
}

// Sizes of the pieces, one after the other.
Logits InPieces(const Model& model, LayerRecurrence& recurrence, std::span<const int32_t> ids,
                const std::vector<int64_t>& pieces) {
  Logits logits;
  ModelCache cache = model.NewCache(1, recurrence);
  size_t fed = 0;
  for (const int64_t piece : pieces) {
    const auto size = static_cast<size_t>(piece);
    Append(model, model.Forward(ids.subspan(fed, size), cache, recurrence), logits);
    fed += size;
  }
  return logits;
}

InvarianceComparison CompareLogits(std::string what, const Logits& expected, const Logits& found,
                                   std::optional<ComputeType> limit_of) {
  InvarianceComparison comparison;
  comparison.what = std::move(what);
  comparison.same_bits = expected.rows.size() == found.rows.size();
  double largest = 0;
  for (size_t row = 0; row < std::min(expected.rows.size(), found.rows.size()); ++row) {
    for (size_t i = 0; i < expected.rows[row].size(); ++i) {
      const double a = expected.rows[row][i];
      const double b = found.rows[row][i];
      ++comparison.compared;
      largest = std::max(largest, std::abs(a));
      if (std::memcmp(&a, &b, sizeof(a)) != 0) {
        comparison.same_bits = false;
      } else if (std::isfinite(a)) {
        continue;
      }
      // NaN where either is not finite, even if both are: such logits agree on nothing. It stays,
      // and where it was first.
      const double difference = std::isfinite(a) && std::isfinite(b)
                                    ? std::abs(a - b)
                                    : std::numeric_limits<double>::quiet_NaN();
      if (std::isnan(comparison.max_abs) || difference <= comparison.max_abs) continue;
      comparison.max_abs = difference;
      comparison.max_position = static_cast<int64_t>(row);
      comparison.max_token = static_cast<int64_t>(i);
    }
  }
  if (limit_of.has_value()) comparison.limit = InvarianceLimit(*limit_of, largest);
  return comparison;
}

uint64_t NextRandom(uint64_t& state) {
  state += 0x9e3779b97f4a7c15u;
  uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

// Round sizes of kernels and chunked forms, their neighbours, and uneven pieces.
std::vector<std::vector<int64_t>> PieceSizes(int64_t tokens, uint64_t seed) {
  std::vector<std::vector<int64_t>> plans;
  for (const int64_t first : {int64_t{1}, int64_t{63}, int64_t{64}, int64_t{65}, tokens - 1}) {
    if (first >= 1 && first < tokens) plans.push_back({first, tokens - first});
  }
  std::vector<int64_t> uneven;
  for (int64_t left = tokens; left > 0;) {
    const int64_t size = std::min<int64_t>(left, 1 + static_cast<int64_t>(NextRandom(seed) % 40));
    uneven.push_back(size);
    left -= size;
  }
  if (uneven.size() > 1) plans.push_back(std::move(uneven));
  return plans;
}

}  // namespace

GreedyComparison RunGreedy(const Model& model, LayerRecurrence& candidate,
                           LayerRecurrence& baseline, const std::vector<NamedPrompt>& prompts,
                           int64_t tokens) {
  std::vector<std::vector<LogitRow>> rows;
  for (const NamedPrompt& prompt : prompts) {
    rows.push_back(Continue(model, candidate, baseline, prompt.ids, tokens));
  }
  return CompareGreedy(rows);
}

double InvarianceLimit(ComputeType type, double max_logit) {
  switch (type) {
    case ComputeType::kBFloat16:
      // Other sums before each rounding: what two honest orders of Qwen3.5's layers give is a few
      // units in the last place of the largest logit.
      return 8 * UlpAt(std::max(max_logit, 1.0), LogitType::kBFloat16);
    case ComputeType::kFloat64:
      return 1e-10;
    case ComputeType::kFloat32:
      break;
  }
  return 1e-4;
}

InvarianceResult RunInvariance(const Model& model, LayerRecurrence& recurrence,
                               const std::vector<int32_t>& ids, InvarianceKind kind, int threads,
                               uint64_t seed) {
  const auto tokens = static_cast<int64_t>(ids.size());
  InvarianceResult result;
  result.check = NameOf(kind);
  const Logits whole = InPieces(model, recurrence, ids, {tokens});
  switch (kind) {
    case InvarianceKind::kPieces:
      for (const std::vector<int64_t>& pieces : PieceSizes(tokens, seed)) {
        const std::string what =
            pieces.size() == 2
                ? fmt::format("{} tokens in one call against {} + {}", tokens, pieces[0], pieces[1])
                : fmt::format("{} tokens in one call against {} pieces", tokens, pieces.size());
        result.comparisons.push_back(
            CompareLogits(what, whole, InPieces(model, recurrence, ids, pieces), model.type()));
      }
      break;
    case InvarianceKind::kDecode:
      for (const int64_t decoded : {int64_t{1}, int64_t{3}, tokens}) {
        if (decoded > tokens) continue;
        std::vector<int64_t> pieces(static_cast<size_t>(decoded), 1);
        if (decoded < tokens) pieces.insert(pieces.begin(), tokens - decoded);
        result.comparisons.push_back(CompareLogits(
            fmt::format("prefill of {} tokens against the last {} decoded", tokens, decoded), whole,
            InPieces(model, recurrence, ids, pieces), model.type()));
      }
      break;
    case InvarianceKind::kThreads: {
      const int other = threads == 1 ? 2 : 1;
      reference::SetTorchThreads(other);
      const Logits found = InPieces(model, recurrence, ids, {tokens});
      reference::SetTorchThreads(threads);
      result.comparisons.push_back(CompareLogits(
          fmt::format("{} against {} threads", threads, other), whole, found, model.type()));
      break;
    }
    case InvarianceKind::kRepeat:
      result.comparisons.push_back(CompareLogits(
          "the same call twice", whole, InPieces(model, recurrence, ids, {tokens}), std::nullopt));
      break;
  }
  return result;
}

}  // namespace deltagauge
