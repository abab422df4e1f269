#include "harness/service/foreign_report.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "fmt/format.h"
#include "harness/report/gates.h"
#include "harness/report/report_time.h"
#include "harness/service/foreign_forms.h"
#include "reference/input_error.h"
#include "reference/sha256.h"

namespace deltagauge {
namespace {

constexpr size_t kMaxParameterCharacters = 200;

bool IsWordByte(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

// Bare NaN, Infinity and their kin outside of texts become null, which JSON has.
std::string WithoutBareNonFinite(std::string_view text) {
  constexpr auto kWords = std::to_array<std::string_view>({"NaN", "nan", "Infinity", "Inf", "inf"});
  std::string clean;
  clean.reserve(text.size());
  bool in_text = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_text) {
      clean += c;
      if (c == '\\' && i + 1 < text.size()) clean += text[++i];
      if (c == '"') in_text = false;
      continue;
    }
    const size_t word = i + (c == '-' ? 1 : 0);
    const auto is_here = [&](std::string_view known) {
      const size_t end = word + known.size();
      return text.substr(word).starts_with(known) && (end == text.size() || !IsWordByte(text[end]));
    };
    const auto found = std::find_if(kWords.begin(), kWords.end(), is_here);
    const bool is_begin = i == 0 || !IsWordByte(text[i - 1]);
    if (found != kWords.end() && is_begin) {
      clean += "null";
      i = word + found->size() - 1;
      continue;
    }
    in_text = c == '"';
    clean += c;
  }
  return clean;
}

bool IsMeasure(const Json& json) { return json.IsObject() && json.Find("value") != nullptr; }

std::optional<ForeignForm> FormOf(const Json& json) {
  if (json.IsArray()) {
    if (json.AsArray().empty()) return std::nullopt;
    const Json& first = json.AsArray().front();
    const bool is_llama = first.Find("model_filename") != nullptr &&
                          (first.Find("avg_ns") != nullptr || first.Find("avg_ts") != nullptr);
    return is_llama ? std::optional(ForeignForm::kLlamaBench) : std::nullopt;
  }
  if (!json.IsObject() || json.AsObject().empty()) return std::nullopt;
  const Json* const benchmarks = json.Find("benchmarks");
  if (benchmarks != nullptr && benchmarks->IsArray() && json.Find("context") != nullptr) {
    return ForeignForm::kGoogleBenchmark;
  }
  const Json& first = json.AsObject().begin()->second;
  const bool is_bencher =
      first.IsObject() && !first.AsObject().empty() && IsMeasure(first.AsObject().begin()->second);
  return is_bencher ? std::optional(ForeignForm::kBencher) : std::nullopt;
}

ForeignContent ContentOf(ForeignForm form, const PlacedJson& root) {
  switch (form) {
    case ForeignForm::kGoogleBenchmark:
      return ReadGoogleBenchmark(root);
    case ForeignForm::kLlamaBench:
      return ReadLlamaBench(root);
    case ForeignForm::kBencher:
      return ReadBencher(root);
  }
  return {};
}

[[noreturn]] void RefuseParameter(std::string_view name, std::string what, std::string hint = {}) {
  throw reference::InputError(fmt::format("parameter '{}'", name), std::move(what),
                              std::move(hint));
}

void CheckContext(const ForeignContext& context) {
  for (const auto& [name, value] :
       {std::pair("repo", &context.repo), std::pair("branch", &context.branch),
        std::pair("commit", &context.commit), std::pair("machine", &context.machine),
        std::pair("config", &context.config)}) {
    if (CountCharacters(*value) > kMaxParameterCharacters) {
      RefuseParameter(name, fmt::format("more than {} characters", kMaxParameterCharacters));
    }
  }
  if (!context.report_id.empty() && !IsIdentifier(context.report_id)) {
    RefuseParameter("report_id", "no identifier", "expected 1 to 64 letters, digits and -_.");
  }
  if (!context.created_at.empty() && !ParseUtc(context.created_at)) {
    RefuseParameter("created_at", "no time in UTC", "expected one such as 2026-03-11T09:30:00Z");
  }
  const bool is_fingerprint =
      context.fingerprint.size() == 16 &&
      context.fingerprint.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!context.fingerprint.empty() && !is_fingerprint) {
    RefuseParameter("fingerprint", "expected 16 hex digits in lower case");
  }
}

