#include "harness/kernel/kernel_test_cases.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <string_view>
#include <variant>

#include "gtest/gtest.h"
#include "harness/kernel/kernel_check.h"
#include "kernels/targets.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define DELTAGAUGE_SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define DELTAGAUGE_SANITIZED 1
#endif

namespace deltagauge {
namespace {

int64_t DefaultPercent() {
#if defined(DELTAGAUGE_SANITIZED) || !defined(__OPTIMIZE__)
  return 10;
#else
  return 100;
#endif
}

}  // namespace

int64_t TestPercent() {
  static const int64_t kPercent = [] {
    const char* text = std::getenv("DELTAGAUGE_TEST_PERCENT");
    if (text == nullptr) return DefaultPercent();
    const std::string_view view(text);
    int64_t percent = 0;
    const auto [end, error] = std::from_chars(view.data(), view.data() + view.size(), percent);
    if (error != std::errc() || end != view.data() + view.size() || percent < 1) {
      ADD_FAILURE() << "DELTAGAUGE_TEST_PERCENT is '" << view << "'; expected a number from 1";
      return DefaultPercent();
    }
    return percent;
  }();
  return kPercent;
}

bool RunsNow(int64_t i) { return i % std::max<int64_t>(1, 100 / TestPercent()) == 0; }

void ExpectPassesOnAllTargets(const KernelCase& kernel_case) {
  const auto error = CheckCase(kernel_case);
  ASSERT_FALSE(error) << PrintCase(kernel_case) << ": " << error->what;
  const CaseData data = MakeCaseData(kernel_case);
  const auto targets = RunnableTargets();
  ASSERT_FALSE(targets.empty());
  for (const std::string& target : targets) {
    KernelCase c = kernel_case;
    c.target = target;
    const CheckOutcome outcome = CheckKernel(c, data);
    EXPECT_EQ(VerdictName(outcome.verdict), "passed")
        << outcome.reason << "\n  deltagauge repro '" << PrintCase(c) << "'";
  }
}

void ExpectPassesOnAllTargets(const std::string& fields) {
  const auto parsed = ParseCase("kernel:" + fields);
  if (const auto* error = std::get_if<CaseError>(&parsed)) {
    FAIL() << "kernel:" << fields << ": " << error->Message();
  }
  ExpectPassesOnAllTargets(std::get<KernelCase>(parsed));
}

}  // namespace deltagauge
