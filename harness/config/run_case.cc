#include "harness/config/run_case.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <utility>

#include "fmt/format.h"
#include "harness/base/nearest_name.h"
#include "harness/config/run_case_fields.h"
#include "harness/config/run_case_lister.h"

namespace deltagauge {
namespace {

using Parameters = RunCaseFields;

constexpr std::array<std::string_view, 2> kTruths = {"oracle", "none"};
constexpr std::array<std::string_view, 5> kAlwaysTold = {"model", "text", "tokens", "check",
                                                         "context"};
constexpr std::string_view kCandidate = "candidate";

bool IsAlphanumeric(char x) {
  return (x >= 'a' && x <= 'z') || (x >= 'A' && x <= 'Z') || (x >= '0' && x <= '9');
}

bool IsArmName(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char x) {
    return IsAlphanumeric(x) || x == '_' || x == '-' || x == '.';
  });
}

constexpr std::string_view kArmHint = "expected 1 to 64 of letters, digits, _ - .";

// --- printing ---

Parameters ToldFields(const KernelRun& run) {
  if (run.candidate == KernelRun{}.candidate) return {};
  return {{std::string(kCandidate), PercentEncoded(run.candidate)}};
}

// What a case is about is told even where it is the default: a reader wants to see it, and an id
// should outlive a change of defaults.
template <typename Run>
bool IsAlwaysTold(const Run& run, std::string_view name) {
  if constexpr (requires { run.prompt; }) {
    if (name == "text") return run.prompt.empty();
  }
  return std::find(kAlwaysTold.begin(), kAlwaysTold.end(), name) != kAlwaysTold.end();
}

template <typename Run>
Parameters ToldFields(const Run& run) {
  static const Parameters kDefaults = FieldsOf(Run{});
  Parameters told = FieldsOf(run);
  size_t kept = 0;
  for (size_t i = 0; i < told.size(); ++i) {
    if (told[i] == kDefaults[i] && !IsAlwaysTold(run, told[i].first)) continue;
    if (kept != i) told[kept] = std::move(told[i]);
    ++kept;
  }
  told.resize(kept);
  return told;
}

std::string Begin(const KernelRun& run) { return PrintCase(run.kernel_case); }
template <typename Run>
std::string Begin(const Run& run) {
  return fmt::format("{}:", NameOf(KindOf(run)));
}

template <typename Keep>
std::string Print(const RunCase& run_case, const Keep& keep) {
  return std::visit(
      [&](const auto& run) {
        std::string line = Begin(run);
        bool is_first = line.back() == ':';  // no value of a kernel case ends so
        for (const auto& [name, value] : ToldFields(run)) {
          if (!keep(name)) continue;
          if (!std::exchange(is_first, false)) line += ',';
          line += name + "=" + value;
        }
        return line;
      },
      run_case);
}

// --- parsing ---

template <typename Number>
bool ParseNumber(std::string_view text, Number lowest, Number highest, Number& number) {
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && rest == end && lowest <= number && number <= highest;
}

// Puts `text` into the field `name`.
class Setter {
 public:
  Setter(std::string_view name, std::string_view text) : name_(name), text_(text) {}

  bool known = false;
  bool valid = false;
  std::string hint;                     // if not valid
  std::vector<std::string_view> names;  // of all fields

  template <typename Integer>
  void Number(std::string_view name, Integer& value, int64_t lowest, int64_t highest) {
    if (!Is(name)) return;
    int64_t number = 0;
    valid = ParseNumber(text_, lowest, highest, number);
    if (valid) value = static_cast<Integer>(number);
    hint = fmt::format("expected {} to {}", lowest, highest);
  }
  void NumberOrAll(std::string_view name, std::optional<int64_t>& value, int64_t lowest,
                   int64_t highest) {
    if (!Is(name)) return;
    int64_t number = 0;
    const bool is_number = ParseNumber(text_, lowest, highest, number);
    valid = is_number || text_ == "all";
    value = is_number ? std::optional(number) : std::nullopt;
    hint = fmt::format("expected {} to {} or all", lowest, highest);
  }
  void Real(std::string_view name, double& value, double lowest, double highest) {
    if (!Is(name)) return;
    valid = ParseNumber(text_, lowest, highest, value);
    hint = fmt::format("expected {} to {}", lowest, highest);
  }
  void Seed(std::string_view name, uint64_t& value) {
    if (!Is(name)) return;
    valid = ParseNumber(text_, uint64_t{0}, std::numeric_limits<uint64_t>::max(), value);
    hint = "expected 0 to 18446744073709551615";
  }
  template <typename Enumeration>
  void Enum(std::string_view name, Enumeration& value) {
    if (!Is(name)) return;
    std::vector<std::string_view> values;
    for (const NamedValue<Enumeration>& named : NamesOf<Enumeration>()) {
      values.push_back(named.name);
      if (named.name != text_) continue;
      value = named.value;
      valid = true;
    }
    hint = NameHint(text_, values);
  }
  void YesNo(std::string_view name, bool& value) {
    if (!Is(name)) return;
    valid = text_ == kNoYes[0] || text_ == kNoYes[1];
    value = text_ == kNoYes[1];
    hint = "expected yes or no";
  }
  void Path(std::string_view name, std::string& value) { Encoded(name, value, kMaxPathBytes); }
  void Prompt(std::string_view name, std::string& value) { Encoded(name, value, kMaxPromptBytes); }
  void Arm(std::string_view name, std::string& value) {
    if (!Is(name)) return;
    valid = IsArmName(text_);
    value = text_;
    hint = kArmHint;
  }
  void Truth(std::string_view name, std::string& value) {
    if (!Is(name)) return;
    valid = std::find(kTruths.begin(), kTruths.end(), text_) != kTruths.end();
    value = text_;
    hint = NameHint(text_, kTruths);
  }
  void Target(std::string_view name, std::string& value) {
    if (!Is(name)) return;
    valid = !text_.empty() && text_.size() <= 32 &&
            std::all_of(text_.begin(), text_.end(),
                        [](char x) { return IsAlphanumeric(x) || x == '_'; });
    value = text_;
    hint = "expected a name of letters, digits and _";
  }

