#include "reference/byte_pair.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace deltagauge::reference {
namespace {

constexpr uint64_t kNoPair = std::numeric_limits<uint64_t>::max();  // ids are not negative
constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();

constexpr size_t kMaxKnownWords = size_t{1} << 16;
constexpr size_t kMaxKnownBytes = 64;  // longer ones seldom come back

uint64_t PairOf(int32_t left, int32_t right) {
  return uint64_t{static_cast<uint32_t>(left)} << 32 | static_cast<uint32_t>(right);
}

}  // namespace

BytePairModel::BytePairModel(const std::array<int32_t, 256>& byte_ids,
                             std::span<const Merge> merges)
    : byte_ids_(byte_ids), slots_(std::bit_ceil(2 * merges.size() + 1), Slot{kNoPair, {}}) {
  uint32_t rank = 0;
  for (const Merge& merge : merges) {
    const uint64_t pair = PairOf(merge.left, merge.right);
    slots_[SlotOf(pair)] = {pair, {rank++, merge.merged}};
  }
}

size_t BytePairModel::SlotOf(uint64_t pair) const {
  // The finalizer of splitmix64: ids are small and dense, so every bit must count.
  uint64_t hash = pair;
  hash = (hash ^ hash >> 30) * 0xBF58476D1CE4E5B9;
  hash = (hash ^ hash >> 27) * 0x94D049BB133111EB;
  hash ^= hash >> 31;
  const size_t mask = slots_.size() - 1;
  size_t slot = static_cast<size_t>(hash) & mask;
  while (slots_[slot].pair != pair && slots_[slot].pair != kNoPair) slot = (slot + 1) & mask;
  return slot;
}

std::optional<BytePairModel::Rule> BytePairModel::Find(int32_t left, int32_t right) const {
  const Slot& slot = slots_[SlotOf(PairOf(left, right))];
  if (slot.pair == kNoPair) return std::nullopt;
  return slot.rule;
}

BytePairEncoder::BytePairEncoder(const BytePairModel& model) : model_(&model) {}

void BytePairEncoder::Append(std::string_view word, std::vector<int32_t>& ids) {
  if (word.size() == 1) {
    ids.push_back(model_->IdOfByte(static_cast<uint8_t>(word[0])));
    return;
  }
  if (const auto known = known_.find(word); known != known_.end()) {
    const Stretch stretch = known->second;
    ids.resize(ids.size() + stretch.size);
    std::copy_n(ids.begin() + static_cast<std::ptrdiff_t>(stretch.begin), stretch.size,
                ids.end() - static_cast<std::ptrdiff_t>(stretch.size));
    return;
  }
  const size_t begin = ids.size();
  Encode(word, ids);
  if (word.size() <= kMaxKnownBytes && known_.size() < kMaxKnownWords) {
    known_.emplace(word, Stretch{begin, ids.size() - begin});
  }
}

void BytePairEncoder::Propose(uint32_t left) {
  const uint32_t right = symbols_[left].next;
  if (right == kNone) return;
  const auto rule = model_->Find(symbols_[left].id, symbols_[right].id);
  if (!rule) return;
  heap_.push_back(
      {uint64_t{rule->rank} << 32 | left, symbols_[left].id, symbols_[right].id, rule->merged});
  std::push_heap(heap_.begin(), heap_.end());
}

void BytePairEncoder::Encode(std::string_view word, std::vector<int32_t>& ids) {
  const auto size = static_cast<uint32_t>(word.size());
  symbols_.clear();
  heap_.clear();
  for (uint32_t i = 0; i < size; ++i) {
    symbols_.push_back({model_->IdOfByte(static_cast<uint8_t>(word[i])), i == 0 ? kNone : i - 1,
                        i + 1 == size ? kNone : i + 1});
  }
  for (uint32_t i = 0; i + 1 < size; ++i) Propose(i);
  while (!heap_.empty()) {
    std::pop_heap(heap_.begin(), heap_.end());
    const Candidate best = heap_.back();
    heap_.pop_back();
    const auto at = static_cast<uint32_t>(best.priority);
    Symbol& left = symbols_[at];
    // A merge next to it may have taken one of the two.
    if (left.id != best.left || left.next == kNone || symbols_[left.next].id != best.right) {
      continue;
    }
    Symbol& right = symbols_[left.next];
    left.id = best.merged;
    left.next = right.next;
    right.id = -1;
    if (left.next != kNone) symbols_[left.next].previous = at;
    if (left.previous != kNone) Propose(left.previous);
    Propose(at);
  }
  for (const Symbol& symbol : symbols_) {
    if (symbol.id >= 0) ids.push_back(symbol.id);
  }
}

}  // namespace deltagauge::reference
