// What cases do with a loaded model: a text under several arms at once, greedy continuations, ways
// to compute the same. Pure but for the model: no names, no files.
#ifndef DELTAGAUGE_HARNESS_MODEL_MODEL_PASS_H_
#define DELTAGAUGE_HARNESS_MODEL_MODEL_PASS_H_

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/config/config.h"
#include "harness/report/report.h"
#include "reference/layer_recurrence.h"
#include "reference/model.h"

namespace deltagauge {

class ForeignLogits;

// Positions of one block of logits: 32 MB of the published vocabulary in float32.
inline constexpr int64_t kBlockPositions = 32;

LogitType LogitTypeOf(reference::ComputeType type);

struct TextPassRequest {
  std::vector<int32_t> ids;
  int64_t positions = 0;  // the first so many are compared
  bool by_layer = false;
  const reference::Model* model = nullptr;
  reference::LayerRecurrence* candidate = nullptr;
  const ForeignLogits* candidate_logits = nullptr;  // not null: in place of `candidate`
  reference::LayerRecurrence* baseline = nullptr;
  const reference::Model* truth_model = nullptr;  // float64; null: no truth
  reference::LayerRecurrence* truth = nullptr;
};

struct TextPassResult {
  DriftResult drift;
  Agreement agreement;  // candidate with baseline
};

// One prefill for each arm; then logits in blocks, which no more than two or three rows of each arm
// outlive. A candidate's file is compared at those of the positions that it has, and has no layers.
// Throws reference::InputError if the file isn't of this text and model or has none of them.
TextPassResult RunTextPass(const TextPassRequest& request,
                           const std::function<void(std::string_view, double)>& progress);

// Relative RMS of hidden states beyond which a layer counts as drifted.
double LayerDriftBudget(reference::ComputeType type);

struct NamedPrompt {
  std::string name;
  std::vector<int32_t> ids;
};

// At most `tokens` of each prompt: fewer where the baseline ends the text itself.
GreedyComparison RunGreedy(const reference::Model& model, reference::LayerRecurrence& candidate,
                           reference::LayerRecurrence& baseline,
                           const std::vector<NamedPrompt>& prompts, int64_t tokens);

// How far logits may be apart that two orders of the same computation give.
double InvarianceLimit(reference::ComputeType type, double max_logit);

InvarianceResult RunInvariance(const reference::Model& model,
                               reference::LayerRecurrence& recurrence,
                               const std::vector<int32_t>& ids, InvarianceKind kind, int threads,
                               uint64_t seed);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_MODEL_MODEL_PASS_H_
