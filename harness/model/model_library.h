// The models and texts of a run, loaded when a case first asks for them.
#ifndef DELTAGAUGE_HARNESS_MODEL_MODEL_LIBRARY_H_
#define DELTAGAUGE_HARNESS_MODEL_MODEL_LIBRARY_H_

#include <cstdint>
#include <list>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "harness/config/config.h"
#include "harness/config/run_case.h"
#include "harness/model/model_source.h"
#include "harness/report/report.h"
#include "reference/model.h"

namespace deltagauge {

reference::ComputeType ComputeTypeOf(ModelDataType type);

class ModelLibrary {
 public:
  explicit ModelLibrary(StageProgress progress) : progress_(std::move(progress)) {}

  // Valid until two other models have been asked for: more than two at once would not fit into the
  // memory that full-size runs are promised.
  const reference::Model& Get(const std::string& model, reference::ComputeType type);

  // Forgets all but this one, before something is timed.
  void KeepOnly(const std::string& model, reference::ComputeType type);

  // Adds a model to Models() without loading it.
  void Describe(const std::string& model);

  // Token ids of a text by the tokenizer of a model.
  const std::vector<int32_t>& Tokens(const std::string& model, const std::string& text);

  // ids [offset, offset + count) of a text. Throws reference::InputError if it is shorter.
  std::vector<int32_t> Span(const std::string& model, const TextSpan& span);

  const reference::Tokenizer& TokenizerOf(const std::string& model);

  // What was asked for so far, in the order in which it was.
  std::vector<ModelReport> Models() const { return models_; }
  std::vector<TextReport> Texts() const { return texts_; }
  // How the weights of the latest model are multiplied with.
  const std::string& LinearDescription() const { return linear_description_; }

 private:
  struct Entry {
    std::string model;
    reference::ComputeType type;
    LoadedModel loaded;
  };

  const std::filesystem::path& Folder(const std::string& model);
  void Describe(const std::string& model, const reference::Checkpoint& checkpoint);

  StageProgress progress_;
  std::map<std::string, std::filesystem::path> folders_;
  std::list<Entry> loaded_;  // the latest first
  std::map<std::string, reference::Tokenizer> tokenizers_;
  std::map<std::pair<std::string, std::string>, std::vector<int32_t>> tokens_;
  std::vector<ModelReport> models_;
  std::vector<TextReport> texts_;
  std::string linear_description_;
};

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_MODEL_MODEL_LIBRARY_H_
