// The manual page, in the man macros that every system reads.
#include <algorithm>
#include <cctype>
#include <string>

#include "fmt/format.h"
#include "harness/cli/command_description.h"

namespace deltagauge {
namespace {

// Text as it stands: no character of it is a macro or an escape.
std::string Roff(std::string_view text) {
  std::string escaped;
  bool line_begins = true;
  for (const char x : text) {
    if (line_begins && (x == '.' || x == '\'')) escaped += "\\&";
    if (x == '\\') {
      escaped += "\\e";
    } else if (x == '-') {
      escaped += "\\-";  // a minus that can be pasted into a shell, not a hyphen
    } else {
      escaped += x;
    }
    line_begins = x == '\n';
  }
  return escaped;
}

std::string Bold(std::string_view text) { return fmt::format("\\fB{}\\fR", Roff(text)); }
std::string Italic(std::string_view text) { return fmt::format("\\fI{}\\fR", Roff(text)); }

std::string Synopsis(const CommandDescription& verb) {
  std::string text = Bold(fmt::format("deltagauge {}", verb.name));
  for (const OptionDescription& option : verb.options) {
    if (option.need != OptionDescription::Need::kRequired) continue;
    text += fmt::format(" {} {}", Bold(option.names.back()), Italic(option.value_name));
  }
  text += " [options]";
  for (const OptionDescription& positional : verb.positionals) {
    const bool required = positional.need == OptionDescription::Need::kRequired;
    const bool many = positional.count == OptionDescription::Count::kMany;
    text += fmt::format(" {}{}{}{}", required ? "" : "[", Italic(positional.names.front()),
                        many ? " ..." : "", required ? "" : "]");
  }
  return text;
}

std::string OptionText(const OptionDescription& option) {
  std::string names;
  for (const std::string& name : option.names) {
    names += fmt::format("{}{}", names.empty() ? "" : ", ", Bold(name));
  }
  if (!option.value_name.empty() && option.names.front().starts_with('-')) {
    names += fmt::format(" {}", Italic(option.value_name));
  }
  std::string text = fmt::format(".TP\n{}\n{}", names, Roff(option.meaning));
  if (!option.default_value.empty()) text += Roff(fmt::format(" [{}]", option.default_value));
  return text + "\n";
}

// Lines stay lines.
std::string Lines(std::string_view text) {
  std::string lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    lines += fmt::format("{}\n", Roff(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!text.empty()) lines += ".br\n";
  }
  return lines;
}

std::string VerbText(const CommandDescription& verb) {
  std::string text =
      fmt::format(".SS {}\n{}\n.PP\n{}\n", Roff(verb.name), Synopsis(verb), Roff(verb.summary));
  for (const OptionDescription& positional : verb.positionals) text += OptionText(positional);
  for (const OptionDescription& option : verb.options) {
    if (option.names.back() != "--help") text += OptionText(option);
  }
  if (!verb.footer.empty()) text += fmt::format(".PP\n{}", Lines(verb.footer));
  return text;
}

std::string UpperCase(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char x) { return static_cast<char>(std::toupper(x)); });
  return text;
}

}  // namespace

std::string ManPage(const CommandDescription& program, std::string_view version) {
  std::string text = fmt::format(
      ".TH {} 1 \"\" \"{} {}\" \"User Commands\"\n"
      ".SH NAME\n{} \\- correctness and speed of the gated delta rule\n"
      ".SH SYNOPSIS\n{} {} [options]\n"
      ".SH DESCRIPTION\n{}\n"
      ".SH OPTIONS\n",
      UpperCase(program.name), program.name, version, Roff(program.name), Bold(program.name),
      Italic("verb"), Roff(program.summary));
  for (const OptionDescription& option : program.options) text += OptionText(option);
  text += ".SH VERBS\n";
  for (const CommandDescription& verb : program.verbs) text += VerbText(verb);
  text += R"(.SH EXIT STATUS
.TP
.B 0
passed
.TP
.B 1
a kernel is wrong
.TP
.B 2
the model says something else
.TP
.B 3
slower than asked
.TP
.B 4
inconclusive: the machine is too noisy to decide
.TP
.B 5
invalid: nothing could be shown
.TP
.B 64
usage or configuration
.TP
.B 70
internal error
.PP
Of several, the first of 70, 64, 5, 1, 2, 3, 4.
.SH ENVIRONMENT
.TP
.B DELTAGAUGE_CONFIGS
the folder of the shipped configurations
.TP
.B DELTAGAUGE_DATA
the folder with the small model and its texts
.TP
.B DELTAGAUGE_CACHE
the folder for large files that can be made again
)";
  return text;
}

}  // namespace deltagauge
