// The benchmark's own flags; Google Benchmark reads the others.
#ifndef DELTAGAUGE_HARNESS_BENCH_BENCH_OPTIONS_H_
#define DELTAGAUGE_HARNESS_BENCH_BENCH_OPTIONS_H_

#include <string>
#include <vector>

namespace deltagauge {

struct BenchOptions {
  int threads = 0;         // 0: all that the machine has
  std::string target;      // empty: the best
  bool quick = false;      // a smoke test: seconds, not figures
  bool ratios = true;      // print the table of targets
  std::string only;        // of that table, the pairs that have this in their name; empty: all
  bool pin = true;         // keep each of our threads on a CPU of its own, where that can be done
  std::string executorch;  // path of libcustom_ops_aot_lib.so; empty: the default
  std::string libpython;   // what ExecuTorch's library needs; empty: the default
  std::string ops;         // path of libdeltagauge_ops; empty: the default
  bool help = false;
};

struct ParsedOptions {
  BenchOptions options;
  std::vector<std::string> others;  // not ours, in their order
  std::string error;                // empty: none
};

// Flags are --deltagauge_NAME=VALUE; a switch without a value is on. `arguments` are without the
// program's name.
ParsedOptions ParseBenchOptions(const std::vector<std::string>& arguments);

// What they do, one line each.
std::string BenchUsage();

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_BENCH_BENCH_OPTIONS_H_