 private:
  bool Is(std::string_view name) {
    names.push_back(name);
    if (name != name_) return false;
    known = true;
    return true;
  }
  void Encoded(std::string_view name, std::string& value, size_t most) {
    if (!Is(name)) return;
    const std::optional<std::string> decoded = PercentDecoded(text_);
    valid = decoded && !decoded->empty() && decoded->size() <= most;
    if (valid) value = *decoded;
    hint = fmt::format(
        "expected 1 to {} bytes of UTF-8, other than A-Z a-z 0-9 _ . / : + ~ @ - "
        "as %XX",
        most);
  }

  std::string_view name_;
  std::string_view text_;
};

// At most 40 characters of the text, printable: for messages.
std::string Quoted(std::string_view text) {
  std::string quoted;
  for (const char x : text.substr(0, 40)) quoted += (x >= ' ' && x <= '~') ? x : '?';
  if (text.size() > 40) quoted += "...";
  return "'" + quoted + "'";
}

std::optional<CaseError> Refuse(std::string what, std::string hint = "") {
  return CaseError{0, std::move(what), std::move(hint)};
}

template <typename Run>
std::optional<CaseError> Flaw(const Run& /*run*/) {
  return std::nullopt;
}

std::optional<CaseError> PositionsFlaw(const std::optional<int64_t>& positions, int64_t tokens) {
  if (positions.value_or(0) <= tokens) return std::nullopt;
  return Refuse(fmt::format("{} positions are more than {} tokens", *positions, tokens));
}
std::optional<CaseError> Flaw(const DriftRun& run) {
  return PositionsFlaw(run.positions, run.text.tokens);
}
std::optional<CaseError> Flaw(const AgreementRun& run) {
  return PositionsFlaw(run.positions, run.text.tokens);
}

std::optional<CaseError> Flaw(const GreedyRun& run) {
  if (run.only && *run.only >= run.prompts) {
    return Refuse(fmt::format("there is no prompt {} of {}", *run.only, run.prompts),
                  "prompts count from 0");
  }
  const GreedyRun defaults;
  if (!run.prompt.empty() && (run.text != defaults.text || run.offset != defaults.offset ||
                              run.prompts != defaults.prompts ||
                              run.prompt_tokens != defaults.prompt_tokens || run.only)) {
    return Refuse("'prompt' excludes 'text', 'offset', 'prompts', 'prompt_tokens' and 'only'");
  }
  return std::nullopt;
}

std::optional<CaseError> Flaw(const InvarianceRun& run) {
  if (run.text.tokens >= 2) return std::nullopt;
  return Refuse("one token can't be taken apart", "tokens=2 or more");
}

std::optional<CaseError> Flaw(const KernelTimingRun& run) {
  KernelCase c;
  c.tokens = run.tokens;
  c.value_heads = run.value_heads;
  c.key_heads = run.key_heads;
  c.key_dim = run.key_dim;
  c.value_dim = run.value_dim;
  c.gates = run.gates;
  return CheckCase(c);
}

// One `name=value` at `position` of the line.
template <typename Run>
std::optional<CaseError> ParsePair(std::string_view pair, size_t position, Run& run,
                                   std::vector<std::string_view>& seen) {
  const size_t equals = pair.find('=');
  if (equals == std::string_view::npos) {
    return CaseError{position, "no '=' in " + Quoted(pair), "expected name=value"};
  }
  const std::string_view name = pair.substr(0, equals);
  Setter setter(name, pair.substr(equals + 1));
  VisitRunFields(setter, run);
  if (!setter.known) {
    return CaseError{position, "unknown field " + Quoted(name), NameHint(name, setter.names)};
  }
  if (std::find(seen.begin(), seen.end(), name) != seen.end()) {
    return CaseError{position, fmt::format("field '{}' comes twice", name), ""};
  }
  seen.push_back(name);
  if (!setter.valid) {
    return CaseError{position + equals + 1,
                     fmt::format("{} is not valid for '{}'", Quoted(pair.substr(equals + 1)), name),
                     setter.hint};
  }
  return std::nullopt;
}

