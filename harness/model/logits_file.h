// `deltagauge logits`: the logits of given token ids, into a safetensors file.
#ifndef DELTAGAUGE_HARNESS_MODEL_LOGITS_FILE_H_
#define DELTAGAUGE_HARNESS_MODEL_LOGITS_FILE_H_

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/model/model_source.h"
#include "reference/layer_recurrence.h"
#include "reference/model.h"

namespace deltagauge {

// "all", "last" or "0,5,9": ascending positions below `tokens`. Throws reference::InputError.
std::vector<int64_t> ParsePositions(std::string_view positions, int64_t tokens);

// A JSON array of token ids. Throws reference::InputError, naming `source`.
std::vector<int32_t> ParseTokenIds(std::string_view json, std::string_view source);

struct FeedPlan {
  std::optional<int64_t> prefill;  // so many tokens at once, the rest one by one; absent: all
  std::optional<int64_t> chunk;    // the prefill in pieces of this size
};

// Sizes of the forward passes that feed `tokens` tokens. Throws reference::InputError if the plan
// doesn't fit.
std::vector<int64_t> PassSizes(int64_t tokens, const FeedPlan& plan);

// A file as foreign_logits.h describes it; but the logits of a float64 model are float64.
// `positions` ascend.
void WriteLogits(const reference::Model& model, reference::LayerRecurrence& recurrence,
                 std::span<const int32_t> ids, const FeedPlan& plan,
                 std::span<const int64_t> positions, const std::filesystem::path& out,
                 const StageProgress& progress = {});

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_MODEL_LOGITS_FILE_H_
