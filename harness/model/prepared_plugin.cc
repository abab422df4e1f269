#include "harness/model/prepared_plugin.h"

#include <algorithm>
#include <cstddef>
#include <exception>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "reference/operator_torch.h"
#include "reference/recurrence_torch.h"

namespace deltagauge {
namespace {

using reference::DecayGiven;
using reference::KnownOperator;
using reference::OperatorRecurrence;
using reference::PreparedRecurrence;
using reference::TorchForm;
using reference::TorchRecurrence;

template <PreparedForm form>
std::unique_ptr<PreparedRecurrence> Make() {
  switch (form) {
    case PreparedForm::kEager:
      return std::make_unique<TorchRecurrence>(TorchForm::kEager);
    case PreparedForm::kChunked:
      return std::make_unique<TorchRecurrence>(TorchForm::kChunked);
    case PreparedForm::kGatedDeltaRule:
      return std::make_unique<OperatorRecurrence>(KnownOperator::kGatedDeltaRule,
                                                  DecayGiven::kAsTaken);
    case PreparedForm::kRecurrentGatedDeltaRule:
      return std::make_unique<OperatorRecurrence>(KnownOperator::kRecurrentGatedDeltaRule,
                                                  DecayGiven::kAsTaken);
    case PreparedForm::kDeltaGaugeGatedDeltaRule:
      break;
  }
  return std::make_unique<OperatorRecurrence>(KnownOperator::kDeltaGaugeGatedDeltaRule,
                                              DecayGiven::kAsTaken);
}

// Exceptions must not leave a plug-in.
template <typename Body>
int32_t Answer(const deltagauge_call* call, const Body& body) {
  try {
    body();
    return DELTAGAUGE_OK;
  } catch (const std::exception& error) {
    const std::string_view text = error.what();
    if (call->error_bytes == 0) return DELTAGAUGE_FAILED;
    const size_t length = std::min(text.size(), call->error_bytes - 1);
    std::copy_n(text.begin(), length, call->error_text);
    call->error_text[length] = '\0';
    return DELTAGAUGE_FAILED;
  }
}

std::span<const float> Elements(const deltagauge_input& input) {
  int64_t count = 1;
  for (const int64_t size : input.shape) count *= size;
  return {static_cast<const float*>(input.data), static_cast<size_t>(count)};
}

template <PreparedForm form>
int32_t Prepare(const deltagauge_call* call, void** prepared) {
  return Answer(call, [&] {
    // A forked process has lost ATen's other threads, and with one it never waits for them.
    reference::SetTorchThreads(call->num_threads);
    auto recurrence = Make<form>();
    const int64_t heads = call->value.shape[2];
    recurrence->Prepare({.shape = {.batch = call->query.shape[0],
                                   .tokens = call->query.shape[1],
                                   .key_heads = heads,
                                   .value_heads = heads,
                                   .key_dim = call->query.shape[3],
                                   .value_dim = call->value.shape[3]},
                         .query = Elements(call->query),
                         .key = Elements(call->key),
                         .value = Elements(call->value),
                         .log_decay = Elements(call->decay),
                         .beta = Elements(call->beta),
                         .initial_state = Elements(call->initial_state)});
    *prepared = recurrence.release();
  });
}

int32_t Run(const deltagauge_call* call, void* prepared) {
  return Answer(call, [&] {
    auto* const recurrence = static_cast<PreparedRecurrence*>(prepared);
    reference::SetTorchThreads(call->num_threads);
    recurrence->Run();
    const std::span<const float> output = recurrence->Output();
    const std::span<const float> state = recurrence->FinalState();
    std::copy(output.begin(), output.end(), static_cast<float*>(call->output.data));
    std::copy(state.begin(), state.end(), static_cast<float*>(call->final_state.data));
  });
}

void Release(void* prepared) { delete static_cast<PreparedRecurrence*>(prepared); }

constexpr deltagauge_conventions kConventions = {.state_layout = DELTAGAUGE_STATE_KV,
                                                 .decay = DELTAGAUGE_DECAY_LOG,
                                                 .beta = DELTAGAUGE_BETA_ACTIVATED,
                                                 .scale = DELTAGAUGE_SCALE_OUTSIDE,
                                                 .qk_norm = DELTAGAUGE_NORM_OUTSIDE,
                                                 .head_map = DELTAGAUGE_HEADS_EQUAL,
                                                 .state_place = DELTAGAUGE_STATE_FUNCTIONAL,
                                                 .token_layout = DELTAGAUGE_HEADS_MAJOR};

template <PreparedForm form>
Plugin MakePlugin(const char* name) {
  Plugin plugin;
  plugin.info.name = name;
  plugin.info.conventions = kConventions;
  plugin.info.data_types = DELTAGAUGE_FLOAT32;
  plugin.prepare = &Prepare<form>;
  plugin.run = &Run;
  plugin.release = &Release;
  return plugin;
}

Plugin MakePluginOf(PreparedForm form) {
  switch (form) {
    case PreparedForm::kEager:
      return MakePlugin<PreparedForm::kEager>("eager");
    case PreparedForm::kChunked:
      return MakePlugin<PreparedForm::kChunked>("chunked");
    case PreparedForm::kGatedDeltaRule: {
      Plugin plugin = MakePlugin<PreparedForm::kGatedDeltaRule>("llama.gated_delta_rule");
      plugin.info.conventions.decay = DELTAGAUGE_DECAY_EXP;
      return plugin;
    }
    case PreparedForm::kRecurrentGatedDeltaRule:
      return MakePlugin<PreparedForm::kRecurrentGatedDeltaRule>("llama.recurrent_gated_delta_rule");
    case PreparedForm::kDeltaGaugeGatedDeltaRule:
      break;
  }
  return MakePlugin<PreparedForm::kDeltaGaugeGatedDeltaRule>("deltagauge.gated_delta_rule");
}

}  // namespace

Plugin MakePreparedPlugin(PreparedForm form, const std::string& path, const std::string& version) {
  Plugin plugin = MakePluginOf(form);
  plugin.info.path = path;
  plugin.info.version = version;
  return plugin;
}

}  // namespace deltagauge
