// What several exporters need: escapes, and a case's limits.
#ifndef DELTAGAUGE_HARNESS_REPORT_EXPORT_TEXT_H_
#define DELTAGAUGE_HARNESS_REPORT_EXPORT_TEXT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "harness/report/report.h"

namespace deltagauge {

// For text and attributes of XML 1.0 and HTML. What may not be in a document at all (most control
// characters, invalid UTF-8) becomes U+FFFD.
std::string EscapeXml(std::string_view text);

// For a cell of a Markdown table, so that nothing in it is markup or ends the cell.
std::string EscapeMarkdown(std::string_view text);

// For a label of a Prometheus series, without the quotes.
std::string EscapeLabel(std::string_view text);

// `text` as a code span of Markdown, in a table too.
std::string MarkdownCode(std::string_view text);

// "1.83", "3.1e-05": four digits. "NaN", "+Inf", "-Inf".
std::string ShortNumber(double value);

// The number, or "NaN", "+Inf", "-Inf" as text, for forms that have no other way to say it.
Json NumberOrText(double value);

// The nearest integer; 0 where there is none that fits.
int64_t Rounded(double value);

// "1.83 (1.8 to 1.86)", or the value alone.
std::string WithInterval(double value, const std::optional<double>& lo,
                         const std::optional<double>& hi);

// The share of e^x - 1 in percent: "0.4 %" of a floor of 0.004.
std::string LogRatioPercent(double log_ratio);

// The first gate of the report that looks at this figure of this case, or null.
const GateResult* GateOf(const Report& report, const CaseReport& of, const Metric& metric);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_REPORT_EXPORT_TEXT_H_
