// From the name of a model to the model.
#ifndef DELTAGAUGE_HARNESS_MODEL_MODEL_SOURCE_H_
#define DELTAGAUGE_HARNESS_MODEL_MODEL_SOURCE_H_

#include <filesystem>
#include <functional>
#include <memory>
#include <string_view>

#include "reference/checkpoint.h"
#include "reference/model.h"
#include "reference/tokenizer.h"

namespace deltagauge {

// What takes long, and how much of it is done, 0 to 1.
using StageProgress = std::function<void(std::string_view what, double done)>;

// The folder of a checkpoint: `builtin:qwen3_5-tiny`, a path, or `graft:qwen3_5-0.8b`, which is
// written into the cache folder (1.7 GB) the first time. Throws reference::InputError.
std::filesystem::path ModelFolder(std::string_view model, const StageProgress& progress = {});

// Whether it is one of those that ModelFolder writes.
bool IsMadeOnFirstUse(std::string_view model);

// A checkpoint with its model: the model reads from the checkpoint's files.
struct LoadedModel {
  std::unique_ptr<reference::Checkpoint> checkpoint;
  std::unique_ptr<reference::Model> model;
};

LoadedModel LoadModel(const std::filesystem::path& folder, const reference::ModelOptions& options,
                      const StageProgress& progress = {});

// The tokenizer.json of a model's folder. Throws reference::InputError if there is none.
reference::Tokenizer OpenTokenizer(const std::filesystem::path& folder);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_MODEL_MODEL_SOURCE_H_
