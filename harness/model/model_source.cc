#include "harness/model/model_source.h"

#include <string>
#include <system_error>
#include <utility>

#include "harness/base/nearest_name.h"
#include "harness/config/config.h"
#include "harness/run/data_folders.h"
#include "reference/input_error.h"
#include "reference/synthetic_checkpoint.h"

namespace deltagauge {
namespace {

constexpr std::string_view kBuiltin = "builtin:";
constexpr std::string_view kGraft = "graft:";

std::filesystem::path GraftFolder(const std::string& shape, const StageProgress& progress) {
  reference::SyntheticOptions options;
  options.shape = shape;
  options.recipe = reference::SyntheticRecipe::kGraft;
  options.small_model = DataFolder() / "qwen3_5-tiny";
  options.out = CacheFolder() / ("graft-" + shape);
  std::filesystem::create_directories(options.out.parent_path());
  reference::WriteSyntheticCheckpoint(options, [&](int64_t done, int64_t total) {
    if (progress) {
      progress("writing " + options.out.string(),
               static_cast<double>(done) / static_cast<double>(total));
    }
  });
  return options.out;
}

}  // namespace

bool IsMadeOnFirstUse(std::string_view model) { return model == kModelNames[1]; }

std::filesystem::path ModelFolder(std::string_view model, const StageProgress& progress) {
  if (model == kModelNames[0]) {
    return DataFolder() / std::string(model.substr(kBuiltin.size()));
  }
  if (IsMadeOnFirstUse(model)) {
    return GraftFolder(std::string(model.substr(kGraft.size())), progress);
  }
  if (model.starts_with(kBuiltin) || model.starts_with(kGraft)) {
    throw reference::InputError("", "unknown model '" + std::string(model) + "'",
                                NameHint(model, kModelNames));
  }
  std::filesystem::path folder(model);
  std::error_code ignored;
  if (std::filesystem::is_directory(folder, ignored)) return folder;
  throw reference::InputError("model '" + std::string(model) + "'", "no such folder",
                              "a model is a folder with config.json, or " +
                                  std::string(kModelNames[0]) + " or " +
                                  std::string(kModelNames[1]));
}

LoadedModel LoadModel(const std::filesystem::path& folder, const reference::ModelOptions& options,
                      const StageProgress& progress) {
  LoadedModel loaded;
  loaded.checkpoint = std::make_unique<reference::Checkpoint>(reference::Checkpoint::Open(folder));
  reference::ModelOptions with_progress = options;
  if (progress) {
    with_progress.progress = [&](double done) {
      progress("loading " + folder.filename().string() + " in " + std::string(NameOf(options.type)),
               done);
    };
  }
  loaded.model =
      std::make_unique<reference::Model>(reference::Model::Load(*loaded.checkpoint, with_progress));
  return loaded;
}

reference::Tokenizer OpenTokenizer(const std::filesystem::path& folder) {
  return reference::Tokenizer::Open(folder / "tokenizer.json");
}

}  // namespace deltagauge
