// What the checks of kernel_check.h share. Not for others.
#ifndef DELTAGAUGE_HARNESS_KERNEL_CHECK_CONTEXT_H_
#define DELTAGAUGE_HARNESS_KERNEL_CHECK_CONTEXT_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/base/thread_pool.h"
#include "harness/kernel/kernel_check.h"

namespace deltagauge {

class CheckContext {
 public:
  CheckContext(const KernelCase& kernel_case, const CaseData& data, KernelFunction kernel,
               const CheckOptions& options, CheckOutcome& outcome);

  const KernelCase& kernel_case() const { return case_; }
  const CaseData& data() const { return data_; }
  ParallelFor& threads() { return threads_; }

  // One guarded call. Adds a finding if the call was refused, ran another target, or damaged
  // memory; nothing is returned if there is no result to look at. `label` says which of several
  // calls it is ("split 3").
  std::optional<KernelResult> Call(std::string_view label, const KernelCase& kernel_case,
                                   const CaseInputs& inputs, ParallelFor& threads,
                                   WorkspaceFill fill = WorkspaceFill::kNaN);
  std::optional<KernelResult> Call(std::string_view label, const KernelCase& kernel_case,
                                   const CaseInputs& inputs) {
    return Call(label, kernel_case, inputs, threads_);
  }

  // R1 to R5 against the case's truth; the figures also go into the outcome if asked for. Only what
  // tokens have changed: states of sequences without tokens and snapshots from before the first
  // token are known to the bit, and often zeros.
  enum class Report : uint8_t { kNo, kYes };
  void JudgeOutput(std::string_view label, const std::vector<float>& output, Report report);
  void JudgeState(std::string_view label, const std::vector<float>& state, Report report);
  void JudgeSnapshots(std::string_view label, const std::vector<float>& snapshots, Report report);

  // R2 between two results that are both to be within the same bound of one truth: within
  // twice that of each other.
  void ExpectClose(std::string_view label, std::span<const float> expected,
                   std::span<const float> found, DataType type);

  // R7: the same bits. Two empty tensors add no finding.
  void ExpectSameBits(std::string_view label, std::span<const float> expected,
                      std::span<const float> found);
  void ExpectSameBits(std::string_view label, const KernelResult& expected,
                      const KernelResult& found);

  // The data of a changed case from `compute`, or what is kept of it under this key, if all that
  // the check changes fits in kMostKeptBytes.
  template <typename Compute>
  std::shared_ptr<const CaseData> Changed(const std::string& key, size_t bytes_of_all,
                                          const Compute& compute) {
    const auto make = [&] { return std::make_shared<const CaseData>(compute()); };
    return bytes_of_all > kMostKeptBytes ? make() : data_.derived->changed.Get(key, make);
  }

  // Runs `body` on a context for another case of the same check and takes over its findings.
  template <typename Body>
  void Part(const KernelCase& kernel_case, const CaseData& data, const Body& body) {
    CheckOutcome outcome;
    CheckContext part(kernel_case, data, kernel_, options_, outcome);
    body(part);
    for (Finding& finding : outcome.findings) Add(std::move(finding));
    if (!outcome.target.empty()) outcome_.target = outcome.target;
  }

  void Add(Finding finding) { outcome_.findings.push_back(std::move(finding)); }
  void AddInvalid(std::string_view label, std::string detail);

  // Verdict and reason of the outcome, from its findings.
  void Conclude();

 private:
  // A result, its truth, and what the float32 references have (the chunked one no snapshots).
  struct Judged {
    std::span<const double> truth;
    std::span<const float> result;
    std::span<const float> recurrent;
    std::optional<std::span<const float>> chunked;
  };

  void Judge(std::string_view label, std::string_view tensor, DataType type, const Judged& judged,
             const std::vector<int64_t>& heads, Report report);
  PassLimits Limits(DataType type) const;
  std::vector<int64_t> OutputHeads() const;
  std::vector<int64_t> StateHeads(size_t elements) const;

  const KernelCase& case_;
  const CaseData& data_;
  KernelFunction kernel_;
  const CheckOptions options_;
  CheckOutcome& outcome_;
  ThreadPool threads_;
};

// The newest snapshot is the final state; a slot before the first token is the initial state: to
// the bit.
void ExpectExactSlots(CheckContext& context, const KernelResult& result);

// The checks. Each adds findings to the context.
void CheckAccuracy(CheckContext& context);
void CheckThreads(CheckContext& context);
void CheckPieces(CheckContext& context);
void CheckContagion(CheckContext& context);
void CheckSnapshots(CheckContext& context);
void CheckNeighbours(CheckContext& context);
void CheckInPlace(CheckContext& context);
void CheckLayouts(CheckContext& context);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_KERNEL_CHECK_CONTEXT_H_
