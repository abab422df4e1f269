#define WIN32_LEAN_AND_MEAN
#include <windows.h>

#include <new>

#include "harness/candidate/guarded_pages.h"

namespace deltagauge {

GuardedPages::GuardedPages(size_t bytes, Trap trap) : trap_(trap) {
  SYSTEM_INFO system;
  GetSystemInfo(&system);
  page_bytes_ = system.dwPageSize;
  bytes_ = (bytes + page_bytes_ - 1) / page_bytes_ * page_bytes_;
  void* const all =
      VirtualAlloc(nullptr, bytes_ + 2 * page_bytes_, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
  if (all == nullptr) throw std::bad_alloc();
  data_ = static_cast<std::byte*>(all) + page_bytes_;
  if (trap_ == Trap::kNone) return;
  DWORD before = 0;
  VirtualProtect(all, page_bytes_, PAGE_NOACCESS, &before);
  VirtualProtect(data_ + bytes_, page_bytes_, PAGE_NOACCESS, &before);
}

GuardedPages::~GuardedPages() { VirtualFree(data_ - page_bytes_, 0, MEM_RELEASE); }

void GuardedPages::ForbidWriting() {
  DWORD before = 0;
  if (trap_ == Trap::kProcessor) VirtualProtect(data_, bytes_, PAGE_READONLY, &before);
}

void GuardedPages::AllowWriting() {
  DWORD before = 0;
  VirtualProtect(data_, bytes_, PAGE_READWRITE, &before);
}

}  // namespace deltagauge
