#include "reference/operator_torch.h"

#include <ATen/core/Tensor.h>
#include <ATen/core/dispatch/Dispatcher.h>
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

#include "reference/shared_library.h"
#include "reference/tensors_torch.h"

namespace deltagauge::reference {
namespace {

constexpr size_t kNumArguments = 6;
constexpr size_t kDecay = 3;
constexpr size_t kState = 5;

const char* ExpectedSchema(KnownOperator which) {
  return which == KnownOperator::kGatedDeltaRule
             ? "(Tensor query, Tensor key, Tensor value, Tensor decay, Tensor beta, "
               "Tensor initial_state) -> (Tensor, Tensor)"
             : "(Tensor query, Tensor key, Tensor value, Tensor g, Tensor beta, "
               "Tensor(a!) recurrent_state) -> Tensor";
}

bool IsTensor(const c10::Argument& argument) { return *argument.type() == *c10::TensorType::get(); }

bool IsWritten(const c10::Argument& argument) {
  return argument.alias_info() != nullptr && argument.alias_info()->isWrite();
}

// What its arguments are called is the operator's own affair.
bool HasExpectedSchema(KnownOperator which, const c10::FunctionSchema& schema) {
  const bool in_place = which == KnownOperator::kRecurrentGatedDeltaRule;
  const std::vector<c10::Argument>& arguments = schema.arguments();
  if (arguments.size() != kNumArguments || schema.returns().size() != (in_place ? 1u : 2u)) {
    return false;
  }
  for (size_t i = 0; i < kNumArguments; ++i) {
    if (!IsTensor(arguments[i])) return false;
    if (IsWritten(arguments[i]) != (in_place && i == kState)) return false;
  }
  return std::all_of(schema.returns().begin(), schema.returns().end(), IsTensor);
}

}  // namespace

struct OperatorRecurrence::Operator {
  c10::OperatorHandle handle;
  std::vector<at::Tensor> arguments;
  at::Tensor output;
  at::Tensor final_state;
};

const char* OperatorName(KnownOperator which) {
  return which == KnownOperator::kGatedDeltaRule ? "llama::gated_delta_rule"
                                                 : "llama::recurrent_gated_delta_rule";
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

OperatorRecurrence::OperatorRecurrence(KnownOperator which) : which_(which) {
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
  operator_ = std::make_unique<Operator>(
      Operator{.handle = *handle, .arguments = {}, .output = {}, .final_state = {}});
}

OperatorRecurrence::~OperatorRecurrence() = default;

std::string OperatorRecurrence::Name() const {
  return std::string(OperatorName(which_)) +
         (which_ == KnownOperator::kGatedDeltaRule ? "" : ", state in place");
}

void OperatorRecurrence::Prepare(const RecurrenceInputs<float>& inputs) {
  operator_->arguments = MakeTensors(inputs);
  if (which_ == KnownOperator::kGatedDeltaRule) operator_->arguments[kDecay].exp_();
  operator_->output = at::Tensor();
  operator_->final_state = at::Tensor();
}

void OperatorRecurrence::Run() {
  if (operator_->arguments.empty()) throw std::logic_error(Name() + ": Run before Prepare");
  const c10::InferenceMode no_autograd;
  // Boxed: whatever C++ types the library took for its function, the schema is all that counts.
  torch::jit::Stack stack(operator_->arguments.begin(), operator_->arguments.end());
  try {
    operator_->handle.callBoxed(stack);
  } catch (const c10::Error& error) {
    throw std::runtime_error(Name() + ": " + error.what_without_backtrace());
  }
  operator_->output = std::move(stack[0]).toTensor().contiguous();
  operator_->final_state = which_ == KnownOperator::kGatedDeltaRule
                               ? std::move(stack[1]).toTensor().contiguous()
                               : operator_->arguments[kState];
}

std::span<const float> OperatorRecurrence::Output() const { return Elements(operator_->output); }

std::span<const float> OperatorRecurrence::FinalState() const {
  return Elements(operator_->final_state);
}

}  // namespace deltagauge::reference
