// The same rule in every convention gives the same answers.
#include <cstdlib>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/candidate/candidate_test.h"
#include "harness/candidate/plugin_call.h"
#include "harness/candidate/plugin_kernel.h"

namespace deltagauge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// state kv, log decay, beta as it is, scale inside, norm outside, grouped, functional, any strides.
constexpr deltagauge_conventions kOurs = {1, 1, 1, 1, 2, 1, 2, 3};

std::string Print(const deltagauge_conventions& c) {
  return fmt::format("{} {} {} {} {} {} {} {}", c.state_layout, c.decay, c.beta, c.scale, c.qk_norm,
                     c.head_map, c.state_place, c.token_layout);
}

CheckOutcome CheckConventions(const deltagauge_conventions& conventions,
                              const KernelCase& kernel_case, const std::string& limits = "") {
  const EnvironmentVariable variable("DELTAGAUGE_CONVENTIONS", Print(conventions));
  const EnvironmentVariable limits_variable("DELTAGAUGE_LIMITS", limits);
  return CheckOn(DELTAGAUGE_CONVENTIONS_PLUGIN, kernel_case);
}

PluginInfo InfoOf(const deltagauge_conventions& conventions) {
  const EnvironmentVariable variable("DELTAGAUGE_CONVENTIONS", Print(conventions));
  return AskPlugin(DELTAGAUGE_CONVENTIONS_PLUGIN, {});
}

struct Convention {
  const char* name;
  int32_t deltagauge_conventions::*field;
  int32_t values;
};

constexpr Convention kConventions[] = {
    {"state_layout", &deltagauge_conventions::state_layout, 2},
    {"decay", &deltagauge_conventions::decay, 2},
    {"beta", &deltagauge_conventions::beta, 2},
    {"scale", &deltagauge_conventions::scale, 2},
    {"qk_norm", &deltagauge_conventions::qk_norm, 2},
    {"head_map", &deltagauge_conventions::head_map, 3},
    {"state_place", &deltagauge_conventions::state_place, 2},
    {"token_layout", &deltagauge_conventions::token_layout, 3},
};

// Sizes of which no two are alike, so that nothing can be taken for something else.
constexpr const char* kCases[] = {
    "B=2,T=7,Hv=6,Hk=3,K=12,V=20,norm=l2",
    ("B=2,T=7,Hv=6,Hk=3,K=12,V=20,norm=l2,decay=exp,beta_form=logit,map=tiled,state_layout=vk,"
     "place=in,layout=strided"),
    "lengths=3+0+9,Hv=6,Hk=2,K=12,V=20,norm=l2,layout=bthd,snapshots=4,map=tiled",
};

TEST(PluginTranslationTest, EveryConventionAloneIsTranslated) {
  for (const auto& [name, field, values] : kConventions) {
    for (int32_t value = 1; value <= values; ++value) {
      deltagauge_conventions conventions = kOurs;
      conventions.*field = value;
      for (const char* fields : kCases) {
        const CheckOutcome outcome = CheckConventions(conventions, CaseOf(fields));
        EXPECT_EQ(outcome.verdict, Verdict::kPassed)
            << name << " = " << value << ", " << fields << ": " << outcome.reason;
      }
    }
  }
}

TEST(PluginTranslationTest, AllOfThemTogetherAreTranslated) {
  for (const deltagauge_conventions& conventions : {deltagauge_conventions{2, 2, 2, 2, 1, 2, 1, 2},
                                                    {2, 2, 2, 2, 1, 3, 1, 1},
                                                    {2, 1, 2, 1, 1, 2, 1, 3},
                                                    {1, 2, 1, 2, 1, 3, 2, 3}}) {
    for (const char* fields : kCases) {
      const CheckOutcome outcome = CheckConventions(conventions, CaseOf(fields));
      EXPECT_EQ(outcome.verdict, Verdict::kPassed)
          << Print(conventions) << ", " << fields << ": " << outcome.reason;
    }
  }
}

// What prepare of this plug-in does, but for looking at promises.
int32_t AllocateOnly(const deltagauge_call* call, void** prepared) {
  const int64_t size = call->key.shape[3] * (call->value.shape[3] + 2);
  *prepared = std::malloc(static_cast<size_t>(size) * sizeof(double));
  return *prepared == nullptr ? DELTAGAUGE_FAILED : DELTAGAUGE_OK;
}

// A plug-in that does something else than it says must not pass: the translation is looked at.
// Layouts are left out, since this one goes by the strides, and the place of the state, on which no
// result depends.
TEST(PluginTranslationTest, AConventionThatIsNotKeptIsFound) {
  const KernelCase kernel_case = CaseOf("T=7,Hv=6,Hk=3,K=12,V=20,norm=l2");
  const struct {
    int32_t deltagauge_conventions::*field;
    int32_t done;
    int32_t said;
  } kLies[] = {
      {&deltagauge_conventions::decay, DELTAGAUGE_DECAY_LOG, DELTAGAUGE_DECAY_EXP},
      {&deltagauge_conventions::beta, DELTAGAUGE_BETA_ACTIVATED, DELTAGAUGE_BETA_LOGIT},
      {&deltagauge_conventions::scale, DELTAGAUGE_SCALE_OUTSIDE, DELTAGAUGE_SCALE_INSIDE},
      {&deltagauge_conventions::qk_norm, DELTAGAUGE_NORM_OUTSIDE, DELTAGAUGE_NORM_INSIDE},
      {&deltagauge_conventions::head_map, DELTAGAUGE_HEADS_GROUPED, DELTAGAUGE_HEADS_TILED},
  };
  for (const auto& [field, done, said] : kLies) {
    deltagauge_conventions conventions = kOurs;
    conventions.*field = done;
    const EnvironmentVariable variable("DELTAGAUGE_CONVENTIONS", Print(conventions));
    Plugin plugin = LoadPlugin(DELTAGAUGE_CONVENTIONS_PLUGIN);
    plugin.info.conventions.*field = said;
    plugin.prepare = AllocateOnly;
    const PluginInUse in_use(plugin, Trap::kNone);
    const CheckOutcome outcome = CheckKernel(kernel_case, MakeCaseData(kernel_case),
                                             in_use.kernel(), {.limits = LimitsOf::kAnyKernel});
    EXPECT_EQ(outcome.verdict, Verdict::kFailed) << Print(conventions);
  }
}

