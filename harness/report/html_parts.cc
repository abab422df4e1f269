#include "harness/report/html_parts.h"

#include <stdexcept>

#include "fmt/format.h"
#include "harness/report/export_text.h"

namespace deltagauge::html {

std::string Badge(Verdict verdict) {
  return fmt::format("<span class=\"badge {0}\">{0}</span>", VerdictName(verdict));
}

std::string Badge(std::string_view verdict) {
  if (const auto known = VerdictNamed(verdict)) return Badge(*known);
  return fmt::format("<span class=\"badge\">{}</span>", EscapeXml(verdict));
}

std::string Cell(std::string_view text) { return "<td>" + EscapeXml(text) + "</td>"; }

std::string NumberCell(std::string_view text) {
  return "<td class=\"number\">" + EscapeXml(text) + "</td>";
}

std::string NumberCell(const std::optional<double>& value) {
  return NumberCell(value ? ShortNumber(*value) : std::string(kNothing));
}

std::string Link(std::string_view url, std::string_view content) {
  if (url.empty()) return std::string(content);
  return fmt::format("<a href=\"{}\">{}</a>", EscapeXml(url), content);
}

std::string Repro(std::string_view line) {
  if (line.empty()) return "";
  return fmt::format("<code class=\"repro\">deltagauge repro '{}'</code>", EscapeXml(line));
}

std::string Fact(std::string_view name, std::string_view value) {
  if (value.empty()) return "";
  return fmt::format("<div><dt>{}</dt><dd>{}</dd></div>", EscapeXml(name), EscapeXml(value));
}

std::string Table(std::string_view caption, const std::vector<std::string>& columns,
                  std::string_view rows) {
  std::string head;
  for (const std::string& column : columns) {
    head += "<th scope=\"col\">" + EscapeXml(column) + "</th>";
  }
  return fmt::format(
      "<div class=\"table\" tabindex=\"0\" role=\"region\" aria-label=\"{0}\"><table>"
      "<caption>{0}</caption><thead><tr>{1}</tr></thead><tbody>\n{2}</tbody></table></div>\n",
      EscapeXml(caption), head, rows);
}

std::string Section(std::string_view id, std::string_view title, std::string_view body) {
  if (body.empty()) return "";
  return fmt::format("<section aria-labelledby=\"{0}\"><h2 id=\"{0}\">{1}</h2>\n{2}</section>\n",
                     id, EscapeXml(title), body);
}

std::string Fill(std::string_view page, const std::map<std::string_view, std::string>& parts) {
  std::string text;
  size_t used = 0;
  for (size_t at = 0;;) {
    const size_t open = page.find("{{", at);
    text += page.substr(at, open == std::string_view::npos ? open : open - at);
    if (open == std::string_view::npos) break;
    const size_t close = page.find("}}", open);
    if (close == std::string_view::npos) throw std::logic_error("the page has an open {{");
    const auto part = parts.find(page.substr(open + 2, close - open - 2));
    if (part == parts.end()) throw std::logic_error("the page asks for what nobody gives");
    text += part->second;
    ++used;
    at = close + 2;
  }
  if (used != parts.size()) throw std::logic_error("the page leaves something out");
  return text;
}

}  // namespace deltagauge::html
