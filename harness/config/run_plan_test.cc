#include "harness/config/run_plan.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/config/config_yaml.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

using reference::InputError;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::vector<PlanEntry> PlanOf(const std::string& fields) {
  return BuildPlan(ParseConfig("version: 1\nname: a\n" + fields, "a.yaml", {}, nullptr));
}

std::vector<std::string> Ids(const std::vector<PlanEntry>& plan) {
  std::vector<std::string> ids;
  for (const PlanEntry& entry : plan) ids.push_back(entry.id);
  return ids;
}

constexpr const char* kAll =
    "seed: 5\n"
    "kernel: {shapes: [{tokens: [1, 65, 512], value_heads: 4, key_heads: 4}], regimes: [long], "
    "checks: [accuracy, pieces, threads], threads: [1, 2]}\n"
    "models:\n"
    "- path: builtin:qwen3_5-tiny\n"
    "  texts: [builtin:pydoc, {path: builtin:wordnet, offset: 9}]\n"
    "  tokens: 32\n"
    "  drift: {by_layer: true, by_arm: false}\n"
    "  agreement: {greedy: {prompts: 3, tokens: 8}}\n"
    "  captured_inputs: {layers: [0, 2], tokens: 16}\n"
    "  invariance: {checks: [repeat], tokens: [7, 8]}\n"
    "performance: {prefill: {tokens: [64]}, decode: {context: [0], tokens: 4}, "
    "kernel: {tokens: [1]}, protocol: {budget_s: 8}}\n";

TEST(RunPlanTest, HasEveryCaseInItsOrder) {
  const std::string tiny = "model=builtin:qwen3_5-tiny,";
  EXPECT_THAT(
      Ids(PlanOf(kAll)),
      ElementsAre(
          "kernel:T=1,Hv=4,gates=long,seed=5", "kernel:T=65,Hv=4,gates=long,seed=5",
          "kernel:T=512,Hv=4,gates=long,seed=5", "kernel:T=1,Hv=4,gates=long,threads=2,seed=5",
          "kernel:T=65,Hv=4,gates=long,threads=2,seed=5",
          "kernel:T=512,Hv=4,gates=long,threads=2,seed=5",
          // Costly checks take one length.
          "kernel:T=65,Hv=4,gates=long,check=pieces,seed=5",
          "kernel:T=1,Hv=4,gates=long,check=threads,seed=5",
          "kernel:T=65,Hv=4,gates=long,check=threads,seed=5",
          "kernel:T=512,Hv=4,gates=long,check=threads,seed=5",
          "captured:" + tiny + "text=builtin:pydoc,tokens=16,layer=0",
          "captured:" + tiny + "text=builtin:pydoc,tokens=16,layer=2",
          "captured:" + tiny + "text=builtin:wordnet,offset=9,tokens=16,layer=0",
          "captured:" + tiny + "text=builtin:wordnet,offset=9,tokens=16,layer=2",
          "drift:" + tiny + "text=builtin:pydoc,tokens=32,by_layer=yes,truth=none",
          "agreement:" + tiny + "text=builtin:pydoc,tokens=32",
          "drift:" + tiny + "text=builtin:wordnet,offset=9,tokens=32,by_layer=yes,truth=none",
          "agreement:" + tiny + "text=builtin:wordnet,offset=9,tokens=32",
          "greedy:" + tiny + "text=builtin:pydoc,prompts=3,tokens=8",
          "greedy:" + tiny + "text=builtin:wordnet,offset=9,prompts=3,tokens=8",
          "invariance:check=repeat," + tiny + "text=builtin:pydoc,tokens=7,seed=5",
          "invariance:check=repeat," + tiny + "text=builtin:pydoc,tokens=8,seed=5",
          "timing:tokens=1,seed=5", "prefill:" + tiny + "text=builtin:pydoc,tokens=64,seed=5",
          "decode:" + tiny + "text=builtin:pydoc,context=0,tokens=4,seed=5"));
}

TEST(RunPlanTest, EveryCandidateAndDtypeAndThreadCountHasItsCases) {
  const std::vector<PlanEntry> plan = PlanOf(
      "candidates: [fused, chunked]\nthreads: [1, 2]\nkernel: {shapes: [{tokens: 8}]}\n"
      "models: [{path: m, texts: builtin:pydoc, dtype: [float32, bfloat16], drift: {}}]\n"
      "performance: {prefill: {tokens: 8}}\n");
  const auto count = [&](const std::string& pattern) {
    return std::count_if(plan.begin(), plan.end(),
                         [&](const PlanEntry& entry) { return MatchesGlob(pattern, entry.id); });
  };
  EXPECT_EQ(count("kernel:*"), 3 * 2 * 2);
  EXPECT_EQ(count("kernel:*candidate=chunked"), 3 * 2);
  EXPECT_EQ(count("drift:*"), 2 * 2 * 2);
  EXPECT_EQ(count("prefill:*"), 2 * 2 * 2);
  EXPECT_EQ(count("prefill:*dtype=bfloat16*threads=2*candidate=chunked"), 1);
}

