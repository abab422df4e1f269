// tokenize, generate, logits, synth: the model by itself.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <ostream>
#include <stdexcept>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "harness/base/nearest_name.h"
#include "harness/cli/progress_line.h"
#include "harness/cli/verb.h"
#include "harness/model/arms.h"
#include "harness/model/logits_file.h"
#include "harness/model/model_source.h"
#include "harness/model/timed_cases.h"
#include "harness/run/data_folders.h"
#include "reference/input_error.h"
#include "reference/recurrence_torch.h"
#include "reference/synthetic_checkpoint.h"

namespace deltagauge {
namespace {

using reference::ComputeType;
using reference::InputError;

template <typename Enum, size_t size>
Enum ParseName(const std::array<Enum, size>& values, std::string_view option,
               std::string_view name) {
  std::vector<std::string_view> names;
  for (const Enum value : values) {
    if (NameOf(value) == name) return value;
    names.push_back(NameOf(value));
  }
  throw InputError("", fmt::format("{} '{}' is unknown", option, name), NameHint(name, names));
}

ComputeType ParseComputeType(std::string_view name) {
  return ParseName(std::array{ComputeType::kFloat32, ComputeType::kBFloat16, ComputeType::kFloat64},
                   "--dtype", name);
}

// What every verb that runs a model asks for.
struct ModelChoice {
  std::string model = "builtin:qwen3_5-tiny";
  std::string recurrence = "fused";
  std::string dtype = "float32";
  std::string linear = "auto";
  int threads = 0;

  void Declare(CLI::App& app) {
    app.add_option("--model", model,
                   "Folder of a checkpoint, builtin:qwen3_5-tiny or graft:qwen3_5-0.8b")
        ->type_name("MODEL")
        ->capture_default_str();
    app.add_option("--recurrence", recurrence, "fused, eager, chunked or oracle")
        ->type_name("NAME")
        ->capture_default_str();
    app.add_option("--dtype", dtype, "float32, bfloat16 or float64")
        ->type_name("TYPE")
        ->capture_default_str();
    app.add_option("--linear", linear, "Who multiplies by weights: auto, aten or onednn")
        ->type_name("NAME")
        ->capture_default_str();
    app.add_option("--threads", threads, "1 to 256; by default as many as libtorch takes")
        ->type_name("N")
        ->check(CLI::Range(1, 256));
  }

  LoadedModel Load(const std::filesystem::path& folder, ProgressLine& progress) const {
    if (threads > 0) reference::SetTorchThreads(threads);
    reference::ModelOptions options;
    options.type = ParseComputeType(dtype);
    options.linear =
        ParseName(std::array{reference::LinearLibrary::kAuto, reference::LinearLibrary::kAten,
                             reference::LinearLibrary::kOneDnn},
                  "--linear", linear);
    return LoadModel(folder, options, progress.Callback());
  }

  std::unique_ptr<reference::LayerRecurrence> Arm() const {
    return MakeArm(recurrence, reference::TorchThreads());
  }
};

// The text of an option, of a file, or of standard input.
struct TextChoice {
  std::string text;
  std::string file;

  void Declare(CLI::App& app) {
    CLI::Option* const text_option = app.add_option("--text", text, "The text itself");
    app.add_option("--file", file, "A file of UTF-8, builtin:pydoc or builtin:wordnet")
        ->excludes(text_option);
  }

  std::string Read() const {
    if (!file.empty()) return ReadTextFile(TextFile(file), reference::kMaxTextBytes);
    if (text.empty()) throw InputError("", "no text", "give --text or --file");
    return text;
  }
};

class TokenizeVerb final : public Verb {
 public:
  std::string_view Name() const override { return "tokenize"; }
  std::string_view Summary() const override {
    return "Prints the token ids of a text as a JSON array, or the text of token ids.";
  }

  void Declare(CLI::App& app) override {
    app.add_option("--model", model_, "As of `deltagauge logits`; only its tokenizer.json is read")
        ->type_name("MODEL")
        ->capture_default_str();
    text_.Declare(app);
    app.add_option("--decode", decode_, "File with a JSON array of ids to turn into text")
        ->type_name("FILE");
    app.footer("Example: deltagauge tokenize --text 'The capital of France is'");
  }

  ExitCode Run(const Console& console) override {
    ProgressLine progress(console);
    const reference::Tokenizer tokenizer = OpenTokenizer(ModelFolder(model_, progress.Callback()));
    if (!decode_.empty()) {
      const std::vector<int32_t> ids =
          ParseTokenIds(ReadTextFile(decode_, size_t{64} << 20), decode_);
      console.out << tokenizer.Decode(ids) << '\n';
      return kExitPass;
    }
    console.out << fmt::format("[{}]\n", fmt::join(tokenizer.Encode(text_.Read()), ", "));
    return kExitPass;
  }

