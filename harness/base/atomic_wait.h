// Waiting for an atomic to change, asleep. std::atomic::wait does it, but not everywhere: in GCC
// 12's library for MinGW-w64 a notification can be lost, and the thread sleeps on.
#ifndef DELTAGAUGE_HARNESS_BASE_ATOMIC_WAIT_H_
#define DELTAGAUGE_HARNESS_BASE_ATOMIC_WAIT_H_

#include <atomic>
#include <cstdint>

namespace deltagauge {

// Returns when `value` is no longer `old`, or now and then before.
void WaitWhile(const std::atomic<uint32_t>& value, uint32_t old);

// Wakes those who wait for `value`. It must have been changed before.
void WakeOne(std::atomic<uint32_t>& value);
void WakeAll(std::atomic<uint32_t>& value);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_BASE_ATOMIC_WAIT_H_
