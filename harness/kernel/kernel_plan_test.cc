#include "harness/kernel/kernel_plan.h"

#include <set>
#include <string>
#include <variant>

#include "gtest/gtest.h"

namespace deltagauge {
namespace {

template <typename Enum>
void ExpectAllOf(const std::set<Enum>& seen) {
  EXPECT_EQ(seen.size(), NamesOf<Enum>().size());
}

TEST(DefaultCheckPlanTest, CoversEveryRegimeAndEveryCheckWithoutRepeats) {
  std::set<GateRegime> gates;
  std::set<KeyRegime> keys;
  std::set<BetaRegime> betas;
  std::set<StateRegime> states;
  std::set<CheckKind> checks;
  std::set<TensorLayout> layouts;
  std::set<std::string> lines;
  for (const PlannedCase& planned : DefaultCheckPlan()) {
    const KernelCase& c = planned.kernel_case;
    EXPECT_FALSE(CheckCase(c)) << PrintCase(c);
    EXPECT_TRUE(lines.insert(PrintCase(c)).second) << PrintCase(c);
    gates.insert(c.gates);
    keys.insert(c.keys);
    betas.insert(c.betas);
    states.insert(c.state);
    checks.insert(c.check);
    layouts.insert(c.layout);
  }
  ExpectAllOf(gates);
  ExpectAllOf(keys);
  ExpectAllOf(betas);
  ExpectAllOf(states);
  ExpectAllOf(checks);
  ExpectAllOf(layouts);
}

TEST(RandomKernelCaseTest, IsAlwaysACaseAndReadsBack) {
  std::set<GateRegime> gates;
  std::set<CheckKind> checks;
  std::set<std::string> lines;
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    const KernelCase c = RandomKernelCase(seed);
    const std::string line = PrintCase(c);
    ASSERT_FALSE(CheckCase(c)) << line;
    ASSERT_EQ(std::get<KernelCase>(ParseCase(line)), c) << line;
    ASSERT_EQ(RandomKernelCase(seed), c);
    lines.insert(line);
    gates.insert(c.gates);
    checks.insert(c.check);
  }
  EXPECT_EQ(lines.size(), 2000u);
  ExpectAllOf(gates);
  ExpectAllOf(checks);
}

}  // namespace
}  // namespace deltagauge
