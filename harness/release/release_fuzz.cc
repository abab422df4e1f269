// libFuzzer target: any text is either refused with a message, or is a policy by which no report,
// and a report that fits nothing, can be judged; and the same for manifests.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/release/release_manifest.h"
#include "harness/release/release_policy.h"
#include "harness/release/release_verdict.h"
#include "harness/report/report_example.h"
#include "harness/report/report_json.h"
#include "reference/input_error.h"

namespace {

namespace dg = deltagauge;

void Require(bool condition) {
  if (!condition) std::abort();
}

void TryPolicy(std::string_view text) {
  static const dg::NamedReport kReport = {"example", dg::ExamplePassingReport()};
  try {
    const dg::ReleasePolicy policy = dg::ParseReleasePolicy(text, "fuzz");
    Require(!policy.platforms.empty());
    Require(!dg::JudgeRelease(policy, {}, {}).IsGo());
    const dg::ReleaseVerdict verdict = dg::JudgeRelease(policy, {&kReport, 1}, {});
    Require(!dg::ReleaseText(verdict).empty());
    Require(!dg::ReleaseMarkdown(verdict).empty());
    dg::WriteJson(dg::ReleaseJson(verdict));
  } catch (const dg::reference::InputError& error) {
    Require(!error.problem().empty());
  }
}

// As a report: whatever it says, it is judged, and no report of less than two platforms is a go.
void TryReport(std::string_view text) {
  static const dg::ReleasePolicy kPolicy = [] {
    dg::ReleasePolicy policy;
    policy.name = "fuzz";
    policy.platforms.resize(2);
    policy.platforms[0].name = "linux-x86_64";
    policy.platforms[0].gates = {"kernel.error_ratio"};
    policy.platforms[1].name = "other";
    return policy;
  }();
  try {
    dg::NamedReport first = {
        "fuzz", dg::ReadReport(text, "fuzz", {.bytes = 1 << 20, .depth = 16, .values = 1 << 16})};
    dg::NamedReport second = {"example", dg::ExamplePassingReport()};
    second.report.tool.platform = "other";
    const std::vector<dg::NamedReport> reports = {std::move(first), std::move(second)};
    const dg::ReleaseVerdict verdict = dg::JudgeRelease(kPolicy, reports, {});
    dg::ReleaseText(verdict);
    dg::ReleaseMarkdown(verdict);
    dg::WriteJson(dg::ReleaseJson(verdict));
    Require(!dg::JudgeRelease(kPolicy, {reports.data(), 1}, {}).IsGo());
  } catch (const dg::reference::InputError& error) {
    Require(!error.problem().empty());
  }
}

void TryManifest(std::string_view text) {
  try {
    const dg::ReleaseManifest manifest = dg::ParseManifest(text, "fuzz");
    const std::string written = dg::WriteManifest(manifest);
    Require(dg::ParseManifest(written, "again").reports == manifest.reports);
  } catch (const dg::reference::InputError& error) {
    Require(!error.problem().empty());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  TryPolicy(text);
  TryReport(text);
  TryManifest(text);
  return 0;
}
