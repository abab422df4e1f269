// Completions for three shells.
#include <string>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "harness/cli/command_description.h"

namespace deltagauge {
namespace {

constexpr std::string_view kHead = "# Completion of {0} for {1}; made by `{0} completion {1}`.\n";

// 'it'\''s': one word for bash and zsh.
std::string ShellQuoted(std::string_view text) {
  std::string quoted = "'";
  for (const char x : text) {
    if (x == '\'') {
      quoted += "'\\''";
    } else {
      quoted += x == '\n' ? ' ' : x;
    }
  }
  return quoted + "'";
}

// One word for fish, where only \ and ' are special between quotes.
std::string FishQuoted(std::string_view text) {
  std::string quoted = "'";
  for (const char x : text) {
    if (x == '\'' || x == '\\') quoted += '\\';
    quoted += x == '\n' ? ' ' : x;
  }
  return quoted + "'";
}

// Inside a spec of _arguments, where : [ ] and \ are special.
std::string ZshText(std::string_view text) {
  std::string escaped;
  for (const char x : text) {
    if (x == ':' || x == '[' || x == ']' || x == '\\') escaped += '\\';
    escaped += x;
  }
  return escaped;
}

std::string NamesOfVerbs(const CommandDescription& program) {
  std::string names;
  for (const CommandDescription& verb : program.verbs) {
    names += (names.empty() ? "" : " ") + verb.name;
  }
  return names;
}

std::string NamesOfOptions(const CommandDescription& command) {
  std::string names;
  for (const OptionDescription& option : command.options) {
    for (const std::string& name : option.names) names += (names.empty() ? "" : " ") + name;
  }
  return names;
}

// What bash's compgen offers for a value.
std::string BashAction(const OptionDescription& option) {
  switch (option.value) {
    case ValueKind::kChoice:
      return fmt::format("-W '{}'", fmt::join(option.choices, " "));
    case ValueKind::kFile:
      return "-f";
    case ValueKind::kFolder:
      return "-d";
    case ValueKind::kNone:
    case ValueKind::kAny:
      break;
  }
  return "";
}

std::string ZshAction(const OptionDescription& option) {
  const std::string name = ZshText(option.value_name.empty() ? "value" : option.value_name);
  switch (option.value) {
    case ValueKind::kChoice:
      return fmt::format(":{}:({})", name, fmt::join(option.choices, " "));
    case ValueKind::kFile:
      return fmt::format(":{}:_files", name);
    case ValueKind::kFolder:
      return fmt::format(":{}:_files -/", name);
    case ValueKind::kAny:
      return fmt::format(":{}: ", name);
    case ValueKind::kNone:
      break;
  }
  return "";
}

std::string ZshSpecs(const CommandDescription& command) {
  std::string specs;
  for (const OptionDescription& option : command.options) {
    const bool many = option.count == OptionDescription::Count::kMany;
    for (const std::string& name : option.names) {
      specs +=
          " \\\n        " + ShellQuoted(fmt::format("{}{}[{}]{}", many ? "*" : "", name,
                                                    ZshText(option.meaning), ZshAction(option)));
    }
  }
  for (const OptionDescription& positional : command.positionals) {
    const bool many = positional.count == OptionDescription::Count::kMany;
    OptionDescription named = positional;
    named.value_name = positional.names.front();
    specs += " \\\n        " + ShellQuoted(fmt::format("{}{}", many ? "*" : "", ZshAction(named)));
  }
  return specs;
}

std::string FishOptions(const CommandDescription& command, const std::string& condition) {
  std::string lines;
  for (const OptionDescription& option : command.options) {
    lines += fmt::format("complete -c deltagauge -n {}", FishQuoted(condition));
    for (const std::string& name : option.names) {
      lines += name.starts_with("--") ? fmt::format(" -l {}", name.substr(2))
                                      : fmt::format(" -s {}", name.substr(1));
    }
    if (option.value != ValueKind::kNone) lines += " -r";
    if (option.value == ValueKind::kChoice) {
      lines += fmt::format(" -f -a '{}'", fmt::join(option.choices, " "));
    } else if (option.value == ValueKind::kFolder) {
      lines += " -f -a '(__fish_complete_directories)'";
    } else if (option.value == ValueKind::kFile) {
      lines += " -F";
    } else {
      lines += " -f";
    }
    lines += fmt::format(" -d {}\n", FishQuoted(option.meaning));
  }
  return lines;
}

}  // namespace

std::string BashCompletion(const CommandDescription& program) {
  std::string values, options, positionals;
  for (const CommandDescription& verb : program.verbs) {
    for (const OptionDescription& option : verb.options) {
      if (option.value == ValueKind::kNone) continue;
      for (const std::string& name : option.names) {
        values +=
            fmt::format("    {}:{}) offer {}; return ;;\n", verb.name, name, BashAction(option));
      }
    }
    options += fmt::format("    {}) options='{}' ;;\n", verb.name, NamesOfOptions(verb));
    if (verb.positionals.empty()) continue;
    positionals +=
        fmt::format("    {}) offer {} ;;\n", verb.name, BashAction(verb.positionals.front()));
  }
  return fmt::format(kHead, program.name, "bash") + fmt::format(R"(_{0}() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD - 1]}}
  local verb=${{COMP_WORDS[1]}} options=
  offer() {{
    case $1 in -f | -d) compopt -o filenames 2>/dev/null ;; esac
    [ $# = 0 ] || mapfile -t COMPREPLY < <(compgen "$@" -- "$word")
  }}
  COMPREPLY=()
  if [ "$COMP_CWORD" = 1 ]; then
    offer -W '{1} {2}'
    return
  fi
  case $verb:$previous in
{3}  esac
  case $verb in
{4}  esac
  if [[ $word == -* ]]; then
    offer -W "$options"
    return
  fi
  case $verb in
{5}  esac
}}
complete -F _{0} {0}
)",
                                                                program.name, NamesOfVerbs(program),
                                                                NamesOfOptions(program), values,
                                                                options, positionals);
}

