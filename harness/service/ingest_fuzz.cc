// libFuzzer target: whatever comes as a body is either refused with a short message, or becomes
// rows, and the same report again when it is read back.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "harness/report/report_json.h"
#include "harness/service/api_json.h"
#include "harness/service/foreign_report.h"
#include "harness/store/gzip.h"
#include "harness/store/report_rows.h"
#include "reference/input_error.h"

namespace {

namespace dg = deltagauge;

void Require(bool condition) {
  if (!condition) std::abort();
}

// Small limits: the fuzzer shall look for faults, not for memory.
dg::IngestLimits Limits() {
  dg::IngestLimits limits;
  limits.bytes = 1 << 20;
  limits.cases = 100;
  limits.metrics = 1000;
  return limits;
}

void TryOwn(std::string_view text) {
  try {
    const dg::ReportRows rows = dg::MakeReportRows(text, "fuzz", Limits());
    Require(dg::Gunzip(rows.body, 1 << 20) == std::string(text));
  } catch (const dg::reference::InputError& error) {
    Require(std::string_view(error.what()).size() < text.size() + 1000);
  }
}

void TryForeign(std::string_view text) {
  dg::ForeignContext context;
  context.machine = "fuzz";
  context.created_at = "2026-03-11T09:30:00Z";
  dg::Report report;
  try {
    report = dg::ReadForeignReport(text, "fuzz", context, Limits());
  } catch (const dg::reference::InputError& error) {
    Require(std::string_view(error.what()).size() < text.size() + 1000);
    return;
  }
  Require(report.summary.verdict != dg::Verdict::kPassed);
  const std::string written = dg::WriteReport(report);
  try {
    const dg::ReportRows rows = dg::MakeReportRows(report, text, "fuzz", Limits());
    const dg::Report again =
        dg::ReadForeignReport(text, "again", dg::ContextOf(rows.report), Limits());
    // NUL is not kept in a column, so a commit that holds one may come back otherwise.
    Require(dg::WriteReport(again) == written || text.find("\\u0000") != std::string_view::npos);
  } catch (const dg::reference::InputError&) {
    Require(report.cases.size() > 100 || report.cases.size() * 4 > 100);
  }
}

void TryTexts(std::string_view text) {
  dg::HttpRequest request;
  request.body = text;
  try {
    const dg::TextObject object(request, {"author", "note"});
    object.Optional("note");
    object.Required("author");
  } catch (const dg::HttpError& error) {
    Require(error.status() == 400);
    Require(!dg::ErrorAnswer(error).body.empty());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  dg::Gunzip(text, 1 << 16);
  if (dg::IsOwnReport(text)) {
    TryOwn(text);
  } else {
    TryForeign(text);
  }
  TryTexts(text);
  return 0;
}
