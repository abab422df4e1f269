#include "harness/report/run_step.h"

#include <cmath>

#include "reference/input_error.h"

namespace deltagauge {
namespace {

constexpr const char* kProgress = "progress";

// What one line may be: much more than a step is.
JsonLimits LineLimits() {
  JsonLimits limits;
  limits.bytes = size_t{64} << 10;
  limits.depth = 2;
  limits.values = 100;
  return limits;
}

double Number(const Json& json, std::string_view name) {
  const Json* const member = json.Find(name);
  return member != nullptr && member->IsNumber() ? member->AsDouble() : 0;
}

int64_t Count(const Json& json, std::string_view name) {
  const Json* const member = json.Find(name);
  return member != nullptr && member->FitsInt64() ? member->AsInt64() : 0;
}

std::string Text(const Json& json, std::string_view name) {
  const Json* const member = json.Find(name);
  return member != nullptr && member->IsString() ? member->AsString() : std::string();
}

double Finite(double value) { return std::isfinite(value) ? value : 0; }

}  // namespace

Json RunStepJson(const RunStep& step) {
  return Json::MakeObject({{"case", step.case_id},
                           {"done", step.done},
                           {"total", step.total},
                           {"what", step.what},
                           {"share", Finite(step.share)},
                           {"seconds_left", Finite(step.seconds_left)}});
}

std::string WriteRunStep(const RunStep& step) {
  Json json = RunStepJson(step);
  json["event"] = kProgress;
  return WriteJson(json);
}

std::optional<RunStep> ReadRunStep(std::string_view line) {
  Json json;
  try {
    json = ParseJson(line, "line", LineLimits());
  } catch (const reference::InputError&) {
    return std::nullopt;
  }
  if (!json.IsObject() || Text(json, "event") != kProgress) return std::nullopt;
  RunStep step;
  step.done = Count(json, "done");
  step.total = Count(json, "total");
  step.case_id = Text(json, "case");
  step.what = Text(json, "what");
  step.share = Number(json, "share");
  step.seconds_left = Number(json, "seconds_left");
  return step;
}

}  // namespace deltagauge
