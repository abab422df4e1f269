#include "harness/candidate/plugin_check.h"

#include <optional>

#include "harness/candidate/outcome_wire.h"
#include "harness/candidate/worker_request.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

constexpr const char* kNonsense = "the worker process sent something else than its answer";

// What only this process can load has no request.
std::function<std::string()> RequestFor(const PluginSource& source,
                                        const std::function<std::string()>& pack) {
  return source.path.empty() ? nullptr : pack;
}

}  // namespace

PluginSource PluginOfFile(const std::string& path) {
  return {[path] { return LoadPlugin(path); }, path};
}

PluginInfo AskPlugin(const std::string& name, const PluginSource& source,
                     const IsolationLimits& limits) {
  const IsolatedAnswer answer = RunIsolated(
      limits, [&] { return AskInWorker(source); },
      RequestFor(source, [&] { return PackAskRequest(source.path); }));
  if (!answer.reason.empty()) {
    throw reference::InputError(name, "can't be asked what it is: it " + answer.reason);
  }
  const std::optional<PluginInfo> info = UnpackAsked(answer.bytes);
  if (!info) throw reference::InputError(name, kNonsense);
  return *info;
}

PluginInfo AskPlugin(const std::string& path, const IsolationLimits& limits) {
  return AskPlugin(path, PluginOfFile(path), limits);
}

CheckOutcome CheckPlugin(const std::string& path, const IsolationLimits& limits,
                         const KernelCase& kernel_case, const CaseData& data) {
  return CheckPlugin(PluginOfFile(path), limits, kernel_case, data);
}

CheckOutcome CheckPlugin(const PluginSource& source, const IsolationLimits& limits,
                         const KernelCase& kernel_case, const CaseData& data) {
  const IsolatedAnswer answer = RunIsolated(
      limits, [&] { return CheckInWorker(source, kernel_case, data); },
      RequestFor(source, [&] { return PackCheckRequest(source.path, kernel_case, data); }));
  if (!answer.reason.empty()) {
    return Unsuccessful(kernel_case, Verdict::kError, "the plug-in " + answer.reason);
  }
  const std::optional<CheckOutcome> outcome = UnpackOutcome(answer.bytes, kernel_case);
  return outcome ? *outcome : Unsuccessful(kernel_case, Verdict::kError, kNonsense);
}

}  // namespace deltagauge
