#include "harness/cli/command_description.h"

#include <algorithm>
#include <cctype>

#include "CLI/CLI.hpp"

namespace deltagauge {
namespace {

bool IsNameCharacter(char x) {
  return std::isalnum(static_cast<unsigned char>(x)) != 0 || x == '-' || x == '_' || x == '.';
}

// Without the ranges that CLI11's checks add: "N:INT in [1 - 256]".
std::string ValueName(const CLI::Option& option) {
  const std::string name = option.get_type_name();
  return name.substr(0, name.find_first_of(": "));
}

bool Mentions(std::string_view text, std::string_view word) {
  return text.find(word) != std::string_view::npos;
}

ValueKind KindOf(const CLI::Option& option, const OptionDescription& described) {
  if (option.get_items_expected_max() == 0) return ValueKind::kNone;
  if (!described.choices.empty()) return ValueKind::kChoice;
  if (described.value_name == "FILE") return ValueKind::kFile;
  if (described.value_name == "DIR") return ValueKind::kFolder;
  if (option.get_positional() &&
      (Mentions(described.meaning, "report.json") || Mentions(described.meaning, "YAML") ||
       Mentions(described.meaning, "ile"))) {
    return ValueKind::kFile;
  }
  return ValueKind::kAny;
}

OptionDescription DescribeOption(const CLI::Option& option) {
  OptionDescription described;
  if (option.get_positional()) {
    described.names = {option.get_name(true)};
  } else {
    for (const std::string& name : option.get_snames()) described.names.push_back("-" + name);
    for (const std::string& name : option.get_lnames()) described.names.push_back("--" + name);
  }
  described.meaning = option.get_description();
  described.choices = ListedNames(described.meaning);
  if (option.get_items_expected_max() == 0) {  // a flag
    described.choices.clear();
  } else {
    described.value_name = ValueName(option);
    described.default_value = option.get_default_str();
  }
  described.value = KindOf(option, described);
  using Count = OptionDescription::Count;
  using Need = OptionDescription::Need;
  described.count = option.get_items_expected_max() > 1 ? Count::kMany : Count::kOne;
  described.need = option.get_required() ? Need::kRequired : Need::kOptional;
  return described;
}

}  // namespace

std::vector<std::string> ListedNames(std::string_view meaning) {
  std::vector<std::string> words;
  std::string word;
  size_t commas = 0, ors = 0;
  const auto finish = [&] {
    if (word == "or") {
      ++ors;
    } else if (!word.empty()) {
      words.push_back(word);
    }
    word.clear();
  };
  for (const char x : meaning) {
    if (IsNameCharacter(x)) {
      word += x;
    } else if (x == ',' || x == ' ' || x == '\n') {
      commas += x == ',';
      finish();
    } else {
      return {};
    }
  }
  finish();
  // Each but the last two is followed by a comma, these by "or".
  if (ors != 1 || words.size() < 2 || words.size() != commas + 2) return {};
  return words;
}

CommandDescription DescribeCommand(const CLI::App& app) {
  CommandDescription command;
  command.name = app.get_name();
  command.summary = app.get_description();
  command.footer = app.get_footer();
  for (const CLI::Option* const option : app.get_options([](const CLI::Option*) { return true; })) {
    (option->get_positional() ? command.positionals : command.options)
        .push_back(DescribeOption(*option));
  }
  for (const CLI::App* const verb : app.get_subcommands([](const CLI::App*) { return true; })) {
    command.verbs.push_back(DescribeCommand(*verb));
  }
  return command;
}

}  // namespace deltagauge
