// What completions and the manual page say is what --help says. completion_test.py asks the shells.
#include "harness/cli/command_description.h"

#include <string>

#include "CLI/CLI.hpp"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/cli/run_program_test.h"

namespace deltagauge {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

TEST(CommandDescriptionTest, ListsOfNamesAreChoices) {
  EXPECT_THAT(ListedNames("text, markdown or json"), ElementsAre("text", "markdown", "json"));
  EXPECT_THAT(ListedNames("pytorch-v3,\ncsv or x_1.0"), ElementsAre("pytorch-v3", "csv", "x_1.0"));
  EXPECT_THAT(ListedNames("yes or no"), ElementsAre("yes", "no"));
  EXPECT_THAT(ListedNames("1 to 256"), IsEmpty());
  EXPECT_THAT(ListedNames("Instruction set to run (see `targets`), or all"), IsEmpty());
  EXPECT_THAT(ListedNames("report.json of each shard, or its folder"), IsEmpty());
  EXPECT_THAT(ListedNames(""), IsEmpty());
}

struct Example {
  CLI::App app{"What it is.", "deltagauge"};
  std::string text, file;
  std::vector<std::string> files;
  bool flag = false;

  Example() {
    CLI::App* const verb = app.add_subcommand("ship", "Ships it, it's [quick].");
    verb->add_option("FROM", files, "report.json of each: \\ 'all'")->required()->take_all();
    verb->add_option("--as", text, "boat, train or mule")->capture_default_str();
    verb->add_option("-o,--out", file, "Where to")->type_name("FILE")->required();
    verb->add_flag("--fast", flag, ".fast");
    verb->footer("Line one\n.line two");
  }
};

TEST(CommandDescriptionTest, HoldsWhatCli11WasTold) {
  const Example example;
  const CommandDescription program = DescribeCommand(example.app);
  ASSERT_EQ(program.verbs.size(), 1u);
  const CommandDescription& verb = program.verbs[0];
  EXPECT_EQ(verb.name, "ship");
  ASSERT_EQ(verb.positionals.size(), 1u);
  EXPECT_THAT(verb.positionals[0].names, ElementsAre("FROM"));
  EXPECT_EQ(verb.positionals[0].count, OptionDescription::Count::kMany);
  EXPECT_EQ(verb.positionals[0].value, ValueKind::kFile);
  ASSERT_EQ(verb.options.size(), 4u);  // --help is the first
  EXPECT_EQ(verb.options[1].value, ValueKind::kChoice);
  EXPECT_THAT(verb.options[2].names, ElementsAre("-o", "--out"));
  EXPECT_EQ(verb.options[2].value, ValueKind::kFile);
  EXPECT_EQ(verb.options[2].need, OptionDescription::Need::kRequired);
  EXPECT_EQ(verb.options[3].value, ValueKind::kNone);
}

TEST(CommandDescriptionTest, NothingInATextIsMarkup) {
  const Example example;
  const CommandDescription program = DescribeCommand(example.app);
  const std::string man = ManPage(program, "1.2.3");
  EXPECT_THAT(man, AllOf(StartsWith(".TH DELTAGAUGE 1 "), HasSubstr("\n\\&.fast\n"),
                         HasSubstr("Line one\n.br\n\\&.line two\n"), HasSubstr("\\e 'all'")));
  EXPECT_THAT(ZshCompletion(program), AllOf(HasSubstr("'ship:Ships it, it'\\''s [quick].'"),
                                            HasSubstr("--as[boat, train or mule]:TEXT:(boat train "
                                                      "mule)")));
  EXPECT_THAT(FishCompletion(program), HasSubstr("-d 'Ships it, it\\'s [quick].'"));
}

TEST(CommandDescriptionTest, EveryVerbAndOptionOfTheProgramIsThere) {
  const Ran help = RunProgram({"--help"});
  const Ran bash = RunProgram({"completion", "bash"});
  const Ran man = RunProgram({"man"});
  EXPECT_EQ(bash.code, kExitPass);
  EXPECT_EQ(man.code, kExitPass);
  for (const char* const verb : {"run", "export", "merge", "verdict", "doctor", "completion"}) {
    EXPECT_THAT(help.out, HasSubstr(std::string("  ") + verb));
    EXPECT_THAT(bash.out, HasSubstr(std::string("    ") + verb + ") options='"));
    EXPECT_THAT(man.out, HasSubstr(std::string("\n.SS ") + verb + "\n"));
  }
  EXPECT_THAT(bash.out, HasSubstr("export:--format) offer -W 'pytorch-v3 "));
  EXPECT_THAT(man.out, HasSubstr("\\-\\-min\\-effect"));
  for (const char* const shell : {"zsh", "fish"}) {
    EXPECT_THAT(RunProgram({"completion", shell}).out, HasSubstr("pytorch-v3"));
  }
  EXPECT_THAT(bash.out, Not(HasSubstr("{}")));
}

TEST(CommandDescriptionTest, UsageErrors) {
  ExpectUsageError({"completion"}, "SHELL is required");
  ExpectUsageError({"completion", "fisch"}, "shell 'fisch' is unknown; did you mean 'fish'?");
}

}  // namespace
}  // namespace deltagauge
