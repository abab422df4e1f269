#include "harness/candidate/worker_request.h"

#include <stdexcept>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/candidate/candidate_test.h"
#include "harness/candidate/outcome_wire.h"
#include "harness/candidate/worker_message.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

std::string AnswerTo(const std::string& request) { return Answer(UnpackRequest(request)); }

TEST(WorkerRequestTest, ACaseAndItsDataArriveAsTheyWere) {
  const KernelCase kernel_case = CaseOf("T=5,Hv=2,Hk=1,K=16,V=8,snapshots=2");
  const CaseData data = MakeCaseData(kernel_case);
  const WorkerTask task = UnpackRequest(PackCheckRequest("mine.dll", kernel_case, data));
  EXPECT_EQ(task.path, "mine.dll");
  EXPECT_EQ(task.kernel_case, kernel_case);
  EXPECT_EQ(HashInputs(task.data.inputs), HashInputs(data.inputs));
  EXPECT_EQ(task.data.truth.truth.output, data.truth.truth.output);
  EXPECT_EQ(task.data.truth.truth.snapshots, data.truth.truth.snapshots);
  EXPECT_EQ(task.data.truth.chunked.final_state, data.truth.chunked.final_state);
}

TEST(WorkerRequestTest, ItIsAnsweredAsTheCheckItself) {
  const KernelCase kernel_case = CaseOf("T=5,K=16,V=8");
  const CaseData data = MakeCaseData(kernel_case);
  const PluginSource source = PluginOfFile(DELTAGAUGE_EXAMPLE_PLUGIN);
  const auto outcome =
      UnpackOutcome(AnswerTo(PackCheckRequest(source.path, kernel_case, data)), kernel_case);
  const auto here = UnpackOutcome(CheckInWorker(source, kernel_case, data), kernel_case);
  ASSERT_TRUE(outcome && here);
  EXPECT_EQ(outcome->verdict, Verdict::kPassed) << outcome->reason;
  ASSERT_EQ(outcome->tensors.size(), 2u);
  EXPECT_EQ(outcome->tensors[0].digest, here->tensors[0].digest);
  EXPECT_EQ(outcome->tensors[1].result.rel_rmse, here->tensors[1].result.rel_rmse);
}

TEST(WorkerRequestTest, AskedWhatItIsItSaysThatOrWhyNot) {
  const auto info = UnpackAsked(AnswerTo(PackAskRequest(DELTAGAUGE_EXAMPLE_PLUGIN)));
  ASSERT_TRUE(info);
  EXPECT_EQ(info->name, "example");
  EXPECT_THROW(UnpackAsked(AnswerTo(PackAskRequest("no/such.dll"))), reference::InputError);
  EXPECT_FALSE(UnpackAsked(""));
}

TEST(WorkerRequestTest, AnythingElseIsNoRequest) {
  const KernelCase kernel_case = CaseOf("T=1,K=4,V=4,Hv=1");
  const std::string request = PackCheckRequest("x", kernel_case, MakeCaseData(kernel_case));
  for (size_t size = 0; size < request.size(); ++size) {
    EXPECT_THROW(UnpackRequest(std::string_view(request).substr(0, size)), std::runtime_error)
        << size;
  }
  EXPECT_THROW(UnpackRequest(request + "x"), std::runtime_error);
  EXPECT_THROW(UnpackRequest(std::string(200, '\xff')), std::runtime_error);
}

TEST(WorkerMessageTest, ItIsWholeOnlyWithItsLastByte) {
  const std::string packed = WorkerMessage::Pack(WorkerMessage::Kind::kException, "no luck");
  WorkerMessage message;
  for (const char& byte : packed) {
    EXPECT_FALSE(message.IsWhole());
    message.Append(&byte, 1);
  }
  ASSERT_TRUE(message.IsWhole());
  EXPECT_EQ(message.kind(), WorkerMessage::Kind::kException);
  EXPECT_EQ(message.Bytes(), "no luck");
  message.Append("x", 1);
  EXPECT_FALSE(message.IsWhole());
}

}  // namespace
}  // namespace deltagauge
