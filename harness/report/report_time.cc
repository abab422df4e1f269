#include "harness/report/report_time.h"

#include <chrono>
#include <stdexcept>

#include "fmt/format.h"

namespace deltagauge {
namespace {

constexpr int64_t kSecondsADay = 86400;
constexpr int64_t kEndOfYear9999 = 253402300800;

bool AreDigits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// Of at most nine digits.
int NumberOf(std::string_view digits) {
  int number = 0;
  for (const char c : digits) number = 10 * number + (c - '0');
  return number;
}

std::optional<std::chrono::sys_days> DayOf(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const std::string_view year = text.substr(0, 4);
  const std::string_view month = text.substr(5, 2);
  const std::string_view day = text.substr(8, 2);
  if (!AreDigits(year) || !AreDigits(month) || !AreDigits(day)) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(NumberOf(year)),
                                         std::chrono::month(static_cast<unsigned>(NumberOf(month))),
                                         std::chrono::day(static_cast<unsigned>(NumberOf(day)))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days{date};
}

}  // namespace

std::string FormatUtc(int64_t unix_seconds) {
  if (unix_seconds < 0 || unix_seconds >= kEndOfYear9999) {
    throw std::logic_error("a time outside the years 1970 to 9999");
  }
  const int64_t days = unix_seconds / kSecondsADay;
  const int64_t second = unix_seconds % kSecondsADay;
  const std::chrono::year_month_day date{
      std::chrono::sys_days(std::chrono::days(static_cast<int>(days)))};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     second / 3600, second / 60 % 60, second % 60);
}

std::optional<int64_t> ParseUtc(std::string_view text) {
  if (text.size() != 20 || text[10] != 'T' || text[13] != ':' || text[16] != ':' ||
      text[19] != 'Z') {
    return std::nullopt;
  }
  const auto day = DayOf(text.substr(0, 10));
  const std::string_view hour = text.substr(11, 2);
  const std::string_view minute = text.substr(14, 2);
  const std::string_view second = text.substr(17, 2);
  if (!day || !AreDigits(hour) || !AreDigits(minute) || !AreDigits(second)) return std::nullopt;
  if (NumberOf(hour) > 23 || NumberOf(minute) > 59 || NumberOf(second) > 59) return std::nullopt;
  const int64_t seconds = day->time_since_epoch().count() * kSecondsADay + NumberOf(hour) * 3600 +
                          NumberOf(minute) * 60 + NumberOf(second);
  if (seconds < 0) return std::nullopt;
  return seconds;
}

bool IsDate(std::string_view text) { return DayOf(text).has_value(); }

std::string FormatUuid(uint64_t random_high, uint64_t random_low) {
  const uint64_t high = (random_high & ~uint64_t{0xf000}) | 0x4000;                // version
  const uint64_t low = (random_low & ~(uint64_t{3} << 62)) | (uint64_t{2} << 62);  // variant
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32, high >> 16 & 0xffff,
                     high & 0xffff, low >> 48, low & 0xffffffffffff);
}

}  // namespace deltagauge
