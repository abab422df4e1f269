#include "kernels/status.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace deltagauge {
namespace {

TEST(Status, EachCodeHasANameOfItsOwn) {
  std::set<std::string> names;
  constexpr int kCodes = static_cast<int>(StatusCode::kUnknownTarget) + 1;
  for (int code = 0; code < kCodes; ++code) {
    names.insert(StatusCodeName(static_cast<StatusCode>(code)));
  }
  EXPECT_EQ(names.size(), static_cast<size_t>(kCodes));
  EXPECT_EQ(names.count("unknown status code"), 0u);
}

TEST(Status, MessageSaysWhereWhatAndWhatWasExpected) {
  const Status status = {StatusCode::kInvalidSize, "key_dim", "1 to 256", 0};
  EXPECT_EQ(status.Message(), "kInvalidSize: key_dim is 0; expected 1 to 256");
}

TEST(Status, MessageLeavesOutNumbersThatSayNothing) {
  const Status status = {StatusCode::kNullPointer, "query", "a pointer to its first element", 0};
  EXPECT_EQ(status.Message(), "kNullPointer: query; expected a pointer to its first element");
}

}  // namespace
}  // namespace deltagauge