 private:
  std::string model_ = "builtin:qwen3_5-tiny";
  TextChoice text_;
  std::string decode_;
};

class GenerateVerb final : public Verb {
 public:
  std::string_view Name() const override { return "generate"; }
  std::string_view Summary() const override {
    return "Continues a text, the most likely token each time.";
  }

  void Declare(CLI::App& app) override {
    model_.Declare(app);
    text_.Declare(app);
    app.add_option("--tokens", tokens_, "How many, unless the model ends the text")
        ->type_name("N")
        ->check(CLI::Range(1, 1 << 20))
        ->capture_default_str();
    app.footer("Example: deltagauge generate --text 'The module provides' --tokens 32");
  }

  ExitCode Run(const Console& console) override {
    std::vector<int32_t> ids;
    ProgressLine progress(console);
    const std::filesystem::path folder = ModelFolder(model_.model, progress.Callback());
    const reference::Tokenizer tokenizer = OpenTokenizer(folder);
    ids = tokenizer.Encode(text_.Read());
    if (ids.empty()) throw InputError("", "the text is empty", "give --text or --file");
    const LoadedModel loaded = model_.Load(folder, progress);
    const reference::Model& model = *loaded.model;
    const auto arm = model_.Arm();
    const std::vector<int32_t> stops = StopIds(model.config(), tokenizer);

    reference::ModelCache cache = model.NewCache(1, *arm);
    std::vector<int32_t> made;
    std::vector<int32_t> fed = ids;
    while (static_cast<int>(made.size()) < tokens_) {
      const reference::HiddenStates hidden = model.Forward(fed, cache, *arm);
      const std::array<int64_t, 1> last = {hidden.Rows() - 1};
      const reference::LogitBlock block = model.Logits(hidden, last);
      const int32_t next = block.IsDouble() ? reference::ArgMax(block.Float64(0))
                                            : reference::ArgMax(block.Float32(0));
      if (std::find(stops.begin(), stops.end(), next) != stops.end()) break;
      made.push_back(next);
      fed = {next};
      progress.Callback()("generating", static_cast<double>(made.size()) / tokens_);
    }
    // Ids past the tokenizer's are rows that a model has and no text needs.
    std::erase_if(made, [&](int32_t id) { return id >= tokenizer.VocabularySize(); });
    console.out << tokenizer.Decode(made) << '\n';
    return kExitPass;
  }

 private:
  // The configuration's, and the tokens by which Qwen ends a text or a turn.
  static std::vector<int32_t> StopIds(const reference::ModelConfig& config,
                                      const reference::Tokenizer& tokenizer) {
    std::vector<int32_t> stops;
    for (const int64_t id : config.eos_token_ids) stops.push_back(static_cast<int32_t>(id));
    for (const char* const name : {"<|endoftext|>", "<|im_end|>"}) {
      if (const auto id = tokenizer.TokenId(name)) stops.push_back(*id);
    }
    return stops;
  }

  ModelChoice model_;
  TextChoice text_;
  int tokens_ = 64;
};

double SecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Times prefills of all the ids, with the logits of the last: "prefill of 512 tokens, ms: 1217.4
// 1219.0; linear layers 83.2 %, recurrence 7.9 %, head 1.6 % of the time".
std::string TimePrefills(const reference::Model& model, reference::LayerRecurrence& recurrence,
                         const std::vector<int32_t>& ids, int times) {
  const auto call = MakePrefillCall(model, recurrence, {{ids}});
  std::vector<std::string> milliseconds;
  for (int i = 0; i < times; ++i) {
    const auto start = std::chrono::steady_clock::now();
    call->Run();
    milliseconds.push_back(fmt::format("{:.1f}", 1e3 * SecondsSince(start)));
  }
  if (const std::string defect = call->Defect(); !defect.empty()) {
    throw std::runtime_error("prefill: " + defect);
  }
  return fmt::format("prefill of {} tokens, ms: {}; {}", ids.size(), fmt::join(milliseconds, " "),
                     DescribeParts(call->part_times()));
}

class LogitsVerb final : public Verb {
 public:
  std::string_view Name() const override { return "logits"; }
  std::string_view Summary() const override {
    return "Writes a model's logits for given token ids to a safetensors file.";
  }

  void Declare(CLI::App& app) override {
    model_.Declare(app);
    app.add_option("--ids", ids_, "File with a JSON array of token ids")
        ->type_name("FILE")
        ->required();
    app.add_option("--positions", positions_, "all, last, or ascending numbers: 0,5,9")
        ->type_name("LIST")
        ->capture_default_str();
    CLI::Option* const prefill =
        app.add_option("--prefill", prefill_, "Feed N tokens at once and the rest one by one")
            ->type_name("N");
    CLI::Option* const chunk =
        app.add_option("--chunk", chunk_, "Feed the prefill in pieces of C tokens")->type_name("C");
    app.add_option("--time", times_,
                   "Afterwards time N passes of all ids at once, with the last one's logits")
        ->type_name("N")
        ->check(CLI::Range(1, 1000))
        ->excludes(prefill)
        ->excludes(chunk);
    app.add_option("--out", out_, "File to write")->type_name("FILE")->required();
    app.footer(
        "Tensors: `logits` [positions, vocabulary], float64 with --dtype float64, else float32;\n"
        "`positions` and `token_ids`, int64. Float32 files serve as candidates: "
        "configs/README.md.\n"
        "Exit code: 0 written, 64 usage or a bad file, 70 internal error.\n"
        "Example: deltagauge logits --ids ids.json --recurrence oracle --dtype float64 "
        "--positions last --out logits.safetensors");
  }

