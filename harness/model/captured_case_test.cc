#include "harness/model/captured_case.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/kernel/faulty_kernel.h"
#include "harness/model/arms.h"
#include "harness/model/fused_recurrence.h"
#include "harness/model/layer_call_test.h"
#include "harness/model/model_fixtures.h"
#include "harness/model/model_source.h"

namespace deltagauge {
namespace {

using reference::ComputeType;
using reference::LayerCall;
using reference::LayerRecurrence;
using reference::LayerTensor;
using reference::RecurrenceShape;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using Limits = CapturedCall::Limits;

constexpr RecurrenceShape kShape = {
    .batch = 2, .tokens = 9, .key_heads = 2, .value_heads = 4, .key_dim = 16, .value_dim = 24};

// Everything that a recurrence can read, widened.
struct Seen {
  int layer = -1;
  double norm_epsilon = 0;
  double scale = 0;
  std::vector<double> query, key, value, log_decay, beta, state;

  bool operator==(const Seen&) const = default;
};

class Recorder final : public LayerRecurrence {
 public:
  std::string Name() const override { return "recorder"; }
  void Run(const LayerCall& call) override {
    const RecurrenceShape& s = call.shape;
    seen = {call.layer, call.norm_epsilon, call.scale, {}, {}, {}, {}, {}, {}};
    const auto read = [&](const LayerTensor& tensor, int64_t heads, int64_t dim) {
      std::vector<double> values;
      for (int64_t b = 0; b < s.batch; ++b) {
        for (int64_t t = 0; t < s.tokens; ++t) {
          for (int64_t h = 0; h < heads; ++h) {
            for (int64_t d = 0; d < dim; ++d) {
              values.push_back(LoadElement(
                  call.type, tensor.data,
                  b * tensor.batch_stride + t * tensor.token_stride + h * tensor.head_stride + d));
            }
          }
        }
      }
      return values;
    };
    seen.query = read(call.query, s.key_heads, s.key_dim);
    seen.key = read(call.key, s.key_heads, s.key_dim);
    seen.value = read(call.value, s.value_heads, s.value_dim);
    for (int64_t i = 0; i < s.batch * s.tokens * s.value_heads; ++i) {
      seen.log_decay.push_back(LoadElement(GateType(call.type), call.log_decay, i));
      seen.beta.push_back(LoadElement(GateType(call.type), call.beta, i));
    }
    for (int64_t i = 0; i < StatesOf(s); ++i) {
      seen.state.push_back(LoadElement(GateType(call.type), call.state, i));
    }
  }
  Seen seen;
};

// The call as a tap sees it: with a state, which must stay until it is captured.
struct Captured {
  explicit Captured(const LayerProblem& problem)
      : state(problem.state().begin(), problem.state().end()), call(Take(problem)) {}
  CapturedCall Take(const LayerProblem& problem) {
    LayerCall full = problem.call();
    full.state = state.data();
    return CapturedCall(full);
  }
  std::vector<float> state;
  CapturedCall call;
};

class CapturedCallTest : public testing::TestWithParam<std::tuple<ComputeType, CallLayout>> {
 protected:
  ComputeType type() const { return std::get<0>(GetParam()); }

