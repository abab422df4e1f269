#include "harness/kernel/guarded_tensor.h"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace deltagauge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(GuardedTensorTest, RowsLieWhereTheyAreAsked) {
  GuardedTensor tensor(DataType::kFloat32, 2, {10, 0, 5}, 0);
  tensor.Store(std::vector<float>{1, 2, 3, 4, 5, 6});
  const auto* data = static_cast<const float*>(tensor.data());
  EXPECT_THAT(std::vector<float>(data, data + 2), ElementsAre(3, 4));
  EXPECT_THAT(std::vector<float>(data + 5, data + 7), ElementsAre(5, 6));
  EXPECT_THAT(std::vector<float>(data + 10, data + 12), ElementsAre(1, 2));
  EXPECT_THAT(tensor.Load(), ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST(GuardedTensorTest, BFloat16RoundsOnTheWayIn) {
  GuardedTensor tensor(DataType::kBFloat16, 2, {0}, 0);
  tensor.Store(std::vector<float>{1.0f, 0x1.03p0f});
  EXPECT_THAT(tensor.Load(), ElementsAre(1.0f, 0x1.04p0f));
}

TEST(GuardedTensorTest, ShiftMovesDataOffItsAlignment) {
  for (const int64_t shift : {0, 1, 3}) {
    GuardedTensor wide(DataType::kFloat32, 4, {0}, shift);
    GuardedTensor narrow(DataType::kBFloat16, 4, {0}, shift);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(wide.data()) % 64, static_cast<size_t>(4 * shift));
    EXPECT_EQ(reinterpret_cast<uintptr_t>(narrow.data()) % 64, static_cast<size_t>(2 * shift));
  }
}

TEST(GuardedTensorTest, WhatIsNoElementReadsAsNaN) {
  for (const int64_t shift : {0, 1}) {
    GuardedTensor tensor(DataType::kFloat32, 2, {0, 4}, shift);
    tensor.Store(std::vector<float>{1, 2, 3, 4});
    const auto* data = static_cast<const float*>(tensor.data());
    for (const int64_t i : {-2, -1, 2, 3, 6, 7}) EXPECT_TRUE(std::isnan(data[i])) << i;
  }
}

TEST(GuardedTensorTest, WritesToElementsAreNoDamage) {
  GuardedTensor tensor(DataType::kFloat32, 2, {0, 4}, 0);
  tensor.Seal();
  EXPECT_EQ(tensor.AnyChange(), "");
  static_cast<float*>(tensor.data())[5] = 1;
  EXPECT_EQ(tensor.Damage(), "");
  EXPECT_THAT(tensor.AnyChange(), HasSubstr("byte 20 from the first element"));
}

TEST(GuardedTensorTest, WritesToGapsAndGuardsAreFound) {
  for (const int64_t index : {-1, -100, 2, 3, 6, 100}) {
    GuardedTensor tensor(DataType::kFloat32, 2, {0, 4}, 1);
    tensor.Seal();
    static_cast<float*>(tensor.data())[index] = 0;
    EXPECT_THAT(tensor.Damage(), HasSubstr("was changed")) << index;
  }
}

}  // namespace
}  // namespace deltagauge
