// llama-bench -o json: [{"model_type": ..., "n_prompt": 512, "avg_ns": ..., "samples_ns": [...]}].
#include <array>
#include <cmath>
#include <set>
#include <utility>

#include "fmt/format.h"
#include "harness/service/foreign_forms.h"
#include "harness/store/report_rows.h"

namespace deltagauge {
namespace {

// What makes two tests of one model and length different ones, if it is there.
constexpr auto kSettings = std::to_array<std::string_view>(
    {"n_threads", "n_batch", "n_ubatch", "type_k", "type_v", "n_gpu_layers", "flash_attn"});

std::string PlainText(const Json& value) {
  return value.IsString() ? value.AsString() : WriteJson(value);
}

int64_t Tokens(const PlacedJson& entry, std::string_view name) {
  const auto number = entry.Number(name);
  if (!number) return 0;
  if (*number < 0 || *number > 1e12 || *number != std::floor(*number)) {
    entry.Member(name).Refuse("expected a number of tokens");
  }
  return static_cast<int64_t>(*number);
}

std::string_view FileName(std::string_view path) {
  return path.substr(path.find_last_of("/\\") + 1);  // npos + 1 is 0
}

// "qwen3.gguf/pp512@d1024,n_threads=8,...": as llama-bench's own tables name a test.
std::string TestName(const PlacedJson& entry) {
  const int64_t prompt = Tokens(entry, "n_prompt");
  const int64_t generated = Tokens(entry, "n_gen");
  const int64_t depth = Tokens(entry, "n_depth");
  std::string name(FileName(entry.Name("model_filename")));
  name += prompt > 0 && generated > 0 ? fmt::format("/pp{}+tg{}", prompt, generated)
          : generated > 0             ? fmt::format("/tg{}", generated)
                                      : fmt::format("/pp{}", prompt);
  if (depth > 0) name += fmt::format("@d{}", depth);
  for (const std::string_view setting : kSettings) {
    const Json* const value = entry.json.Find(setting);
    if (value == nullptr || value->IsArray() || value->IsObject()) continue;
    name += fmt::format(",{}={}", setting, PlainText(*value));
  }
  if (name.size() > 2 * kMaxForeignNameCharacters) entry.Refuse("its settings are too long");
  return name;
}

struct FigureNames {
  const char* metric;
  const char* unit;
  Direction direction;
  const char* average;
  const char* stddev;
  const char* samples;
};

constexpr auto kFigures = std::to_array<FigureNames>({
    {"latency_ns", "ns", Direction::kSmallerIsBetter, "avg_ns", "stddev_ns", "samples_ns"},
    {"tokens_per_second", "tokens/s", Direction::kLargerIsBetter, "avg_ts", "stddev_ts",
     "samples_ts"},
});

void AddMetric(const PlacedJson& entry, const FigureNames& names, CaseReport* of) {
  const auto average = entry.Number(names.average);
  if (!average) return;
  const auto stddev = entry.Number(names.stddev);
  Repetitions repetitions = {*average, stddev.value_or(0), 1};
  if (const Json* const samples = entry.json.Find(names.samples); samples != nullptr) {
    if (!samples->IsArray()) entry.Member(names.samples).Refuse("expected an array");
    for (const Json& sample : samples->AsArray()) {
      if (!sample.IsNumber()) entry.Member(names.samples).Refuse("expected numbers");
    }
    if (stddev) repetitions.count = static_cast<int64_t>(samples->AsArray().size());
  }
  of->metrics.push_back(ForeignMetric(names.metric, names.unit, names.direction, repetitions));
}

CaseReport CaseOf(const PlacedJson& entry, const std::string& name) {
  CaseReport of = ForeignCase("llama_bench", name);
  for (const char* text : {"build_commit", "cpu_info", "model_type"})
    entry.Text(text);  // or throws
  for (const auto& [member, value] : entry.json.AsObject()) {
    const bool is_figure = member.starts_with("avg_") || member.starts_with("stddev_") ||
                           member.starts_with("samples_");
    if (is_figure || value.IsArray() || value.IsObject() || value.IsNull()) continue;
    if (CountCharacters(member) > kMaxForeignNameCharacters)
      entry.Refuse("a member's name is too long");
    of.params[member] = value.IsString() ? entry.Text(member).value() : WriteJson(value);
  }
  for (const FigureNames& names : kFigures) AddMetric(entry, names, &of);
  if (of.metrics.empty()) entry.Refuse("neither 'avg_ns' nor 'avg_ts'");
  return of;
}

}  // namespace

ForeignContent ReadLlamaBench(const PlacedJson& root) {
  ForeignContent content;
  content.program = "llama-bench";
  std::set<std::string, std::less<>> names;
  for (size_t i = 0; i < root.size(); ++i) {
    const PlacedJson entry = root.Element(i);
    std::string name = TestName(entry);
    // Of tests that differ in what kSettings does not name, the order tells them apart.
    const std::string base = name;
    for (size_t copy = 2; !names.insert(name).second; ++copy) {
      if (copy > 1000) entry.Refuse("the same test for the thousandth time");
      name = fmt::format("{} #{}", base, copy);
    }
    content.cases.push_back(CaseOf(entry, name));
    if (const auto time = entry.Text("test_time")) {
      const auto utc = UtcOf(*time);
      if (!utc) entry.Member("test_time").Refuse("expected a time such as 2026-03-11T09:30:00Z");
      // The run began with the first of its tests.
      if (content.created_at.empty() || *utc < content.created_at) content.created_at = *utc;
    }
    if (i > 0) continue;
    content.commit = entry.Text("build_commit").value_or("");
    if (const auto number = entry.Number("build_number")) {
      content.version = fmt::format("{:.0f}", *number);
    }
    content.machine.cpu_model = entry.Text("cpu_info").value_or("");
  }
  return content;
}

}  // namespace deltagauge