  LayerProblem problem_{type(), kShape, std::get<1>(GetParam())};
  std::unique_ptr<LayerRecurrence> fused_ = MakeArm("fused", 1);
};

TEST_P(CapturedCallTest, HoldsCopiesOfWhatTheLayerSaw) {
  Recorder recorder;
  problem_.RunWith(recorder);
  const Seen seen = recorder.seen;
  EXPECT_FALSE(std::isnan(seen.query[0]));
  Captured captured(problem_);
  problem_.Spoil();
  std::fill(captured.state.begin(), captured.state.end(), NAN);
  for (int again = 0; again < 2; ++again) {
    captured.call.RunWith(recorder);
    EXPECT_TRUE(recorder.seen == seen);
  }
  EXPECT_EQ(captured.call.layer(), 5);
}

TEST_P(CapturedCallTest, RunsFromTheSameStateEachTime) {
  const LayerProblem::Result direct = problem_.RunWith(*fused_);
  const Captured captured(problem_);
  for (int again = 0; again < 2; ++again) {
    const CapturedCall::Result result = captured.call.RunWith(*fused_);
    EXPECT_EQ(std::vector<double>(result.output.begin(), result.output.end()), direct.output);
    EXPECT_EQ(std::vector<double>(result.state.begin(), result.state.end()), direct.state);
  }
}

std::vector<std::string> Failures(const CorrectnessResult& result) {
  std::vector<std::string> failures;
  for (const Finding& finding : result.findings) {
    if (finding.verdict != Verdict::kPassed) failures.push_back(finding.Message());
  }
  return failures;
}

CorrectnessResult Judged(const CapturedCall& call, LayerRecurrence& candidate, Limits limits) {
  CorrectnessResult result;
  call.Judge(candidate, limits, result);
  return result;
}

TEST_P(CapturedCallTest, HonestRecurrencesPass) {
  const Captured captured(problem_);
  for (const std::string name : {"fused", "eager", "chunked", "oracle"}) {
    SCOPED_TRACE(name);
    const auto arm = MakeArm(name, 1);
    const CorrectnessResult result =
        Judged(captured.call, *arm, name == "fused" ? Limits::kFused : Limits::kAny);
    EXPECT_THAT(Failures(result), IsEmpty());
    ASSERT_EQ(result.findings.size(), 10u);  // R1 to R5, twice
    ASSERT_EQ(result.tensors.size(), 2u);
    EXPECT_EQ(result.tensors[0].name, "output");
    EXPECT_EQ(result.tensors[0].dtype, NameOf(type()));
    EXPECT_THAT(result.tensors[0].shape, testing::ElementsAre(2, 4, 9, 24));
    EXPECT_EQ(result.tensors[0].layer, 5);
    EXPECT_EQ(result.tensors[1].name, "state");
    EXPECT_EQ(result.tensors[1].dtype, "float32");
    EXPECT_THAT(result.tensors[1].shape, testing::ElementsAre(2, 4, 16, 24));
    EXPECT_EQ(result.findings[0].tensor, "output of layer 5");
  }
}

TEST_P(CapturedCallTest, FaultsAreFoundInTheTensorThatTheyTouch) {
  const Captured captured(problem_);
  const auto failing = [&](SpoiledRecurrence::Spoil after, Limits limits) {
    SpoiledRecurrence spoiled(*fused_, nullptr, std::move(after));
    std::string tensors;
    for (const Finding& finding : Judged(captured.call, spoiled, limits).findings) {
      if (finding.verdict == Verdict::kPassed || tensors.find(finding.tensor) != tensors.npos) {
        continue;
      }
      tensors += finding.tensor + ";";
    }
    return tensors;
  };
  for (const Limits limits : {Limits::kAny, Limits::kFused}) {
    EXPECT_EQ(failing([](const LayerCall&) {}, limits), "");
    EXPECT_EQ(failing([](const LayerCall& call) { ScaleOutput(call, 1.02); }, limits),
              "output of layer 5;");
    EXPECT_EQ(failing([](const LayerCall& call) { ScaleState(call, 1.0001f); }, limits),
              "state of layer 5;");
    // One element of each, and NaN.
    EXPECT_EQ(failing(
                  [](const LayerCall& call) {
                    StoreElement(call.type, LoadElement(call.type, call.output, 7) + 0.5,
                                 call.output, 7);
                  },
                  limits),
              "output of layer 5;");
    EXPECT_EQ(
        failing([](const LayerCall& call) { static_cast<float*>(call.state)[3] = NAN; }, limits),
        "state of layer 5;");
  }
}

TEST_P(CapturedCallTest, FaultyKernelsAreFound) {
  SerialFor serial;
  const Captured captured(problem_);
  const struct {
    KernelFunction kernel;
    const char* says;  // "": passes
  } kKernels[] = {
      {&FaultyKernel<Fault::kNone>, ""},
      {&FaultyKernel<Fault::kReturnsZeros>, "output of layer 5"},
      {&FaultyKernel<Fault::kOutputReadsOldState>, "output of layer 5"},
      {&FaultyKernel<Fault::kStateInBFloat16>, "state of layer 5"},
      {&FaultyKernel<Fault::kIgnoresNorm>, "state of layer 5"},
      {&FaultyKernel<Fault::kLeavesLastRow>, "output of layer 5"},
  };
  for (const auto& [kernel, says] : kKernels) {
    SCOPED_TRACE(says);
    FusedRecurrence candidate(serial, kernel, "candidate");
    const std::vector<std::string> failures =
        Failures(Judged(captured.call, candidate, Limits::kFused));
    if (*says == '\0') {
      EXPECT_THAT(failures, IsEmpty());
    } else {
      EXPECT_THAT(failures, testing::Contains(HasSubstr(says)));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Types, CapturedCallTest,
    testing::Combine(testing::Values(ComputeType::kFloat32, ComputeType::kBFloat16),
                     testing::Values(CallLayout::kContiguous, CallLayout::kStrided)),
    [](const auto& param) {
      return std::string(NameOf(std::get<0>(param.param))) +
             (std::get<1>(param.param) == CallLayout::kStrided ? "Strided" : "Contiguous");
    });

TEST(CapturedCallModelTest, Float64IsALogicError) {
  const LayerProblem problem(ComputeType::kFloat64, kShape);
  EXPECT_THROW(CapturedCall{problem.call()}, std::logic_error);
}

// Inside a model: from the inputs before the rule comes what the model had behind it.
TEST(CapturedCallModelTest, GivesTheBitsThatTheModelHad) {
  for (const ComputeType type : {ComputeType::kFloat32, ComputeType::kBFloat16}) {
    SCOPED_TRACE(NameOf(type));
    const LoadedModel loaded =
        LoadModel(TinyModelFolder(),
                  {.type = type, .linear = reference::LinearLibrary::kAten, .progress = {}});
    const auto eager = MakeArm("eager", 1);
    const auto fused = MakeArm("fused", 1);
    const std::vector<int32_t> ids = TinyGoldens()[0].ids;
    reference::ModelCache cache = loaded.model->NewCache(1, *eager);
    std::vector<CapturedCall> captured;
    std::vector<CapturedCall::Result> results;
    CorrectnessResult judged;
    reference::ModelTaps taps;
    taps.before_rule = [&](const LayerCall& call) {
      captured.emplace_back(call);
      captured.back().Judge(*fused, Limits::kFused, judged);
    };
    taps.after_rule = [&](const LayerCall& call) {
      CapturedCall::Result& result = results.emplace_back();
      for (int64_t i = 0; i < OutputsOf(call.shape); ++i) {
        result.output.push_back(static_cast<float>(LoadElement(call.type, call.output, i)));
      }
      const auto* const state = static_cast<const float*>(call.state);
      result.state.assign(state, state + StatesOf(call.shape));
    };
    loaded.model->Forward({ids.data(), 20}, cache, *eager);
    loaded.model->Forward({ids.data() + 20, 30}, cache, *eager, {.taps = &taps});
    ASSERT_EQ(captured.size(), 6u);
    for (size_t i = 0; i < captured.size(); ++i) {
      const CapturedCall::Result again = captured[i].RunWith(*eager);
      EXPECT_EQ(again.output, results[i].output) << "layer " << captured[i].layer();
      EXPECT_EQ(again.state, results[i].state) << "layer " << captured[i].layer();
    }
    EXPECT_THAT(judged.findings, Not(IsEmpty()));
    EXPECT_THAT(Failures(judged), IsEmpty());
  }
}

}  // namespace
}  // namespace deltagauge
