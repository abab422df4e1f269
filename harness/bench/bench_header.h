// What stands above the figures: the machine, the build, and what the machine can do at most.
#ifndef DELTAGAUGE_HARNESS_BENCH_BENCH_HEADER_H_
#define DELTAGAUGE_HARNESS_BENCH_BENCH_HEADER_H_

#include <string>
#include <utility>
#include <vector>

#include "harness/bench/bench_context.h"

namespace deltagauge {

// Lines of a name and a text, in order.
using NamedLines = std::vector<std::pair<std::string, std::string>>;

// Measures the limits that it names.
NamedLines DescribeRun(BenchContext& context);

// One line each, the texts below each other.
std::string RenderLines(const NamedLines& lines);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_BENCH_BENCH_HEADER_H_
