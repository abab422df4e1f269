#include "reference/ordered_pieces.h"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace deltagauge::reference {
namespace {

void Fill(size_t index, std::vector<std::byte>& piece) {
  piece.assign(1 + index % 7, static_cast<std::byte>(index));
}

TEST(MakeInOrderTest, EachPieceOnceInOrderWhoeverIsSlow) {
  for (const int workers : {1, 2, 3}) {
    for (const size_t pieces : {size_t{0}, size_t{1}, size_t{500}}) {
      size_t next = 0;
      MakeInOrder(
          pieces, workers,
          [](size_t index, std::vector<std::byte>& piece) {
            if (index % 50 == 3) std::this_thread::sleep_for(std::chrono::milliseconds(1));
            Fill(index, piece);
          },
          [&](size_t index, std::span<const std::byte> piece) {
            EXPECT_EQ(index, next++);
            EXPECT_EQ(piece.size(), 1 + index % 7);
            EXPECT_EQ(piece.back(), static_cast<std::byte>(index));
          });
      EXPECT_EQ(next, pieces);
    }
  }
}

TEST(MakeInOrderTest, WorkersStayNearTheConsumer) {
  std::atomic<size_t> made = 0;
  size_t furthest_ahead = 0;
  MakeInOrder(
      100, 2,
      [&](size_t index, std::vector<std::byte>& piece) {
        Fill(index, piece);
        ++made;
      },
      [&](size_t index, std::span<const std::byte>) {
        if (index % 10 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
        furthest_ahead = std::max(furthest_ahead, made - index);
      });
  EXPECT_EQ(made, 100);
  EXPECT_LE(furthest_ahead, 5);
}

TEST(MakeInOrderTest, FailuresOfEitherSideEndIt) {
  const auto make_until_40 = [](size_t index, std::vector<std::byte>& piece) {
    if (index == 40) throw std::runtime_error("make");
    Fill(index, piece);
  };
  size_t consumed = 0;
  EXPECT_THROW(
      MakeInOrder(1000, 2, make_until_40, [&](size_t, std::span<const std::byte>) { ++consumed; }),
      std::runtime_error);
  EXPECT_LE(consumed, 40);

  std::atomic<size_t> made = 0;
  EXPECT_THROW(MakeInOrder(
                   1000, 2,
                   [&](size_t index, std::vector<std::byte>& piece) {
                     Fill(index, piece);
                     ++made;
                   },
                   [](size_t index, std::span<const std::byte>) {
                     if (index == 7) throw std::runtime_error("consume");
                   }),
               std::runtime_error);
  EXPECT_LE(made, 7 + 1 + 5);
}

}  // namespace
}  // namespace deltagauge::reference