  ExitCode Run(const Console& console) override {
    const std::vector<int32_t> ids = ParseTokenIds(ReadTextFile(ids_, size_t{64} << 20), ids_);
    const FeedPlan plan{prefill_, chunk_};
    PassSizes(static_cast<int64_t>(ids.size()), plan);  // before anything that takes long
    const std::vector<int64_t> positions =
        ParsePositions(positions_, static_cast<int64_t>(ids.size()));
    std::string timing;
    {
      ProgressLine progress(console);
      const std::filesystem::path folder = ModelFolder(model_.model, progress.Callback());
      const auto start = std::chrono::steady_clock::now();
      const LoadedModel loaded = model_.Load(folder, progress);
      const double load_s = SecondsSince(start);
      const auto arm = model_.Arm();
      WriteLogits(*loaded.model, *arm, ids, plan, positions, out_, progress.Callback());
      linear_ = loaded.model->LinearDescription();
      recurrence_ = arm->Description();
      if (times_ > 0) {
        timing = fmt::format("loaded in {:.2f} s\n{}\n", load_s,
                             TimePrefills(*loaded.model, *arm, ids, times_));
      }
    }
    console.out << fmt::format("{}: logits [{}, ...], {}, recurrence {}, linear layers {}\n", out_,
                               positions.size(), model_.dtype, recurrence_, linear_)
                << timing;
    return kExitPass;
  }

 private:
  ModelChoice model_;
  std::string ids_;
  std::string positions_ = "all";
  std::optional<int64_t> prefill_;
  std::optional<int64_t> chunk_;
  int times_ = 0;
  std::string out_;
  std::string linear_;
  std::string recurrence_;
};

class SynthVerb final : public Verb {
 public:
  std::string_view Name() const override { return "synth"; }
  std::string_view Summary() const override {
    return "Writes a checkpoint with the shapes of a published Qwen3.5 model.";
  }

  void Declare(CLI::App& app) override {
    app.add_option("--shape", shape_,
                   fmt::format("{}", fmt::join(reference::SyntheticShapeNames(), ", ")))
        ->type_name("NAME")
        ->capture_default_str();
    app.add_option("--recipe", recipe_,
                   "graft: a small trained model in these shapes; v1: seeded values")
        ->type_name("NAME")
        ->capture_default_str();
    app.add_flag("--text-only", text_only_, "Without vision and multi-token prediction");
    app.add_option("--out", out_, "Folder to write, made if it isn't there")
        ->type_name("DIR")
        ->required();
    app.footer(
        "A folder that holds the checkpoint already is left as it is.\n"
        "Example: deltagauge synth --recipe graft --out qwen3_5-0.8b-graft");
  }

  ExitCode Run(const Console& console) override {
    reference::SyntheticOptions options;
    options.shape = shape_;
    options.recipe =
        ParseName(std::array{reference::SyntheticRecipe::kV1, reference::SyntheticRecipe::kGraft},
                  "--recipe", recipe_);
    options.parts =
        text_only_ ? reference::SyntheticParts::kTextOnly : reference::SyntheticParts::kAll;
    options.out = out_;
    options.small_model = DataFolder() / "qwen3_5-tiny";
    reference::SyntheticResult result;
    {
      ProgressLine progress(console);
      result = reference::WriteSyntheticCheckpoint(options, [&](int64_t done, int64_t total) {
        progress.Callback()("writing", static_cast<double>(done) / static_cast<double>(total));
      });
    }
    console.out << fmt::format(
        "{}: {}, {} bytes, SHA-256 {}\n", result.shard.string(),
        result.outcome == reference::SyntheticOutcome::kWritten ? "written" : "already there",
        result.shard_bytes, result.shard_sha256);
    return kExitPass;
  }

 private:
  std::string shape_ = reference::kDefaultSyntheticShape;
  std::string recipe_ = "graft";
  bool text_only_ = false;
  std::string out_;
};

}  // namespace

void AddModelVerbs(Verbs& verbs) {
  verbs.push_back(std::make_unique<TokenizeVerb>());
  verbs.push_back(std::make_unique<GenerateVerb>());
  verbs.push_back(std::make_unique<LogitsVerb>());
  verbs.push_back(std::make_unique<SynthVerb>());
}

}  // namespace deltagauge
