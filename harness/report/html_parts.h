// Pieces of HTML that the page of a report and the pages of the service are made of. Every text
// that comes in is escaped here; what a comment calls HTML goes in as it is.
#ifndef DELTAGAUGE_HARNESS_REPORT_HTML_PARTS_H_
#define DELTAGAUGE_HARNESS_REPORT_HTML_PARTS_H_

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/verdict.h"

namespace deltagauge::html {

inline constexpr std::string_view kNothing = "–";

std::string Badge(Verdict verdict);
// Of a word as the store keeps it; one that is no verdict gets no colour.
std::string Badge(std::string_view verdict);

std::string Cell(std::string_view text);
std::string NumberCell(std::string_view text);
std::string NumberCell(const std::optional<double>& value);

// `content` is HTML; without an address it stands alone.
std::string Link(std::string_view url, std::string_view content);

// "deltagauge repro '...'"; empty for an empty line.
std::string Repro(std::string_view line);

// One fact of a <dl class="facts">; empty for an empty value.
std::string Fact(std::string_view name, std::string_view value);

// `rows` are rows of HTML. It scrolls by itself, with the keyboard too.
std::string Table(std::string_view caption, const std::vector<std::string>& columns,
                  std::string_view rows);

// `body` is HTML; empty if that is.
std::string Section(std::string_view id, std::string_view title, std::string_view body);

// Replaces each {{name}} of the template once; what is put in is not looked at again. Throws
// std::logic_error if the template and the parts don't have the same names.
std::string Fill(std::string_view page, const std::map<std::string_view, std::string>& parts);

}  // namespace deltagauge::html

#endif  // DELTAGAUGE_HARNESS_REPORT_HTML_PARTS_H_
