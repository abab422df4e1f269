#include <cstdlib>

#include "harness/timing/machine.h"

namespace deltagauge {

Machine ThisMachine() {
  Machine machine =
      ReadLinuxMachine(ReadSystemFile, [](const std::string& name) -> std::optional<std::string> {
        const char* value = std::getenv(name.c_str());
        if (value == nullptr) return std::nullopt;
        return value;
      });
  CompleteMachine(&machine);
  return machine;
}

}  // namespace deltagauge
