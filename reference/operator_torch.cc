#include "reference/operator_torch.h"

#include <ATen/core/Tensor.h>
#include <ATen/core/function_schema.h>
#include <ATen/core/ivalue.h>
#include <ATen/core/jit_type.h>
#include <c10/core/InferenceMode.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "reference/operator_torch-inl.h"
#include "reference/shared_library.h"
#include "reference/tensors_torch.h"

namespace deltagauge::reference {
namespace {

constexpr size_t kNumArguments = 6;
constexpr size_t kDecay = 3;
constexpr size_t kState = 5;

const char* ExpectedSchema(KnownOperator which) {
  switch (which) {
    case KnownOperator::kGatedDeltaRule:
      return "(Tensor query, Tensor key, Tensor value, Tensor decay, Tensor beta, "
             "Tensor initial_state) -> (Tensor, Tensor)";
    case KnownOperator::kRecurrentGatedDeltaRule:
      return "(Tensor query, Tensor key, Tensor value, Tensor g, Tensor beta, "
             "Tensor(a!) recurrent_state) -> Tensor";
    case KnownOperator::kDeltaGaugeGatedDeltaRule:
      break;
  }
  return "(Tensor query, Tensor key, Tensor value, Tensor decay, Tensor beta, "
         "Tensor? initial_state=None, *, str layout=\"bthd\", ...) -> (Tensor, Tensor, Tensor)";
}

size_t NumResults(KnownOperator which) {
  switch (which) {
    case KnownOperator::kGatedDeltaRule:
      return 2;
    case KnownOperator::kRecurrentGatedDeltaRule:
      return 1;
    case KnownOperator::kDeltaGaugeGatedDeltaRule:
      break;
  }
  return 3;
}

bool IsTensor(const c10::Argument& argument) { return *argument.type() == *c10::TensorType::get(); }

bool IsWritten(const c10::Argument& argument) {
  return argument.alias_info() != nullptr && argument.alias_info()->isWrite();
}

// The options behind the tensors have defaults, and one of them is the layout.
bool HasLayoutOption(const std::vector<c10::Argument>& arguments) {
  bool found = false;
  for (size_t i = kNumArguments; i < arguments.size(); ++i) {
    if (!arguments[i].default_value().has_value()) return false;
    found = found || arguments[i].name() == "layout";
  }
  return found;
}

// What its arguments are called is the operator's own affair.
bool HasExpectedSchema(KnownOperator which, const c10::FunctionSchema& schema) {
  const bool in_place = which == KnownOperator::kRecurrentGatedDeltaRule;
  const bool has_options = which == KnownOperator::kDeltaGaugeGatedDeltaRule;
  const std::vector<c10::Argument>& arguments = schema.arguments();
  if (arguments.size() < kNumArguments || schema.returns().size() != NumResults(which)) {
    return false;
  }
  if (has_options ? !HasLayoutOption(arguments) : arguments.size() != kNumArguments) return false;
  for (size_t i = 0; i < kNumArguments; ++i) {
    const bool is_optional = has_options && i == kState;
    if (!is_optional && !IsTensor(arguments[i])) return false;
    if (IsWritten(arguments[i]) != (in_place && i == kState)) return false;
  }
  return std::all_of(schema.returns().begin(), schema.returns().end(), IsTensor);
}

c10::OperatorHandle FindOperator(KnownOperator which) {
  const std::optional<c10::OperatorHandle> handle =
      c10::Dispatcher::singleton().findSchema({OperatorName(which), ""});
  if (!handle.has_value()) {
    throw std::runtime_error(std::string("operator ") + OperatorName(which) +
                             ": no loaded library registers it");
  }
  if (!HasExpectedSchema(which, handle->schema())) {
    std::ostringstream found;
    found << handle->schema();
    throw std::runtime_error(std::string("operator ") + OperatorName(which) +
                             ": expected the schema " + ExpectedSchema(which) + ", found " +
                             found.str());
  }
  return *handle;
}

}  // namespace

DispatchedOperator::DispatchedOperator(KnownOperator which)
    : which_(which), handle_(FindOperator(which)) {}

DispatchedOperator::Result DispatchedOperator::Call(const std::vector<at::Tensor>& six) const {
  // Boxed: whatever C++ types the library took for its function, the schema is all that counts.
  torch::jit::Stack stack(six.begin(), six.end());
  const std::vector<c10::Argument>& arguments = handle_.schema().arguments();
  for (size_t i = kNumArguments; i < arguments.size(); ++i) {
    stack.push_back(arguments[i].name() == "layout" ? c10::IValue("bhtd")
                                                    : *arguments[i].default_value());
  }
  try {
    handle_.callBoxed(stack);
  } catch (const c10::Error& error) {
    throw std::runtime_error(error.what_without_backtrace());
  }
  return {std::move(stack[0]).toTensor().contiguous(),
          which_ == KnownOperator::kRecurrentGatedDeltaRule
              ? six[kState]
              : std::move(stack[1]).toTensor().contiguous()};
}

struct OperatorRecurrence::Operator {
  DispatchedOperator dispatched;
  std::vector<at::Tensor> arguments;
  DispatchedOperator::Result result;
};

const char* OperatorName(KnownOperator which) {
  switch (which) {
    case KnownOperator::kGatedDeltaRule:
      return "llama::gated_delta_rule";
    case KnownOperator::kRecurrentGatedDeltaRule:
      return "llama::recurrent_gated_delta_rule";
    case KnownOperator::kDeltaGaugeGatedDeltaRule:
      break;
  }
  return "deltagauge::gated_delta_rule";
}

std::string TorchLibraryFolder() {
  return std::filesystem::path(PathOfLoadedLibrary("libtorch_cpu.so")).parent_path().string();
}

void LoadOperatorLibrary(const std::string& path, const std::vector<std::string>& needed_first) {
  for (const std::string& library : needed_first) {
    const std::string message = LoadSharedLibrary(library, SymbolScope::kGlobal);
    if (message.empty()) continue;
    throw std::runtime_error("operator library '" + path + "': '" + library +
                             "', which it needs, can't be loaded: " + message);
  }
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) {
    throw std::runtime_error("operator library '" + path + "': no such file");
  }
  const std::string message = LoadSharedLibrary(path, SymbolScope::kLocal);
  if (message.empty()) return;
  throw std::runtime_error("operator library '" + path + "' can't be loaded: " + message);
}

