#include "harness/model/torch_operator.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "fmt/format.h"
#include "harness/bench/bench_peers_os.h"
#include "harness/model/prepared_plugin.h"
#include "reference/error_text.h"
#include "reference/input_error.h"
#include "reference/layer_recurrence_torch.h"
#include "reference/operator_torch.h"
#include "reference/recurrence_torch.h"

namespace deltagauge {
namespace {

namespace fs = std::filesystem;
using reference::InputError;
using reference::KnownOperator;
using reference::LayerCall;
using reference::LayerRecurrence;
using reference::TranslatedCall;

struct OperatorOf {
  std::string_view name;
  KnownOperator known;
  PreparedForm form;
};
constexpr std::array<OperatorOf, kTorchOps.size()> kOperators = {
    {{kTorchOps[0], KnownOperator::kGatedDeltaRule, PreparedForm::kGatedDeltaRule},
     {kTorchOps[1], KnownOperator::kRecurrentGatedDeltaRule,
      PreparedForm::kRecurrentGatedDeltaRule},
     {kTorchOps[2], KnownOperator::kDeltaGaugeGatedDeltaRule,
      PreparedForm::kDeltaGaugeGatedDeltaRule}}};

std::optional<std::string> FromEnvironment(const char* name) {
  const char* const value = std::getenv(name);
  if (value == nullptr) return std::nullopt;
  return value;
}

// Loads the library into this process and looks whether the operator is as expected. Throws
// InputError.
void LoadOperator(const std::string& library, KnownOperator known) {
  try {
    reference::LoadOperatorLibrary(library, {});
  } catch (const std::exception& alone) {
    const std::string python = PythonLibraryOf(reference::TorchLibraryFolder());
    if (python.empty() || !fs::exists(library)) throw InputError(library, alone.what());
    try {
      reference::LoadOperatorLibrary(library, {python});
    } catch (const std::exception&) {
      throw InputError(library, alone.what(), "was it made for this libtorch?");
    }
  }
  try {
    const reference::OperatorRecurrence probe(known);
  } catch (const std::exception& error) {
    throw InputError(library, error.what());
  }
}

// While it lives ExecuTorch logs nothing and has as many threads as ATen.
class ExecuTorchSetting {
 public:
  ExecuTorchSetting() {
    const int threads = reference::TorchThreads();
    const int pool = SetExecuTorchThreads(threads);
    if (pool == threads) return;
    throw std::runtime_error(fmt::format(
        "ExecuTorch's thread pool has {} threads and not the {} asked for", pool, threads));
  }

 private:
  QuietStandardError quiet_;
};

class OperatorArm final : public LayerRecurrence {
 public:
  OperatorArm(const std::string& name, const std::string& library, KnownOperator known) {
    LoadOperator(library, known);
    if (known == KnownOperator::kGatedDeltaRule) setting_.emplace();
    recurrence_ = reference::MakeOperatorLayerRecurrence(name, known);
  }

  std::string Name() const override { return recurrence_->Name(); }
  std::string Description() const override { return recurrence_->Description(); }
  void Run(const LayerCall& call) override { recurrence_->Run(call); }
  std::unique_ptr<TranslatedCall> Translate(const LayerCall& call) override {
    return recurrence_->Translate(call);
  }

 private:
  std::optional<ExecuTorchSetting> setting_;
  std::unique_ptr<LayerRecurrence> recurrence_;
};

// In a worker that ends after its case.
Plugin LoadInWorker(const std::string& library, const OperatorOf& op) {
  LoadOperator(library, op.known);
  if (op.known == KnownOperator::kGatedDeltaRule) {
    static const QuietStandardError quiet;
    SetExecuTorchThreads(1);
  }
  return MakePreparedPlugin(op.form, library, "libtorch " + reference::TorchVersion());
}

OutsideKernel BuiltinKernel(PreparedForm form) {
  const Plugin plugin = MakePreparedPlugin(form, "", reference::TorchVersion());
  return MakeOutsideKernel(plugin.info, {[plugin] { return plugin; }});
}

}  // namespace

std::string FindOperatorLibrary(
    const std::string& given,
    const std::function<std::optional<std::string>(const char*)>& environment,
    const std::string& torch_lib_folder) {
  if (!given.empty()) return given;
  const std::optional<std::string> named = environment(kOperatorLibraryVariable);
  if (named.has_value() && !named->empty()) return *named;
  const fs::path packages = fs::path(torch_lib_folder).parent_path().parent_path();
  const fs::path library =
      packages / "executorch" / "extension" / "llm" / "custom_ops" / "libcustom_ops_aot_lib.so";
  std::error_code ignored;
  if (!torch_lib_folder.empty() && fs::exists(library, ignored)) return library.string();
  throw InputError("torch_op",
                   fmt::format("no library is named: no path is given, {} is not set, and there is "
                               "no {}",
                               kOperatorLibraryVariable, library.string()),
                   "ci/deps --peers, or torch_op: {library: PATH}");
}

std::string PythonLibraryOf(const std::string& torch_lib_folder) {
  for (const fs::path& part : fs::path(torch_lib_folder)) {
    const std::string name = part.string();
    if (name.starts_with("python3.")) return fmt::format("lib{}.so.1.0", name);
  }
  return "";
}

OutsideKernel EagerKernel() { return BuiltinKernel(PreparedForm::kEager); }
OutsideKernel ChunkedKernel() { return BuiltinKernel(PreparedForm::kChunked); }

Candidate TorchOperatorCandidate(const std::string& name, const std::string& library,
                                 const std::string& op) {
  const auto* const found = std::find_if(kOperators.begin(), kOperators.end(),
                                         [&](const OperatorOf& known) { return known.name == op; });
  if (found == kOperators.end()) throw InputError(op, "unknown operator");
  const std::string path =
      FindOperatorLibrary(library, FromEnvironment, reference::TorchLibraryFolder());
  const PluginSource source = {[path, found] { return LoadInWorker(path, *found); }};
  const PluginInfo info = AskPlugin(path, source, IsolationLimits{});
  return {.name = name,
          .version = info.version,
          // No folders: reports go further than the machine.
          .description =
              fmt::format("{} from {}: {}", op, reference::PathName(fs::path(path).filename()),
                          DescribePlugin(info)),
          .outside = MakeOutsideKernel(info, source),
          .make_arm = [name, path, known = found->known] {
            return std::make_unique<OperatorArm>(name, path, known);
          }};
}

}  // namespace deltagauge
