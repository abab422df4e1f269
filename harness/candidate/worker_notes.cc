#include "harness/candidate/worker_notes.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

namespace deltagauge {
namespace {

constexpr uintptr_t kNullPageBytes = 65536;
constexpr uintptr_t kNearBytes = 65536;  // farther from a tensor, it is not about that tensor

struct Site {
  const char* name = nullptr;
  FaultSite::Access access = FaultSite::Access::kReadWrite;
  uintptr_t begin = 0;
  uintptr_t end = 0;
};

// Plain memory, which a signal handler may read.
std::array<Site, FaultSite::kMostSites> sites;
WorkerNotes* current_notes = nullptr;

// Printing without printf, which a signal handler must not call.
class Text {
 public:
  Text(char* text, size_t bytes) : text_(text), left_(bytes) {
    if (left_ > 0) *text_ = '\0';
  }
  Text& operator<<(std::string_view words) {
    for (const char c : words) {
      if (left_ <= 1) break;
      *text_++ = c;
      --left_;
    }
    if (left_ > 0) *text_ = '\0';
    return *this;
  }
  Text& Number(uintptr_t number, uintptr_t base) {
    char digits[24];
    char* const end = digits + sizeof(digits);
    char* begin = end;
    do {
      *--begin = "0123456789abcdef"[number % base];
      number /= base;
    } while (number > 0);
    return *this << std::string_view(begin, static_cast<size_t>(end - begin));
  }

 private:
  char* text_;
  size_t left_;
};

uintptr_t DistanceOf(const Site& site, uintptr_t address) {
  if (address < site.begin) return site.begin - address;
  return address < site.end ? 0 : address - site.end + 1;
}

}  // namespace

void SetWorkerNotes(WorkerNotes* notes) { current_notes = notes; }
WorkerNotes* CurrentWorkerNotes() { return current_notes; }

WorkerStep::WorkerStep(const char* step) {
  if (current_notes != nullptr) Text(current_notes->step, sizeof(current_notes->step)) << step;
}
WorkerStep::~WorkerStep() {
  if (current_notes != nullptr) current_notes->step[0] = '\0';
}

FaultSite::FaultSite(const char* name, Access access, const void* begin, size_t bytes) {
  const auto free = std::find_if(sites.begin(), sites.end(),
                                 [](const Site& site) { return site.name == nullptr; });
  index_ = static_cast<size_t>(free - sites.begin());
  if (index_ == kMostSites) return;
  const auto address = reinterpret_cast<uintptr_t>(begin);
  *free = {name, access, address, address + bytes};
}
FaultSite::~FaultSite() {
  if (index_ < kMostSites) sites[index_] = {};
}

void DescribeFault(uintptr_t address, char* text, size_t text_bytes) {
  Text out(text, text_bytes);
  const Site* nearest = nullptr;
  for (const Site& site : sites) {
    if (site.name == nullptr || DistanceOf(site, address) > kNearBytes) continue;
    if (nearest == nullptr || DistanceOf(site, address) < DistanceOf(*nearest, address)) {
      nearest = &site;
    }
  }
  if (nearest == nullptr) {
    (out << "address 0x").Number(address, 16);
    if (address < kNullPageBytes) out << ", a null pointer (was an allocation refused?)";
    return;
  }
  if (address < nearest->begin) {
    out.Number(nearest->begin - address, 10) << " bytes before '" << nearest->name << "'";
  } else if (address >= nearest->end) {
    out.Number(address - nearest->end, 10) << " bytes past the end of '" << nearest->name << "'";
  } else {
    out << "'" << nearest->name << "', ";
    out.Number(address - nearest->begin, 10) << " bytes from its begin";
    if (nearest->access == FaultSite::Access::kReadOnly) out << ", an input: it may only be read";
  }
}

}  // namespace deltagauge
