// What a timing depends on besides the code.
#ifndef DELTAGAUGE_HARNESS_BENCH_BENCH_ENVIRONMENT_H_
#define DELTAGAUGE_HARNESS_BENCH_BENCH_ENVIRONMENT_H_

#include <istream>
#include <optional>
#include <string>

namespace deltagauge {

// From the text of Linux's /proc/cpuinfo; "unknown" if it has no such line.
std::string CpuModel(std::istream& cpuinfo);

// "g++ 12.2.0, -O3 -DNDEBUG", with a warning if this program was compiled without optimisation.
std::string CompilerDescription();

// Whether the calling thread takes denormal numbers for zero.
bool FlushesDenormals();

// Time that CPUs have spent, in CPU-seconds since some start.
struct CpuTimes {
  double busy_s = 0;    // with work of any process
  double stolen_s = 0;  // with another virtual machine's
  double total_s = 0;   // idle included
};

// From the text of Linux's /proc/stat; nothing if it doesn't count.
std::optional<CpuTimes> ParseCpuTimes(std::istream& stat);

// Shares of all CPUs' time, in percent.
struct OtherLoad {
  double others = 0;  // other processes
  double stolen = 0;
};

// Between two readings, in which this process itself used `own_s`.
OtherLoad LoadBetween(const CpuTimes& before, const CpuTimes& after, double own_s);

// "other processes took 3.1 % of all CPUs' time, other virtual machines 0.2 %", and that the times
// were disturbed if it is more than 5 % together.
std::string DescribeLoad(const OtherLoad& load);

// Watches from its construction on.
class LoadWatch {
 public:
  LoadWatch();
  // DescribeLoad since then, or "unknown".
  std::string Describe() const;

 private:
  std::optional<CpuTimes> before_;
  double own_before_s_;
};

// "1.20 over the last minute" or "unknown".
std::string LoadAverage();

// This machine's CpuModel.
std::string ThisCpuModel();

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_BENCH_BENCH_ENVIRONMENT_H_
