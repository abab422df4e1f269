// Logits that any engine computed for given token ids, as a file: what `logits:` candidates of a
// configuration are. The file is safetensors with exactly these tensors:
//
//   logits     F32 [N, vocabulary]  a row for each position, finite
//   positions  I64 [N]              ascending; a position is the index of the last token that its
//                                   row has seen, so the row of position p predicts token p + 1
//   token_ids  I64 [T]              what the engine was fed from the text's first token on
//
// and, in `__metadata__`, if the writer cares: `engine` (what computed them, with its version, at
// most 200 printable characters; reports show it). N is 1 to T. Other metadata is passed over.
//
// Since a row depends on nothing behind its position, a file for more tokens than a case has serves
// the case, too.
#ifndef DELTAGAUGE_HARNESS_MODEL_FOREIGN_LOGITS_H_
#define DELTAGAUGE_HARNESS_MODEL_FOREIGN_LOGITS_H_

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "reference/safetensors.h"

namespace deltagauge {

inline constexpr int64_t kMaxForeignTokens = int64_t{1} << 18;  // what Qwen3.5 was made for
inline constexpr int64_t kMaxForeignVocabulary = int64_t{1} << 22;
inline constexpr size_t kMaxEngineBytes = 200;

class ForeignLogits {
 public:
  // Maps the file and checks all but the values of the logits. Throws reference::InputError with
  // file, tensor, element, and how to mend it.
  static ForeignLogits Open(const std::filesystem::path& path);
  // The same of bytes in memory, for tests and fuzzing; `name` stands for the path in errors.
  static ForeignLogits FromBytes(std::vector<std::byte> bytes, std::string name);

  const std::string& name() const { return file_.name(); }  // the path
  const std::string& engine() const { return engine_; }     // empty: the file doesn't say
  int64_t vocabulary() const { return vocabulary_; }
  std::span<const int64_t> positions() const { return positions_; }
  std::span<const int64_t> token_ids() const { return token_ids_; }

  // Throws reference::InputError unless the file is of a model with this vocabulary and of a text
  // that begins with `ids`.
  void CheckFits(std::span<const int32_t> ids, int64_t vocabulary) const;

  // Of positions(): the index of a position, if the file has it.
  std::optional<int64_t> RowOf(int64_t position) const;

  // Copies a row, 0 to positions().size() - 1, into [vocabulary]. Throws reference::InputError if
  // a value is not finite or the file has changed since Open.
  void CopyRow(int64_t row, std::span<float> logits) const;

 private:
  explicit ForeignLogits(reference::SafetensorsFile file);

  reference::SafetensorsFile file_;
  std::string engine_;
  int64_t vocabulary_ = 0;
  std::vector<int64_t> positions_;
  std::vector<int64_t> token_ids_;
};

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_MODEL_FOREIGN_LOGITS_H_
