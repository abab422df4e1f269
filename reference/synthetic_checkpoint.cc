#include "reference/synthetic_checkpoint.h"

#include <cstddef>
#include <fstream>
#include <functional>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "reference/error_text.h"
#include "reference/input_error.h"
#include "reference/sha256.h"
#include "reference/synthetic_graft.h"
#include "reference/synthetic_shard.h"

namespace deltagauge::reference {
namespace {

namespace fs = std::filesystem;

constexpr char kShardFile[] = "model.safetensors-00001-of-00001.safetensors";
constexpr char kIndexFile[] = "model.safetensors.index.json";
constexpr char kConfigFile[] = "config.json";
constexpr char kTokenizerFile[] = "tokenizer.json";
constexpr char kNoteFile[] = "synthetic.txt";

// The first words of every note, and its second line while the folder is being written.
constexpr std::string_view kNoteStart = "deltagauge synth, version 1: ";
constexpr std::string_view kUnfinished = "unfinished\n";
constexpr std::string_view kHashStart = "sha256 ";

constexpr size_t kMaxNoteBytes = 4096;
constexpr size_t kMaxTokenizerBytes = size_t{16} << 20;
constexpr uint64_t kSpareBytes = uint64_t{16} << 20;  // for all other files

struct KnownHash {
  std::string_view shape;
  SyntheticRecipe recipe;
  SyntheticParts parts;
  std::string_view sha256;
};

// All tensors of 0.8b: two independent generators each. The others are what this one gave.
constexpr KnownHash kKnownHashes[] = {
    {"qwen3_5-0.8b", SyntheticRecipe::kV1, SyntheticParts::kAll,
     "a1c1e010332c577a0bca3846eeba5a3151139581d5e248bba2bf995a7a1ec1f8"},
    {"qwen3_5-0.8b", SyntheticRecipe::kGraft, SyntheticParts::kAll,
     "ea1060d41e95ff14fb07460b57a92903f33b2ef0d6b2b50ea0fb498bc057e113"},
    {"qwen3_5-0.8b", SyntheticRecipe::kV1, SyntheticParts::kTextOnly,
     "0afc1d3d1f65506fe79e880fdabfd7780f18c9e33ed664ebd207fe3ba5f2f639"},
    {"qwen3_5-0.8b", SyntheticRecipe::kGraft, SyntheticParts::kTextOnly,
     "3d8b01d71c9d34adbb27b2ab52674b91cbe9f53fa50cb11b5ffa2b80d781b341"},
    {"qwen3_5-2b", SyntheticRecipe::kV1, SyntheticParts::kAll,
     "ce54fd9188cdb5660d8bec3f30c67725ca5ce5f3aaa684cd974e3a4b46bee179"},
    {"qwen3_5-2b", SyntheticRecipe::kV1, SyntheticParts::kTextOnly,
     "1171d0bd4adc681fa431633c1bab177c675a12109dc6cadacb7ce0d54ee10a75"},
    {"qwen3_5-4b", SyntheticRecipe::kV1, SyntheticParts::kAll,
     "75b2e8ad03e05b3ae592fc86af4b70edacb3866cab2a4678aa2416dfd0d35dfe"},
    {"qwen3_5-4b", SyntheticRecipe::kV1, SyntheticParts::kTextOnly,
     "1e3d3c1fda879519844d3b1054750801864820c9c7ef09ba3d211e0fe24e731a"},
};

std::string ReadFile(const fs::path& path, size_t max_bytes) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw InputError(PathName(path), "can't be opened");
  std::string text(max_bytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) throw InputError(PathName(path), "can't be read");
  text.resize(static_cast<size_t>(file.gcount()));
  if (text.size() > max_bytes) {
    throw InputError(PathName(path), "has more than " + std::to_string(max_bytes) + " bytes");
  }
  return text;
}

// Beside it and renamed, so that nobody sees half of it.
void WriteFile(const fs::path& path, std::string_view text) {
  fs::path partial = path;
  partial += ".partial";
  std::ofstream file(partial, std::ios::binary | std::ios::trunc);
  file.write(text.data(), static_cast<std::streamsize>(text.size()));
  file.close();
  std::error_code error;
  if (file) fs::rename(partial, path, error);
  if (file && !error) return;
  fs::remove(partial, error);
  throw InputError(PathName(path), "can't be written", "is the folder writable, the disk full?");
}

bool HasBytes(const fs::path& path, uint64_t bytes) {
  std::error_code error;
  return fs::is_regular_file(path, error) && fs::file_size(path, error) == bytes && !error;
}

// Everything that a call will write, but for the data of the shard.
struct Plan {
  std::string note;  // first line
  std::vector<TensorInfo> tensors;
  std::string shard_head;
  int64_t shard_bytes = 0;
  std::vector<std::pair<std::string, std::string>> small_files;  // name, content

