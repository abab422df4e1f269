// libtorch's recurrences behind the interface of plug-ins, so that one translation, one isolation
// and one judge serve them all.
#ifndef DELTAGAUGE_HARNESS_MODEL_PREPARED_PLUGIN_H_
#define DELTAGAUGE_HARNESS_MODEL_PREPARED_PLUGIN_H_

#include <cstdint>
#include <string>

#include "harness/candidate/plugin.h"

namespace deltagauge {

enum class PreparedForm : uint8_t {
  kEager,
  kChunked,
  kGatedDeltaRule,  // and the following: KnownOperator
  kRecurrentGatedDeltaRule,
  kDeltaGaugeGatedDeltaRule,
};

// float32, [B, H, T, D], as many key heads as value heads, states [K, V]. `path` and `version` are
// what its info says. Operators must have been loaded when it runs.
Plugin MakePreparedPlugin(PreparedForm form, const std::string& path, const std::string& version);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_MODEL_PREPARED_PLUGIN_H_
