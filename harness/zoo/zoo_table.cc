#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "fmt/format.h"
#include "harness/report/json.h"
#include "harness/zoo/zoo_run.h"

namespace deltagauge::zoo {
namespace {

// "R2 state: 0.013 > 2e-06, 6.5e+03 x".
std::string ByWhat(const Objection& objection) {
  std::string text = objection.rule;
  if (!objection.what.empty()) text += " " + objection.what;
  if (objection.observed != 0) {
    text += fmt::format(": {:.3g} > {:.3g}", objection.observed, objection.limit);
  }
  if (objection.Times() > 0) text += fmt::format(", {:.2g} x", objection.Times());
  return text;
}

std::string Summary(std::span<const MemberResult> results) {
  std::map<MemberVerdict, int> count;
  int faults = 0, variants = 0;
  for (const MemberResult& result : results) {
    ++count[VerdictOf(result)];
    (result.is_fault ? faults : variants) += 1;
  }
  std::string text =
      fmt::format("{} of {} faults caught, {} of {} variants passed", count[MemberVerdict::kCaught],
                  faults, count[MemberVerdict::kPassed], variants);
  const auto add = [&](MemberVerdict verdict, std::string_view what) {
    if (count[verdict] > 0) text += fmt::format("; {} {}", count[verdict], what);
  };
  add(MemberVerdict::kMissed, "missed");
  add(MemberVerdict::kKnownMiss, "out of reach of any case");
  add(MemberVerdict::kFailed, "variants FAILED");
  add(MemberVerdict::kSkipped, "not run: no such instruction set here");
  return text;
}

std::string Cell(std::string_view text) {
  std::string cell;
  for (const char c : text) cell += c == '|' ? std::string("\\|") : std::string(1, c);
  return cell;
}

constexpr const char* kFaultsIntroduction =
    "\n## Faults\n\nThe case is the cheapest one that objects; the rule is the one that the fault "
    "is "
    "furthest beyond there. `a > b` is the figure against its limit; rules of exact bits and of "
    "untouched memory (R6, R7) and of single elements (R3, R4) count what is wrong against 0.\n\n"
    "| fault | what | origin | | case | by |\n|---|---|---|---|---|---|\n";

constexpr const char* kVariantsIntroduction =
    "\n## Correct variants\n\nEach has to pass every case. Beside it: where its error came nearest "
    "to "
    "a limit, as a share of that limit.\n\n"
    "| variant | what | | cases | largest share | of | case |\n|---|---|---|---|---|---|---|\n";

std::string FaultRow(const MemberResult& result) {
  const Member& member = *result.member;
  const std::string repro = result.objection ? "`" + result.objection->repro + "`" : "";
  const std::string by = result.objection ? ByWhat(*result.objection) : "";
  return fmt::format("| {} | {} | {} | {} | {} | {} |\n", member.name, Cell(member.what),
                     Cell(member.origin), NameOf(VerdictOf(result)), repro, Cell(by));
}

std::string VariantRow(const MemberResult& result) {
  const Member& member = *result.member;
  std::string share, of, repro;
  if (result.objection) {
    of = ByWhat(*result.objection);
    repro = "`" + result.objection->repro + "`";
  } else if (result.nearest) {
    const Approach& nearest = *result.nearest;
    share = fmt::format("{:.0f} %", 100 * nearest.Share());
    of = fmt::format("{} {}: {:.3g} of {:.3g}", nearest.rule, nearest.what, nearest.observed,
                     nearest.limit);
    repro = "`" + nearest.repro + "`";
  }
  return fmt::format("| {} | {} | {} | {} | {} | {} | {} |\n", member.name, Cell(member.what),
                     NameOf(VerdictOf(result)), result.cases, share, Cell(of), repro);
}

}  // namespace

std::string ZooText(std::span<const MemberResult> results) {
  std::string text;
  for (const MemberResult& result : results) {
    const MemberVerdict verdict = VerdictOf(result);
    if (verdict == MemberVerdict::kPassed) continue;
    text += fmt::format("{:<28} {:<10}", result.member->name, NameOf(verdict));
    if (result.objection) {
      text += fmt::format("  {}\n{:39}  by {}\n", result.objection->repro, "",
                          ByWhat(*result.objection));
    } else {
      text += fmt::format("  {}\n", verdict == MemberVerdict::kKnownMiss ? result.member->why_missed
                                                                         : result.member->what);
    }
  }
  return text + Summary(results) + "\n";
}

std::string ZooMarkdown(std::span<const MemberResult> results, const std::string& configuration) {
  std::string faults, missed, variants;
  for (const MemberResult& result : results) {
    (result.is_fault ? faults : variants) +=
        result.is_fault ? FaultRow(result) : VariantRow(result);
    if (!result.is_fault || result.objection) continue;
    const std::string_view why = result.member->why_missed;
    missed +=
        fmt::format("- {}: {}.\n", result.member->name, why.empty() ? "no case shows it" : why);
  }
  std::string text = fmt::format(
      "# The fault zoo\n\nWritten by `ci/zoo`; what it is: ARCHITECTURE.md. Cases and gates of "
      "{}.\n\n"
      "**{}.**\n",
      configuration, Summary(results));
  if (!faults.empty()) text += kFaultsIntroduction + faults;
  if (!missed.empty()) text += "\n## Not caught\n\n" + missed;
  if (!variants.empty()) text += kVariantsIntroduction + variants;
  return text;
}

std::string ZooJson(std::span<const MemberResult> results) {
  Json members = Json::MakeArray();
  for (const MemberResult& result : results) {
    Json member = Json::MakeObject({{"name", result.member->name},
                                    {"kind", result.is_fault ? "fault" : "variant"},
                                    {"what", result.member->what},
                                    {"verdict", NameOf(VerdictOf(result))},
                                    {"cases", result.cases}});
    if (result.is_fault) member["origin"] = result.member->origin;
    if (!result.member->why_missed.empty()) member["why_missed"] = result.member->why_missed;
    if (result.nearest) {
      member["nearest"] = Json::MakeObject({{"repro", result.nearest->repro},
                                            {"rule", result.nearest->rule},
                                            {"about", result.nearest->what},
                                            {"share_of_limit", result.nearest->Share()}});
    }
    if (result.objection) {
      member["repro"] = result.objection->repro;
      member["rule"] = result.objection->rule;
      member["about"] = result.objection->what;
      member["reason"] = result.objection->reason;
      if (result.objection->Times() > 0 && result.objection->Times() < 1e300) {
        member["times_limit"] = result.objection->Times();
      }
    }
    members.Append(std::move(member));
  }
  return WriteJson(
      Json::MakeObject({{"summary", Summary(results)}, {"members", std::move(members)}}),
      JsonLayout::kIndented);
}

}  // namespace deltagauge::zoo
