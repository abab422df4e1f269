#include "reference/pattern_syntax.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <system_error>

#include "reference/input_error.h"
#include "reference/utf8.h"

namespace deltagauge::reference {
namespace {

constexpr std::array<std::string_view, 37> kGeneralCategories = {
    "C",  "Cc", "Cf", "Cn", "Co", "Cs", "L",  "Ll", "Lm", "Lo", "Lt", "Lu", "M",
    "Mc", "Me", "Mn", "N",  "Nd", "Nl", "No", "P",  "Pc", "Pd", "Pe", "Pf", "Pi",
    "Po", "Ps", "S",  "Sc", "Sk", "Sm", "So", "Z",  "Zl", "Zp", "Zs"};

// Pairs that are one letter to a full case folding: U+FB00 to U+FB02, U+00DF, U+FB06.
constexpr std::array<std::string_view, 5> kFoldedPairs = {"ff", "fi", "fl", "ss", "st"};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsPunctuation(char c) { return c > ' ' && c < 0x7F && std::isalnum(c) == 0; }

class Translator {
 public:
  Translator(std::string_view pattern, const std::string& where)
      : pattern_(pattern), where_(where) {}

  std::string Run() {
    if (pattern_.size() > kMaxPatternBytes) {
      throw InputError(where_, "the pattern has " + std::to_string(pattern_.size()) + " bytes",
                       "expected at most " + std::to_string(kMaxPatternBytes));
    }
    if (const auto invalid = FindInvalidUtf8(pattern_)) Refuse(*invalid, "invalid UTF-8");
    while (at_ < pattern_.size()) Item();
    return std::move(out_);
  }

 private:
  enum class Atom { kCharacter, kSet };

  [[noreturn]] void Refuse(size_t at, const std::string& what) const {
    throw InputError(where_, what + " at byte " + std::to_string(at) + " of the pattern",
                     "only syntax that means the same to Oniguruma and PCRE2 is implemented");
  }

  char Peek(size_t ahead = 0) const {
    return at_ + ahead < pattern_.size() ? pattern_[at_ + ahead] : '\0';
  }
  bool StartsWith(std::string_view text) const { return pattern_.substr(at_).starts_with(text); }

  void Copy(size_t count) {
    out_.append(pattern_, at_, count);
    at_ += count;
  }

  void Item() {
    switch (Peek()) {
      case '\\':
        Escape();
        return;
      case '[':
        Class();
        return;
      case '(':
        Group();
        return;
      case '{':
        Interval();
        return;
      case '.':
      case '^':
      case '$':
        Refuse(at_, std::string("unknown '") + Peek() + "'");
      default:
        Copy(1);  // of a longer character the rest follows as further items
    }
  }

  void Group() {
    for (const std::string_view opening : {"(?:", "(?=", "(?!"}) {
      if (StartsWith(opening)) {
        Copy(opening.size());
        return;
      }
    }
    if (StartsWith("(?i:")) {
      CaselessGroup();
      return;
    }
    if (Peek(1) == '?' || Peek(1) == '*') Refuse(at_, "unknown kind of group");
    Copy(1);
  }

  void CaselessGroup() {
    const size_t begin = at_;
    Copy(4);
    char previous = '\0';
    while (Peek() != ')') {
      if (at_ >= pattern_.size()) Refuse(begin, "a group without an end");
      const char c = Peek();
      const bool is_literal = std::isalnum(static_cast<unsigned char>(c)) != 0 ||
                              std::string_view("'\"-_,:;!/<>@#%&=~` ").find(c) != std::string::npos;
      if (!is_literal && c != '|') Refuse(at_, "not an ASCII literal in (?i:...)");
      const char lower = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      const std::string pair = {previous, lower};
      if (std::find(kFoldedPairs.begin(), kFoldedPairs.end(), pair) != kFoldedPairs.end()) {
        Refuse(at_, "'" + pair + "' in (?i:...)");
      }
      previous = lower;
      Copy(1);
    }
    Copy(1);
  }

