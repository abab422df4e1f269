#include "harness/candidate/plugin_timed_call.h"

#include <stdexcept>

#include "fmt/format.h"
#include "harness/bench/bench_results.h"

namespace deltagauge {
namespace {

Strides HeadMajor(const BenchProblem& problem, int64_t dim) {
  const int64_t head = problem.tokens * dim;
  return {.sequence = problem.heads * head, .token = dim, .head = head};
}

}  // namespace

PluginTimedCall::PluginTimedCall(const Plugin& plugin, const BenchProblem& problem,
                                 const BenchData& data, int num_threads, Trap trap)
    : plugin_(plugin),
      problem_(problem),
      num_threads_(num_threads),
      inputs_(data.sets.front()),
      initial_state_(data.initial_state),
      output_(inputs_.value.size()),
      final_state_(initial_state_.size()) {
  if (problem.data_type != DataType::kFloat32 || problem.layout != BenchLayout::kHeadMajor ||
      problem.state_layout != StateLayout::kKeyMajor) {
    throw std::invalid_argument("a plug-in is timed with float32, [B, H, T, D] and [K, V]");
  }
  const int64_t k = problem.key_dim;
  const int64_t v = problem.value_dim;
  const StateStrides state = {.sequence = problem.heads * k * v, .head = k * v, .row = v};
  args_.num_sequences = problem.sequences;
  args_.num_tokens = problem.tokens;
  args_.key_heads = problem.heads;
  args_.value_heads = problem.heads;
  args_.key_dim = k;
  args_.value_dim = v;
  args_.query = {inputs_.query.data(), HeadMajor(problem, k)};
  args_.key = {inputs_.key.data(), HeadMajor(problem, k)};
  args_.value = {inputs_.value.data(), HeadMajor(problem, v)};
  args_.decay = {inputs_.log_decay.data(), HeadMajor(problem, 1)};
  args_.beta = {inputs_.beta.data(), HeadMajor(problem, 1)};
  args_.initial_state = {initial_state_.data(), state};
  args_.output = {output_.data(), HeadMajor(problem, v)};
  args_.final_state = {final_state_.data(), state};
  call_ = std::make_unique<PluginCall>(plugin_, args_, num_threads_, trap);
}

std::string PluginTimedCall::Name() const {
  return fmt::format("{} {}, {}", plugin_.info.name, plugin_.info.version,
                     DescribeThreads(num_threads_));
}

void PluginTimedCall::Run() {
  call_->Run();
  has_run_ = true;
}

std::string PluginTimedCall::Defect() const {
  if (!has_run_) return "nothing has run";
  try {
    call_->Finish();
  } catch (const PluginFault& fault) {
    return fault.what();
  }
  const std::string defect = DefectOfResult(output_);
  if (!defect.empty()) return "output " + defect;
  const std::string state = DefectOfResult(final_state_);
  return state.empty() ? "" : "state " + state;
}

}  // namespace deltagauge
