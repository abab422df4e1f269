// The environment tells where libraries are (see CMakeLists.txt):
//   DELTAGAUGE_OPS_LIBRARY         our own operator library
//   DELTAGAUGE_EXECUTORCH_LIBRARY  ExecuTorch's, and what it needs:
//   DELTAGAUGE_PYTHON_LIBRARY
#include "reference/operator_torch.h"

#include <torch/library.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "reference/problem_torch_test.h"
#include "reference/recurrence.h"

namespace deltagauge::reference {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

std::string FromEnvironment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

void CheckAgainstTruth(KnownOperator which, double max_error) {
  for (const RecurrenceShape& shape : std::vector<RecurrenceShape>{
           {1, 1, 2, 2, 16, 16}, {2, 70, 2, 6, 16, 20}, {1, 130, 1, 1, 128, 128}}) {
    Problem problem = RandomProblem(shape, -1.0);
    OperatorRecurrence recurrence(which);
    SCOPED_TRACE(recurrence.Name() + ", " + ToString(shape));
    for (int repetition = 0; repetition < 2; ++repetition) {  // Prepare starts anew
      recurrence.Prepare(problem.View());
      recurrence.Run();
      const RecurrenceResult<double> truth = RunRecurrent(problem.Widened().View());
      EXPECT_LT(RelativeError(recurrence.Output(), truth.output), max_error);
      EXPECT_LT(RelativeError(recurrence.FinalState(), truth.final_state), max_error);
    }
  }
}

TEST(OperatorRecurrenceTest, OurOwnLibraryFollowsTheTruth) {
  const std::string library = FromEnvironment("DELTAGAUGE_OPS_LIBRARY");
  if (library.empty()) GTEST_SKIP() << "DELTAGAUGE_OPS_LIBRARY is not set";
  LoadOperatorLibrary(library, {});
  CheckAgainstTruth(KnownOperator::kRecurrentGatedDeltaRule, 2e-6);
  CheckAgainstTruth(KnownOperator::kDeltaGaugeGatedDeltaRule, 2e-6);
}

TEST(OperatorRecurrenceTest, InPlaceStateGoesOnFromRunToRun) {
  const std::string library = FromEnvironment("DELTAGAUGE_OPS_LIBRARY");
  if (library.empty()) GTEST_SKIP() << "DELTAGAUGE_OPS_LIBRARY is not set";
  LoadOperatorLibrary(library, {});
  Problem problem = RandomProblem({1, 3, 1, 1, 4, 4}, -1.0);
  OperatorRecurrence recurrence(KnownOperator::kRecurrentGatedDeltaRule);
  recurrence.Prepare(problem.View());
  recurrence.Run();
  problem.state.assign(recurrence.FinalState().begin(), recurrence.FinalState().end());
  recurrence.Run();
  const RecurrenceResult<double> truth = RunRecurrent(problem.Widened().View());
  EXPECT_LT(RelativeError(recurrence.Output(), truth.output), 2e-6);
  EXPECT_LT(RelativeError(recurrence.FinalState(), truth.final_state), 2e-6);
}

TEST(OperatorRecurrenceTest, ExecuTorchFollowsTheTruth) {
  const std::string library = FromEnvironment("DELTAGAUGE_EXECUTORCH_LIBRARY");
  if (library.empty()) {
    GTEST_SKIP() << "DELTAGAUGE_EXECUTORCH_LIBRARY is not set: is the Python package executorch "
                    "installed beside torch?";
  }
  LoadOperatorLibrary(library, {FromEnvironment("DELTAGAUGE_PYTHON_LIBRARY")});
  CheckAgainstTruth(KnownOperator::kGatedDeltaRule, 1e-5);
}

TEST(OperatorRecurrenceTest, ErrorsOfTheOperatorAreTold) {
  const std::string library = FromEnvironment("DELTAGAUGE_OPS_LIBRARY");
  if (library.empty()) GTEST_SKIP() << "DELTAGAUGE_OPS_LIBRARY is not set";
  LoadOperatorLibrary(library, {});
  OperatorRecurrence recurrence(KnownOperator::kRecurrentGatedDeltaRule);
  EXPECT_THROW(recurrence.Run(), std::logic_error);
  recurrence.Prepare(RandomProblem({1, 2, 1, 1, 300, 4}, -1.0).View());
  EXPECT_THAT([&] { recurrence.Run(); },
              ThrowsMessage<std::runtime_error>(
                  AllOf(HasSubstr("llama::recurrent_gated_delta_rule, state in place: "),
                        HasSubstr("query: expected key_dim from 1 to 256, found 300"))));
}

TEST(LoadOperatorLibraryTest, SaysWhatIsMissing) {
  EXPECT_THAT([] { LoadOperatorLibrary("/no/such/library.so", {}); },
              ThrowsMessage<std::runtime_error>("operator library '/no/such/library.so': no such "
                                                "file"));
  EXPECT_THAT([] { LoadOperatorLibrary("/no/such/library.so", {"libnothing.so.7"}); },
              ThrowsMessage<std::runtime_error>(
                  AllOf(HasSubstr("'libnothing.so.7', which it needs, can't be loaded: "),
                        HasSubstr("No such file"))));
}

TEST(LoadOperatorLibraryTest, PassesOnWhatTheLoaderSays) {
  const std::filesystem::path path =
      std::filesystem::path(testing::TempDir()) / "operator_torch_test_no_library.so";
  std::ofstream(path) << "not a library";
  EXPECT_THAT([&] { LoadOperatorLibrary(path.string(), {}); },
              ThrowsMessage<std::runtime_error>(AllOf(HasSubstr("' can't be loaded: "),
                                                      HasSubstr(path.filename().string() + ":"))));
  std::filesystem::remove(path);
}

// Constructs in a process in which nobody has registered the operator but, with `schema`, this
// function.
[[noreturn]] void ConstructAndTell(KnownOperator which, const char* schema) {
  const std::string name = OperatorName(which);
  torch::Library library(torch::Library::FRAGMENT, name.substr(0, name.find(':')), std::nullopt,
                         __FILE__, __LINE__);
  if (schema != nullptr) library.def(schema);
  try {
    const OperatorRecurrence recurrence(which);
    std::fputs("constructed", stderr);
  } catch (const std::runtime_error& error) {
    std::fputs(error.what(), stderr);
  }
  std::_Exit(0);
}

TEST(OperatorRecurrenceDeathTest, SaysWhatIsNotRegisteredAsExpected) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");  // each runs this test alone, from the start
  const auto done = testing::ExitedWithCode(0);
  constexpr KnownOperator kFunctional = KnownOperator::kGatedDeltaRule;
  constexpr KnownOperator kInPlace = KnownOperator::kRecurrentGatedDeltaRule;
  EXPECT_EXIT(ConstructAndTell(kFunctional, nullptr), done,
              "operator llama::gated_delta_rule: no loaded library registers it");
  EXPECT_EXIT(ConstructAndTell(kInPlace, nullptr), done,
              "operator llama::recurrent_gated_delta_rule: no loaded library registers it");
  const std::string six = "(Tensor q, Tensor k, Tensor v, Tensor g, Tensor b, Tensor s)";
  const std::string in_place = "(Tensor q, Tensor k, Tensor v, Tensor g, Tensor b, Tensor(a!) s)";
  for (const std::string& wrong :
       {std::string("(Tensor x) -> (Tensor, Tensor)"), six + " -> Tensor",
        in_place + " -> (Tensor, Tensor)", six + " -> (Tensor, int)"}) {
    EXPECT_EXIT(ConstructAndTell(kFunctional, ("gated_delta_rule" + wrong).c_str()), done,
                "llama::gated_delta_rule: expected the schema .*, found llama::gated_delta_rule");
  }
  EXPECT_EXIT(
      ConstructAndTell(kInPlace, ("recurrent_gated_delta_rule" + six + " -> Tensor").c_str()), done,
      "llama::recurrent_gated_delta_rule: expected the schema .*, found llama::rec");
  EXPECT_EXIT(
      ConstructAndTell(kFunctional, ("gated_delta_rule" + six + " -> (Tensor, Tensor)").c_str()),
      done, "constructed");
  constexpr KnownOperator kOurs = KnownOperator::kDeltaGaugeGatedDeltaRule;
  EXPECT_EXIT(
      ConstructAndTell(kOurs, ("gated_delta_rule" + six + " -> (Tensor, Tensor, Tensor)").c_str()),
      done, "deltagauge::gated_delta_rule: expected the schema .*layout.*, found delta");
}

}  // namespace
}  // namespace deltagauge::reference
