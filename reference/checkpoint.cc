#include "reference/checkpoint.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <stdexcept>
#include <unordered_map>
#include <utility>

#include "reference/error_text.h"
#include "reference/input_error.h"
#include "reference/mapped_file.h"

namespace deltagauge::reference {
namespace {

constexpr const char* kConfigFile = "config.json";
constexpr const char* kIndexFile = "model.safetensors.index.json";
constexpr const char* kSingleFile = "model.safetensors";
constexpr const char* kHeadName = "lm_head.weight";

std::string TensorPlace(const std::string& file, std::string_view tensor) {
  return file + ": tensor " + Quoted(tensor);
}

// `parse` of a small file's text.
template <typename Parse>
auto ParseFile(const std::filesystem::path& path, Parse parse) {
  const MappedFile file = MappedFile::Open(path);
  const std::span<const std::byte> bytes = file.bytes();
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  auto result = parse(text, PathName(path));
  file.CheckUnchanged();
  return result;
}

std::string HintFor(std::string_view name, const SafetensorsFile& file) {
  std::vector<std::string_view> names;
  for (const TensorView& tensor : file.tensors()) names.push_back(tensor.name);
  return NearestNameHint(name, names);
}

// Each entry of the index is a tensor of its file, and the other way round.
void CheckIndex(const std::vector<IndexEntry>& entries, const std::string& index,
                const std::map<std::string, const SafetensorsFile*>& shards) {
  std::unordered_map<std::string_view, std::string_view> file_of;
  for (const IndexEntry& entry : entries) {
    file_of.emplace(entry.tensor, entry.file);
    const SafetensorsFile& shard = *shards.at(entry.file);
    if (shard.Find(entry.tensor) != nullptr) continue;
    throw InputError(TensorPlace(index, entry.tensor),
                     "expected it in " + Quoted(entry.file) + ", found no such tensor there",
                     HintFor(entry.tensor, shard));
  }
  for (const auto& [name, shard] : shards) {
    for (const TensorView& tensor : shard->tensors()) {
      const auto entry = file_of.find(tensor.name);
      if (entry != file_of.end() && entry->second == name) continue;
      throw InputError(
          TensorPlace(shard->name(), tensor.name),
          "expected that " + index + " says it lies here, found " +
              (entry == file_of.end() ? "no entry of this name" : Quoted(entry->second)));
    }
  }
}

// The number in "layers.12.norm", if it is one.
std::optional<size_t> LayerOf(std::string_view name) {
  constexpr std::string_view kPrefix = "layers.";
  if (!name.starts_with(kPrefix)) return std::nullopt;
  size_t layer = 0;
  const char* end = name.data() + name.size();
  const auto [rest, error] = std::from_chars(name.data() + kPrefix.size(), end, layer);
  if (error != std::errc() || rest == end || *rest != '.') return std::nullopt;
  return layer;
}

// Why a tensor may be unknown: the layer it says it belongs to, or a mistyped name.
std::string UnknownHint(std::string_view name, const ModelConfig& config,
                        std::span<const std::string_view> known) {
  const std::optional<size_t> layer = LayerOf(name);
  if (layer && *layer >= config.layers.size()) {
    return std::string(kConfigFile) + " has " + std::to_string(config.layers.size()) + " layers";
  }
  if (layer) {
    const bool is_full = config.layers[*layer] == LayerType::kFullAttention;
    if (name.find(is_full ? ".linear_attn." : ".self_attn.") != std::string_view::npos) {
      return "layer " + std::to_string(*layer) + " is " +
             (is_full ? "full_attention" : "linear_attention") + " in " + kConfigFile;
    }
  }
  return NearestNameHint(name, known);
}

using TensorMap = std::unordered_map<std::string, const TensorView*>;

// The text tensors of the files by their names without prefix.
TensorMap TextTensors(std::span<const SafetensorsFile> files) {
  TensorMap tensors;
  for (const SafetensorsFile& file : files) {
    for (const TensorView& tensor : file.tensors()) {
      const std::optional<std::string> name = TextTensorName(tensor.name);
      if (!name) continue;
      const auto [place, is_new] = tensors.emplace(*name, &tensor);
      if (is_new) continue;
      throw InputError(TensorPlace(file.name(), tensor.name),
                       "expected one tensor for " + Quoted(*name) + ", found " +
                           Quoted(place->second->name) + " too");
    }
  }
  return tensors;
}

void CheckTensor(const TensorView& tensor, const TensorInfo& expected, const std::string& file) {
  const bool is_readable = tensor.type == TensorType::kFloat32 ||
                           tensor.type == TensorType::kBFloat16 ||
                           tensor.type == TensorType::kFloat16;
  if (!is_readable) {
    throw InputError(TensorPlace(file, tensor.name),
                     "expected dtype F32, BF16 or F16, found " + tensor.type_name);
  }
  if (tensor.shape != expected.shape) {
    throw InputError(
        TensorPlace(file, tensor.name),
        "expected shape " + ShapeName(expected.shape) + ", found " + ShapeName(tensor.shape),
        "is this the checkpoint that " + std::string(kConfigFile) + " describes?");
  }
}

// No tensor but those of the configuration, and those as it wants them.
void CheckKnown(const ModelConfig& config, std::span<const TensorInfo> wanted,
                std::span<const SafetensorsFile> files) {
  std::unordered_map<std::string_view, const TensorInfo*> wanted_by_name;
  std::vector<std::string_view> known;
  for (const TensorInfo& info : wanted) {
    wanted_by_name.emplace(info.name, &info);
    known.push_back(info.name);
  }
  for (const SafetensorsFile& file : files) {
    for (const TensorView& tensor : file.tensors()) {
      const std::optional<std::string> name = TextTensorName(tensor.name);
      if (!name) continue;
      const auto found = wanted_by_name.find(*name);
      if (found == wanted_by_name.end()) {
        throw InputError(TensorPlace(file.name(), tensor.name),
                         "expected a tensor of the model, found an unknown name",
                         UnknownHint(*name, config, known));
      }
      CheckTensor(tensor, *found->second, file.name());
    }
  }
}

// `place` is the index or the only file.
void CheckNoneMissing(std::span<const TensorInfo> wanted, const TensorMap& tensors,
                      const std::string& place) {
  const TensorInfo* first = nullptr;
  size_t missing = 0;
  for (const TensorInfo& info : wanted) {
    if (info.name == kHeadName || tensors.contains(info.name)) continue;
    if (first == nullptr) first = &info;
    ++missing;
  }
  if (first == nullptr) return;
  throw InputError(TensorPlace(place, first->name),
                   "expected F32, BF16 or F16 " + ShapeName(first->shape) + ", found none" +
                       (missing == 1 ? "" : " (" + std::to_string(missing) + " are missing)"));
}

void CheckTensors(const ModelConfig& config, const TensorMap& tensors,
                  std::span<const SafetensorsFile> files, const std::string& place) {
  std::vector<TensorInfo> wanted = TensorsOf(config);
  // The head may lie beside a tied embedding, and may be missing where the configuration doesn't
  // say that it is tied.
  if (config.tie_word_embeddings) {
    wanted.push_back({kHeadName, TensorType::kBFloat16, {config.vocab_size, config.hidden_size}});
  }
  CheckKnown(config, wanted, files);
  CheckNoneMissing(wanted, tensors, place);
}

}  // namespace

struct Checkpoint::Content {
  std::filesystem::path folder;
  ModelConfig config;
  std::vector<std::string> file_names;  // in order
  std::vector<SafetensorsFile> files;   // of those
  TensorMap tensors;

