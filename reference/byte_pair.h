// Byte-pair encoding of one piece of text: its bytes are symbols; of all neighbours that may be
// merged those of the lowest rank are, the leftmost first, until none may. (Sennrich, Haddow, Birch
// 2016; over bytes as in Radford et al. 2019.)
#ifndef DELTAGAUGE_REFERENCE_BYTE_PAIR_H_
#define DELTAGAUGE_REFERENCE_BYTE_PAIR_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace deltagauge::reference {

struct Merge {
  int32_t left = 0;
  int32_t right = 0;
  int32_t merged = 0;
};

class BytePairModel {
 public:
  // `merges` by rank. Of a pair that occurs twice the later entry counts, as in tokenizers. Ids are
  // not negative.
  BytePairModel(const std::array<int32_t, 256>& byte_ids, std::span<const Merge> merges);

  struct Rule {
    uint32_t rank = 0;
    int32_t merged = 0;
  };
  std::optional<Rule> Find(int32_t left, int32_t right) const;

  int32_t IdOfByte(uint8_t byte) const { return byte_ids_[byte]; }

 private:
  struct Slot {
    uint64_t pair = 0;
    Rule rule;
  };
  size_t SlotOf(uint64_t pair) const;  // where it lies or would lie

  std::array<int32_t, 256> byte_ids_;
  std::vector<Slot> slots_;  // open addressing; a power of two, at most half full
};

// Encodes word after word with one set of buffers, and remembers words. For one thread.
class BytePairEncoder {
 public:
  explicit BytePairEncoder(const BytePairModel& model);  // must outlive this

  // Appends the ids of `word` to `ids`. To be remembered, `word` must stay in memory and `ids` must
  // be the vector of the last calls, with what they appended still in its place.
  void Append(std::string_view word, std::vector<int32_t>& ids);

 private:
  struct Symbol {
    int32_t id = 0;  // negative: merged into the one before
    uint32_t previous = 0;
    uint32_t next = 0;
  };
  struct Candidate {
    uint64_t priority = 0;  // rank, then position of the left symbol: the lowest comes first
    int32_t left = 0;
    int32_t right = 0;
    int32_t merged = 0;
    bool operator<(const Candidate& other) const { return priority > other.priority; }
  };
  struct Stretch {
    size_t begin = 0;
    size_t size = 0;
  };

  void Encode(std::string_view word, std::vector<int32_t>& ids);
  void Propose(uint32_t left);

  const BytePairModel* model_;
  std::vector<Symbol> symbols_;
  std::vector<Candidate> heap_;
  std::unordered_map<std::string_view, Stretch> known_;  // word -> where its ids lie in `ids`
};

}  // namespace deltagauge::reference

#endif  // DELTAGAUGE_REFERENCE_BYTE_PAIR_H_
