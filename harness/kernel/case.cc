#include "harness/kernel/case.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "fmt/format.h"
#include "harness/base/nearest_name.h"

namespace deltagauge {
namespace {

constexpr std::string_view kPrefix = "kernel:";
constexpr size_t kMaxLengths = 1024;
constexpr int64_t kMaxCaseTokens = int64_t{1} << 20;

// Numbers: all of the text, in range, finite.
template <typename Number>
bool ParseNumber(std::string_view text, Number lowest, Number highest, Number& number) {
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  // The comparison is false for NaN.
  return error == std::errc() && rest == end && lowest <= number && number <= highest;
}

const KernelCase& DefaultCase() {
  static const KernelCase kDefault;
  return kDefault;
}

template <auto Member>
using MemberType = std::remove_reference_t<decltype(std::declval<KernelCase&>().*Member)>;

// One field of the line. `print` gives "" for a default; `hint` says what a refused value should
// have been.
struct Field {
  std::string_view name;
  bool (*parse)(std::string_view text, KernelCase& kernel_case);
  std::string (*print)(const KernelCase& kernel_case);
  std::string (*hint)(std::string_view text);
};

template <auto Member, int64_t lowest, int64_t highest>
constexpr Field IntegerField(std::string_view name) {
  return {name,
          [](std::string_view text, KernelCase& c) {
            int64_t number = 0;
            if (!ParseNumber(text, lowest, highest, number)) return false;
            c.*Member = static_cast<MemberType<Member>>(number);
            return true;
          },
          [](const KernelCase& c) {
            return c.*Member == DefaultCase().*Member ? "" : fmt::format("{}", c.*Member);
          },
          [](std::string_view) { return fmt::format("expected {} to {}", lowest, highest); }};
}

template <auto Member>
constexpr Field EnumField(std::string_view name) {
  using Enum = MemberType<Member>;
  return {name,
          [](std::string_view text, KernelCase& c) {
            for (const NamedValue<Enum>& named : NamesOf<Enum>()) {
              if (named.name != text) continue;
              c.*Member = named.value;
              return true;
            }
            return false;
          },
          [](const KernelCase& c) {
            return c.*Member == DefaultCase().*Member ? "" : std::string(NameOf(c.*Member));
          },
          [](std::string_view text) {
            std::vector<std::string_view> names;
            for (const NamedValue<Enum>& named : NamesOf<Enum>()) names.push_back(named.name);
            return NameHint(text, names);
          }};
}

bool ParseLengths(std::string_view text, KernelCase& c) {
  c.lengths.clear();
  for (;;) {
    const size_t plus = text.find('+');
    int64_t length = 0;
    if (c.lengths.size() == kMaxLengths) return false;
    if (!ParseNumber(text.substr(0, plus), int64_t{0}, kMaxCaseTokens, length)) return false;
    c.lengths.push_back(length);
    if (plus == std::string_view::npos) return true;
    text.remove_prefix(plus + 1);
  }
}

bool ParseTarget(std::string_view text, KernelCase& c) {
  const bool is_name = std::all_of(text.begin(), text.end(), [](char x) {
    return (x >= 'A' && x <= 'Z') || (x >= 'a' && x <= 'z') || (x >= '0' && x <= '9') || x == '_';
  });
  if (!is_name || text.empty() || text.size() > 32) return false;
  c.target = text;
  return true;
}

bool ParseScale(std::string_view text, KernelCase& c) {
  constexpr float kMax = std::numeric_limits<float>::max();
  float scale = 0;
  if (!ParseNumber(text, -kMax, kMax, scale)) return false;
  c.scale = scale;
  return true;
}

constexpr std::array<Field, 26> kFields = {{
    IntegerField<&KernelCase::sequences, 1, 1024>("B"),
    IntegerField<&KernelCase::tokens, 0, kMaxCaseTokens>("T"),
    {"lengths", ParseLengths,
     [](const KernelCase& c) { return fmt::format("{}", fmt::join(c.lengths, "+")); },
     [](std::string_view) {
       return fmt::format("expected up to {} lengths of 0 to {}, as 5+0+64", kMaxLengths,
                          kMaxCaseTokens);
     }},
    IntegerField<&KernelCase::value_heads, 1, 1024>("Hv"),
    {"Hk", IntegerField<&KernelCase::key_heads, 1, 1024>("").parse,
     [](const KernelCase& c) {
       return c.key_heads == c.value_heads ? "" : fmt::format("{}", c.key_heads);
     },
     IntegerField<&KernelCase::key_heads, 1, 1024>("").hint},
    IntegerField<&KernelCase::key_dim, 1, kMaxHeadDim>("K"),
    {"V", IntegerField<&KernelCase::value_dim, 1, kMaxHeadDim>("").parse,
     [](const KernelCase& c) {
       return c.value_dim == c.key_dim ? "" : fmt::format("{}", c.value_dim);
     },
     IntegerField<&KernelCase::value_dim, 1, kMaxHeadDim>("").hint},
    EnumField<&KernelCase::data_type>("dtype"),
    EnumField<&KernelCase::gates>("gates"),
    EnumField<&KernelCase::keys>("keys"),
    EnumField<&KernelCase::betas>("beta"),
    EnumField<&KernelCase::state>("state"),
    EnumField<&KernelCase::layout>("layout"),
    EnumField<&KernelCase::state_layout>("state_layout"),
    EnumField<&KernelCase::place>("place"),
    EnumField<&KernelCase::head_map>("map"),
    EnumField<&KernelCase::decay_form>("decay"),
    EnumField<&KernelCase::beta_form>("beta_form"),
    EnumField<&KernelCase::qk_norm>("norm"),
    {"eps",
     [](std::string_view text, KernelCase& c) {
       return ParseNumber(text, 0.0f, 1.0f, c.norm_epsilon) && !std::signbit(c.norm_epsilon);
     },
     [](const KernelCase& c) {
       return c.norm_epsilon == DefaultCase().norm_epsilon ? "" : fmt::format("{}", c.norm_epsilon);
     },
     [](std::string_view) { return std::string("expected a number from 0 to 1"); }},
    {"scale", ParseScale,
     [](const KernelCase& c) { return c.scale ? fmt::format("{}", *c.scale) : ""; },
     [](std::string_view) { return std::string("expected a finite number"); }},
    IntegerField<&KernelCase::snapshots, 0, kMaxSnapshots>("snapshots"),
    IntegerField<&KernelCase::threads, 1, 256>("threads"),
    {"target", ParseTarget, [](const KernelCase& c) { return c.target; },
     [](std::string_view) { return std::string("expected a name of letters, digits and _"); }},
    EnumField<&KernelCase::check>("check"),
    {"seed",
     [](std::string_view text, KernelCase& c) {
       return ParseNumber(text, uint64_t{0}, std::numeric_limits<uint64_t>::max(), c.seed);
     },
     [](const KernelCase& c) {
       return c.seed == DefaultCase().seed ? "" : fmt::format("{}", c.seed);
     },
     [](std::string_view) { return std::string("expected 0 to 18446744073709551615"); }},
}};

size_t FieldIndex(std::string_view name) {
  const auto found = std::find_if(kFields.begin(), kFields.end(),
                                  [&](const Field& field) { return field.name == name; });
  return static_cast<size_t>(found - kFields.begin());
}

// At most 40 characters of the text, printable: for messages.
std::string Quoted(std::string_view text) {
  std::string quoted;
  for (const char x : text.substr(0, 40)) quoted += (x >= ' ' && x <= '~') ? x : '?';
  if (text.size() > 40) quoted += "...";
  return "'" + quoted + "'";
}

std::string UnknownFieldHint(std::string_view name) {
  std::vector<std::string_view> names;
  for (const Field& field : kFields) names.push_back(field.name);
  return NameHint(name, names);
}

// One `name=value` at `position` of the line.
std::optional<CaseError> ParsePair(std::string_view pair, size_t position, KernelCase& c,
                                   std::array<bool, kFields.size()>& seen) {
  const size_t equals = pair.find('=');
  const std::string_view name = pair.substr(0, equals);
  if (equals == std::string_view::npos) {
    return CaseError{position, "no '=' in " + Quoted(pair), "expected name=value"};
  }
  const size_t index = FieldIndex(name);
  if (index == kFields.size()) {
    return CaseError{position, "unknown field " + Quoted(name), UnknownFieldHint(name)};
  }
  if (std::exchange(seen[index], true)) {
    return CaseError{position, "field '" + std::string(name) + "' comes twice", ""};
  }
  const std::string_view value = pair.substr(equals + 1);
  if (!kFields[index].parse(value, c)) {
    return CaseError{position + equals + 1,
                     fmt::format("{} is not valid for '{}'", Quoted(value), name),
                     kFields[index].hint(value)};
  }
  return std::nullopt;
}

std::optional<CaseError> Refuse(std::string what, std::string hint = "") {
  return CaseError{0, std::move(what), std::move(hint)};
}

bool InRange(int64_t number, int64_t lowest, int64_t highest) {
  return lowest <= number && number <= highest;
}

std::optional<CaseError> CheckSizes(const KernelCase& c) {
  const bool lengths_ok = c.lengths.size() <= kMaxLengths &&
                          std::all_of(c.lengths.begin(), c.lengths.end(), [](int64_t length) {
                            return InRange(length, 0, kMaxCaseTokens);
                          });
  if (!lengths_ok || !InRange(c.sequences, 1, 1024) || !InRange(c.tokens, 0, kMaxCaseTokens) ||
      !InRange(c.value_heads, 1, 1024) || !InRange(c.key_heads, 1, 1024) ||
      !InRange(c.key_dim, 1, kMaxHeadDim) || !InRange(c.value_dim, 1, kMaxHeadDim) ||
      !InRange(c.snapshots, 0, kMaxSnapshots) || !InRange(c.threads, 1, 256)) {
    return Refuse("a size is out of range");
  }
  if (c.value_heads % c.key_heads != 0) {
    return Refuse(fmt::format("Hv = {} is not a multiple of Hk = {}", c.value_heads, c.key_heads));
  }
  // Every factor is in range, so that none of these products can overflow.
  const int64_t rows = c.TotalTokens() * c.value_heads;
  const int64_t states = c.NumSequences() * c.value_heads * (1 + c.snapshots);
  if (rows * std::max(c.key_dim, c.value_dim) > kMaxCaseElements ||
      states * c.key_dim * c.value_dim > kMaxCaseElements ||
      rows * c.key_dim * c.value_dim > kMaxCaseWork) {
    return Refuse("the case is too large", "fewer tokens, heads, sequences or snapshots");
  }
  return std::nullopt;
}

}  // namespace

int64_t KernelCase::NumSequences() const {
  return lengths.empty() ? sequences : static_cast<int64_t>(lengths.size());
}

int64_t KernelCase::LengthOf(int64_t sequence) const {
  return lengths.empty() ? tokens : lengths[static_cast<size_t>(sequence)];
}

int64_t KernelCase::TotalTokens() const {
  if (lengths.empty()) return sequences * tokens;
  return std::accumulate(lengths.begin(), lengths.end(), int64_t{0});
}

float KernelCase::Scale() const {
  return scale.value_or(static_cast<float>(1.0 / std::sqrt(static_cast<double>(key_dim))));
}

std::string CaseError::Message() const {
  return fmt::format("character {}: {}{}{}", position + 1, what, hint.empty() ? "" : "; ", hint);
}

std::string PrintCase(const KernelCase& kernel_case) {
  KernelCase c = kernel_case;
  if (!c.lengths.empty()) {
    c.sequences = DefaultCase().sequences;
    c.tokens = DefaultCase().tokens;
  }
  std::string line(kPrefix);
  for (const Field& field : kFields) {
    const std::string value = field.print(c);
    if (value.empty()) continue;
    if (line.size() > kPrefix.size()) line += ',';
    line += fmt::format("{}={}", field.name, value);
  }
  return line;
}

std::variant<KernelCase, CaseError> ParseCase(std::string_view line) {
  if (line.size() > kMaxCaseLine) {
    return CaseError{kMaxCaseLine, fmt::format("the line has {} characters", line.size()),
                     fmt::format("expected at most {}", kMaxCaseLine)};
  }
  if (line.substr(0, kPrefix.size()) != kPrefix) {
    return CaseError{0, "a kernel case begins with 'kernel:'", "for example kernel:T=65,Hv=16"};
  }
  KernelCase c;
  std::array<bool, kFields.size()> seen{};
  size_t position = kPrefix.size();
  while (position < line.size()) {
    const size_t end = std::min(line.find(',', position), line.size());
    if (auto error = ParsePair(line.substr(position, end - position), position, c, seen)) {
      return *error;
    }
    if (end + 1 == line.size()) return CaseError{end, "nothing after the last ','", ""};
    position = end + 1;
  }
  if (!c.lengths.empty() && (seen[FieldIndex("B")] || seen[FieldIndex("T")])) {
    return CaseError{line.find("lengths"), "'lengths' excludes 'B' and 'T'", ""};
  }
  if (!seen[FieldIndex("Hk")]) c.key_heads = c.value_heads;
  if (!seen[FieldIndex("V")]) c.value_dim = c.key_dim;
  if (auto error = CheckCase(c)) return *error;
  return c;
}

std::optional<CaseError> CheckCase(const KernelCase& c) {
  if (auto error = CheckSizes(c)) return error;
  if (c.gates == GateRegime::kMixed && c.value_heads < 2) {
    return Refuse("gates=mixed needs a second value head", "Hv=2 or more");
  }
  if (c.keys == KeyRegime::kHuge && c.qk_norm != QkNorm::kL2) {
    return Refuse("keys=huge overflows without a norm", "add norm=l2");
  }
  if (c.keys == KeyRegime::kZero && c.qk_norm == QkNorm::kL2 && c.norm_epsilon == 0) {
    return Refuse("keys=zero with norm=l2 divides zero by zero", "set eps above 0");
  }
  if (c.betas == BetaRegime::kTwo && c.beta_form == BetaForm::kLogit) {
    return Refuse("no logit has the sigmoid 2", "beta_form=activated");
  }
  if (c.state == StateRegime::kNone && c.place == StatePlace::kInPlace) {
    return Refuse("place=in needs a state to write to", "state=zero");
  }
  return std::nullopt;
}

}  // namespace deltagauge
