#include <sys/mman.h>
#include <unistd.h>

#include <new>

#include "harness/candidate/guarded_pages.h"

namespace deltagauge {

GuardedPages::GuardedPages(size_t bytes, Trap trap) : trap_(trap) {
  page_bytes_ = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  bytes_ = (bytes + page_bytes_ - 1) / page_bytes_ * page_bytes_;
  void* const all = mmap(nullptr, bytes_ + 2 * page_bytes_, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (all == MAP_FAILED) throw std::bad_alloc();
  data_ = static_cast<std::byte*>(all) + page_bytes_;
  if (trap_ == Trap::kNone) return;
  mprotect(all, page_bytes_, PROT_NONE);
  mprotect(data_ + bytes_, page_bytes_, PROT_NONE);
}

GuardedPages::~GuardedPages() { munmap(data_ - page_bytes_, bytes_ + 2 * page_bytes_); }

void GuardedPages::ForbidWriting() {
  if (trap_ == Trap::kProcessor) mprotect(data_, bytes_, PROT_READ);
}

void GuardedPages::AllowWriting() { mprotect(data_, bytes_, PROT_READ | PROT_WRITE); }

}  // namespace deltagauge
