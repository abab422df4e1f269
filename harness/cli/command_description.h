// The command line as a value: verbs and options with their texts, as CLI11 was told them. What
// shell completions and the man page are made of, so that they can't say anything else than --help.
#ifndef DELTAGAUGE_HARNESS_CLI_COMMAND_DESCRIPTION_H_
#define DELTAGAUGE_HARNESS_CLI_COMMAND_DESCRIPTION_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {  // NOLINT: that library's own name
class App;
}

namespace deltagauge {

// What a shell can offer in the place of a value.
enum class ValueKind : uint8_t {
  kNone,  // a flag
  kAny,
  kChoice,
  kFile,
  kFolder,
};

struct OptionDescription {
  std::vector<std::string> names;  // "-h", "--help"; of a positional "REPORT"
  std::string value_name;          // "FILE"; empty: a flag
  std::string default_value;
  std::string meaning;
  ValueKind value = ValueKind::kNone;
  std::vector<std::string> choices;  // of kChoice
  // Whether it takes several values, or comes several times.
  enum class Count : uint8_t { kOne, kMany } count = Count::kOne;
  enum class Need : uint8_t { kOptional, kRequired } need = Need::kOptional;
};

struct CommandDescription {
  std::string name;
  std::string summary;
  std::string footer;  // exit codes and an example, in lines
  std::vector<OptionDescription> positionals;
  std::vector<OptionDescription> options;
  std::vector<CommandDescription> verbs;  // of the program
};

// `app` with its subcommands. Values named FILE or DIR, and positionals that are told to be
// reports, configurations or files, are offered as such. An option whose meaning is nothing but a
// list of names ("text, markdown or json") has these as its choices.
CommandDescription DescribeCommand(const CLI::App& app);

// The names of such a list; empty if it is none.
std::vector<std::string> ListedNames(std::string_view meaning);

// Scripts for the shells' own completion, for files that they source.
std::string BashCompletion(const CommandDescription& program);
std::string ZshCompletion(const CommandDescription& program);
std::string FishCompletion(const CommandDescription& program);

// Section 1, for `man`. `version` as in "0.1.0".
std::string ManPage(const CommandDescription& program, std::string_view version);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_CLI_COMMAND_DESCRIPTION_H_
