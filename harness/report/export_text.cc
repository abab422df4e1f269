#include "harness/report/export_text.h"

#include <algorithm>
#include <cmath>

#include "fmt/format.h"
#include "harness/report/gates.h"
#include "reference/utf8.h"

namespace deltagauge {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";

// U+FFFE and U+FFFF are UTF-8 but not XML.
bool IsXmlNonCharacter(std::string_view text, size_t at) {
  return text.substr(at, 3) == "\xef\xbf\xbe" || text.substr(at, 3) == "\xef\xbf\xbf";
}

size_t LongestRun(std::string_view text, char c) {
  size_t longest = 0;
  size_t run = 0;
  for (const char at : text) {
    run = at == c ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  return longest;
}

}  // namespace

std::string EscapeXml(std::string_view text) {
  const std::string valid = reference::ReplaceInvalidUtf8(text);
  std::string escaped;
  escaped.reserve(valid.size());
  for (size_t i = 0; i < valid.size(); ++i) {
    const char c = valid[i];
    if (c == '<') {
      escaped += "&lt;";
    } else if (c == '>') {
      escaped += "&gt;";
    } else if (c == '&') {
      escaped += "&amp;";
    } else if (c == '"') {
      escaped += "&quot;";
    } else if (c == '\'') {
      escaped += "&#39;";
    } else if (c == '\n' || c == '\t' || c == '\r') {
      escaped += c == '\r' ? "&#13;" : c == '\n' ? "&#10;" : "&#9;";  // else attributes lose them
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      escaped += kReplacement;
    } else if (IsXmlNonCharacter(valid, i)) {
      escaped += kReplacement;
      i += 2;
    } else {
      escaped += c;
    }
  }
  return escaped;
}

std::string EscapeMarkdown(std::string_view text) {
  const std::string valid = reference::ReplaceInvalidUtf8(text);
  std::string escaped;
  for (const char c : valid) {
    if (c == '<') {
      escaped += "&lt;";
    } else if (c == '&') {
      escaped += "&amp;";
    } else if (c == '\n' || c == '\r') {
      escaped += ' ';
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      escaped += kReplacement;
    } else {
      if (std::string_view("\\`*_{}[]()#+!|~>@").find(c) != std::string_view::npos) escaped += '\\';
      escaped += c;
    }
  }
  return escaped;
}

std::string EscapeLabel(std::string_view text) {
  const std::string valid = reference::ReplaceInvalidUtf8(text);
  std::string escaped;
  for (const char c : valid) {
    if (c == '\\' || c == '"') escaped += '\\';
    if (c == '\n') {
      escaped += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      escaped += kReplacement;
    } else {
      escaped += c;
    }
  }
  return escaped;
}

std::string MarkdownCode(std::string_view text) {
  std::string clean;
  for (const char c : reference::ReplaceInvalidUtf8(text)) {
    if (c == '|') clean += '\\';  // a table splits its cells before it looks for code
    if (static_cast<unsigned char>(c) < 0x20) {
      clean += ' ';
    } else {
      clean += c;
    }
  }
  // More backticks outside than there are inside; a space where one of those would touch.
  const std::string fence(LongestRun(clean, '`') + 1, '`');
  const bool touches = clean.empty() || clean.front() == '`' || clean.back() == '`';
  const std::string space = touches ? " " : "";
  return fence + space + clean + space + fence;
}

std::string ShortNumber(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return fmt::format("{:.4g}", value);
}

Json NumberOrText(double value) {
  return std::isfinite(value) ? Json(value) : Json(ShortNumber(value));
}

int64_t Rounded(double value) {
  constexpr double kLargest = 9e18;
  return std::abs(value) < kLargest ? std::llround(value) : 0;
}

std::string WithInterval(double value, const std::optional<double>& lo,
                         const std::optional<double>& hi) {
  if (!lo || !hi) return ShortNumber(value);
  return fmt::format("{} ({} to {})", ShortNumber(value), ShortNumber(*lo), ShortNumber(*hi));
}

std::string LogRatioPercent(double log_ratio) {
  return fmt::format("{:.2g} %", 100 * std::expm1(log_ratio));
}

const GateResult* GateOf(const Report& report, const CaseReport& of, const Metric& metric) {
  for (const GateResult& gate : report.gates) {
    if (gate.metric == metric.name && MatchesAt(gate.at, of) &&
        (gate.candidate.empty() || gate.candidate == of.candidate)) {
      return &gate;
    }
  }
  return nullptr;
}

}  // namespace deltagauge
