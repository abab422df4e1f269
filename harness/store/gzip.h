// gzip (RFC 1952) of texts, by zlib.
#ifndef DELTAGAUGE_HARNESS_STORE_GZIP_H_
#define DELTAGAUGE_HARNESS_STORE_GZIP_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace deltagauge {

// At zlib's fastest level: JSON shrinks to a sixth or so.
std::string Gzip(std::string_view text);

// Nothing if it is no gzip, is cut off, or gives more than `max_bytes`.
std::optional<std::string> Gunzip(std::string_view bytes, size_t max_bytes);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_STORE_GZIP_H_