TEST(RunPlanTest, AModelIsTimedInWhatItAsksFor) {
  EXPECT_THAT(
      Ids(PlanOf("models:\n- {path: a, texts: builtin:pydoc, performance: decode}\n"
                 "- {path: b, texts: builtin:pydoc, performance: [prefill]}\n"
                 "- {path: c, texts: builtin:pydoc, tokens: 8, drift: {}, performance: []}\n"
                 "performance: {prefill: {tokens: 8}, decode: {context: 4, tokens: 2}}\n")),
      ElementsAre(StartsWith("drift:model=c"), StartsWith("prefill:model=b"),
                  StartsWith("decode:model=a")));
}

TEST(RunPlanTest, PromptsOfTheModelReplaceThoseCutFromTexts) {
  EXPECT_THAT(
      Ids(PlanOf("models: [{path: m, texts: builtin:pydoc, prompts: [a b, c], agreement: "
                 "{teacher_forced: false, greedy: {tokens: 4}}}]\n")),
      ElementsAre("greedy:model=m,prompt=a%20b,tokens=4", "greedy:model=m,prompt=c,tokens=4"));
}

TEST(RunPlanTest, CasesThatComeTwiceRunOnce) {
  EXPECT_THAT(
      Ids(PlanOf("kernel: {shapes: [{tokens: 8, value_heads: 2, key_heads: 2}], regimes: "
                 "long, cases: ['kernel:T=8,gates=long', 'kernel:T=9', 'kernel:T=9,B=1']}")),
      ElementsAre("kernel:T=8,gates=long", "kernel:T=9"));
}

TEST(RunPlanTest, StandardCasesAreThoseOfCheck) {
  const std::vector<PlanEntry> plan = PlanOf("kernel: {standard_cases: true}\n");
  EXPECT_GT(plan.size(), 100u);
}

TEST(RunPlanTest, TheBudgetIsSharedByNeed) {
  double seconds = 0;
  double longest = 0;  // share of a call that takes seconds
  double shortest = 0;
  const std::string config =
      "models: {path: 'builtin:qwen3_5-tiny', texts: builtin:pydoc}\n"
      "performance: {prefill: {tokens: [16, 8192]}, kernel: {tokens: 1}, "
      "protocol: {budget_s: 40}}\n";
  for (const PlanEntry& entry : PlanOf(config)) {
    if (!IsTimed(KindOf(entry.run_case))) continue;
    seconds += entry.estimated_s;
    if (const auto* prefill = std::get_if<PrefillRun>(&entry.run_case)) {
      EXPECT_EQ(prefill->protocol.budget_s, entry.estimated_s);
      (prefill->text.tokens == 16 ? shortest : longest) = entry.estimated_s;
    }
  }
  EXPECT_NEAR(seconds, 40, 0.01);
  EXPECT_GT(longest, 1.5 * shortest);
}

TEST(RunPlanTest, ATimedCaseKnowsTheLargestSpeedupThatIsAskedOfIt) {
  const std::string config =
      "models: {path: 'builtin:qwen3_5-tiny', texts: builtin:pydoc}\n"
      "performance: {prefill: {tokens: [128, 512]}}\n"
      "gates:\n"
      "  - {metric: performance.prefill.speedup, min: 1.1}\n"
      "  - {metric: performance.prefill.speedup, min: 1.3, at: 'tokens=512'}\n"
      "  - {metric: performance.prefill.latency_ms, max: 9}\n";
  for (const PlanEntry& entry : PlanOf(config)) {
    const auto* prefill = std::get_if<PrefillRun>(&entry.run_case);
    if (prefill == nullptr) continue;
    EXPECT_EQ(prefill->protocol.speedup_target, prefill->text.tokens == 512 ? 1.3 : 1.1);
    EXPECT_EQ(entry.id.find("speedup_target"), std::string::npos);
  }
}

TEST(RunPlanTest, PlansAreBounded) {
  std::string many = "kernel: {shapes: [{tokens: [";
  for (int i = 1; i <= 900; ++i) many += std::to_string(i) + ", ";
  many +=
      "901]}], regimes: [none, long, medium, strong, mixed, spikes, reset, growth], "
      "threads: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]}\n";
  try {
    PlanOf(many);
    FAIL() << "accepted";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), HasSubstr("at most 100000 cases"));
  }
}

