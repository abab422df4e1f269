#include "harness/candidate/outcome_wire.h"

#include <cstring>
#include <utility>

#include "harness/candidate/wire.h"

namespace deltagauge {
namespace {

Verdict GetVerdict(WireReader& reader) {
  const auto verdict = reader.Get<uint8_t>();
  return verdict <= static_cast<uint8_t>(Verdict::kError) ? static_cast<Verdict>(verdict)
                                                          : Verdict::kError;
}

void PutFinding(const Finding& finding, WireWriter& writer) {
  writer.Put(finding.rule);
  writer.PutText(finding.tensor);
  writer.Put(finding.verdict);
  writer.Put(finding.observed);
  writer.Put(finding.limit);
  writer.PutText(finding.detail);
}

Finding GetFinding(WireReader& reader) {
  Finding finding;
  const auto rule = reader.Get<uint8_t>();
  if (rule <= static_cast<uint8_t>(Rule::kRepeatable)) finding.rule = static_cast<Rule>(rule);
  finding.tensor = reader.GetText();
  finding.verdict = GetVerdict(reader);
  finding.observed = reader.Get<double>();
  finding.limit = reader.Get<double>();
  finding.detail = reader.GetText();
  return finding;
}

void PutTensor(const TensorReport& tensor, WireWriter& writer) {
  writer.PutText(tensor.name);
  writer.Put(tensor.result);
  writer.Put(tensor.recurrent);
  writer.Put(tensor.chunked);
  writer.PutText(tensor.digest.hash);
  writer.Put(tensor.digest.rms);
  writer.Put(uint64_t{tensor.digest.sketch.size()});
  for (const double x : tensor.digest.sketch) writer.Put(x);
}

// Any byte may stand where a bool does; only two may be read as one.
TensorComparison GetComparison(WireReader& reader) {
  auto comparison = reader.Get<TensorComparison>();
  unsigned char is_constant = 0;
  std::memcpy(&is_constant, &comparison.truth_is_constant, 1);
  comparison.truth_is_constant = is_constant != 0;
  return comparison;
}

TensorReport GetTensor(WireReader& reader) {
  TensorReport tensor;
  tensor.name = reader.GetText();
  tensor.result = GetComparison(reader);
  tensor.recurrent = GetComparison(reader);
  tensor.chunked = GetComparison(reader);
  tensor.digest.hash = reader.GetText();
  tensor.digest.rms = reader.Get<double>();
  const auto size = reader.Get<uint64_t>();
  for (uint64_t i = 0; i < size && reader.ok(); ++i) {
    tensor.digest.sketch.push_back(reader.Get<double>());
  }
  return tensor;
}

}  // namespace

std::string PackOutcome(const CheckOutcome& outcome) {
  WireWriter writer;
  writer.Put(outcome.verdict);
  writer.PutText(outcome.target);
  writer.PutText(outcome.reason);
  writer.Put(uint64_t{outcome.findings.size()});
  for (const Finding& finding : outcome.findings) PutFinding(finding, writer);
  writer.Put(uint64_t{outcome.tensors.size()});
  for (const TensorReport& tensor : outcome.tensors) PutTensor(tensor, writer);
  return writer.Take();
}

std::optional<CheckOutcome> UnpackOutcome(std::string_view bytes, const KernelCase& kernel_case) {
  WireReader reader(bytes);
  CheckOutcome outcome;
  outcome.kernel_case = kernel_case;
  outcome.verdict = GetVerdict(reader);
  outcome.target = reader.GetText();
  outcome.reason = reader.GetText();
  const auto findings = reader.Get<uint64_t>();
  for (uint64_t i = 0; i < findings && reader.ok(); ++i) {
    outcome.findings.push_back(GetFinding(reader));
  }
  const auto tensors = reader.Get<uint64_t>();
  for (uint64_t i = 0; i < tensors && reader.ok(); ++i) {
    outcome.tensors.push_back(GetTensor(reader));
  }
  if (!reader.AtEnd()) return std::nullopt;
  return outcome;
}

std::string PackInfo(const PluginInfo& info) {
  WireWriter writer;
  for (const std::string* text : {&info.path, &info.name, &info.version, &info.description}) {
    writer.PutText(*text);
  }
  writer.Put(info.conventions);
  writer.Put(info.limits);
  writer.Put(info.data_types);
  return writer.Take();
}

std::optional<PluginInfo> UnpackInfo(std::string_view bytes) {
  WireReader reader(bytes);
  PluginInfo info;
  for (std::string* text : {&info.path, &info.name, &info.version, &info.description}) {
    *text = reader.GetText();
  }
  info.conventions = reader.Get<deltagauge_conventions>();
  info.limits = reader.Get<deltagauge_limits>();
  info.data_types = reader.Get<uint32_t>();
  if (!reader.AtEnd()) return std::nullopt;
  if (!FindNumberFlaw(info.conventions, info.limits, info.data_types).empty()) return std::nullopt;
  return info;
}

}  // namespace deltagauge
