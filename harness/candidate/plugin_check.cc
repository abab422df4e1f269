#include "harness/candidate/plugin_check.h"

#include <optional>

#include "harness/candidate/outcome_wire.h"
#include "harness/candidate/plugin_call.h"
#include "harness/candidate/plugin_kernel.h"
#include "harness/candidate/wire.h"
#include "harness/candidate/worker_notes.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

constexpr const char* kNonsense = "the worker process sent something else than its answer";

enum class Asked : uint8_t { kInfo, kInputError };

std::string AskInWorker(const PluginSource& source) {
  WireWriter writer;
  try {
    const WorkerStep step("loading");
    const std::string info = PackInfo(source().info);
    writer.Put(Asked::kInfo);
    writer.PutText(info);
  } catch (const reference::InputError& error) {
    writer.Put(Asked::kInputError);
    writer.PutText(error.where());
    writer.PutText(error.problem());
    writer.PutText(error.hint());
  }
  return writer.Take();
}

CheckOutcome Unsuccessful(const KernelCase& kernel_case, Verdict verdict,
                          const std::string& reason) {
  CheckOutcome outcome;
  outcome.kernel_case = kernel_case;
  outcome.verdict = verdict;
  outcome.reason = reason;
  return outcome;
}

Plugin LoadInWorker(const PluginSource& source) {
  const WorkerStep step("loading");
  return source();
}

CheckOutcome CheckInWorker(const PluginSource& source, const KernelCase& kernel_case,
                           const CaseData& data) {
  const Trap trap = IsolationHere() == Isolation::kProcess ? Trap::kProcessor : Trap::kNone;
  try {
    const Plugin plugin = LoadInWorker(source);
    const PluginInUse in_use(plugin, trap);
    return CheckKernel(kernel_case, data, in_use.kernel(), {.limits = LimitsOf::kAnyKernel});
  } catch (const PluginFault& fault) {
    return Unsuccessful(kernel_case, fault.verdict(), fault.what());
  } catch (const reference::InputError& error) {
    return Unsuccessful(kernel_case, Verdict::kError, error.what());
  }
}

}  // namespace

PluginInfo AskPlugin(const std::string& name, const PluginSource& source,
                     const IsolationLimits& limits) {
  const IsolatedAnswer answer = RunIsolated(limits, [&] { return AskInWorker(source); });
  if (!answer.reason.empty()) {
    throw reference::InputError(name, "can't be asked what it is: it " + answer.reason);
  }
  WireReader reader(answer.bytes);
  const auto asked = reader.Get<Asked>();
  const std::string first = reader.GetText();
  if (reader.ok() && asked == Asked::kInputError) {
    const std::string problem = reader.GetText();
    const std::string hint = reader.GetText();
    if (reader.ok()) throw reference::InputError(first, problem, hint);
  }
  const std::optional<PluginInfo> info = UnpackInfo(first);
  if (!reader.AtEnd() || !info) throw reference::InputError(name, kNonsense);
  return *info;
}

PluginInfo AskPlugin(const std::string& path, const IsolationLimits& limits) {
  return AskPlugin(
      path, [&] { return LoadPlugin(path); }, limits);
}

CheckOutcome CheckPlugin(const std::string& path, const IsolationLimits& limits,
                         const KernelCase& kernel_case, const CaseData& data) {
  return CheckPlugin([&] { return LoadPlugin(path); }, limits, kernel_case, data);
}

CheckOutcome CheckPlugin(const PluginSource& source, const IsolationLimits& limits,
                         const KernelCase& kernel_case, const CaseData& data) {
  const IsolatedAnswer answer =
      RunIsolated(limits, [&] { return PackOutcome(CheckInWorker(source, kernel_case, data)); });
  if (!answer.reason.empty()) {
    return Unsuccessful(kernel_case, Verdict::kError, "the plug-in " + answer.reason);
  }
  const std::optional<CheckOutcome> outcome = UnpackOutcome(answer.bytes, kernel_case);
  return outcome ? *outcome : Unsuccessful(kernel_case, Verdict::kError, kNonsense);
}

}  // namespace deltagauge
