// Operators of libtorch as candidates, and where their library is.
#ifndef DELTAGAUGE_HARNESS_MODEL_TORCH_OPERATOR_H_
#define DELTAGAUGE_HARNESS_MODEL_TORCH_OPERATOR_H_

#include <functional>
#include <optional>
#include <string>

#include "harness/model/outside_candidate.h"

namespace deltagauge {

inline constexpr const char* kOperatorLibraryVariable = "EXECUTORCH_CUSTOM_OPS_AOT_LIB";

// The first that is named, there or not: `given`; what the environment says; the one of the Python
// package executorch beside libtorch, whose folder lib/ is `torch_lib_folder`. Nothing else is
// searched. Throws reference::InputError, with what was looked at, if none is named or the package
// is not installed.
std::string FindOperatorLibrary(
    const std::string& given,
    const std::function<std::optional<std::string>(const char*)>& environment,
    const std::string& torch_lib_folder);

// What ExecuTorch's library, made for Python, finds in every Python process:
// "libpython3.11.so.1.0" for ".../lib/python3.11/site-packages/torch/lib"; empty if that is no
// Python's.
std::string PythonLibraryOf(const std::string& torch_lib_folder);

// ATen's recurrences as kernel cases see them.
OutsideKernel EagerKernel();
OutsideKernel ChunkedKernel();

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_MODEL_TORCH_OPERATOR_H_
