// For the tests of this folder: cases, and what the plug-ins for tests read from the environment.
#ifndef DELTAGAUGE_HARNESS_CANDIDATE_CANDIDATE_TEST_H_
#define DELTAGAUGE_HARNESS_CANDIDATE_CANDIDATE_TEST_H_

#include <cstdlib>
#include <string>
#include <variant>

#include "harness/candidate/plugin_check.h"

namespace deltagauge {

// How a process ended, in the words of the system.
#if defined(_WIN32)
inline constexpr const char* kBadAccess = "was ended by status 0xc0000005 (access violation)";
inline constexpr const char* kAbort = "was ended by status 0x40000015 (abort)";
inline constexpr const char* kStackOverflow = "was ended by status 0xc00000fd (stack overflow)";
#else
inline constexpr const char* kBadAccess = "was ended by signal 11";
inline constexpr const char* kAbort = "was ended by signal 6";
inline constexpr const char* kStackOverflow = "was ended by signal 11";
#endif

// Set for as long as it lives.
class EnvironmentVariable {
 public:
  EnvironmentVariable(const char* name, const std::string& value) : name_(name) { Set(value); }
  ~EnvironmentVariable() { Set(""); }
  EnvironmentVariable(const EnvironmentVariable&) = delete;
  EnvironmentVariable& operator=(const EnvironmentVariable&) = delete;

 private:
  void Set(const std::string& value) {
#if defined(_WIN32)
    _putenv_s(name_, value.c_str());  // "" removes it
#else
    if (value.empty()) {
      unsetenv(name_);
    } else {
      setenv(name_, value.c_str(), 1);
    }
#endif
  }
  const char* name_;
};

inline KernelCase CaseOf(const std::string& fields) {
  return std::get<KernelCase>(ParseCase("kernel:" + fields));
}

inline CheckOutcome CheckOn(const char* plugin, const KernelCase& kernel_case,
                            const IsolationLimits& limits = {}) {
  return CheckPlugin(plugin, limits, kernel_case, MakeCaseData(kernel_case));
}

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_CANDIDATE_CANDIDATE_TEST_H_
