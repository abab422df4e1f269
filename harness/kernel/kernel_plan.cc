#include "harness/kernel/kernel_plan.h"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <initializer_list>
#include <span>
#include <string>
#include <variant>

namespace deltagauge {
namespace {

// A case written down in this file; a mistake in one is a broken invariant.
KernelCase Case(const std::string& fields) {
  const auto parsed = ParseCase("kernel:" + fields);
  if (!std::holds_alternative<KernelCase>(parsed)) std::abort();
  return std::get<KernelCase>(parsed);
}

constexpr uint64_t kRandomPlanCases = 60;

struct Group {
  std::string_view name;
  std::initializer_list<const char*> cases;
};

// Sizes of the model where the regime is the point; small and odd ones where sizes are.
const Group kGroups[] = {
    {"gates=none", {"gates=none,Hv=8,T=512", "gates=none,T=67,K=60,V=36", "gates=none,T=1"}},
    {"gates=long", {"gates=long,Hv=4,T=2048", "gates=long,T=67,K=60,V=36"}},
    {"gates=drift", {"gates=drift,Hv=1,T=4096", "gates=drift,T=130,K=64"}},
    {"gates=medium", {"gates=medium,Hv=8,T=512", "gates=medium,T=1,Hv=16"}},
    {"gates=strong",
     {"gates=strong,Hv=4,T=2048", "gates=strong,T=67,K=60,V=36", "gates=strong,T=33,decay=exp"}},
    {"gates=mixed", {"gates=mixed,Hv=8,T=512", "gates=mixed,T=67,K=60,V=36,Hv=3"}},
    {"gates=spikes",
     {"gates=spikes,Hv=16,T=512", "gates=spikes,T=67,K=60,V=36", "gates=spikes,T=130,decay=exp"}},
    {"gates=reset", {"gates=reset,Hv=8,T=256", "gates=reset,T=29,K=5,V=7,Hv=8"}},
    {"gates=growth", {"gates=growth,Hv=8,T=128", "gates=growth,T=67,K=60,V=36"}},
    {"bfloat16",
     {"gates=long,T=65,Hv=4,dtype=bfloat16", "gates=medium,T=33,K=60,V=36,dtype=bfloat16",
      "gates=spikes,T=65,Hv=4,dtype=bfloat16", "gates=medium,T=1,Hv=16,dtype=bfloat16"}},
    {"keys",
     {"keys=equal,gates=none,T=130", "keys=alternating,gates=long,T=130",
      "keys=orthogonal,gates=none,beta=one,T=130", "keys=zero,T=65", "keys=small,norm=l2,T=65",
      "keys=huge,norm=l2,T=65", "keys=long,gates=long,beta=one,T=65"}},
    {"beta",
     {"beta=zero,gates=long,T=65", "beta=one,T=65", "beta=tiny,gates=long,T=65",
      "beta=two,gates=long,T=33", "beta_form=logit,T=65", "beta=zero,beta_form=logit,gates=long"}},
    {"state",
     {"state=none,T=65", "state=zero,T=65", "state=tiny,T=17", "state=large,gates=long,T=65",
      "state=nonfinite,T=17", "state_layout=vk,T=65", "state_layout=vk,T=1,Hv=16", "T=0",
      "lengths=5+0+64+1"}},
    {"conventions",
     {"map=tiled,Hv=6,Hk=2,T=33", "map=grouped,Hv=6,Hk=2,T=33", "norm=l2,T=65",
      "norm=l2,eps=1e-12,T=33", "norm=l2,eps=0.01,T=33", "scale=1,T=33", "scale=-0.3,T=33",
      "layout=bthd,T=33", "layout=strided,T=33,K=60,V=36", "layout=unaligned,T=33"}},
    {"shapes",
     {"T=2,K=1,V=1,Hv=8,B=4", "T=7,K=5,V=16,B=2", "T=17,K=256,V=1,Hv=8", "T=9,K=1,V=256",
      "T=31,K=100,V=64", "T=16,K=256", "T=63,K=64", "T=127,K=16,V=5"}},
    {"pieces", {"check=pieces,T=21,K=64", "check=pieces,T=9,Hv=1,gates=spikes,state_layout=vk"}},
    {"snapshots", {"check=snapshots,T=9,K=64", "check=snapshots,T=6,state_layout=vk,place=in"}},
    {"in_place", {"check=in_place,T=13", "check=in_place,T=1"}},
    {"layouts", {"check=layouts,T=13,K=64", "check=layouts,T=1,dtype=bfloat16"}},
    {"neighbours", {"check=neighbours,B=3,T=6,K=64", "check=neighbours,lengths=5+0+9+1,K=64"}},
    {"contagion",
     {"check=contagion,T=11,K=32,Hv=4,Hk=2", "check=contagion,T=14,K=32,gates=reset",
      "check=contagion,T=1,K=32,map=tiled,Hv=4,Hk=2"}},
    {"threads", {"check=threads,T=65,Hv=1", "check=threads,T=9,Hv=3", "check=threads,T=1,Hv=16"}},
};

class Draws {
 public:
  explicit Draws(uint64_t seed) : state_(seed) {}

