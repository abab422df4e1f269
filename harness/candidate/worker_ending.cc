#include "harness/candidate/worker_ending.h"

#include <cstring>

#include "fmt/format.h"

namespace deltagauge {

std::string ReasonOf(const WorkerNotes& notes, const IsolationLimits& limits, Ending ending,
                     const ExitOfWorker& exit) {
  const std::string step(notes.step, strnlen(notes.step, sizeof(notes.step)));
  const std::string fault(notes.fault, strnlen(notes.fault, sizeof(notes.fault)));
  const std::string where = step.empty() ? "" : fmt::format(" in {}", step);
  if (ending == Ending::kTimeOver) {
    return fmt::format("was still running{} after {:g} s", where, limits.seconds);
  }
  const std::string memory =
      fmt::format("its memory limit of {} MiB was used up", limits.memory_bytes >> 20);
  if (ending == Ending::kMemoryOver) return fmt::format("was ended{}: {}", where, memory);
  if (!exit.killed_by.empty()) {
    return fmt::format("was ended by {}{}{}{}", exit.killed_by, where,
                       fault.empty() ? "" : fmt::format(": {}", fault),
                       notes.out_of_memory != 0 ? fmt::format("; {}", memory) : "");
  }
  return fmt::format("ended the process with exit code {}{}", exit.exit_code, where);
}

IsolatedAnswer AnswerOf(const WorkerMessage& message) {
  if (message.kind() == WorkerMessage::Kind::kAnswer) return {message.Bytes(), ""};
  return {"", fmt::format("threw an exception: {}", message.Bytes())};
}

}  // namespace deltagauge
