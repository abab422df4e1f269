#include "harness/kernel/case_slices.h"

#include <variant>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace deltagauge {
namespace {

using ::testing::ElementsAre;

KernelCase Case(const char* line) { return std::get<KernelCase>(ParseCase(line)); }

TEST(SliceRowsTest, TakesTheSameTokensOfEachHeadAndPutsThemBack) {
  // Two heads of three tokens of two columns.
  const std::vector<float> tensor = {0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15};
  EXPECT_THAT(SliceRows(tensor, 3, 2, 1, 2), ElementsAre(2, 3, 12, 13));
  EXPECT_THAT(SliceRows(tensor, 3, 2, 1, 1), ElementsAre());
  std::vector<float> rebuilt(tensor.size());
  for (const auto& [begin, end] : {std::pair{0, 1}, std::pair{1, 1}, std::pair{1, 3}}) {
    PutRows(SliceRows(tensor, 3, 2, begin, end), 3, 2, begin, end, rebuilt);
  }
  EXPECT_EQ(rebuilt, tensor);
}

TEST(SliceTokensTest, AllTensorsShrinkTogether) {
  const KernelCase c = Case("kernel:B=2,T=5,Hv=4,Hk=2,K=3,V=2");
  const CaseInputs inputs = MakeInputs(c);
  const CasePart part = SliceTokens(c, inputs, 1, 4, {});
  EXPECT_EQ(part.kernel_case.tokens, 3);
  EXPECT_EQ(part.inputs.query.size(), 2u * 2 * 3 * 3);
  EXPECT_EQ(part.inputs.value.size(), 2u * 4 * 3 * 2);
  EXPECT_EQ(part.inputs.decay.size(), 2u * 4 * 3);
  EXPECT_EQ(part.inputs.decay[0], inputs.decay[1]);
  EXPECT_EQ(part.inputs.decay[3], inputs.decay[6]);
  EXPECT_TRUE(part.inputs.initial_state.empty());
}

TEST(SelectSequenceTest, PackedSequencesComeOutAlone) {
  const KernelCase c = Case("kernel:lengths=2+0+3,Hv=2,K=2,V=1");
  const CaseInputs inputs = MakeInputs(c);
  const CasePart last = SelectSequence(c, inputs, 2);
  EXPECT_EQ(last.kernel_case.tokens, 3);
  EXPECT_EQ(last.kernel_case.sequences, 1);
  EXPECT_TRUE(last.kernel_case.lengths.empty());
  EXPECT_EQ(last.inputs.value,
            std::vector<float>(inputs.value.begin() + 2 * 2, inputs.value.end()));
  EXPECT_EQ(last.inputs.initial_state,
            std::vector<float>(inputs.initial_state.end() - 2 * 2, inputs.initial_state.end()));
  EXPECT_TRUE(SelectSequence(c, inputs, 1).inputs.value.empty());
}

}  // namespace
}  // namespace deltagauge
