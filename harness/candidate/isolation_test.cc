#include "harness/candidate/isolation.h"

#include <cstring>
#include <stdexcept>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/candidate/outcome_wire.h"
#include "harness/candidate/worker_notes.h"

namespace deltagauge {
namespace {

using ::testing::HasSubstr;

TEST(IsolationTest, AnAnswerArrivesWhole) {
  for (const size_t size : {size_t{0}, size_t{1}, size_t{65536}, size_t{5} << 20}) {
    const std::string bytes(size, '\xa5');
    const IsolatedAnswer answer = RunIsolated({}, [&] { return bytes; });
    EXPECT_EQ(answer.reason, "");
    EXPECT_TRUE(answer.bytes == bytes) << size;
  }
}

TEST(IsolationTest, AnExceptionIsAReason) {
  const IsolatedAnswer answer =
      RunIsolated({}, []() -> std::string { throw std::runtime_error("no luck"); });
  EXPECT_EQ(answer.reason, "threw an exception: no luck");
}

TEST(IsolationTest, WhatTheBodyDoesToThisProgramStaysInIt) {
  if (IsolationHere() != Isolation::kAnyBody) GTEST_SKIP() << "no fork on this system";
  static int touched = 0;
  EXPECT_EQ(RunIsolated({}, [] { return std::to_string(++touched); }).bytes, "1");
  EXPECT_EQ(touched, 0);
}

TEST(WorkerNotesTest, AFaultIsDescribedByTheNearestTensor) {
  const auto describe = [](const char* address) {
    char text[128];
    DescribeFault(reinterpret_cast<uintptr_t>(address), text, sizeof(text));
    return std::string(text);
  };
  static char memory[300];
  const FaultSite key("key", FaultSite::Access::kReadOnly, memory, 100);
  const FaultSite output("output", FaultSite::Access::kReadWrite, memory + 200, 100);
  EXPECT_EQ(describe(memory + 4), "'key', 4 bytes from its begin, an input: it may only be read");
  EXPECT_EQ(describe(memory + 100), "0 bytes past the end of 'key'");
  EXPECT_EQ(describe(memory + 190), "10 bytes before 'output'");
  EXPECT_EQ(describe(memory + 250), "'output', 50 bytes from its begin");
  EXPECT_THAT(describe(nullptr), HasSubstr("address 0x0, a null pointer"));
  char little[8];
  DescribeFault(0, little, sizeof(little));
  EXPECT_STREQ(little, "address");
}

TEST(OutcomeWireTest, AnOutcomeComesBackAsItWas) {
  CheckOutcome outcome;
  outcome.verdict = Verdict::kFailed;
  outcome.target = "mine";
  outcome.reason = "R1 and so on";
  outcome.findings.push_back({Rule::kCeiling, "state", Verdict::kFailed, 3, 2, "at 5"});
  TensorReport tensor;
  tensor.name = "output";
  tensor.result.rel_rmse = 1e-7;
  tensor.chunked.zero_count = 4;
  tensor.digest = {"00ff", 0.5, {1, 2, 3}};
  outcome.tensors.push_back(tensor);
  const auto back = UnpackOutcome(PackOutcome(outcome), outcome.kernel_case);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->verdict, outcome.verdict);
  EXPECT_EQ(back->target, outcome.target);
  EXPECT_EQ(back->reason, outcome.reason);
  ASSERT_EQ(back->findings.size(), 1u);
  ASSERT_EQ(back->tensors.size(), 1u);
  EXPECT_EQ(back->findings.at(0).Message(), outcome.findings.at(0).Message());
  EXPECT_EQ(back->tensors.at(0).name, tensor.name);
  EXPECT_EQ(back->tensors.at(0).result.rel_rmse, tensor.result.rel_rmse);
  EXPECT_EQ(back->tensors.at(0).chunked.zero_count, tensor.chunked.zero_count);
  EXPECT_EQ(back->tensors.at(0).digest, tensor.digest);
}

TEST(OutcomeWireTest, AnythingElseIsNoOutcome) {
  CheckOutcome outcome;
  outcome.findings.resize(2);
  outcome.tensors.resize(1);
  const std::string bytes = PackOutcome(outcome);
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(UnpackOutcome(std::string_view(bytes).substr(0, size), {})) << size;
  }
  EXPECT_FALSE(UnpackOutcome(bytes + "x", {}));
  EXPECT_FALSE(UnpackOutcome(std::string(200, '\xff'), {}));
  EXPECT_FALSE(UnpackInfo(std::string(200, '\xff')));
  PluginInfo info;
  info.conventions = {1, 1, 1, 1, 1, 1, 1, 1};
  info.data_types = DELTAGAUGE_FLOAT32;
  EXPECT_TRUE(UnpackInfo(PackInfo(info)));
  info.conventions.decay = 3;  // of two, whose names would be looked up by it
  EXPECT_FALSE(UnpackInfo(PackInfo(info)));
}

}  // namespace
}  // namespace deltagauge
