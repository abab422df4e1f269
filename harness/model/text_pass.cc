#include <algorithm>
#include <cstddef>
#include <numeric>
#include <optional>
#include <span>
#include <thread>
#include <utility>

#include "fmt/format.h"
#include "harness/model/foreign_logits.h"
#include "harness/model/model_pass.h"
#include "reference/input_error.h"
#include "reference/recurrence_torch.h"

namespace deltagauge {
namespace {

using reference::ComputeType;
using reference::HiddenStates;
using reference::LayerRecurrence;
using reference::LogitBlock;
using reference::Model;
using reference::ModelCache;
using Progress = std::function<void(std::string_view, double)>;

// Hidden states behind each layer, and the final ones.
struct ArmPass {
  std::vector<std::vector<float>> narrow;  // of a float32 or bfloat16 model, by layer
  std::vector<std::vector<double>> wide;   // of a float64 model
  std::optional<HiddenStates> hidden;
};

ArmPass RunArm(const Model& model, LayerRecurrence& recurrence, std::span<const int32_t> ids,
               bool by_layer) {
  ArmPass pass;
  reference::ModelTaps taps;
  taps.after_layer = [&](int, const reference::RowsView& rows) {
    const auto count = static_cast<size_t>(rows.rows * rows.width);
    if (rows.type == ComputeType::kFloat64) {
      const auto* const data = static_cast<const double*>(rows.data);
      pass.wide.emplace_back(data, data + count);
    } else {
      const auto* const data = static_cast<const float*>(rows.data);
      pass.narrow.emplace_back(data, data + count);
    }
  };
  ModelCache cache = model.NewCache(1, recurrence);
  pass.hidden = model.Forward(ids, cache, recurrence, {.taps = by_layer ? &taps : nullptr});
  return pass;
}

std::optional<LayerDrift> LayersBetween(const ArmPass& reference, const ArmPass& candidate,
                                        const Model& model) {
  LayerDriftMeter meter(static_cast<int64_t>(model.config().layers.size()),
                        model.config().hidden_size);
  const size_t layers = std::max(candidate.narrow.size(), candidate.wide.size());
  for (size_t i = 0; i < layers; ++i) {
    const auto layer = static_cast<int64_t>(i);
    if (!candidate.wide.empty()) {
      meter.Add(layer, 0, std::span<const double>(reference.wide[i]),
                std::span<const double>(candidate.wide[i]));
    } else if (!reference.wide.empty()) {
      meter.Add(layer, 0, std::span<const double>(reference.wide[i]),
                std::span<const float>(candidate.narrow[i]));
    } else {
      meter.Add(layer, 0, std::span<const float>(reference.narrow[i]),
                std::span<const float>(candidate.narrow[i]));
    }
  }
  return meter.Drift(LayerDriftBudget(model.type()));
}

struct Arms {
  std::optional<ArmPass> candidate;  // absent: its logits come from a file
  ArmPass baseline;
  std::optional<ArmPass> truth;
};

Arms RunArms(const TextPassRequest& request, const Progress& report) {
  Arms arms;
  if (request.candidate_logits == nullptr) {
    report("candidate", 0);
    arms.candidate = RunArm(*request.model, *request.candidate, request.ids, request.by_layer);
  }
  report("baseline", 0.2);
  arms.baseline = RunArm(*request.model, *request.baseline, request.ids, request.by_layer);
  if (request.truth_model != nullptr) {
    report("truth", 0.4);
    arms.truth = RunArm(*request.truth_model, *request.truth, request.ids, request.by_layer);
  }
  return arms;
}

// Logits of a few positions, by the model or from a file.
class Block {
 public:
  Block(const Model& model, const ArmPass& pass, std::span<const int64_t> positions)
      : computed_(model.Logits(*pass.hidden, positions)) {}
  Block(const ForeignLogits& file, std::span<const int64_t> positions)
      : vocabulary_(static_cast<size_t>(file.vocabulary())) {
    read_.resize(positions.size() * vocabulary_);
    for (size_t i = 0; i < positions.size(); ++i) {
      file.CopyRow(*file.RowOf(positions[i]),
                   std::span(read_).subspan(i * vocabulary_, vocabulary_));
    }
  }

  bool IsDouble() const { return computed_.has_value() && computed_->IsDouble(); }
  std::span<const double> Float64(size_t row) const {
    return computed_->Float64(static_cast<int64_t>(row));
  }
  std::span<const float> Float32(size_t row) const {
    if (computed_.has_value()) return computed_->Float32(static_cast<int64_t>(row));
    return std::span(read_).subspan(row * vocabulary_, vocabulary_);
  }

 private:
  std::optional<LogitBlock> computed_;
  size_t vocabulary_ = 0;  // of what was read
  std::vector<float> read_;
};

// Adds one position of two blocks, whatever types they have.
void AddRow(LogitDriftMeter& meter, int64_t position, const Block& reference,
            const Block& candidate, size_t row, std::optional<int64_t> next) {
  if (candidate.IsDouble()) {
    meter.Add(position, reference.Float64(row), candidate.Float64(row), next);
  } else if (reference.IsDouble()) {
    meter.Add(position, reference.Float64(row), candidate.Float32(row), next);
  } else {
    meter.Add(position, reference.Float32(row), candidate.Float32(row), next);
  }
}

// A meter of its own for each of several threads, merged in the end: the result doesn't depend on
// how positions were dealt out.
class SplitMeter {
 public:
  SplitMeter(size_t threads, int64_t vocabulary, LogitType type)
      : meters_(threads, LogitDriftMeter(vocabulary, type)) {}
  LogitDriftMeter& Of(size_t thread) { return meters_[thread]; }
  LogitDriftMeter Merged() {
    for (size_t i = 1; i < meters_.size(); ++i) meters_[0].Merge(meters_[i]);
    return std::move(meters_[0]);
  }

