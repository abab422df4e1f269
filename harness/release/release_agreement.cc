#include "harness/release/release_agreement.h"

#include <cmath>

namespace deltagauge {
namespace {

using CasesById = std::map<std::string_view, const CaseReport*>;

// Kernel cases alone: the inputs of others come out of models, whose own rounding differs.
CasesById ComparableCases(std::span<const Report* const> reports) {
  CasesById cases;
  for (const Report* const report : reports) {
    for (const CaseReport& of : report->cases) {
      if (of.kind == "kernel" && of.status == Verdict::kPassed && of.correctness &&
          of.correctness->input_hash) {
        cases.try_emplace(of.id, &of);
      }
    }
  }
  return cases;
}

const TensorResult* FindTensor(const CorrectnessResult& correctness, std::string_view name) {
  for (const TensorResult& tensor : correctness.tensors) {
    if (tensor.name == name && tensor.digest) return &tensor;
  }
  return nullptr;
}

void CompareTensorsOf(const CaseReport& a, const CaseReport& b, PlatformAgreement& agreement) {
  for (const TensorResult& of_a : a.correctness->tensors) {
    const TensorResult* const of_b = FindTensor(*b.correctness, of_a.name);
    if (!of_a.digest || of_b == nullptr) continue;
    ++agreement.tensors;
    double distance = 0;
    if (of_a.digest->hash == of_b->digest->hash) {
      ++agreement.same_tensors;
    } else {
      distance = SketchDistance(*of_a.digest, *of_b->digest);
    }
    CaseDifference& largest = agreement.largest[of_a.dtype];
    // Not "greater than": a distance that is no number counts, and stays.
    if (!largest.id.empty() && !(distance > largest.distance) && !std::isnan(distance)) continue;
    if (std::isnan(largest.distance)) continue;
    largest = {a.id, a.repro, of_a.name, of_a.dtype, distance};
  }
}

}  // namespace

PlatformAgreement ComparePlatforms(const std::string& platform,
                                   std::span<const Report* const> reports, const std::string& other,
                                   std::span<const Report* const> other_reports) {
  PlatformAgreement agreement;
  agreement.platform = platform;
  agreement.other = other;
  const CasesById others = ComparableCases(other_reports);
  for (const auto& [id, of] : ComparableCases(reports)) {
    const auto found = others.find(id);
    if (found == others.end()) continue;
    ++agreement.cases;
    if (of->correctness->input_hash == found->second->correctness->input_hash) {
      ++agreement.same_inputs;
      CompareTensorsOf(*of, *found->second, agreement);
    } else {
      agreement.other_inputs.push_back({of->id, of->repro, "", "", 0});
    }
  }
  return agreement;
}

}  // namespace deltagauge
