// What a worker is asked: done in this process, or put into bytes for the worker program, where a
// process can't be copied (isolation.h).
#ifndef DELTAGAUGE_HARNESS_CANDIDATE_WORKER_REQUEST_H_
#define DELTAGAUGE_HARNESS_CANDIDATE_WORKER_REQUEST_H_

#include <optional>
#include <string>
#include <string_view>

#include "harness/candidate/plugin_check.h"

namespace deltagauge {

// Of a case without figures, for this reason.
CheckOutcome Unsuccessful(const KernelCase& kernel_case, Verdict verdict,
                          const std::string& reason);

// The answer is UnpackAsked's.
std::string AskInWorker(const PluginSource& source);
// The answer is UnpackOutcome's.
std::string CheckInWorker(const PluginSource& source, const KernelCase& kernel_case,
                          const CaseData& data);

// Nothing: these bytes are no answer. Throws the reference::InputError that the worker met.
std::optional<PluginInfo> UnpackAsked(std::string_view bytes);

std::string PackAskRequest(const std::string& path);
std::string PackCheckRequest(const std::string& path, const KernelCase& kernel_case,
                             const CaseData& data);

// In the worker program: what was asked, and the answer, in which code from outside runs.
struct WorkerTask {
  std::string path;
  std::optional<KernelCase> kernel_case;  // absent: what the plug-in says of itself is asked
  CaseData data;
};
// Throws std::runtime_error where these bytes are no request.
WorkerTask UnpackRequest(std::string_view request);
std::string Answer(const WorkerTask& task);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_CANDIDATE_WORKER_REQUEST_H_
