#include "reference/byte_pair.h"

#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "reference/small_tokenizer_test.h"

namespace deltagauge::reference {
namespace {

using testing::ElementsAre;

std::array<int32_t, 256> PlainBytes() {
  std::array<int32_t, 256> ids{};
  std::iota(ids.begin(), ids.end(), 0);
  return ids;
}

std::vector<int32_t> Encode(const std::vector<Merge>& merges, std::string_view word) {
  const BytePairModel model(PlainBytes(), merges);
  BytePairEncoder encoder(model);
  std::vector<int32_t> ids;
  encoder.Append(word, ids);
  return ids;
}

// The definition, word for word: all pairs are looked at again after each merge.
std::vector<int32_t> EncodePlainly(const std::vector<Merge>& merges, std::string_view word) {
  std::vector<int32_t> ids;
  for (const char byte : word) ids.push_back(static_cast<uint8_t>(byte));
  const auto rank_of = [&](size_t at) -> std::optional<size_t> {
    for (size_t rank = merges.size(); rank-- > 0;) {
      if (merges[rank].left == ids[at] && merges[rank].right == ids[at + 1]) return rank;
    }
    return std::nullopt;
  };
  while (true) {
    std::optional<size_t> best_rank;
    size_t best_at = 0;
    for (size_t at = 0; at + 1 < ids.size(); ++at) {
      const std::optional<size_t> rank = rank_of(at);
      if (rank && (!best_rank || *rank < *best_rank)) {
        best_rank = rank;
        best_at = at;
      }
    }
    if (!best_rank) return ids;
    ids[best_at] = merges[*best_rank].merged;
    ids.erase(ids.begin() + static_cast<std::ptrdiff_t>(best_at) + 1);
  }
}

TEST(BytePairTest, LowestRankThenLeftmost) {
  const std::vector<Merge> merges = {
      {'b', 'c', 256}, {'a', 'b', 257}, {'a', 'a', 258}, {258, 'a', 259}, {258, 258, 260}};
  EXPECT_THAT(Encode(merges, "abc"), ElementsAre('a', 256));
  EXPECT_THAT(Encode(merges, "abd"), ElementsAre(257, 'd'));
  EXPECT_THAT(Encode(merges, "aaa"), ElementsAre(259));
  EXPECT_THAT(Encode(merges, "aaaa"), ElementsAre(260));
  EXPECT_THAT(Encode(merges, "aaaaa"), ElementsAre(258, 259));
  EXPECT_THAT(Encode(merges, "z"), ElementsAre('z'));
  EXPECT_THAT(Encode({}, "\xff"), ElementsAre(255));
}

TEST(BytePairTest, OfAPairThatComesTwiceTheLaterRankCounts) {
  EXPECT_THAT(Encode({{'a', 'b', 256}, {'b', 'c', 257}, {'a', 'b', 256}}, "abc"),
              ElementsAre('a', 257));
}

TEST(BytePairTest, AgreesWithTheDefinitionOnRandomMerges) {
  Splitmix random(7);
  for (int round = 0; round < 300; ++round) {
    std::vector<std::string> pieces = {"a", "b", "c"};
    std::vector<Merge> merges;
    std::vector<int32_t> ids = {'a', 'b', 'c'};
    for (size_t n = 1 + random.Below(40); n > 0; --n) {
      const size_t left = random.Below(pieces.size());
      const size_t right = random.Below(pieces.size());
      if (pieces[left].size() + pieces[right].size() > 12) continue;
      // The same text by another way is the same piece, as in a vocabulary.
      const std::string both = pieces[left] + pieces[right];
      size_t merged = 0;
      while (merged < pieces.size() && pieces[merged] != both) ++merged;
      if (merged == pieces.size()) {
        pieces.push_back(both);
        ids.push_back(static_cast<int32_t>(253 + pieces.size()));
      }
      merges.push_back({ids[left], ids[right], ids[merged]});
    }
    const BytePairModel model(PlainBytes(), merges);
    BytePairEncoder encoder(model);
    std::vector<int32_t> all;
    std::vector<int32_t> expected;
    std::vector<std::string> words(30);
    for (std::string& word : words) {
      for (size_t n = 1 + random.Below(20); n > 0; --n) word += "abc"[random.Below(3)];
    }
    for (int repeat = 0; repeat < 2; ++repeat) {  // the second time the words are known
      for (const std::string& word : words) {
        encoder.Append(word, all);
        for (const int32_t id : EncodePlainly(merges, word)) expected.push_back(id);
      }
    }
    ASSERT_EQ(all, expected) << "round " << round;
  }
}

TEST(BytePairTest, LongWordsTakeNoQuadraticTime) {
  const std::vector<Merge> merges = {{'a', 'a', 256}, {256, 256, 257}, {257, 257, 258}};
  EXPECT_EQ(Encode(merges, std::string(1'000'000, 'a')), std::vector<int32_t>(125'000, 258));
}

}  // namespace
}  // namespace deltagauge::reference