  std::vector<std::string> FileNames() const {
    std::vector<std::string> names = {kShardFile};
    for (const auto& file : small_files) names.push_back(file.first);
    return names;
  }
};

Plan MakePlan(const SyntheticShape& shape, const SyntheticOptions& options) {
  Plan plan;
  plan.tensors = SyntheticTensors(shape, options.parts);
  plan.shard_head = SafetensorsHeader(plan.tensors);
  plan.shard_bytes = static_cast<int64_t>(plan.shard_head.size()) + DataBytesOf(plan.tensors);
  plan.note = std::string(kNoteStart) + "shape " + shape.name + ", recipe " +
              std::string(NameOf(options.recipe)) +
              (options.parts == SyntheticParts::kTextOnly ? ", text only, " : ", ") +
              std::to_string(plan.shard_bytes) + " bytes\n";
  plan.small_files = {{kConfigFile, SyntheticConfigJson(shape)},
                      {kIndexFile, SyntheticIndexJson(plan.tensors, kShardFile)}};
  if (options.recipe == SyntheticRecipe::kGraft) {
    plan.small_files.emplace_back(
        kTokenizerFile, ReadFile(options.small_model / kTokenizerFile, kMaxTokenizerBytes));
  }
  return plan;
}

void RequireNoForeignFiles(const fs::path& out, const Plan& plan) {
  for (const std::string& name : plan.FileNames()) {
    std::error_code error;
    if (fs::symlink_status(out / name, error).type() == fs::file_type::not_found) continue;
    throw InputError(PathName(out / name), "exists and was not written by 'deltagauge synth'",
                     "choose another folder, or move it away");
  }
}

// The hash in the note, if the folder holds what the plan says and is complete.
std::optional<std::string> FindFinished(const fs::path& out, const Plan& plan,
                                        std::string_view note, std::string_view expected_sha256,
                                        ExistingCheck check) {
  std::string_view rest = note.substr(plan.note.size());
  if (!rest.starts_with(kHashStart)) return std::nullopt;
  rest.remove_prefix(kHashStart.size());
  const std::string sha256(rest.substr(0, rest.find('\n')));
  if (!expected_sha256.empty() && sha256 != expected_sha256) return std::nullopt;
  if (!HasBytes(out / kShardFile, static_cast<uint64_t>(plan.shard_bytes))) return std::nullopt;
  for (const auto& [name, content] : plan.small_files) {
    if (!HasBytes(out / name, content.size())) return std::nullopt;
    if (ReadFile(out / name, content.size()) != content) return std::nullopt;
  }
  if (check == ExistingCheck::kHash && Sha256OfFile(out / kShardFile) != sha256) {
    return std::nullopt;
  }
  return sha256;
}

// What is in the folder: nothing of ours (and then nothing of these names), something unfinished or
// damaged, or the checkpoint itself: then its hash.
std::optional<std::string> LookInto(const fs::path& out, const Plan& plan,
                                    std::string_view expected_sha256, ExistingCheck check) {
  const fs::path path = out / kNoteFile;
  std::error_code error;
  if (!fs::exists(path, error)) {
    RequireNoForeignFiles(out, plan);
    return std::nullopt;
  }
  const std::string note = ReadFile(path, kMaxNoteBytes);
  if (!note.starts_with(kNoteStart)) {
    throw InputError(PathName(path), "exists and was not written by 'deltagauge synth'",
                     "choose another folder, or move it away");
  }
  if (note.starts_with(plan.note)) {
    return FindFinished(out, plan, note, expected_sha256, check);
  }
  const auto described = [](std::string_view text) {
    text.remove_prefix(kNoteStart.size());
    return std::string(text.substr(0, text.find('\n')));
  };
  throw InputError(
      PathName(out),
      "holds another checkpoint: " + described(note) + "; expected " + described(plan.note),
      "choose another folder, or remove this one");
}

// An earlier shard makes room when it goes.
void RequireSpace(const fs::path& out, int64_t shard_bytes) {
  std::error_code error;
  const fs::space_info space = fs::space(out, error);
  if (error) return;  // then writing will tell
  const uintmax_t earlier = fs::file_size(out / kShardFile, error);
  const uint64_t available = space.available + (error ? 0 : earlier);
  const uint64_t needed = static_cast<uint64_t>(shard_bytes) + kSpareBytes;
  if (available >= needed) return;
  throw InputError(PathName(out),
                   "needs " + std::to_string(needed >> 20) + " MiB, has " +
                       std::to_string(available >> 20) + " MiB",
                   "choose a folder on a larger disk");
}

void MakeFolder(const fs::path& out) {
  if (out.empty()) throw InputError("synth", "no folder to write into is given");
  std::error_code error;
  fs::create_directories(out, error);
  if (!error && fs::is_directory(out, error)) return;
  throw InputError(PathName(out), "can't be made a folder" + (error ? ": " + error.message() : ""),
                   "does a file of this name exist, is the folder above it writable?");
}

// Hashes the shard and hands its data on.
std::string StreamShard(const Plan& plan, const Graft* graft, const SyntheticProgress& progress,
                        const std::function<void(std::span<const std::byte>)>& consume) {
  Sha256 hash;
  hash.Update(plan.shard_head);
  auto done = static_cast<int64_t>(plan.shard_head.size());
  SyntheticShard(plan.tensors, graft).Stream([&](std::span<const std::byte> bytes) {
    hash.Update(bytes);
    consume(bytes);
    done += static_cast<int64_t>(bytes.size());
    if (progress) progress(done, plan.shard_bytes);
  });
  return hash.Finish();
}

// With what a writer that was killed has left beside the shard.
void RemoveEarlierFiles(const fs::path& out, const Plan& plan) {
  std::error_code error;
  for (const std::string& name : plan.FileNames()) fs::remove(out / name, error);
  const std::string partial = std::string(kShardFile) + ".partial-";
  std::vector<fs::path> left;
  for (const fs::directory_entry& entry : fs::directory_iterator(out, error)) {
    if (PathName(entry.path().filename()).starts_with(partial)) left.push_back(entry.path());
  }
  for (const fs::path& path : left) fs::remove(path, error);
}

std::string WriteShard(const fs::path& path, const Plan& plan, const Graft* graft,
                       std::string_view expected_sha256, const SyntheticProgress& progress) {
  SafetensorsWriter writer(path, plan.tensors);
  std::string sha256 = StreamShard(
      plan, graft, progress, [&writer](std::span<const std::byte> bytes) { writer.Write(bytes); });
  if (!expected_sha256.empty() && sha256 != expected_sha256) {
    throw std::logic_error(PathName(path) + ": sha256 is " + sha256 + ", not " +
                           std::string(expected_sha256) +
                           ": arithmetic on this machine is not what it should be");
  }
  writer.Finish();
  return sha256;
}

std::optional<Graft> OpenGraft(const SyntheticShape& shape, const SyntheticOptions& options) {
  if (options.recipe != SyntheticRecipe::kGraft) return std::nullopt;
  if (shape.name != kDefaultSyntheticShape) {
    throw InputError("recipe", "'graft' has no values for shape '" + shape.name + "'",
                     std::string("use recipe 'v1', or shape '") + kDefaultSyntheticShape + "'");
  }
  return Graft::Open(options.small_model);
}

}  // namespace

