// Memory for one tensor of a plug-in, between pages that must not be touched.
#ifndef DELTAGAUGE_HARNESS_CANDIDATE_GUARDED_PAGES_H_
#define DELTAGAUGE_HARNESS_CANDIDATE_GUARDED_PAGES_H_

#include <cstddef>
#include <cstdint>

namespace deltagauge {

// What stops a write where none is allowed: the processor, at once, which ends the process unless
// somebody watches (isolation.h); or nothing, so that it has to be found afterwards.
enum class Trap : uint8_t { kNone, kProcessor };

// Whole pages, one more on each side that can't be read or written with Trap::kProcessor.
class GuardedPages {
 public:
  // Throws std::bad_alloc.
  GuardedPages(size_t bytes, Trap trap);
  ~GuardedPages();
  GuardedPages(const GuardedPages&) = delete;
  GuardedPages& operator=(const GuardedPages&) = delete;

  std::byte* data() { return data_; }
  const std::byte* data() const { return data_; }
  size_t bytes() const { return bytes_; }  // `bytes`, rounded up

  void ForbidWriting();  // with Trap::kProcessor
  void AllowWriting();

 private:
  Trap trap_;
  std::byte* data_ = nullptr;
  size_t bytes_ = 0;
  size_t page_bytes_ = 0;
};

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_CANDIDATE_GUARDED_PAGES_H_
