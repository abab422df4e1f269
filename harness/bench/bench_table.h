// Tables that read well as text and as Markdown.
#ifndef DELTAGAUGE_HARNESS_BENCH_BENCH_TABLE_H_
#define DELTAGAUGE_HARNESS_BENCH_BENCH_TABLE_H_

#include <span>
#include <string>
#include <vector>

#include "harness/base/verdict.h"
#include "harness/bench/bench_comparison.h"

namespace deltagauge {

// Lines "| a | b |", columns padded to the same width. The first row is the head. All rows have
// as many cells.
std::string RenderTable(const std::vector<std::vector<std::string>>& rows);

// The row of one comparison under ComparisonHead().
std::vector<std::string> ComparisonHead();
std::vector<std::string> ComparisonRow(const Comparison& comparison,
                                       const ComparisonResult& result);

// "met 10, missed 1, undecided 0, invalid 0, skipped 3"; comparisons without a target don't count.
std::string CountVerdicts(std::span<const Comparison> comparisons,
                          std::span<const ComparisonResult> results);

// Of a run with these verdicts: whether its times may be believed. A missed target is an answer,
// not an error.
ExitCode BenchExitCode(std::span<const Verdict> verdicts);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_BENCH_BENCH_TABLE_H_
