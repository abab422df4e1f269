#include "harness/store/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <stdexcept>

namespace deltagauge {
namespace {

constexpr int kGzipWindow = 15 + 16;  // the largest window, with gzip's header

// zlib takes no const, but changes nothing that it reads.
Bytef* Input(std::string_view text) {
  return const_cast<Bytef*>(reinterpret_cast<const Bytef*>(text.data()));
}

uInt Size(std::string_view text) {
  if (text.size() > std::numeric_limits<uInt>::max()) throw std::logic_error("too large for gzip");
  return static_cast<uInt>(text.size());
}

}  // namespace

std::string Gzip(std::string_view text) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::runtime_error("zlib has no memory");
  }
  std::string bytes(deflateBound(&stream, static_cast<uLong>(text.size())), '\0');
  stream.next_in = Input(text);
  stream.avail_in = Size(text);
  stream.next_out = reinterpret_cast<Bytef*>(bytes.data());
  stream.avail_out = Size(bytes);
  const int result = deflate(&stream, Z_FINISH);
  bytes.resize(stream.total_out);
  deflateEnd(&stream);
  if (result != Z_STREAM_END) throw std::runtime_error("zlib could not compress");
  return bytes;
}

std::optional<std::string> Gunzip(std::string_view bytes, size_t max_bytes) {
  z_stream stream{};
  if (inflateInit2(&stream, kGzipWindow) != Z_OK) throw std::runtime_error("zlib has no memory");
  stream.next_in = Input(bytes);
  stream.avail_in = Size(bytes);
  std::string text;
  int result = Z_OK;
  while (result == Z_OK && text.size() <= max_bytes) {
    const size_t used = text.size();
    text.resize(std::max(used * 2, std::min(max_bytes + 1, bytes.size() * 8 + 256)));
    stream.next_out = reinterpret_cast<Bytef*>(text.data() + used);
    stream.avail_out = static_cast<uInt>(text.size() - used);
    result = inflate(&stream, Z_NO_FLUSH);
    const bool was_full = stream.avail_out == 0;
    text.resize(text.size() - stream.avail_out);
    if (result == Z_OK && !was_full) result = Z_BUF_ERROR;  // cut off
  }
  inflateEnd(&stream);
  if (result != Z_STREAM_END || text.size() > max_bytes || stream.avail_in != 0)
    return std::nullopt;
  return text;
}

}  // namespace deltagauge
