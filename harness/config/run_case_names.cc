// Kinds of cases, what all of them have, and how text is put into a line.
#include <charconv>
#include <string>

#include "fmt/format.h"
#include "harness/config/run_case.h"
#include "reference/utf8.h"

namespace deltagauge {
namespace {

constexpr NamedValue<RunKind> kRunKinds[] = {
    {RunKind::kKernel, "kernel"}, {RunKind::kCaptured, "captured"},
    {RunKind::kDrift, "drift"},   {RunKind::kAgreement, "agreement"},
    {RunKind::kGreedy, "greedy"}, {RunKind::kInvariance, "invariance"},
    {RunKind::kTiming, "timing"}, {RunKind::kPrefill, "prefill"},
    {RunKind::kDecode, "decode"},
};
static_assert(std::size(kRunKinds) == std::variant_size_v<RunCase>);

}  // namespace

template <>
std::span<const NamedValue<RunKind>> NamesOf() {
  return kRunKinds;
}

RunKind KindOf(const RunCase& run_case) { return static_cast<RunKind>(run_case.index()); }

bool IsTimed(RunKind kind) {
  return kind == RunKind::kTiming || kind == RunKind::kPrefill || kind == RunKind::kDecode;
}

const std::string& CandidateOf(const RunCase& run_case) {
  return std::visit(
      [](const auto& run) -> const std::string& {
        if constexpr (requires { run.setup; }) {
          return run.setup.candidate;
        } else {
          return run.candidate;
        }
      },
      run_case);
}

int ThreadsOf(const RunCase& run_case) {
  if (const auto* kernel = std::get_if<KernelRun>(&run_case)) return kernel->kernel_case.threads;
  if (const auto* timing = std::get_if<KernelTimingRun>(&run_case)) return timing->threads;
  return ModelOf(run_case)->threads;
}

std::optional<ModelSetup> ModelOf(const RunCase& run_case) {
  return std::visit(
      [](const auto& run) -> std::optional<ModelSetup> {
        if constexpr (requires { run.setup; }) {
          return run.setup;
        } else {
          return std::nullopt;
        }
      },
      run_case);
}

std::string PercentEncoded(std::string_view text) {
  constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./:+~@-";
  std::string encoded;
  for (const char x : text) {
    if (kPlain.find(x) != std::string_view::npos) {
      encoded += x;
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(x)));
    }
  }
  return encoded;
}

std::optional<std::string> PercentDecoded(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    unsigned byte = 0;
    if (i + 2 >= text.size()) return std::nullopt;
    const char* end = text.data() + i + 3;
    const auto [rest, error] = std::from_chars(text.data() + i + 1, end, byte, 16);
    if (error != std::errc() || rest != end || byte == 0) return std::nullopt;
    decoded += static_cast<char>(byte);
    i += 2;
  }
  // One spelling for each text: what need not be encoded is not, and what must be is.
  if (PercentEncoded(decoded) != text || reference::FindInvalidUtf8(decoded)) return std::nullopt;
  return decoded;
}

}  // namespace deltagauge
