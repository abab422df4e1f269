#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <limits>
#include <random>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "reference/error_text.h"
#include "reference/input_error.h"
#include "reference/safetensors.h"

namespace deltagauge::reference {
namespace {

constexpr std::string_view kDigits = "0123456789abcdef";

std::string JsonString(std::string_view text) {
  std::string json = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20) {
      json += "\\u00";
      json += kDigits[byte >> 4];
      json += kDigits[byte & 15];
      continue;
    }
    if (c == '"' || c == '\\') json += '\\';
    json += c;
  }
  return json + "\"";
}

std::string JsonList(std::span<const int64_t> numbers) {
  std::string json = "[";
  for (const int64_t number : numbers) {
    if (json.size() > 1) json += ',';
    json += std::to_string(number);
  }
  return json + "]";
}

[[noreturn]] void Refuse(const TensorInfo& tensor, const std::string& what) {
  throw std::logic_error("safetensors: tensor " + Quoted(tensor.name) + ": " + what);
}

int64_t DataBytes(const TensorInfo& tensor) {
  if (tensor.type == TensorType::kOther) Refuse(tensor, "a type that can't be written");
  auto bytes = static_cast<int64_t>(BytesOf(tensor.type));
  for (const int64_t size : tensor.shape) {
    if (size < 0) Refuse(tensor, "a negative size in " + ShapeName(tensor.shape));
    if (size > 0 && bytes > std::numeric_limits<int64_t>::max() / size) {
      Refuse(tensor, "too large: " + ShapeName(tensor.shape));
    }
    bytes *= size;
  }
  return bytes;
}

void CheckNames(std::span<const TensorInfo> tensors) {
  std::vector<const TensorInfo*> by_name;
  for (const TensorInfo& tensor : tensors) {
    if (tensor.name == "__metadata__") Refuse(tensor, "no name for a tensor");
    by_name.push_back(&tensor);
  }
  const auto less = [](const TensorInfo* a, const TensorInfo* b) { return a->name < b->name; };
  std::sort(by_name.begin(), by_name.end(), less);
  const auto twice = std::adjacent_find(
      by_name.begin(), by_name.end(),
      [](const TensorInfo* a, const TensorInfo* b) { return a->name == b->name; });
  if (twice != by_name.end()) Refuse(**twice, "announced twice");
}

// A name beside `path` that nobody else uses.
std::filesystem::path NameBeside(const std::filesystem::path& path) {
  std::random_device random;
  std::string suffix = ".partial-";
  for (int i = 0; i < 16; ++i) suffix += kDigits[random() & 15];
  std::filesystem::path name = path;
  name += suffix;
  return name;
}

}  // namespace

std::string SafetensorsHeader(std::span<const TensorInfo> tensors,
                              const SafetensorsMetadata& metadata) {
  CheckNames(tensors);
  std::string json = "{";
  for (const auto& [name, text] : metadata) {
    json += json.size() > 1 ? "," : "\"__metadata__\":{";
    json += JsonString(name) + ":" + JsonString(text);
  }
  if (!metadata.empty()) json += '}';
  int64_t begin = 0;
  for (const TensorInfo& tensor : tensors) {
    const int64_t bytes = DataBytes(tensor);
    if (bytes > std::numeric_limits<int64_t>::max() - begin) Refuse(tensor, "too much data");
    const std::array offsets = {begin, begin + bytes};
    if (json.size() > 1) json += ',';
    json += JsonString(tensor.name) + ":{\"dtype\":\"" + std::string(NameOf(tensor.type)) +
            "\",\"shape\":" + JsonList(tensor.shape) + ",\"data_offsets\":" + JsonList(offsets) +
            "}";
    begin += bytes;
  }
  json += '}';
  json.append((8 - json.size() % 8) % 8, ' ');
  std::string length;
  for (int shift = 0; shift < 64; shift += 8) {
    length += static_cast<char>(static_cast<uint64_t>(json.size()) >> shift & 0xff);
  }
  return length + json;
}

struct SafetensorsWriter::State {
  std::filesystem::path path;
  std::filesystem::path partial;
  std::ofstream stream;
  uint64_t bytes_left = 0;
  bool is_finished = false;

  // Throws what the operating system said last, which is 0 where it said nothing.
  [[noreturn]] void Fail(const std::string& what, int error) const {
    throw InputError(PathName(path), what + ": " +
                                         (error == 0 ? std::string("the disk gave no reason")
                                                     : std::generic_category().message(error)));
  }
};

SafetensorsWriter::SafetensorsWriter(const std::filesystem::path& path,
                                     std::vector<TensorInfo> tensors,
                                     const SafetensorsMetadata& metadata)
    : state_(std::make_unique<State>()) {
  const std::string header = SafetensorsHeader(tensors, metadata);
  for (const TensorInfo& tensor : tensors) {
    state_->bytes_left += static_cast<uint64_t>(DataBytes(tensor));
  }
  state_->path = path;
  state_->partial = NameBeside(path);
  errno = 0;
  state_->stream.open(state_->partial, std::ios::binary | std::ios::trunc);
  if (!state_->stream) state_->Fail("expected a file that can be written, found", errno);
  state_->stream.write(header.data(), static_cast<std::streamsize>(header.size()));
}

SafetensorsWriter::~SafetensorsWriter() {
  if (state_->is_finished) return;
  state_->stream.close();
  std::error_code ignored;
  std::filesystem::remove(state_->partial, ignored);
}

void SafetensorsWriter::Write(std::span<const std::byte> data) {
  if (state_->is_finished || data.size() > state_->bytes_left) {
    throw std::logic_error("SafetensorsWriter: more data than was announced");
  }
  errno = 0;
  state_->stream.write(reinterpret_cast<const char*>(data.data()),
                       static_cast<std::streamsize>(data.size()));
  if (!state_->stream) state_->Fail("expected room for all data, found", errno);
  state_->bytes_left -= data.size();
}

void SafetensorsWriter::Finish() {
  if (state_->is_finished) throw std::logic_error("SafetensorsWriter: finished twice");
  if (state_->bytes_left != 0) {
    throw std::logic_error("SafetensorsWriter: " + std::to_string(state_->bytes_left) +
                           " bytes less than were announced");
  }
  errno = 0;
  state_->stream.close();
  if (!state_->stream) state_->Fail("expected room for all data, found", errno);
  std::error_code error;
  std::filesystem::rename(state_->partial, state_->path, error);
  if (error) {
    throw InputError(PathName(state_->path),
                     "expected a name that can be given to the file, found: " + error.message());
  }
  state_->is_finished = true;
}

}  // namespace deltagauge::reference