std::string_view NameOf(SyntheticRecipe recipe) {
  return recipe == SyntheticRecipe::kGraft ? "graft" : "v1";
}

std::string_view KnownShardSha256(std::string_view shape, SyntheticRecipe recipe,
                                  SyntheticParts parts) {
  for (const KnownHash& known : kKnownHashes) {
    if (known.shape == shape && known.recipe == recipe && known.parts == parts) {
      return known.sha256;
    }
  }
  return {};
}

std::string HashSyntheticShard(const SyntheticOptions& options, const SyntheticProgress& progress) {
  const SyntheticShape shape = FindSyntheticShape(options.shape);
  const std::optional<Graft> graft = OpenGraft(shape, options);
  return StreamShard(MakePlan(shape, options), graft ? &*graft : nullptr, progress,
                     [](std::span<const std::byte>) {});
}

SyntheticResult WriteSyntheticCheckpoint(const SyntheticOptions& options,
                                         const SyntheticProgress& progress) {
  return WriteSyntheticCheckpoint(FindSyntheticShape(options.shape),
                                  KnownShardSha256(options.shape, options.recipe, options.parts),
                                  options, progress);
}

SyntheticResult WriteSyntheticCheckpoint(const SyntheticShape& shape,
                                         std::string_view expected_sha256,
                                         const SyntheticOptions& options,
                                         const SyntheticProgress& progress) {
  const std::optional<Graft> graft = OpenGraft(shape, options);
  const Plan plan = MakePlan(shape, options);
  const fs::path& out = options.out;
  MakeFolder(out);
  SyntheticResult result{SyntheticOutcome::kAlreadyThere, out / kShardFile, plan.shard_bytes, {}};
  if (auto sha256 = LookInto(out, plan, expected_sha256, options.existing)) {
    result.shard_sha256 = *std::move(sha256);
    return result;
  }
  RequireSpace(out, plan.shard_bytes);
  // From here on nothing looks finished until everything is: the note says so, and what an earlier
  // call left is gone.
  WriteFile(out / kNoteFile, plan.note + std::string(kUnfinished));
  RemoveEarlierFiles(out, plan);
  result.outcome = SyntheticOutcome::kWritten;
  result.shard_sha256 =
      WriteShard(result.shard, plan, graft ? &*graft : nullptr, expected_sha256, progress);
  for (const auto& [name, content] : plan.small_files) WriteFile(out / name, content);
  WriteFile(out / kNoteFile, plan.note + std::string(kHashStart) + result.shard_sha256 + "\n");
  return result;
}

}  // namespace deltagauge::reference