TEST(PluginTranslationTest, BFloat16IsRoundedOnceOrNotAtAll) {
  const KernelCase plain = CaseOf("T=7,Hv=4,K=12,V=20,dtype=bfloat16");
  EXPECT_EQ(CheckConventions(kOurs, plain).verdict, Verdict::kPassed);
  deltagauge_conventions outside = kOurs;
  outside.scale = DELTAGAUGE_SCALE_OUTSIDE;
  EXPECT_THAT(CheckConventions(outside, plain).reason, HasSubstr("a scale outside"));
  const KernelCase adapted = AdaptCase(InfoOf(outside), plain);
  EXPECT_EQ(adapted.scale, 1.0f);
  EXPECT_EQ(CheckConventions(outside, adapted).verdict, Verdict::kPassed);
  const CheckOutcome normed =
      CheckConventions(kOurs, CaseOf("T=7,K=12,V=20,dtype=bfloat16,norm=l2"));
  EXPECT_EQ(normed.verdict, Verdict::kSkipped);
  EXPECT_THAT(normed.reason, HasSubstr("a norm outside"));
}

TEST(PluginTranslationTest, BeyondALimitACaseIsSkippedWithTheReason) {
  const KernelCase kernel_case = CaseOf("T=7,K=12,V=20,threads=4");
  const struct {
    const char* limits;
    const char* reason;
  } kLimits[] = {{"11 0 0 0 0", "K = 12 is beyond the plug-in's limit of 11"},
                 {"0 19 0 0 0", "V = 20 is beyond the plug-in's limit of 19"},
                 {"0 0 6 0 0", "tokens = 7 is beyond the plug-in's limit of 6"}};
  for (const auto& [limits, reason] : kLimits) {
    const CheckOutcome outcome = CheckConventions(kOurs, kernel_case, limits);
    EXPECT_EQ(outcome.verdict, Verdict::kSkipped);
    EXPECT_EQ(outcome.reason, reason);
  }
  // At the limits it runs, aligned and with no more threads than it can use.
  for (const char* layout : {"strided", "unaligned"}) {
    KernelCase c = CaseOf(std::string("T=7,K=12,V=20,threads=4,layout=") + layout);
    const CheckOutcome outcome = CheckConventions(kOurs, c, "12 20 7 128 2");
    EXPECT_EQ(outcome.verdict, Verdict::kPassed) << outcome.reason;
  }
}

TEST(PluginTranslationTest, WhatHasNoLogitIsSkipped) {
  deltagauge_conventions conventions = kOurs;
  conventions.beta = DELTAGAUGE_BETA_LOGIT;
  const CheckOutcome outcome = CheckConventions(conventions, CaseOf("T=7,K=12,beta=two"));
  EXPECT_EQ(outcome.verdict, Verdict::kSkipped);
  EXPECT_THAT(outcome.reason, HasSubstr("none has the sigmoid 2"));
}

TEST(PluginTranslationTest, CasesAreAdaptedWhereTranslationLoses) {
  const PluginInfo info = InfoOf({1, 2, 2, 2, 1, 1, 2, 3});
  KernelCase adapted = AdaptCase(info, CaseOf("T=7,K=12"));
  EXPECT_EQ(PrintCase(adapted), "kernel:T=7,K=12,decay=exp,beta_form=logit,norm=l2");
  // 2 is no sigmoid: that is left as it is.
  adapted = AdaptCase(info, CaseOf("T=7,K=12,beta=two"));
  EXPECT_EQ(PrintCase(adapted), "kernel:T=7,K=12,beta=two,decay=exp,norm=l2");
}

TEST(PluginTranslationTest, HeadsAreOrderedAsThePluginCountsThem) {
  GatedDeltaRuleArgs args;
  args.key_heads = 2;
  args.value_heads = 6;
  args.head_map = HeadMap::kTiled;
  EXPECT_THAT(OrderHeads(DELTAGAUGE_HEADS_GROUPED, args).value_heads,
              ElementsAre(0, 2, 4, 1, 3, 5));
  EXPECT_THAT(OrderHeads(DELTAGAUGE_HEADS_EQUAL, args).key_heads, ElementsAre(0, 1, 0, 1, 0, 1));
  args.head_map = HeadMap::kGrouped;
  EXPECT_THAT(OrderHeads(DELTAGAUGE_HEADS_TILED, args).value_heads, ElementsAre(0, 3, 1, 4, 2, 5));
  EXPECT_THAT(OrderHeads(DELTAGAUGE_HEADS_EQUAL, args).key_heads, ElementsAre(0, 0, 0, 1, 1, 1));
  EXPECT_THAT(OrderHeads(DELTAGAUGE_HEADS_GROUPED, args).key_heads, ElementsAre(0, 1));
}

}  // namespace
}  // namespace deltagauge
