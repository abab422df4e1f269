// A float32 recurrence that someone else times or compares: everything that isn't the recurrence
// happens in Prepare, outside the clock.
#ifndef DELTAGAUGE_REFERENCE_PREPARED_RECURRENCE_H_
#define DELTAGAUGE_REFERENCE_PREPARED_RECURRENCE_H_

#include <span>
#include <string>

#include "reference/recurrence.h"

namespace deltagauge::reference {

class PreparedRecurrence {
 public:
  virtual ~PreparedRecurrence() = default;

  // What ran, for reports: "ATen, 64-token chunks".
  virtual std::string Name() const = 0;

  // Copies the inputs into the form that Run wants: heads expanded, decays as they are taken. The
  // spans are not used afterwards. Throws std::invalid_argument, naming the tensor, if a span does
  // not have the size that the shape asks for.
  virtual void Prepare(const RecurrenceInputs<float>& inputs) = 0;

  // The recurrence over all tokens. To be called after Prepare, as often as wanted. Each call
  // begins with the prepared initial state, unless the implementation updates its state in place
  // (Name says so): then only the first one after Prepare does, and later ones go on from there.
  // Throws std::runtime_error if the implementation fails.
  virtual void Run() = 0;

  // Results of the latest Run, valid until the next Run or Prepare.
  virtual std::span<const float> Output() const = 0;      // [B, Hv, T, V]
  virtual std::span<const float> FinalState() const = 0;  // [B, Hv, K, V]
};

}  // namespace deltagauge::reference

#endif  // DELTAGAUGE_REFERENCE_PREPARED_RECURRENCE_H_