uint64_t HexWord(std::string_view digits) {
  uint64_t word = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), word, 16);
  return word;
}

// The same request makes the same id. Its parameters count: one text of figures may well be sent
// for two commits.
std::string DerivedId(std::string_view text, const ForeignContext& context) {
  std::string all = reference::Sha256Of(text);
  for (const std::string* part :
       {&context.created_at, &context.repo, &context.branch, &context.commit, &context.machine,
        &context.fingerprint, &context.config}) {
    all += fmt::format("\n{}:{}", part->size(), *part);
  }
  const std::string digest = reference::Sha256Of(all);
  return FormatUuid(HexWord(digest.substr(0, 16)), HexWord(digest.substr(16, 16)));
}

// Of the name, too: other programs tell too little of a machine to know it again without.
Machine MachineOf(const Machine& told, const ForeignContext& context) {
  Machine machine = told;
  if (!context.machine.empty()) machine.name = context.machine;
  if (machine.name.empty() && machine.cpu_model.empty() && context.fingerprint.empty()) {
    RefuseParameter("machine", "is missing, and the figures name no machine",
                    "say where they were measured: ?machine=NAME");
  }
  machine.fingerprint = context.fingerprint;
  if (machine.fingerprint.empty()) {
    const std::string text =
        fmt::format("foreign\nname={}\n{}", machine.name, FingerprintText(machine));
    machine.fingerprint = reference::Sha256Of(text).substr(0, 16);
  }
  return machine;
}

}  // namespace

std::string_view ForeignFormName(ForeignForm form) {
  switch (form) {
    case ForeignForm::kGoogleBenchmark:
      return "google_benchmark";
    case ForeignForm::kLlamaBench:
      return "llama_bench";
    case ForeignForm::kBencher:
      return "bencher";
  }
  return "?";
}

bool IsOwnReport(std::string_view text) {
  // Reports written here have the first among their first bytes.
  return text.find("urn:deltagauge:schema:report:") != std::string_view::npos ||
         text.find("\"schema_version\"") != std::string_view::npos;
}

Report ReadForeignReport(std::string_view text, std::string_view where,
                         const ForeignContext& context, const IngestLimits& limits) {
  JsonLimits json_limits;
  json_limits.bytes = limits.bytes;
  json_limits.depth = 16;
  const Json json = ParseJson(WithoutBareNonFinite(text), where, json_limits);
  const auto form = FormOf(json);
  if (!form) {
    throw reference::InputError(
        std::string(where), "no report",
        "send a report.json of deltagauge, Google Benchmark's or llama-bench's JSON, or Bencher "
        "Metric Format");
  }
  CheckContext(context);
  ForeignContent content = ContentOf(*form, {json, JsonPointer(), where});
  if (content.cases.empty()) throw reference::InputError(std::string(where), "no benchmark in it");

  Report report;
  report.report_id = context.report_id.empty() ? DerivedId(text, context) : context.report_id;
  report.run_id = report.report_id;
  report.created_at = context.created_at.empty() ? content.created_at : context.created_at;
  if (report.created_at.empty()) {
    RefuseParameter("created_at", "is missing, and the figures say no time in UTC",
                    "say when they were measured: ?created_at=2026-03-11T09:30:00Z");
  }
  report.config.name =
      context.config.empty() ? std::string(ForeignFormName(*form)) : context.config;
  report.vcs.repo = context.repo;
  report.vcs.branch = context.branch;
  report.vcs.head_sha = context.commit.empty() ? content.commit : context.commit;
  report.tool.name = content.program;
  report.tool.version = content.version;
  report.tool.build_type = content.build_type;
  report.machine = MachineOf(content.machine, context);
  report.cases = std::move(content.cases);
  for (size_t i = 0; i < report.cases.size(); ++i) {
    report.cases[i].index = static_cast<int64_t>(i);
    report.cases[i].candidate = content.program;
  }
  Summarize(&report);
  return report;
}

ForeignContext ContextOf(const ReportRow& row) {
  ForeignContext context;
  context.report_id = row.report_id;
  context.created_at = FormatUtc(row.created_s);
  context.repo = row.repo;
  context.branch = row.branch;
  context.commit = row.commit;
  context.machine = row.machine.name;
  context.fingerprint = row.machine.fingerprint;
  context.config = row.config;
  return context;
}

}  // namespace deltagauge
