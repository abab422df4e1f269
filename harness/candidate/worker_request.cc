#include "harness/candidate/worker_request.h"

#include <stdexcept>
#include <variant>
#include <vector>

#include "harness/candidate/outcome_wire.h"
#include "harness/candidate/plugin_call.h"
#include "harness/candidate/plugin_kernel.h"
#include "harness/candidate/wire.h"
#include "harness/candidate/worker_notes.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

enum class Asked : uint8_t { kInfo, kInputError };
enum class Request : uint8_t { kAsk, kCheck };

// Whatever has members in this order, to be written or read: one list for both directions.
template <typename Arm, typename Visit>
void VisitArm(Arm& arm, const Visit& visit) {
  visit(arm.output);
  visit(arm.final_state);
  visit(arm.snapshots);
}

template <typename Data, typename Visit>
void VisitData(Data& data, const Visit& visit) {
  visit(data.inputs.query);
  visit(data.inputs.key);
  visit(data.inputs.value);
  visit(data.inputs.decay);
  visit(data.inputs.beta);
  visit(data.inputs.initial_state);
  VisitArm(data.truth.truth, visit);
  VisitArm(data.truth.recurrent, visit);
  VisitArm(data.truth.chunked, visit);
}

Plugin LoadInWorker(const PluginSource& source) {
  const WorkerStep step("loading");
  return source.load();
}

CheckOutcome Check(const PluginSource& source, const KernelCase& kernel_case,
                   const CaseData& data) {
  // Only where somebody watches may the processor end the process.
  const Trap trap = CurrentWorkerNotes() != nullptr ? Trap::kProcessor : Trap::kNone;
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

CheckOutcome Unsuccessful(const KernelCase& kernel_case, Verdict verdict,
                          const std::string& reason) {
  CheckOutcome outcome;
  outcome.kernel_case = kernel_case;
  outcome.verdict = verdict;
  outcome.reason = reason;
  return outcome;
}

std::string AskInWorker(const PluginSource& source) {
  WireWriter writer;
  try {
    const WorkerStep step("loading");
    const std::string info = PackInfo(source.load().info);
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

std::string CheckInWorker(const PluginSource& source, const KernelCase& kernel_case,
                          const CaseData& data) {
  return PackOutcome(Check(source, kernel_case, data));
}

std::optional<PluginInfo> UnpackAsked(std::string_view bytes) {
  WireReader reader(bytes);
  const auto asked = reader.Get<Asked>();
  const std::string first = reader.GetText();
  if (reader.ok() && asked == Asked::kInputError) {
    const std::string problem = reader.GetText();
    const std::string hint = reader.GetText();
    if (reader.ok()) throw reference::InputError(first, problem, hint);
  }
  return reader.AtEnd() ? UnpackInfo(first) : std::nullopt;
}

std::string PackAskRequest(const std::string& path) {
  WireWriter writer;
  writer.Put(Request::kAsk);
  writer.PutText(path);
  return writer.Take();
}

std::string PackCheckRequest(const std::string& path, const KernelCase& kernel_case,
                             const CaseData& data) {
  WireWriter writer;
  writer.Put(Request::kCheck);
  writer.PutText(path);
  writer.PutText(PrintCase(kernel_case));
  VisitData(data, [&](const auto& values) { writer.PutValues(values); });
  return writer.Take();
}

WorkerTask UnpackRequest(std::string_view request) {
  WireReader reader(request);
  const auto asked = reader.Get<Request>();
  WorkerTask task;
  task.path = reader.GetText();
  if (asked == Request::kCheck) {
    const auto parsed = ParseCase(reader.GetText());
    if (const auto* found = std::get_if<KernelCase>(&parsed)) task.kernel_case = *found;
    VisitData(task.data, [&](auto& values) { reader.GetValues(&values); });
  }
  const bool is_known = asked == Request::kAsk || task.kernel_case.has_value();
  if (!reader.AtEnd() || !is_known) {
    throw std::runtime_error("the worker was sent something else than a request");
  }
  return task;
}

std::string Answer(const WorkerTask& task) {
  const PluginSource source = PluginOfFile(task.path);
  return task.kernel_case ? CheckInWorker(source, *task.kernel_case, task.data)
                          : AskInWorker(source);
}

}  // namespace deltagauge