TEST(RunPlanTest, Globs) {
  EXPECT_TRUE(MatchesGlob("*", ""));
  EXPECT_TRUE(MatchesGlob("a*c", "abbc"));
  EXPECT_TRUE(MatchesGlob("a*b*c", "axxbyybzc"));
  EXPECT_TRUE(MatchesGlob("?b", "ab"));
  EXPECT_TRUE(MatchesGlob("*T=6*", "kernel:T=65"));
  EXPECT_FALSE(MatchesGlob("a*c", "abb"));
  EXPECT_FALSE(MatchesGlob("?", ""));
  EXPECT_FALSE(MatchesGlob("a", "ab"));
  EXPECT_FALSE(MatchesGlob("", "a"));
  EXPECT_FALSE(MatchesGlob("*a*a*a*a*a*a*a*a*a*b", std::string(2000, 'a')));
}

TEST(RunPlanTest, OnlySelectsByIdOrByItsBeginning) {
  const std::vector<PlanEntry> plan = PlanOf(kAll);
  const auto selected = [&](const std::vector<std::string>& patterns) {
    return Ids(SelectOnly(plan, patterns));
  };
  EXPECT_EQ(selected({}).size(), plan.size());
  EXPECT_EQ(selected({"drift"}).size(), 2u);
  EXPECT_EQ(selected({"*wordnet*"}).size(), 5u);
  EXPECT_THAT(selected({"timing:*", "timing", "decode:*"}),
              ElementsAre(HasSubstr("timing:"), HasSubstr("decode:")));
  EXPECT_EQ(selected({plan[3].id}).size(), 1u);
  for (const char* none : {"drft", "", "tokens", "*T=66*"}) {
    EXPECT_THROW(selected({"drift", none}), InputError) << none;
  }
}

TEST(RunPlanTest, ShardsAreReadStrictly) {
  EXPECT_EQ(ParseShard("2/3").index, 2);
  EXPECT_EQ(ParseShard("2/3").count, 3);
  for (const char* wrong : {"", "1", "/", "0/2", "3/2", "1/2/3", "a/2", "1/1001", " 1/2", "-1/2"}) {
    EXPECT_THROW(ParseShard(wrong), InputError) << wrong;
  }
}

TEST(RunPlanTest, ShardsPartitionThePlanAndBalanceIt) {
  const std::vector<PlanEntry> plan = PlanOf(kAll);
  for (const int count : {1, 2, 3, 7, 100}) {
    std::multiset<std::string> all;
    double longest = 0;
    double total = 0;
    for (int index = 1; index <= count; ++index) {
      const std::vector<PlanEntry> part = SelectShard(plan, {index, count});
      EXPECT_EQ(Ids(SelectShard(plan, {index, count})), Ids(part));
      double seconds = 0;
      size_t place = 0;
      for (const PlanEntry& entry : part) {
        all.insert(entry.id);
        seconds += entry.estimated_s;
        // The order of the plan.
        while (place < plan.size() && plan[place].id != entry.id) ++place;
        EXPECT_LT(place, plan.size());
      }
      longest = std::max(longest, seconds);
      total += seconds;
    }
    const std::vector<std::string> ids = Ids(plan);
    EXPECT_EQ(all, std::multiset<std::string>(ids.begin(), ids.end()));
    // The bound of the greedy rule: average and the costliest unit (4 s of prefill).
    EXPECT_LE(longest, total / count + 4);
  }
}

TEST(RunPlanTest, CasesOfOnePassStayInOneShard) {
  const std::vector<PlanEntry> plan = PlanOf(kAll);
  for (int index = 1; index <= 5; ++index) {
    const std::vector<PlanEntry> part = SelectShard(plan, {index, 5});
    for (const PlanEntry& entry : plan) {
      if (entry.pass.empty()) continue;
      const auto in_part = [&](const PlanEntry& other) { return other.pass == entry.pass; };
      const auto here = std::count_if(part.begin(), part.end(), in_part);
      EXPECT_TRUE(here == 0 || here == 2) << entry.id;
    }
  }
}

TEST(RunPlanTest, TheListEndsWithASummary) {
  const std::string text = FormatPlan(PlanOf("kernel: {cases: 'kernel:T=9'}\n"));
  EXPECT_EQ(text, "kernel:T=9\n1 cases: 1 kernel; about 0 s on 2 cores\n");
}

TEST(RunPlanTest, EveryLineOfThePlanParsesBack) {
  for (const PlanEntry& entry : PlanOf(kAll)) {
    const auto parsed = ParseRunCase(PrintRunCase(entry.run_case));
    ASSERT_TRUE(std::holds_alternative<RunCase>(parsed)) << entry.id;
    EXPECT_EQ(std::get<RunCase>(parsed), entry.run_case);
    EXPECT_EQ(CaseId(std::get<RunCase>(parsed)), entry.id);
  }
}

}  // namespace
}  // namespace deltagauge