  // In [low, high].
  int64_t Number(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(Next() % static_cast<uint64_t>(high - low + 1));
  }
  bool OneIn(int64_t n) { return Number(1, n) == 1; }
  template <typename T>
  T Of(std::initializer_list<T> values) {
    return values.begin()[Number(0, static_cast<int64_t>(values.size()) - 1)];
  }
  template <typename Enum>
  Enum Any() {
    const std::span<const NamedValue<Enum>> names = NamesOf<Enum>();
    return names[static_cast<size_t>(Number(0, static_cast<int64_t>(names.size()) - 1))].value;
  }

 private:
  // SplitMix64.
  uint64_t Next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  uint64_t state_;
};

int64_t RandomDim(Draws& draws) {
  if (draws.OneIn(2)) return draws.Of<int64_t>({1, 5, 16, 60, 64, 100, 128, 256});
  return draws.Number(1, 140);
}

int64_t RandomLength(Draws& draws) {
  if (draws.OneIn(3)) return draws.Of<int64_t>({0, 1, 2, 3, 4, 5, 63, 64, 65, 127, 128, 129});
  return draws.Number(1, 40);
}

void DrawSizes(Draws& draws, KernelCase& c) {
  c.key_dim = RandomDim(draws);
  c.value_dim = draws.OneIn(3) ? c.key_dim : RandomDim(draws);
  c.key_heads = draws.Number(1, 3);
  c.value_heads = c.key_heads * draws.Number(1, 4);
  c.tokens = RandomLength(draws);
  c.sequences = draws.Number(1, 3);
  if (draws.OneIn(4)) {
    c.sequences = 1;
    c.tokens = KernelCase{}.tokens;
    const int64_t count = draws.Number(1, 4);
    for (int64_t i = 0; i < count; ++i) c.lengths.push_back(RandomLength(draws));
  }
  // A bound on the work: the references take about 1 ns for each of these.
  while (c.TotalTokens() * c.value_heads * c.key_dim * c.value_dim > 4'000'000) {
    if (c.value_heads > c.key_heads) {
      c.value_heads = c.key_heads;
    } else if (c.key_heads > 1) {
      c.key_heads = c.value_heads = 1;
    } else {
      c.key_dim = (c.key_dim + 1) / 2;
    }
  }
}

void DrawConventions(Draws& draws, KernelCase& c) {
  c.data_type = draws.Any<DataType>();
  c.layout = draws.Any<TensorLayout>();
  c.state_layout = draws.Any<StateLayout>();
  c.place = draws.Any<StatePlace>();
  c.head_map = draws.Any<HeadMap>();
  c.decay_form = draws.Any<DecayForm>();
  c.beta_form = draws.Any<BetaForm>();
  c.qk_norm = draws.Any<QkNorm>();
  c.norm_epsilon = draws.Of({1e-6f, 1e-5f, 1e-12f});
  if (draws.OneIn(2)) c.scale = draws.Of({1.0f, -0.7f, 0.08838835f});
  c.snapshots = draws.OneIn(3) ? draws.Number(1, 6) : 0;
  c.threads = static_cast<int>(draws.Number(1, 4));
}

void DrawRegimes(Draws& draws, KernelCase& c) {
  c.gates = draws.Any<GateRegime>();
  c.keys = draws.Any<KeyRegime>();
  c.betas = draws.Any<BetaRegime>();
  c.state = draws.Any<StateRegime>();
  c.check = draws.OneIn(2) ? CheckKind::kAccuracy : draws.Any<CheckKind>();
}

// Combinations that are no cases, or that have nothing to compare, become their plain neighbours.
void MakeMeaningful(KernelCase& c) {
  const bool forgets = c.gates == GateRegime::kStrong || c.gates == GateRegime::kMixed ||
                       c.gates == GateRegime::kSpikes || c.gates == GateRegime::kReset;
  const bool writes_nothing = c.betas == BetaRegime::kZero || c.betas == BetaRegime::kTiny;
  if (c.gates == GateRegime::kMixed && c.value_heads < 2) c.gates = GateRegime::kStrong;
  if (c.keys == KeyRegime::kHuge) c.qk_norm = QkNorm::kL2;
  // Overshooting writes: I - beta k k^T would amplify by 2.1 with each token.
  if (c.keys == KeyRegime::kLong && c.betas == BetaRegime::kTwo) c.betas = BetaRegime::kOne;
  // Reflections forget nothing, rounding errors included; on one and the same key each adds the
  // same error of its length.
  const bool same_key = c.keys == KeyRegime::kEqual || c.keys == KeyRegime::kAlternating;
  const bool long_case = c.tokens > 40 || c.TotalTokens() > 100;
  if (c.betas == BetaRegime::kTwo && (same_key || long_case || c.key_dim < 16)) {
    c.betas = BetaRegime::kOne;
  }
  if (c.betas == BetaRegime::kTwo) c.beta_form = BetaForm::kActivated;
  // All zeros, or zeros wherever a reset meets a zero key.
  const bool no_state = c.state == StateRegime::kNone || c.state == StateRegime::kZero;
  if (writes_nothing && (forgets || no_state || c.key_dim == 1 || c.state == StateRegime::kTiny)) {
    c.betas = BetaRegime::kUniform;
  }
  if (c.keys == KeyRegime::kZero && (forgets || no_state)) c.keys = KeyRegime::kUnit;
  // bfloat16 has no numbers between 2^-133 and zero.
  if (c.state == StateRegime::kTiny) {
    c.data_type = DataType::kFloat32;
    if (c.keys == KeyRegime::kSmall) c.keys = KeyRegime::kUnit;
  }
  // A write with beta near 1 replaces a large value by a small one, and with few dimensions, or
  // where an Inf takes its sign from it, what is left of the large one is all there is: rounding.
  if (c.state == StateRegime::kLarge && (c.key_dim < 16 || c.check == CheckKind::kContagion)) {
    c.state = StateRegime::kRandom;
  }
  // NaN needs a token to show itself, and something beside it to stay finite.
  if (c.state == StateRegime::kNonFinite &&
      (c.LengthOf(0) == 0 || c.value_heads < 2 || c.check != CheckKind::kAccuracy)) {
    c.state = StateRegime::kRandom;
  }
  if (c.state == StateRegime::kNone && c.place == StatePlace::kInPlace) {
    c.place = StatePlace::kOutOfPlace;
  }
}

// Numbers enough that the ratio of two errors (R1) says something. Without a state the output of a
// token may hang on one dot product, and with one key a state is one number for each column.
void AddHeads(KernelCase& c) {
  const bool one_key = c.keys == KeyRegime::kEqual || c.keys == KeyRegime::kAlternating;
  const int64_t columns = one_key ? c.value_dim : 64;
  const int64_t tokens = c.TotalTokens();
  while (tokens > 0 && (c.NumSequences() * c.value_heads * columns < 16 ||
                        tokens * c.value_heads < 16 || tokens * c.value_heads * c.value_dim < 64)) {
    c.value_heads += c.key_heads;
  }
}

// Each check has its own needs; what a case can't be asked, accuracy is.
void MakeAskable(KernelCase& c) {
  const bool cuts = c.check == CheckKind::kPieces || c.check == CheckKind::kSnapshots;
  if (c.TotalTokens() == 0 || (cuts && !c.lengths.empty()) ||
      (c.check == CheckKind::kNeighbours && c.NumSequences() < 2)) {
    c.check = CheckKind::kAccuracy;
  }
  if ((cuts || c.TotalTokens() == 0) && c.place == StatePlace::kDiscarded) {
    c.place = StatePlace::kOutOfPlace;
  }
  // These run the case dozens of times.
  if (c.check == CheckKind::kPieces || c.check == CheckKind::kSnapshots ||
      c.check == CheckKind::kContagion) {
    if (c.lengths.empty()) c.tokens = std::min<int64_t>(c.tokens, 12);
    for (int64_t& length : c.lengths) length = std::min<int64_t>(length, 12);
    c.sequences = std::min<int64_t>(c.sequences, 2);
    c.snapshots = 0;
  }
}

}  // namespace

std::vector<PlannedCase> DefaultCheckPlan() {
  std::vector<PlannedCase> plan;
  for (const Group& group : kGroups) {
    for (const char* fields : group.cases) plan.push_back({group.name, Case(fields)});
  }
  for (uint64_t seed = 1; seed <= kRandomPlanCases; ++seed) {
    plan.push_back({"random", RandomKernelCase(seed)});
  }
  return plan;
}

KernelCase RandomKernelCase(uint64_t seed) {
  Draws draws(seed);
  KernelCase c;
  c.seed = seed;
  DrawSizes(draws, c);
  DrawConventions(draws, c);
  DrawRegimes(draws, c);
  MakeMeaningful(c);
  MakeAskable(c);
  AddHeads(c);
  return c;
}

}  // namespace deltagauge
