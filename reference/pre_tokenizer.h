// Cuts text into the pieces that byte-pair encoding works on: the matches of a regular expression,
// and what lies between them ("Split", behaviour "Isolated").
#ifndef DELTAGAUGE_REFERENCE_PRE_TOKENIZER_H_
#define DELTAGAUGE_REFERENCE_PRE_TOKENIZER_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace deltagauge::reference {

class PreTokenizer {
 public:
  // The pattern as tokenizer.json spells it (pattern_syntax.h). Throws InputError that begins with
  // `where` if it can't be compiled or could match nothing.
  PreTokenizer(std::string_view pattern, const std::string& where);
  PreTokenizer(PreTokenizer&&) noexcept;
  PreTokenizer& operator=(PreTokenizer&&) noexcept;
  ~PreTokenizer();

 private:
  friend class PieceReader;
  struct Compiled;
  std::unique_ptr<Compiled> compiled_;
};

// Reads the pieces of one text after the other. Several may read with one PreTokenizer at once,
// each on its own thread.
class PieceReader {
 public:
  explicit PieceReader(const PreTokenizer& pre_tokenizer);  // must outlive this
  PieceReader(const PieceReader&) = delete;
  PieceReader& operator=(const PieceReader&) = delete;
  ~PieceReader();

  // `text`, which must be valid UTF-8, is looked at until its last piece was read.
  void Start(std::string_view text);

  // The next piece, never empty; nothing at the end. Throws InputError if the pattern needs more
  // than 10^7 + 16 steps for each byte of the text to find one, or too much memory: a pattern that
  // backtracks without end is stopped.
  std::optional<std::string_view> Next();

 private:
  struct Match;
  std::unique_ptr<Match> match_;
};

// The version of Unicode that the classes of the pattern follow: "14.0.0".
std::string PatternUnicodeVersion();

}  // namespace deltagauge::reference

#endif  // DELTAGAUGE_REFERENCE_PRE_TOKENIZER_H_
