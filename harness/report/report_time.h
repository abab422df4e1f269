// Times, days and names as reports spell them. Pure: clock and randomness come from the caller.
#ifndef DELTAGAUGE_HARNESS_REPORT_REPORT_TIME_H_
#define DELTAGAUGE_HARNESS_REPORT_REPORT_TIME_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace deltagauge {

// RFC 3339 in UTC, "2026-03-11T09:30:00Z", of seconds since 1970 (0 to the year 9999, else
// std::logic_error).
std::string FormatUtc(int64_t unix_seconds);

// Its inverse; nothing for any other text, times before 1970 included.
std::optional<int64_t> ParseUtc(std::string_view text);

// Whether "2026-02-28" is a day of the calendar. Such texts are in the order of their days.
bool IsDate(std::string_view text);

// RFC 9562 UUID of version 4, of 122 of these 128 bits.
std::string FormatUuid(uint64_t random_high, uint64_t random_low);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_REPORT_REPORT_TIME_H_
