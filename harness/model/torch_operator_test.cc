#include "harness/model/torch_operator.h"

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <variant>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/model/arms.h"
#include "harness/model/candidate_set.h"
#include "harness/model/layer_call_test.h"
#include "reference/input_error.h"
#include "reference/operator_torch.h"

namespace deltagauge {
namespace {

using reference::ComputeType;
using reference::InputError;
using reference::LayerRecurrence;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

namespace fs = std::filesystem;

std::optional<std::string> Nothing(const char*) { return std::nullopt; }

std::string ErrorOf(const std::string& library, const std::string& op) {
  try {
    TorchOperatorCandidate("theirs", library, op);
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

CheckOutcome CheckOn(const OutsideKernel& kernel, const std::string& fields) {
  const KernelCase planned = std::get<KernelCase>(ParseCase("kernel:" + fields));
  const KernelCase adapted = kernel.adapt(planned);
  return kernel.check(adapted, MakeCaseData(adapted));
}

void ExpectPassesSmallCases(const OutsideKernel& kernel) {
  for (const char* const fields :
       {"T=70,Hv=4,Hk=2,K=24,V=40", "T=9,K=16,Hv=2,norm=l2,keys=small,scale=0.3",
        "T=9,K=16,Hv=2,gates=strong,decay=exp", "T=9,K=16,Hv=2,layout=bthd,state_layout=vk",
        "lengths=5+0+7,K=16,Hv=2", "T=1,K=16,Hv=2,state=none"}) {
    const CheckOutcome outcome = CheckOn(kernel, fields);
    EXPECT_EQ(outcome.verdict, Verdict::kPassed) << fields << ": " << outcome.reason;
  }
  const CheckOutcome bfloat16 = CheckOn(kernel, "T=5,K=16,Hv=2,dtype=bfloat16");
  EXPECT_EQ(bfloat16.verdict, Verdict::kSkipped) << bfloat16.reason;
}

// Of the model's layers, any type; and in its parts.
void ExpectEqualsTheOracle(LayerRecurrence& arm) {
  const auto oracle = reference::MakeOracleRecurrence(1);
  for (const ComputeType type :
       {ComputeType::kFloat32, ComputeType::kBFloat16, ComputeType::kFloat64}) {
    const LayerProblem problem(
        type,
        {.batch = 2, .tokens = 7, .key_heads = 2, .value_heads = 6, .key_dim = 16, .value_dim = 24},
        CallLayout::kContiguous);
    const LayerProblem::Result expected = problem.RunWith(*oracle);
    const LayerProblem::Result found = problem.RunWith(arm);
    const double output_limit = type == ComputeType::kBFloat16 ? 2.5e-3 : 2e-6;
    EXPECT_LE(RelativeError(expected.output, found.output), output_limit) << NameOf(type);
    EXPECT_LE(RelativeError(expected.state, found.state), 2e-6) << NameOf(type);
    EXPECT_FALSE(found.damage);
  }
}

TEST(FindOperatorLibraryTest, TheFirstThatIsNamedCounts) {
  const auto environment = [](const char* name) -> std::optional<std::string> {
    if (std::string(name) == "EXECUTORCH_CUSTOM_OPS_AOT_LIB") return "/named/in/environment.so";
    return std::nullopt;
  };
  EXPECT_EQ(FindOperatorLibrary("given.so", environment, "/torch/lib"), "given.so");
  EXPECT_EQ(FindOperatorLibrary("", environment, "/torch/lib"), "/named/in/environment.so");
  EXPECT_THROW(FindOperatorLibrary("", Nothing, "/torch/lib"), InputError);
  EXPECT_THROW(FindOperatorLibrary("", Nothing, ""), InputError);
  try {
    FindOperatorLibrary("", Nothing, "/site-packages/torch/lib");
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(),
                AllOf(HasSubstr("EXECUTORCH_CUSTOM_OPS_AOT_LIB is not set"),
                      HasSubstr("/site-packages/executorch/extension/llm/custom_ops/"),
                      HasSubstr("ci/deps --peers")));
  }
}

TEST(FindOperatorLibraryTest, ThePackageBesideLibtorchIsFound) {
  const fs::path packages = fs::path(testing::TempDir()) / "torch_operator_test_packages";
  const fs::path folder = packages / "executorch" / "extension" / "llm" / "custom_ops";
  fs::create_directories(folder);
  std::ofstream(folder / "libcustom_ops_aot_lib.so") << "anything";
  EXPECT_EQ(FindOperatorLibrary("", Nothing, (packages / "torch" / "lib").string()),
            (folder / "libcustom_ops_aot_lib.so").string());
  fs::remove_all(packages);
}

TEST(FindOperatorLibraryTest, KnowsPythonAndLibtorch) {
  EXPECT_EQ(PythonLibraryOf("/v/lib/python3.11/site-packages/torch/lib"), "libpython3.11.so.1.0");
  EXPECT_EQ(PythonLibraryOf("/opt/libtorch/lib"), "");
  EXPECT_TRUE(fs::exists(fs::path(reference::TorchLibraryFolder()) / "libtorch_cpu.so"));
}

TEST(TorchOperatorTest, EachReasonForItsAbsenceIsTold) {
  EXPECT_THAT(ErrorOf("/no/such.so", "llama::gated_delta_rule"),
              AllOf(HasSubstr("/no/such.so"), HasSubstr("no such file")));
  const fs::path text = fs::path(testing::TempDir()) / "torch_operator_test_no_library.so";
  std::ofstream(text) << "not a library";
  EXPECT_THAT(ErrorOf(text.string(), "llama::gated_delta_rule"),
              AllOf(HasSubstr("can't be loaded"), HasSubstr("file too short")));
  fs::remove(text);
  EXPECT_THAT(ErrorOf(DELTAGAUGE_EXAMPLE_PLUGIN, "llama::gated_delta_rule"),
              HasSubstr("llama::gated_delta_rule: no loaded library registers it"));
  EXPECT_THAT(ErrorOf(DELTAGAUGE_OPS_LIBRARY, "llama::gated"), HasSubstr("unknown operator"));
}

class OurOperatorTest : public testing::TestWithParam<const char*> {};

TEST_P(OurOperatorTest, RunsInKernelCasesAndInModels) {
  const Candidate candidate = TorchOperatorCandidate("theirs", DELTAGAUGE_OPS_LIBRARY, GetParam());
  const fs::path library = DELTAGAUGE_OPS_LIBRARY;
  // Reports are given away: which library it was, and no folder of this machine.
  EXPECT_THAT(candidate.description,
              AllOf(HasSubstr(GetParam()), HasSubstr(library.filename().string()),
                    Not(HasSubstr(library.parent_path().string()))));
  ExpectPassesSmallCases(*candidate.outside);
  const auto arm = candidate.make_arm();
  EXPECT_EQ(arm->Name(), "theirs");
  ExpectEqualsTheOracle(*arm);
}

INSTANTIATE_TEST_SUITE_P(Operators, OurOperatorTest,
                         testing::Values("llama::recurrent_gated_delta_rule",
                                         "deltagauge::gated_delta_rule"));

TEST(TorchOperatorTest, ExecuTorchRunsInKernelCasesAndInModels) {
  std::string library;
  try {
    library = FindOperatorLibrary("", Nothing, reference::TorchLibraryFolder());
  } catch (const InputError& error) {
    GTEST_SKIP() << error.what();
  }
  const Candidate candidate = TorchOperatorCandidate("theirs", library, "llama::gated_delta_rule");
  ExpectPassesSmallCases(*candidate.outside);
  ExpectEqualsTheOracle(*candidate.make_arm());
}

TEST(TorchOperatorTest, OurOwnPeersRunInKernelCases) {
  ExpectPassesSmallCases(EagerKernel());
  ExpectPassesSmallCases(ChunkedKernel());
}

TEST(PluginArmTest, APluginIsARecurrenceOfTheModel) {
  const auto arm = PluginArm("mine", DELTAGAUGE_EXAMPLE_PLUGIN)();
  EXPECT_THAT(arm->Description(), HasSubstr("mine, example 1.0"));
  ExpectEqualsTheOracle(*arm);
}

}  // namespace
}  // namespace deltagauge
