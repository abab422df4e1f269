#include "harness/bench/bench_kernel_call.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "harness/bench/bench_results.h"
#include "harness/kernel/bfloat16.h"

namespace deltagauge {
namespace {

size_t ElementBytes(const BenchProblem& problem) {
  return problem.data_type == DataType::kFloat32 ? sizeof(float) : sizeof(uint16_t);
}

}  // namespace

KernelCall::KernelCall(const BenchProblem& problem, const BenchData& data, ThreadPool& threads,
                       std::string target)
    : problem_(problem),
      threads_(threads),
      target_(std::move(target)),
      workspace_(static_cast<size_t>(threads.NumThreads()) * kWorkspaceBytesPerThread) {
  for (const BenchInputs& inputs : data.sets) {
    Tensors& set = sets_.emplace_back();
    set.query = LayOut(inputs.query, problem_.key_dim);
    set.key = LayOut(inputs.key, problem_.key_dim);
    set.value = LayOut(inputs.value, problem_.value_dim);
    set.decay = LayOutGate(inputs.log_decay);
    set.beta = LayOutGate(inputs.beta);
    set.output.resize(set.value.size());
  }
  for (int64_t i = 0; i < problem_.states; ++i) {
    states_.insert(states_.end(), data.initial_state.begin(), data.initial_state.end());
  }
  const auto num_states = static_cast<size_t>(problem_.states);
  for (size_t i = 0; i < std::max(sets_.size(), num_states); ++i) {
    calls_.push_back(Args(i % sets_.size(), i % num_states));
  }
}

std::string KernelCall::Name() const {
  return fmt::format("{}, {}", reported_target_, DescribeThreads(threads_.NumThreads()));
}

void KernelCall::Enter() {
  forced_.emplace(target_);
  pinned_.emplace(threads_.CallerCpu());
}

void KernelCall::Leave() {
  pinned_.reset();
  forced_.reset();
}

void KernelCall::Run() {
  for (int64_t i = 0; i < problem_.calls_per_run; ++i) {
    RunInfo info;
    const Status status =
        GatedDeltaRule(calls_[next_call_], {workspace_.data(), workspace_.size()}, threads_, &info);
    if (!status.ok()) throw std::runtime_error("kernel: " + status.Message());
    if (reported_target_ != info.target) reported_target_ = info.target;
    next_call_ = next_call_ + 1 == calls_.size() ? 0 : next_call_ + 1;
    ++calls_made_;
  }
}

std::string KernelCall::Defect() const {
  if (calls_made_ == 0) return "nothing has run";
  if (!target_.empty() && reported_target_ != target_) {
    return fmt::format("target {} was forced and {} ran", target_, reported_target_);
  }
  for (size_t set = 0; set < std::min(calls_made_, sets_.size()); ++set) {
    const std::string defect = DefectOfOutput(set);
    if (!defect.empty()) return fmt::format("output {} {}", set, defect);
  }
  const std::string defect = DefectOfResult(states_);
  return defect.empty() ? "" : "state " + defect;
}

std::span<const float> KernelCall::Output() const {
  if (calls_made_ == 0 || problem_.data_type != DataType::kFloat32 ||
      problem_.layout != BenchLayout::kHeadMajor) {
    return {};
  }
  const size_t set = (calls_made_ - 1) % sets_.size();
  const AlignedVector<std::byte>& output = sets_[set].output;
  return {reinterpret_cast<const float*>(output.data()), output.size() / sizeof(float)};
}

Strides KernelCall::StridesOf(int64_t dim) const {
  const int64_t t = problem_.tokens;
  const int64_t h = problem_.heads;
  if (problem_.layout == BenchLayout::kHeadMajor) {
    return {.sequence = h * t * dim, .token = dim, .head = t * dim};
  }
  return {.sequence = t * h * dim, .token = h * dim, .head = dim};
}

AlignedVector<std::byte> KernelCall::LayOut(const std::vector<float>& tensor, int64_t dim) const {
  const size_t element_bytes = ElementBytes(problem_);
  AlignedVector<std::byte> laid_out(tensor.size() * element_bytes);
  const Strides strides = StridesOf(dim);
  auto from = tensor.begin();
  for (int64_t s = 0; s < problem_.sequences; ++s) {
    for (int64_t h = 0; h < problem_.heads; ++h) {
      for (int64_t t = 0; t < problem_.tokens; ++t) {
        const int64_t element = s * strides.sequence + h * strides.head + t * strides.token;
        std::byte* to = laid_out.data() + static_cast<size_t>(element) * element_bytes;
        for (int64_t i = 0; i < dim; ++i, ++from, to += element_bytes) {
          const uint16_t rounded = ToBFloat16(*from);
          const bool whole = problem_.data_type == DataType::kFloat32;
          std::memcpy(to, whole ? static_cast<const void*>(&*from) : &rounded, element_bytes);
        }
      }
    }
  }
  return laid_out;
}

AlignedVector<float> KernelCall::LayOutGate(const std::vector<float>& gate) const {
  AlignedVector<float> laid_out(gate.size());
  const Strides strides = StridesOf(1);
  auto from = gate.begin();
  for (int64_t s = 0; s < problem_.sequences; ++s) {
    for (int64_t h = 0; h < problem_.heads; ++h) {
      for (int64_t t = 0; t < problem_.tokens; ++t, ++from) {
        laid_out[static_cast<size_t>(s * strides.sequence + h * strides.head + t * strides.token)] =
            *from;
      }
    }
  }
  return laid_out;
}

GatedDeltaRuleArgs KernelCall::Args(size_t set, size_t state) {
  Tensors& tensors = sets_[set];
  const int64_t k = problem_.key_dim;
  const int64_t v = problem_.value_dim;
  float* state_data =
      states_.data() + states_.size() / static_cast<size_t>(problem_.states) * state;
  const StateStrides state_strides = {
      .sequence = problem_.heads * k * v,
      .head = k * v,
      .row = problem_.state_layout == StateLayout::kKeyMajor ? v : k};
  GatedDeltaRuleArgs args;
  args.num_sequences = problem_.sequences;
  args.num_tokens = problem_.tokens;
  args.key_heads = problem_.heads;
  args.value_heads = problem_.heads;
  args.key_dim = k;
  args.value_dim = v;
  args.data_type = problem_.data_type;
  args.state_layout = problem_.state_layout;
  args.query = {tensors.query.data(), StridesOf(k)};
  args.key = {tensors.key.data(), StridesOf(k)};
  args.value = {tensors.value.data(), StridesOf(v)};
  args.decay = {tensors.decay.data(), StridesOf(1)};
  args.beta = {tensors.beta.data(), StridesOf(1)};
  args.initial_state = {state_data, state_strides};
  args.output = {tensors.output.data(), StridesOf(v)};
  args.final_state = {state_data, state_strides};
  return args;
}

std::string KernelCall::DefectOfOutput(size_t set) const {
  const AlignedVector<std::byte>& output = sets_[set].output;
  const size_t element_bytes = ElementBytes(problem_);
  std::vector<float> elements(output.size() / element_bytes);
  if (problem_.data_type == DataType::kFloat32) {
    std::memcpy(elements.data(), output.data(), output.size());
  } else {
    for (size_t i = 0; i < elements.size(); ++i) {
      uint16_t bits = 0;
      std::memcpy(&bits, output.data() + i * element_bytes, element_bytes);
      elements[i] = FromBFloat16(bits);
    }
  }
  return DefectOfResult(elements);
}

}  // namespace deltagauge
