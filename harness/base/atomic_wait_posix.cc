#include "harness/base/atomic_wait.h"

namespace deltagauge {

void WaitWhile(const std::atomic<uint32_t>& value, uint32_t old) {
  value.wait(old, std::memory_order_acquire);
}

void WakeOne(std::atomic<uint32_t>& value) { value.notify_one(); }

void WakeAll(std::atomic<uint32_t>& value) { value.notify_all(); }

}  // namespace deltagauge
