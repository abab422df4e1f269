#include "reference/pre_tokenizer.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

#include "reference/input_error.h"
#include "reference/pattern_syntax.h"

namespace deltagauge::reference {
namespace {

constexpr uint64_t kBaseSteps = 10'000'000;  // PCRE2's own default
constexpr uint64_t kStepsPerByte = 16;       // runs of white space are walked a few times
constexpr uint32_t kMaxHeapKib = 64 * 1024;
constexpr size_t kFirstJitStack = 32 * 1024;
constexpr size_t kMaxJitStack = 8 * 1024 * 1024;

struct Free {
  void operator()(pcre2_code* p) const { pcre2_code_free(p); }
  void operator()(pcre2_match_data* p) const { pcre2_match_data_free(p); }
  void operator()(pcre2_match_context* p) const { pcre2_match_context_free(p); }
  void operator()(pcre2_jit_stack* p) const { pcre2_jit_stack_free(p); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

std::string ErrorText(int code) {
  std::array<PCRE2_UCHAR, 256> text{};
  pcre2_get_error_message(code, text.data(), text.size());
  return reinterpret_cast<const char*>(text.data());
}

template <class T>
Owned<T> Checked(T* made) {
  if (made == nullptr) throw std::bad_alloc();
  return Owned<T>(made);
}

}  // namespace

struct PreTokenizer::Compiled {
  Owned<pcre2_code> code;
  std::string where;
  bool is_jit = false;
};

PreTokenizer::PreTokenizer(std::string_view pattern, const std::string& where)
    : compiled_(std::make_unique<Compiled>()) {
  const std::string translated = ToPcrePattern(pattern, where);
  int error = 0;
  size_t offset = 0;
  compiled_->where = where;
  compiled_->code.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(translated.data()),
                                      translated.size(), PCRE2_UTF | PCRE2_UCP, &error, &offset,
                                      nullptr));
  if (compiled_->code == nullptr) {
    throw InputError(where, "PCRE2 refuses the pattern: " + ErrorText(error));
  }
  uint32_t matches_empty = 0;
  pcre2_pattern_info(compiled_->code.get(), PCRE2_INFO_MATCHEMPTY, &matches_empty);
  if (matches_empty != 0) throw InputError(where, "the pattern may match no character at all");
  // Where the machine or the library has no JIT, the interpreter gives the same matches.
  compiled_->is_jit = pcre2_jit_compile(compiled_->code.get(), PCRE2_JIT_COMPLETE) == 0;
}

PreTokenizer::PreTokenizer(PreTokenizer&&) noexcept = default;
PreTokenizer& PreTokenizer::operator=(PreTokenizer&&) noexcept = default;
PreTokenizer::~PreTokenizer() = default;

struct PieceReader::Match {
  const PreTokenizer::Compiled* compiled = nullptr;
  Owned<pcre2_match_context> context;
  Owned<pcre2_jit_stack> stack;
  Owned<pcre2_match_data> data;
  std::string_view text;
  size_t at = 0;           // what is before was returned
  size_t match_begin = 0;  // the match that was found last; before `at`: none is waiting
  size_t match_end = 0;

  void Find();
};

PieceReader::PieceReader(const PreTokenizer& pre_tokenizer) : match_(std::make_unique<Match>()) {
  match_->compiled = pre_tokenizer.compiled_.get();
  match_->context = Checked(pcre2_match_context_create(nullptr));
  match_->data = Checked(pcre2_match_data_create(1, nullptr));
  pcre2_set_heap_limit(match_->context.get(), kMaxHeapKib);
  if (match_->compiled->is_jit) {
    match_->stack = Checked(pcre2_jit_stack_create(kFirstJitStack, kMaxJitStack, nullptr));
    pcre2_jit_stack_assign(match_->context.get(), nullptr, match_->stack.get());
  }
}

PieceReader::~PieceReader() = default;

void PieceReader::Start(std::string_view text) {
  match_->text = text;
  match_->at = match_->match_begin = match_->match_end = 0;
  const uint64_t steps = std::min<uint64_t>(kBaseSteps + kStepsPerByte * text.size(), UINT32_MAX);
  pcre2_set_match_limit(match_->context.get(), static_cast<uint32_t>(steps));
}

// The first match from `at` on; the end of the text if there is none.
void PieceReader::Match::Find() {
  const int found = pcre2_match(compiled->code.get(), reinterpret_cast<PCRE2_SPTR>(text.data()),
                                text.size(), at, PCRE2_NO_UTF_CHECK, data.get(), context.get());
  if (found == PCRE2_ERROR_NOMATCH) {
    match_begin = match_end = text.size();
    return;
  }
  if (found < 0) {
    throw InputError(compiled->where, "the pattern fails on the text from its byte " +
                                          std::to_string(at) + " on: " + ErrorText(found));
  }
  const size_t* const offsets = pcre2_get_ovector_pointer(data.get());
  match_begin = offsets[0];
  match_end = offsets[1];
}

std::optional<std::string_view> PieceReader::Next() {
  Match& m = *match_;
  if (m.at >= m.text.size()) return std::nullopt;
  if (m.match_end <= m.at) m.Find();
  const size_t end = m.at < m.match_begin ? m.match_begin : m.match_end;
  const size_t begin = std::exchange(m.at, end);
  return m.text.substr(begin, end - begin);
}

std::string PatternUnicodeVersion() {
  std::array<char, 64> version{};
  pcre2_config(PCRE2_CONFIG_UNICODE_VERSION, version.data());
  return version.data();
}

}  // namespace deltagauge::reference
