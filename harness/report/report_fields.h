// Fields of a report and of its cases, for report_binding.h.
#ifndef DELTAGAUGE_HARNESS_REPORT_REPORT_FIELDS_H_
#define DELTAGAUGE_HARNESS_REPORT_REPORT_FIELDS_H_

#include <string_view>

#include "harness/report/report.h"
#include "harness/report/report_binding.h"
#include "harness/report/report_enum_names.h"
#include "harness/report/report_fields_kernel.h"
#include "harness/report/report_fields_model.h"
#include "harness/report/report_fields_timing.h"

namespace deltagauge {

template <>
struct FieldsOf<Metric> {
  static constexpr std::string_view kName = "metric";
  static void Each(auto& visit, auto& value) {
    visit("name", value.name, "");
    visit("value", value.value, "");
    visit("unit", value.unit, "");
    visit("better", value.direction, "which direction is");
    visit("ci_lo", value.ci_lo, "where the figure is an estimate");
    visit("ci_hi", value.ci_hi, "");
    visit("level", value.level, "of the interval");
    visit("floor", value.floor, "|log ratio| where nothing differs");
  }
};

template <>
struct FieldsOf<CaseReport> {
  static constexpr std::string_view kName = "case";
  static void Each(auto& visit, auto& value) {
    visit("id", value.id, "unique; the same in every report that asks the same");
    visit("index", value.index, "place in the plan of the whole run");
    visit("kind", value.kind,
          "kernel, captured, drift, agreement, greedy, invariance, timing, "
          "prefill, decode");
    visit("candidate", value.candidate, "");
    visit("params", value.params, "as the repro line spells them, defaults too");
    visit("seed", value.seed, "");
    visit("repro", value.repro, "for deltagauge repro");
    visit("status", value.status, "");
    visit("reason_code", value.reason_code, "a stable word; empty if passed");
    visit("reason", value.reason, "a sentence; empty if passed");
    visit("duration_ms", value.duration_ms, "");
    visit("machine", value.machine, "fingerprint, where it is one of other_machines");
    visit("metrics", value.metrics, "what gates and exporters read");
    visit("correctness", value.correctness, "");
    visit("drift", value.drift, "");
    visit("agreement", value.agreement, "");
    visit("greedy", value.greedy, "");
    visit("invariance", value.invariance, "");
    visit("performance", value.performance,
          "absent for a candidate that failed its correctness gates");
  }
};

template <>
struct FieldsOf<ShardReport> {
  static constexpr std::string_view kName = "shard";
  static void Each(auto& visit, auto& value) {
    visit("index", value.index, "from 1");
    visit("count", value.count, "");
  }
};

template <>
struct FieldsOf<ConfigReport> {
  static constexpr std::string_view kName = "config";
  static void Each(auto& visit, auto& value) {
    visit("name", value.name, "");
    visit("path", value.path, "");
    visit("sha256", value.sha256, "of the resolved configuration");
    visit("resolved", value.resolved, "every value, defaults too");
  }
};

template <>
struct FieldsOf<VcsReport> {
  static constexpr std::string_view kName = "vcs";
  static void Each(auto& visit, auto& value) {
    visit("repo", value.repo, "");
    visit("branch", value.branch, "");
    visit("head_sha", value.head_sha, "");
    visit("base_sha", value.base_sha, "");
    visit("pull_request", value.pull_request, "");
  }
};

template <>
struct FieldsOf<CiReport> {
  static constexpr std::string_view kName = "ci";
  static void Each(auto& visit, auto& value) {
    visit("provider", value.provider, "");
    visit("workflow_id", value.workflow_id, "");
    visit("job_id", value.job_id, "");
    visit("run_attempt", value.run_attempt, "");
    visit("url", value.url, "");
  }
};

template <>
struct FieldsOf<ToolReport> {
  static constexpr std::string_view kName = "tool";
  static void Each(auto& visit, auto& value) {
    visit("name", value.name, "");
    visit("version", value.version, "");
    visit("commit", value.commit, "");
    visit("dirty", value.dirty, "whether the tree differed from the commit");
    visit("build_type", value.build_type, "");
    visit("compiler", value.compiler, "");
    visit("flags", value.flags, "");
    visit("libraries", value.libraries, "with their versions");
    visit("platform", value.platform, "that it was built for: linux-x86_64");
  }
};

template <>
struct FieldsOf<ArmReport> {
  static constexpr std::string_view kName = "arm";
  static void Each(auto& visit, auto& value) {
    visit("name", value.name, "");
    visit("role", value.role, "truth, baseline or candidate");
    visit("version", value.version, "");
    visit("description", value.description, "");
  }
};

template <>
struct FieldsOf<ModelReport> {
  static constexpr std::string_view kName = "model";
  static void Each(auto& visit, auto& value) {
    visit("name", value.name, "as cases refer to it");
    visit("arch", value.arch, "");
    visit("revision", value.revision, "");
    visit("weights_sha256", value.weights_sha256, "");
    visit("tokenizer_sha256", value.tokenizer_sha256, "");
    visit("layers", value.layers, "");
    visit("linear_layers", value.linear_layers, "");
    visit("vocabulary", value.vocabulary, "");
  }
};

template <>
struct FieldsOf<TextReport> {
  static constexpr std::string_view kName = "text";
  static void Each(auto& visit, auto& value) {
    visit("name", value.name, "as cases refer to it");
    visit("sha256", value.sha256, "");
    visit("tokens", value.tokens, "");
    visit("prompts", value.prompts, "");
  }
};

template <>
struct FieldsOf<GatePolicy> {
  static constexpr std::string_view kName = "gate_policy";
  static void Each(auto& visit, auto& value) {
    visit("min_effect", value.min_effect, "|log ratio| that a timing must be able to show");
    visit("today", value.today, "on which waivers were judged");
    visit("no_case", value.no_case, "what a gate is that finds no case");
  }
};

template <>
struct FieldsOf<Waiver> {
  static constexpr std::string_view kName = "waiver";
  static void Each(auto& visit, auto& value) {
    visit("target", value.target, "a gate's id or metric, or a case's id; * is any characters");
    visit("by", value.by, "");
    visit("reason", value.reason, "");
    visit("until", value.until, "the last day on which it counts");
  }
};

template <>
struct FieldsOf<GateResult> {
  static constexpr std::string_view kName = "gate";
  static void Each(auto& visit, auto& value) {
    visit("id", value.id, "");
    visit("metric", value.metric, "");
    visit("op", value.op, "");
    visit("threshold", value.threshold, "");
    visit("at", value.at, "parameters of the cases it looks at; empty: all");
    visit("candidate", value.candidate, "empty: every one");
    visit("source", value.source, "of the threshold");
    visit("concern", value.concern, "");
    visit("verdict", value.verdict, "");
    visit("cases", value.cases, "that it looked at, skipped ones aside");
    visit("case", value.case_id, "that decides");
    visit("repro", value.repro, "of that case");
    visit("observed", value.observed, "in that case");
    visit("ci_lo", value.ci_lo, "");
    visit("ci_hi", value.ci_hi, "");
    visit("floor", value.floor, "");
    visit("margin", value.margin, "distance to the threshold; positive: inside");
    visit("reason", value.reason, "empty if passed");
    visit("waiver", value.waiver, "that waived it, or would have if it had not expired");
  }
};

template <>
struct FieldsOf<VerdictCount> {
  static constexpr std::string_view kName = "verdict_count";
  static void Each(auto& visit, auto& value) {
    visit("verdict", value.verdict, "");
    visit("cases", value.cases, "");
    visit("gates", value.gates, "");
  }
};

template <>
struct FieldsOf<SummaryReport> {
  static constexpr std::string_view kName = "summary";
  static void Each(auto& visit, auto& value) {
    visit("verdict", value.verdict, "");
    visit("exit_code", value.exit_code, "");
    visit("headline", value.headline, "");
    visit("counts", value.counts, "from bad to good");
  }
};

template <>
struct FieldsOf<Report> {
  static constexpr std::string_view kName = "report";
  static void Each(auto& visit, auto& value) {
    visit("schema_version", value.schema_version, "semantic version");
    visit("report_id", value.report_id, "UUID");
    visit("run_id", value.run_id, "shared by the shards of a run");
    visit("shard", value.shard, "absent: the whole run");
    visit("parent_report_ids", value.parent_report_ids, "of a merged report");
    visit("created_at", value.created_at, "RFC 3339, UTC");
    visit("duration_s", value.duration_s, "");
    visit("complete", value.complete, "whether every planned case is here");
    visit("incomplete_reason", value.incomplete_reason, "");
    visit("config", value.config, "");
    visit("vcs", value.vcs, "");
    visit("ci", value.ci, "");
    visit("tool", value.tool, "");
    visit("machine", value.machine, "");
    visit("other_machines", value.other_machines, "of the shards of a merged report");
    visit("preflight", value.preflight, "what stands in the way of timing");
    visit("arms", value.arms, "");
    visit("models", value.models, "");
    visit("texts", value.texts, "");
    visit("cases", value.cases, "in the order of the plan");
    visit("gate_policy", value.gate_policy, "");
    visit("waivers", value.waivers, "all that were given");
    visit("gates", value.gates, "");
    visit("summary", value.summary, "");
  }
};

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_REPORT_REPORT_FIELDS_H_
