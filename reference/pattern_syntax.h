// The regular expressions of tokenizer.json are Oniguruma's; we run them with PCRE2. What means the
// same to both goes through, `\s` is spelled out, and everything else is refused: a pattern that
// splits a little differently would give other tokens without anyone noticing.
#ifndef DELTAGAUGE_REFERENCE_PATTERN_SYNTAX_H_
#define DELTAGAUGE_REFERENCE_PATTERN_SYNTAX_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace deltagauge::reference {

inline constexpr size_t kMaxPatternBytes = 4096;
inline constexpr int kMaxPatternRepeat = 1000;  // in {n} and {n,m}

// The same pattern for PCRE2 with UTF and UCP. Known are:
//   - literals, `|`, `*`, `+`, `?` (also lazy and possessive), `{n}`, `{n,}`, `{n,m}` (greedy only:
//     what follows would be another quantifier to one of the two)
//   - groups `(...)`, `(?:...)`, `(?=...)`, `(?!...)`
//   - `(?i:...)` around ASCII literals and `|`; case folding includes U+017F for s and U+212A for
//   k.
//     Not around ff, fi, fl, ss, st: Oniguruma folds those to single letters as well
//   - `\r \n \t`, `\s \S` (property White_Space: PCRE2's own \s takes U+180E too), `\d \D` (Nd),
//     `\p{X} \P{X}` for general categories of one or two letters, escaped ASCII punctuation
//   - classes of those and of ranges of literals; no nested class, no `&&`
// Throws InputError with `where` and the byte in the pattern.
std::string ToPcrePattern(std::string_view pattern, const std::string& where);

}  // namespace deltagauge::reference

#endif  // DELTAGAUGE_REFERENCE_PATTERN_SYNTAX_H_
