// One line on a terminal that is written over as work goes on.
#ifndef DELTAGAUGE_HARNESS_CLI_PROGRESS_LINE_H_
#define DELTAGAUGE_HARNESS_CLI_PROGRESS_LINE_H_

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "harness/cli/command_line.h"

namespace deltagauge {

// Shows nothing unless console.show_progress. Cleared when it goes.
class ProgressLine {
 public:
  explicit ProgressLine(const Console& console) : console_(console) {}
  ~ProgressLine() { Clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void Show(const std::string& line);
  void Clear();

  // "loading: 40 %" as shares from 0 to 1 come in.
  std::function<void(std::string_view what, double done)> Callback();

 private:
  const Console& console_;
  std::string shown_;
  size_t width_ = 0;
};

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_CLI_PROGRESS_LINE_H_