  // Digits at `at_`.
  void RepeatCount() {
    int count = 0;
    const char* const begin = pattern_.data() + at_;
    const char* const end = pattern_.data() + pattern_.size();
    const auto [stop, error] = std::from_chars(begin, end, count);
    if (error != std::errc() || !IsDigit(*begin) || count > kMaxPatternRepeat) {
      Refuse(at_, "not a count from 0 to " + std::to_string(kMaxPatternRepeat));
    }
    Copy(static_cast<size_t>(stop - begin));
  }

  void Interval() {
    Copy(1);
    RepeatCount();
    if (Peek() == ',') {
      Copy(1);
      if (Peek() != '}') RepeatCount();
    }
    if (Peek() != '}') Refuse(at_, "unknown interval");
    Copy(1);
    if (Peek() == '?' || Peek() == '+') Refuse(at_, "a lazy or possessive interval");
  }

  // An escape, in a class or outside.
  Atom Escape() {
    const char c = Peek(1);
    switch (c) {
      case 's':
      case 'S':
        out_ += c == 's' ? "\\p{White_Space}" : "\\P{White_Space}";
        at_ += 2;
        return Atom::kSet;
      case 'd':
      case 'D':
        out_ += c == 'd' ? "\\p{Nd}" : "\\P{Nd}";
        at_ += 2;
        return Atom::kSet;
      case 'p':
      case 'P':
        Property();
        return Atom::kSet;
      case 'r':
      case 'n':
      case 't':
        Copy(2);
        return Atom::kCharacter;
      default:
        if (!IsPunctuation(c)) Refuse(at_, "unknown escape");
        Copy(2);
        return Atom::kCharacter;
    }
  }

  void Property() {
    const size_t end = Peek(2) == '{' ? pattern_.find('}', at_) : std::string_view::npos;
    if (end == std::string_view::npos) Refuse(at_, "a property without {...}");
    const std::string_view name = pattern_.substr(at_ + 3, end - at_ - 3);
    if (std::find(kGeneralCategories.begin(), kGeneralCategories.end(), name) ==
        kGeneralCategories.end()) {
      Refuse(at_, "a property that isn't a general category");
    }
    Copy(end + 1 - at_);
  }

  // One character or set of a class.
  Atom ClassAtom() {
    if (Peek() == '\\') return Escape();
    if (Peek() == '[') Refuse(at_, "'[' in a class");
    if (StartsWith("&&")) Refuse(at_, "'&&' in a class");
    Copy(ReadUtf8(pattern_, at_).length);
    return Atom::kCharacter;
  }

  void Class() {
    const size_t begin = at_;
    const auto need_more = [&] {
      if (at_ >= pattern_.size()) Refuse(begin, "a class without an end");
    };
    Copy(1);
    if (Peek() == '^') Copy(1);
    if (Peek() == ']') Refuse(begin, "a class that begins with ']'");
    bool is_first = true;
    while (need_more(), Peek() != ']') {
      // '-' is a character only where it can't be anything else.
      if (Peek() == '-' && !is_first && Peek(1) != ']') Refuse(at_, "a doubtful '-' in a class");
      is_first = false;
      const Atom low = ClassAtom();
      if (Peek() != '-' || Peek(1) == ']') continue;
      Copy(1);
      need_more();
      const bool is_dash = Peek() == '-';
      if (low == Atom::kSet || is_dash || ClassAtom() == Atom::kSet) {
        Refuse(begin, "a range whose ends aren't characters");
      }
    }
    Copy(1);
  }

  std::string_view pattern_;
  const std::string& where_;
  size_t at_ = 0;
  std::string out_;
};

}  // namespace

std::string ToPcrePattern(std::string_view pattern, const std::string& where) {
  return Translator(pattern, where).Run();
}

}  // namespace deltagauge::reference
