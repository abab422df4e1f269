// `deltagauge serve` as a process: it takes a report, and ends in order when it is asked to.
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/base/child_process.h"
#include "harness/report/report_example.h"
#include "harness/report/report_json.h"
#include "httplib.h"
#include "reference/temporary_folder_test.h"

namespace deltagauge {
namespace {

using ::testing::HasSubstr;

class ServeProcessTest : public ::testing::Test {
 protected:
  ServeProcessTest() {
    reference::WriteFile((folder_ / "token").string(), "a-token-that-is-long-enough-1234\n");
  }

  ProcessStart Start() const {
    return {DELTAGAUGE_PROGRAM,
            {"serve", "--db", (folder_ / "reports.sqlite").string(), "--port", "0", "--no-runs",
             "--token-file", (folder_ / "token").string(), "--configs", folder_.path().string()},
            folder_ / "err.txt"};
  }

  // Once it listens.
  static int PortOf(ChildProcess* child) {
    std::string said;
    while (said.find('\n') == std::string::npos) {
      const auto piece = child->Read(std::chrono::seconds(60));
      if (!piece || piece->empty()) return 0;
      said += *piece;
    }
    return std::stoi(said.substr(said.rfind(':') + 1));
  }

  static ProcessEnd EndOf(ChildProcess* child) {
    for (;;) {
      if (const auto end = child->End()) return *end;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }

  const reference::TemporaryFolder folder_;
};

TEST_F(ServeProcessTest, KeepsAReportAndEndsWhenAsked) {
  ChildProcess child(Start());
  const int port = PortOf(&child);
  ASSERT_GT(port, 0);
  httplib::Client client("127.0.0.1", port);
  client.set_bearer_token_auth("a-token-that-is-long-enough-1234");
  const auto posted =
      client.Post("/api/v1/reports", WriteReport(ExamplePassingReport()), "application/json");
  ASSERT_TRUE(posted);
  EXPECT_EQ(posted->status, 201) << posted->body;
  child.AskToStop();
  const ProcessEnd end = EndOf(&child);
  EXPECT_EQ(end.exit_code, 0) << end.how;
  std::ifstream file(folder_ / "err.txt");
  EXPECT_THAT(std::string(std::istreambuf_iterator<char>(file), {}), HasSubstr("ended"));
}

}  // namespace
}  // namespace deltagauge
