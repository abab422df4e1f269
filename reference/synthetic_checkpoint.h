// Writes a checkpoint with the shapes of a Qwen3.5 model: config.json, one safetensors shard, its
// index, for recipe graft the tokenizer, and a note (synthetic.txt) that says what the folder
// holds. Byte-identical on every platform; the shard's SHA-256 is known beforehand for
// Qwen3.5-0.8B.
#ifndef DELTAGAUGE_REFERENCE_SYNTHETIC_CHECKPOINT_H_
#define DELTAGAUGE_REFERENCE_SYNTHETIC_CHECKPOINT_H_

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "reference/synthetic_shape.h"

namespace deltagauge::reference {

enum class SyntheticRecipe : uint8_t {
  kV1,     // seeded values (synthetic_values.h): for loading, parity and speed; logits are flat
  kGraft,  // a small trained model in the shapes of Qwen3.5-0.8B (synthetic_graft.h): predicts text
};

std::string_view NameOf(SyntheticRecipe recipe);  // "v1", "graft"

// Whether a folder that already holds the checkpoint is believed by its note, sizes and small
// files, or the shard is read and hashed as well.
enum class ExistingCheck : uint8_t { kQuick, kHash };

inline constexpr char kDefaultSyntheticShape[] = "qwen3_5-0.8b";

struct SyntheticOptions {
  std::string shape = kDefaultSyntheticShape;  // of SyntheticShapeNames(); graft: only this one
  SyntheticRecipe recipe = SyntheticRecipe::kGraft;
  SyntheticParts parts = SyntheticParts::kAll;
  std::filesystem::path out;          // made if it isn't there
  std::filesystem::path small_model;  // the folder of qwen3_5-tiny; only graft reads it
  ExistingCheck existing = ExistingCheck::kQuick;
};

// On the caller's thread, some thousand times. What it throws ends the writing.
using SyntheticProgress = std::function<void(int64_t bytes_done, int64_t bytes_total)>;

enum class SyntheticOutcome : uint8_t {
  kWritten,
  kAlreadyThere,  // nothing was done
};

struct SyntheticResult {
  SyntheticOutcome outcome = SyntheticOutcome::kWritten;
  std::filesystem::path shard;
  int64_t shard_bytes = 0;
  std::string shard_sha256;  // as it was when the shard was written
};

// Two worker threads, a few MB of memory (graft: 100). An interrupted call leaves no file that
// looks finished, and the next one starts over.
//
// Throws InputError: unknown shape, a shape that the recipe has no values for, a folder that can't
// be written, too little space, files of these names that this function didn't write, a finished
// checkpoint of other options, a wrong small model. Throws std::logic_error, and leaves no shard,
// if the hash is not the known one: then this machine's arithmetic, or this program, is broken.
SyntheticResult WriteSyntheticCheckpoint(const SyntheticOptions& options,
                                         const SyntheticProgress& progress = {});

// The same for any shape, under the name that it has; options.shape doesn't count. The shard's hash
// must be `expected_sha256` unless that is empty.
SyntheticResult WriteSyntheticCheckpoint(const SyntheticShape& shape,
                                         std::string_view expected_sha256,
                                         const SyntheticOptions& options,
                                         const SyntheticProgress& progress = {});

// The hash that the shard would have. Writes nothing.
std::string HashSyntheticShard(const SyntheticOptions& options,
                               const SyntheticProgress& progress = {});

// The known hash of a shard; empty where none is known.
std::string_view KnownShardSha256(std::string_view shape, SyntheticRecipe recipe,
                                  SyntheticParts parts);

}  // namespace deltagauge::reference

#endif  // DELTAGAUGE_REFERENCE_SYNTHETIC_CHECKPOINT_H_