std::string ZshCompletion(const CommandDescription& program) {
  std::string verbs, cases;
  for (const CommandDescription& verb : program.verbs) {
    verbs += fmt::format("    {}\n", ShellQuoted(fmt::format("{}:{}", verb.name, verb.summary)));
    cases += fmt::format("    {})\n      _arguments{}\n      ;;\n", verb.name, ZshSpecs(verb));
  }
  return fmt::format("#compdef {}\n", program.name) + fmt::format(kHead, program.name, "zsh") +
         fmt::format(R"(_{0}() {{
  local -a verbs
  verbs=(
{1}  )
  if (( CURRENT == 2 )); then
    _describe -t verbs verb verbs
    _arguments{2}
    return
  fi
  local verb=$words[2]
  shift words
  (( CURRENT-- ))
  case $verb in
{3}  esac
}}
if [ "$funcstack[1]" = _{0} ]; then
  _{0} "$@"
else
  compdef _{0} {0}
fi
)",
                     program.name, verbs, ZshSpecs(program), cases);
}

std::string FishCompletion(const CommandDescription& program) {
  std::string text = fmt::format(kHead, program.name, "fish");
  text += fmt::format("complete -c {} -n __fish_use_subcommand -f\n", program.name);
  text += FishOptions(program, "__fish_use_subcommand");
  for (const CommandDescription& verb : program.verbs) {
    text += fmt::format("complete -c {} -n __fish_use_subcommand -a {} -d {}\n", program.name,
                        verb.name, FishQuoted(verb.summary));
    const std::string seen = fmt::format("__fish_seen_subcommand_from {}", verb.name);
    const bool takes_files =
        !verb.positionals.empty() && verb.positionals.front().value == ValueKind::kFile;
    if (!takes_files) {
      text += fmt::format("complete -c {} -n {} -f\n", program.name, FishQuoted(seen));
    }
    if (!verb.positionals.empty() && verb.positionals.front().value == ValueKind::kChoice) {
      text += fmt::format("complete -c {} -n {} -a '{}'\n", program.name, FishQuoted(seen),
                          fmt::join(verb.positionals.front().choices, " "));
    }
    text += FishOptions(verb, seen);
  }
  return text;
}

}  // namespace deltagauge
