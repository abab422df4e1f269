// Figures of other programs as reports: Google Benchmark's JSON, llama-bench's JSON, Bencher Metric
// Format. Pure: text in, report out; what is kept is the text as it came, and reading it again
// gives the same report.
//
// Which form a text has is seen from its structure:
//   google_benchmark  {"context": {...}, "benchmarks": [{"name": ...}, ...]}
//   llama_bench       [{"avg_ns": ..., "model_filename": ..., "n_prompt": ...}, ...]
//   bencher           {"NAME": {"MEASURE": {"value": ...}, ...}, ...}
//
// Each benchmark becomes a case of kind "foreign" with the id "FORM:NAME". Nothing here was held
// against a truth or a limit, so no case passes: they are inconclusive, with the reason code
// "not_judged"; what the other program says it skipped is skipped, what it says broke is an error.
// There are no gates. Metrics are "foreign.latency_ns", "foreign.tokens_per_second", ... Where
// there are several repetitions, a value is their mean, its interval that of Student's t at 0.95.
#ifndef DELTAGAUGE_HARNESS_SERVICE_FOREIGN_REPORT_H_
#define DELTAGAUGE_HARNESS_SERVICE_FOREIGN_REPORT_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "harness/report/report.h"
#include "harness/store/report_rows.h"

namespace deltagauge {

enum class ForeignForm : uint8_t { kGoogleBenchmark, kLlamaBench, kBencher };

// "google_benchmark", "llama_bench", "bencher".
std::string_view ForeignFormName(ForeignForm form);

// What the sender says beside the text. Empty: the form's own, or nothing.
struct ForeignContext {
  std::string report_id;   // empty: made of the SHA-256 of the text and of the rest of this
  std::string created_at;  // "2026-03-11T09:30:00Z"; must be here where the form has no time
  std::string repo;
  std::string branch;
  std::string commit;
  std::string machine;      // its name; must be here where the form has none, and no CPU
  std::string fingerprint;  // 16 hex digits; empty: made of name and CPU
  std::string config;       // empty: the form's name

  bool operator==(const ForeignContext&) const = default;
};

// Whether the text is one of our own reports, well-formed or not.
bool IsOwnReport(std::string_view text);

// Throws reference::InputError with a JSON pointer if the text has none of the forms, lacks what a
// benchmark of its form has, or has more bytes than `limits` allow; or naming the parameter that is
// missing or wrong in `context`. Bare NaN and Infinity, which Google Benchmark writes, count as
// absent.
Report ReadForeignReport(std::string_view text, std::string_view where,
                         const ForeignContext& context, const IngestLimits& limits = {});

// What `row` of a foreign report was made with, so that its text gives the same report again.
ForeignContext ContextOf(const ReportRow& row);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_SERVICE_FOREIGN_REPORT_H_