  void OpenFiles() {
    for (const std::string& name : file_names)
      files.push_back(SafetensorsFile::Open(folder / name));
  }

  void OpenShards(const std::filesystem::path& index) {
    const std::vector<IndexEntry> entries =
        ParseFile(index, [](std::string_view text, const std::string& name) {
          return ParseCheckpointIndex(text, name);
        });
    for (const IndexEntry& entry : entries) file_names.push_back(entry.file);
    std::sort(file_names.begin(), file_names.end());
    file_names.erase(std::unique(file_names.begin(), file_names.end()), file_names.end());
    OpenFiles();
    std::map<std::string, const SafetensorsFile*> shards;
    for (size_t i = 0; i < files.size(); ++i) shards.emplace(file_names[i], &files[i]);
    CheckIndex(entries, PathName(index), shards);
  }
};

Checkpoint Checkpoint::Open(const std::filesystem::path& folder) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(folder, ignored)) {
    throw InputError(PathName(folder),
                     "expected a folder with " + std::string(kConfigFile) + ", found none");
  }
  auto content = std::make_unique<Content>();
  content->folder = folder;
  content->config = ParseFile(
      folder / kConfigFile,
      [](std::string_view text, const std::string& name) { return ParseModelConfig(text, name); });
  const std::filesystem::path index = folder / kIndexFile;
  std::filesystem::path place = index;
  if (std::filesystem::exists(index, ignored)) {
    content->OpenShards(index);
  } else if (std::filesystem::exists(folder / kSingleFile, ignored)) {
    content->file_names = {kSingleFile};
    content->OpenFiles();
    place = folder / kSingleFile;
  } else {
    throw InputError(PathName(folder), "expected " + std::string(kIndexFile) + " or " +
                                           kSingleFile + ", found neither");
  }
  content->tensors = TextTensors(content->files);
  CheckTensors(content->config, content->tensors, content->files, PathName(place));
  Checkpoint checkpoint(std::move(content));
  checkpoint.CheckUnchanged();
  return checkpoint;
}

Checkpoint::Checkpoint(std::unique_ptr<Content> content) : content_(std::move(content)) {}
Checkpoint::Checkpoint(Checkpoint&&) noexcept = default;
Checkpoint& Checkpoint::operator=(Checkpoint&&) noexcept = default;
Checkpoint::~Checkpoint() = default;

const ModelConfig& Checkpoint::config() const { return content_->config; }

const std::filesystem::path& Checkpoint::folder() const { return content_->folder; }

const TensorView& Checkpoint::Tensor(std::string_view name) const {
  const auto found = content_->tensors.find(std::string(name));
  if (found == content_->tensors.end()) {
    throw std::out_of_range("the checkpoint has no tensor " + Quoted(name));
  }
  return *found->second;
}

bool Checkpoint::HasTiedHead() const {
  return content_->config.tie_word_embeddings || !content_->tensors.contains(kHeadName);
}

std::vector<std::filesystem::path> Checkpoint::Files() const {
  std::vector<std::filesystem::path> paths;
  for (const std::string& name : content_->file_names) paths.push_back(content_->folder / name);
  return paths;
}

void Checkpoint::CheckUnchanged() const {
  for (const SafetensorsFile& file : content_->files) file.CheckUnchanged();
}

void Checkpoint::ReleasePages(const TensorView& tensor) const {
  for (const SafetensorsFile& file : content_->files) file.ReleasePages(tensor);
}

}  // namespace deltagauge::reference