OperatorRecurrence::OperatorRecurrence(KnownOperator which, DecayGiven decay)
    : which_(which),
      decay_(decay),
      operator_(std::make_unique<Operator>(
          Operator{.dispatched = DispatchedOperator(which), .arguments = {}, .result = {}})) {}

OperatorRecurrence::~OperatorRecurrence() = default;

std::string OperatorRecurrence::Name() const {
  return std::string(OperatorName(which_)) +
         (which_ == KnownOperator::kRecurrentGatedDeltaRule ? ", state in place" : "");
}

void OperatorRecurrence::Prepare(const RecurrenceInputs<float>& inputs) {
  operator_->arguments = MakeTensors(inputs);
  if (TakesExponentiatedDecay(which_) && decay_ == DecayGiven::kLog) {
    operator_->arguments[kDecay].exp_();
  }
  operator_->result = {};
}

void OperatorRecurrence::Run() {
  if (operator_->arguments.empty()) throw std::logic_error(Name() + ": Run before Prepare");
  const c10::InferenceMode no_autograd;
  try {
    operator_->result = operator_->dispatched.Call(operator_->arguments);
  } catch (const std::runtime_error& error) {
    throw std::runtime_error(Name() + ": " + error.what());
  }
}

std::span<const float> OperatorRecurrence::Output() const {
  return Elements(operator_->result.output);
}

std::span<const float> OperatorRecurrence::FinalState() const {
  return Elements(operator_->result.final_state);
}

}  // namespace deltagauge::reference
