#include "harness/cli/progress_line.h"

#include <algorithm>
#include <ostream>

#include "fmt/format.h"

namespace deltagauge {

void ProgressLine::Show(const std::string& line) {
  if (!console_.show_progress || line == shown_) return;
  console_.err << fmt::format("\r{:<{}}", line, width_) << std::flush;
  shown_ = line;
  width_ = std::max(width_, line.size());
}

void ProgressLine::Clear() {
  if (width_ > 0) console_.err << fmt::format("\r{:<{}}\r", "", width_) << std::flush;
  width_ = 0;
  shown_.clear();
}

std::function<void(std::string_view, double)> ProgressLine::Callback() {
  return [this](std::string_view what, double done) {
    Show(fmt::format("{}: {} %", what, static_cast<int>(100 * done)));
  };
}

}  // namespace deltagauge
