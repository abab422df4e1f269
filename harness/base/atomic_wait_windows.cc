#include <windows.h>

#include "harness/base/atomic_wait.h"

namespace deltagauge {

static_assert(sizeof(std::atomic<uint32_t>) == sizeof(uint32_t));

void WaitWhile(const std::atomic<uint32_t>& value, uint32_t old) {
  // The function only reads; its type doesn't say so.
  WaitOnAddress(const_cast<std::atomic<uint32_t>*>(&value), &old, sizeof(old), INFINITE);
}

void WakeOne(std::atomic<uint32_t>& value) { WakeByAddressSingle(&value); }

void WakeAll(std::atomic<uint32_t>& value) { WakeByAddressAll(&value); }

}  // namespace deltagauge
