// The rows that Google Benchmark times.
#ifndef DELTAGAUGE_HARNESS_BENCH_BENCH_ROWS_H_
#define DELTAGAUGE_HARNESS_BENCH_BENCH_ROWS_H_

#include <string>
#include <vector>

#include "harness/base/verdict.h"
#include "harness/bench/bench_context.h"

namespace deltagauge {

// A row whose result was not fit to be timed, in the words of the row.
struct RowFailure {
  std::string row;
  Verdict verdict = Verdict::kInvalid;
  std::string reason;
};

// Registers all rows, in order. Rows whose peer is absent are left out. `context` and `failures`
// must live until the benchmarks have run.
//
// Counters of a row, besides Google Benchmark's own:
//   ns           for a token-head
//   x_floor      prefill: times the 6KV FLOPs at the FMA peak of that instruction set and thread
//                count
//   peak_%       prefill: the same as a share of the peak
//   GB/s         decode: of the states, read and written
//   stream_%     decode: the same as a share of a stream update of as many bytes and threads
// Its label names what ran: the instruction set as the dispatched code reported it.
void RegisterRows(BenchContext& context, std::vector<RowFailure>& failures);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_BENCH_BENCH_ROWS_H_
