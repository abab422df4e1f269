// Whatever the files of a system hold, reading them ends and throws nothing.
#include <cstddef>
#include <cstdint>
#include <string>

#include "harness/timing/machine.h"
#include "harness/timing/preflight.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto read = [&text](const std::string&) -> std::optional<std::string> { return text; };
  deltagauge::Machine machine = deltagauge::ReadLinuxMachine(read, read);
  deltagauge::MachineWatch(read).Finish(&machine);
  deltagauge::FingerprintOf(machine);
  deltagauge::PreflightFindings(machine);
  return 0;
}
