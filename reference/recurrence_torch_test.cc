#include "reference/recurrence_torch.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "reference/problem_torch_test.h"
#include "reference/recurrence.h"

namespace deltagauge::reference {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

constexpr TorchForm kForms[] = {TorchForm::kEager, TorchForm::kChunked};

TEST(TorchRecurrenceTest, FollowsTheTruth) {
  for (const TorchForm form : kForms) {
    for (const RecurrenceShape& shape : std::vector<RecurrenceShape>{{1, 1, 1, 1, 1, 1},
                                                                     {2, 4, 3, 3, 5, 6},
                                                                     {1, 63, 1, 2, 16, 8},
                                                                     {1, 64, 2, 2, 8, 16},
                                                                     {2, 65, 2, 6, 16, 20},
                                                                     {1, 200, 1, 1, 128, 128}}) {
      for (const double lowest_log_decay : {0.0, -0.05, -2.0, -20.0}) {
        for (const HeadMap map : {HeadMap::kGrouped, HeadMap::kTiled}) {
          Problem problem = RandomProblem(shape, lowest_log_decay);
          problem.head_map = map;
          TorchRecurrence recurrence(form);
          recurrence.Prepare(problem.View());
          recurrence.Run();
          SCOPED_TRACE(recurrence.Name() + ", " + ToString(shape) + ", log decay from " +
                       std::to_string(lowest_log_decay));
          const RecurrenceResult<double> truth = RunRecurrent(problem.Widened().View());
          // Measured: 3e-7 token by token; in chunks 4e-7, and 3e-6 under strong decay, where
          // differences of prefix sums have lost digits.
          const double bound = form == TorchForm::kEager ? 1e-6 : 1e-5;
          EXPECT_LT(RelativeError(recurrence.Output(), truth.output), bound);
          EXPECT_LT(RelativeError(recurrence.FinalState(), truth.final_state), bound);
        }
      }
    }
  }
}

TEST(TorchRecurrenceTest, EveryRunStartsFromThePreparedState) {
  for (const TorchForm form : kForms) {
    const Problem problem = RandomProblem({1, 70, 2, 2, 8, 8}, -1.0);
    TorchRecurrence recurrence(form);
    recurrence.Prepare(problem.View());
    recurrence.Run();
    const std::vector<float> first(recurrence.Output().begin(), recurrence.Output().end());
    recurrence.Run();
    EXPECT_THAT(recurrence.Output(), testing::ElementsAreArray(first));
  }
}

TEST(TorchRecurrenceTest, StartsFromZerosWithoutAnInitialState) {
  for (const TorchForm form : kForms) {
    Problem problem = RandomProblem({1, 70, 2, 2, 8, 8}, -1.0);
    problem.state.clear();
    TorchRecurrence recurrence(form);
    recurrence.Prepare(problem.View());
    recurrence.Run();
    const RecurrenceResult<double> truth = RunRecurrent(problem.Widened().View());
    EXPECT_LT(RelativeError(recurrence.Output(), truth.output), 2e-6);
    EXPECT_LT(RelativeError(recurrence.FinalState(), truth.final_state), 2e-6);
  }
}

TEST(TorchRecurrenceTest, NoTokensLeaveTheStateAlone) {
  for (const TorchForm form : kForms) {
    const Problem problem = RandomProblem({2, 0, 1, 1, 3, 4}, -1.0);
    TorchRecurrence recurrence(form);
    recurrence.Prepare(problem.View());
    recurrence.Run();
    EXPECT_TRUE(recurrence.Output().empty());
    EXPECT_THAT(recurrence.FinalState(), testing::ElementsAreArray(problem.state));
  }
}

// As documented for the chunked form in recurrence.h; here so that nobody relies on the contrary.
TEST(TorchRecurrenceTest, AResetIsExactTokenByTokenAndNaNInChunks) {
  Problem problem = RandomProblem({1, 5, 1, 1, 4, 4}, -1.0);
  problem.log_decay[2] = -std::numeric_limits<float>::infinity();
  TorchRecurrence eager(TorchForm::kEager);
  eager.Prepare(problem.View());
  eager.Run();
  const RecurrenceResult<double> truth = RunRecurrent(problem.Widened().View());
  EXPECT_LT(RelativeError(eager.Output(), truth.output), 2e-6);
  TorchRecurrence chunked(TorchForm::kChunked);
  chunked.Prepare(problem.View());
  chunked.Run();
  EXPECT_TRUE(std::isnan(chunked.Output().back()));
}

TEST(TorchRecurrenceTest, NamesTheTensorThatDoesNotFit) {
  Problem problem = RandomProblem({1, 5, 1, 1, 4, 4}, -1.0);
  problem.beta.pop_back();
  TorchRecurrence recurrence(TorchForm::kEager);
  EXPECT_THAT([&] { recurrence.Prepare(problem.View()); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("beta has 4 elements; expected 5")));
  EXPECT_THROW(recurrence.Run(), std::logic_error);
}

TEST(TorchThreadsTest, AreSet) {
  const int before = TorchThreads();
  SetTorchThreads(1);
  EXPECT_EQ(TorchThreads(), 1);
  SetTorchThreads(2);
  EXPECT_EQ(TorchThreads(), 2);
  SetTorchThreads(before);
}

TEST(TorchVersionTest, HasThreeNumbers) {
  EXPECT_THAT(TorchVersion(), testing::MatchesRegex("[0-9]+\\.[0-9]+\\.[0-9]+.*"));
}

}  // namespace
}  // namespace deltagauge::reference
