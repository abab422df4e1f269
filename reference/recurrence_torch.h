// The two ways in which people compute the gated delta rule with libtorch today, as peers and as a
// yardstick for float32 error. Equations in recurrence.h; written from the specification.
#ifndef DELTAGAUGE_REFERENCE_RECURRENCE_TORCH_H_
#define DELTAGAUGE_REFERENCE_RECURRENCE_TORCH_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "reference/prepared_recurrence.h"

namespace deltagauge::reference {

enum class TorchForm : uint8_t {
  // One token after the other, each step a handful of ATen operators on [B, H, K, V]: what a model
  // falls back to where it has no operator of its own, and what it does to decode.
  kEager,
  // 64 tokens at a time in matrix products, as model libraries prefill; T is padded with zeros to a
  // multiple of 64. (I - A)^-1 comes from linalg_solve_triangular on the identity and is then
  // multiplied with both right-hand sides: on 2 CPUs, K = V = 128, that took 2.1 us a token-head,
  // solving for the right-hand sides 2.8 us, row-wise forward substitution 2.6 us.
  kChunked,
};

// float32, any head map. Heads are expanded and tensors made in Prepare; Run allocates as ATen
// does.
class TorchRecurrence final : public PreparedRecurrence {
 public:
  explicit TorchRecurrence(TorchForm form);
  ~TorchRecurrence() override;

  std::string Name() const override;
  void Prepare(const RecurrenceInputs<float>& inputs) override;
  void Run() override;
  std::span<const float> Output() const override;
  std::span<const float> FinalState() const override;

 private:
  struct Tensors;
  TorchForm form_;
  std::unique_ptr<Tensors> tensors_;
};

// Threads of ATen's operators, process-wide. At least 1.
void SetTorchThreads(int num_threads);
int TorchThreads();

// "2.13.0".
std::string TorchVersion();

}  // namespace deltagauge::reference

#endif  // DELTAGAUGE_REFERENCE_RECURRENCE_TORCH_H_