 private:
  std::vector<LogitDriftMeter> meters_;
};

template <typename Work>
void OnThreads(size_t threads, const Work& work) {
  std::vector<std::thread> others;
  for (size_t i = 1; i < threads; ++i) others.emplace_back(work, i);
  work(size_t{0});
  for (std::thread& other : others) other.join();
}

// The first so many; of a candidate's file those that it has. Before anything takes long.
std::vector<int64_t> ComparedPositions(const TextPassRequest& request) {
  const int64_t count = std::min(request.positions, static_cast<int64_t>(request.ids.size()));
  const ForeignLogits* const file = request.candidate_logits;
  if (file == nullptr) {
    std::vector<int64_t> positions(static_cast<size_t>(count));
    std::iota(positions.begin(), positions.end(), 0);
    return positions;
  }
  file->CheckFits(request.ids, request.model->config().vocab_size);
  std::vector<int64_t> positions(file->positions().begin(), file->positions().end());
  positions.erase(std::lower_bound(positions.begin(), positions.end(), count), positions.end());
  if (positions.empty()) {
    throw reference::InputError(
        file->name() + ": tensor 'positions'",
        fmt::format("expected some of the first {}, which the case compares, found {} as the first",
                    count, file->positions().front()),
        "write their logits, too");
  }
  return positions;
}

// The three comparisons of a pass.
class Comparison {
 public:
  Comparison(const TextPassRequest& request, const Arms& arms)
      : request_(request),
        arms_(arms),
        threads_(static_cast<size_t>(reference::TorchThreads())),
        to_baseline_(threads_, request.model->config().vocab_size,
                     LogitTypeOf(request.model->type())),
        to_truth_(to_baseline_),
        baseline_to_truth_(to_baseline_) {}

  void Add(std::span<const int64_t> positions) {
    const bool has_truth = arms_.truth.has_value();
    const Block candidate = arms_.candidate.has_value()
                                ? Block(*request_.model, *arms_.candidate, positions)
                                : Block(*request_.candidate_logits, positions);
    const Block baseline(*request_.model, arms_.baseline, positions);
    std::optional<Block> truth;
    if (has_truth) truth.emplace(*request_.truth_model, *arms_.truth, positions);
    OnThreads(threads_, [&](size_t thread) {
      for (size_t row = thread; row < positions.size(); row += threads_) {
        const int64_t position = positions[row];
        std::optional<int64_t> next;
        if (position + 1 < static_cast<int64_t>(request_.ids.size())) {
          next = request_.ids[static_cast<size_t>(position) + 1];
        }
        AddRow(to_baseline_.Of(thread), position, baseline, candidate, row, next);
        if (!has_truth) continue;
        AddRow(to_truth_.Of(thread), position, *truth, candidate, row, next);
        AddRow(baseline_to_truth_.Of(thread), position, *truth, baseline, row, next);
      }
    });
  }

  TextPassResult Result() {
    TextPassResult result;
    const LogitDriftMeter merged = to_baseline_.Merged();
    result.drift.baseline = merged.Drift();
    result.agreement = merged.TokenAgreement();
    if (arms_.truth.has_value()) {
      result.drift.truth = to_truth_.Merged().Drift();
      result.drift.baseline_to_truth = baseline_to_truth_.Merged().Drift();
    }
    if (request_.by_layer) AddLayers(result.drift);
    return result;
  }

 private:
  // A file of logits has no layers.
  void AddLayers(DriftResult& drift) const {
    const Model& model = *request_.model;
    if (arms_.candidate.has_value()) {
      drift.layers_baseline = LayersBetween(arms_.baseline, *arms_.candidate, model);
    }
    if (!arms_.truth.has_value()) return;
    if (arms_.candidate.has_value()) {
      drift.layers_truth = LayersBetween(*arms_.truth, *arms_.candidate, model);
    }
    drift.layers_baseline_to_truth = LayersBetween(*arms_.truth, arms_.baseline, model);
  }

  const TextPassRequest& request_;
  const Arms& arms_;
  const size_t threads_;
  SplitMeter to_baseline_;
  SplitMeter to_truth_;
  SplitMeter baseline_to_truth_;
};

}  // namespace

LogitType LogitTypeOf(ComputeType type) {
  return type == ComputeType::kFloat32    ? LogitType::kFloat32
         : type == ComputeType::kBFloat16 ? LogitType::kBFloat16
                                          : LogitType::kFloat64;
}

double LayerDriftBudget(ComputeType type) {
  switch (type) {
    case ComputeType::kBFloat16:
      return 2e-2;  // a bfloat16 rounding is 2e-3; layers add up
    case ComputeType::kFloat64:
      return 1e-12;
    case ComputeType::kFloat32:
      break;
  }
  return 1e-5;  // the ceiling of rule R2
}

TextPassResult RunTextPass(const TextPassRequest& request, const Progress& progress) {
  const auto report = [&](std::string_view what, double done) {
    if (progress) progress(what, done);
  };
  const std::vector<int64_t> positions = ComparedPositions(request);
  const Arms arms = RunArms(request, report);
  Comparison comparison(request, arms);
  for (size_t begin = 0; begin < positions.size(); begin += kBlockPositions) {
    report("logits",
           0.6 + 0.4 * static_cast<double>(begin) / static_cast<double>(positions.size()));
    comparison.Add(std::span(positions).subspan(
        begin, std::min<size_t>(kBlockPositions, positions.size() - begin)));
  }
  return comparison.Result();
}

}  // namespace deltagauge