template <typename Run>
std::variant<RunCase, CaseError> ParseFields(std::string_view line, size_t position) {
  Run run;
  std::vector<std::string_view> seen;
  while (position < line.size()) {
    const size_t end = std::min(line.find(',', position), line.size());
    if (auto error = ParsePair(line.substr(position, end - position), position, run, seen)) {
      return *error;
    }
    if (end + 1 == line.size()) return CaseError{end, "nothing after the last ','", ""};
    position = end + 1;
  }
  if (auto error = Flaw(run)) return *error;
  return RunCase(std::move(run));
}

// The candidate is taken out of the line; case.h reads the rest.
template <>
std::variant<RunCase, CaseError> ParseFields<KernelRun>(std::string_view line, size_t position) {
  KernelRun run;
  size_t cut_begin = line.size();
  size_t cut_end = line.size();
  bool found = false;
  for (size_t begin = position; begin < line.size();) {
    const size_t end = std::min(line.find(',', begin), line.size());
    const std::string_view pair = line.substr(begin, end - begin);
    if (pair.substr(0, kCandidate.size() + 1) == "candidate=") {
      if (found) return CaseError{begin, "field 'candidate' comes twice", ""};
      found = true;
      const std::string_view value = pair.substr(kCandidate.size() + 1);
      if (!IsArmName(value)) {
        return CaseError{begin + kCandidate.size() + 1,
                         fmt::format("{} is not valid for 'candidate'", Quoted(value)),
                         std::string(kArmHint)};
      }
      if (end + 1 == line.size()) return CaseError{end, "nothing after the last ','", ""};
      run.candidate = value;
      // With one of the commas beside it.
      cut_begin = begin == position ? begin : begin - 1;
      cut_end = begin == position && end < line.size() ? end + 1 : end;
    }
    begin = end + 1;
  }
  const auto parsed =
      ParseCase(std::string(line.substr(0, cut_begin)) + std::string(line.substr(cut_end)));
  if (const auto* error = std::get_if<CaseError>(&parsed)) {
    CaseError moved = *error;
    if (moved.position >= cut_begin) moved.position += cut_end - cut_begin;
    return moved;
  }
  run.kernel_case = std::get<KernelCase>(parsed);
  return RunCase(std::move(run));
}

template <size_t index = 0>
std::variant<RunCase, CaseError> ParseKind(RunKind kind, std::string_view line, size_t position) {
  if constexpr (index == std::variant_size_v<RunCase>) {
    return CaseError{0, "unknown kind", ""};
  } else {
    if (static_cast<size_t>(kind) == index) {
      return ParseFields<std::variant_alternative_t<index, RunCase>>(line, position);
    }
    return ParseKind<index + 1>(kind, line, position);
  }
}

}  // namespace

std::string PrintRunCase(const RunCase& run_case) {
  return Print(run_case, [](std::string_view) { return true; });
}

std::string CaseId(const RunCase& run_case) {
  return Print(run_case, [](std::string_view name) { return !IsProtocolField(name); });
}

std::variant<RunCase, CaseError> ParseRunCase(std::string_view line) {
  if (line.size() > kMaxRunLine) {
    return CaseError{kMaxRunLine, fmt::format("the line has {} characters", line.size()),
                     fmt::format("expected at most {}", kMaxRunLine)};
  }
  const size_t colon = std::min(line.find(':'), line.size());
  std::vector<std::string_view> names;
  for (const NamedValue<RunKind>& named : NamesOf<RunKind>()) {
    names.push_back(named.name);
    if (named.name == line.substr(0, colon) && colon < line.size()) {
      return ParseKind(named.value, line, colon + 1);
    }
  }
  if (colon == line.size()) {
    return CaseError{0, "no ':' in " + Quoted(line), "a case is kind:name=value,..."};
  }
  return CaseError{0, "unknown kind " + Quoted(line.substr(0, colon)),
                   NameHint(line.substr(0, colon), names)};
}

std::optional<CaseError> CheckRunCase(const RunCase& run_case) {
  // What a line can't say is no case.
  const auto parsed = ParseRunCase(PrintRunCase(run_case));
  if (const auto* error = std::get_if<CaseError>(&parsed)) {
    return CaseError{0, error->what, error->hint};
  }
  if (std::get<RunCase>(parsed) == run_case) return std::nullopt;
  return Refuse("a field holds what no line can say");
}

}  // namespace deltagauge
