// The safetensors container, read and written: u64 little-endian header length N, N bytes of JSON
// (name -> {dtype, shape, data_offsets: [begin, end)} relative to byte 8 + N), data.
// (https://github.com/huggingface/safetensors, README, "Format".)
#ifndef DELTAGAUGE_REFERENCE_SAFETENSORS_H_
#define DELTAGAUGE_REFERENCE_SAFETENSORS_H_

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace deltagauge::reference {

enum class TensorType : uint8_t { kFloat64, kFloat32, kBFloat16, kFloat16, kInt64, kOther };

size_t BytesOf(TensorType type);           // of one element; 0 for kOther
std::string_view NameOf(TensorType type);  // "F32", as the header spells it; "other" for kOther

// Limits of what is read. The header of the published Qwen3.5-0.8B has 59,840 bytes, 123 for each
// tensor; those of the format's own library may have 100 MB, which no text model needs.
inline constexpr size_t kMaxSafetensorsHeader = size_t{1} << 24;
inline constexpr size_t kMaxSafetensorsTensors = size_t{1} << 16;
inline constexpr size_t kMaxTensorRank = 8;

// What `__metadata__` says: texts by name.
using SafetensorsMetadata = std::map<std::string, std::string>;

// A tensor that lies in a mapped file. Valid as long as the file.
struct TensorView {
  std::string name;
  TensorType type = TensorType::kFloat32;
  std::string type_name;             // as the header spells it: "U8" is kOther
  std::vector<int64_t> shape;        // row-major; empty for a scalar
  std::span<const std::byte> bytes;  // little-endian; may begin at any address

  int64_t Elements() const;
};

// "[6144, 1, 4]".
std::string ShapeName(std::span<const int64_t> shape);

class SafetensorsFile {
 public:
  // Maps the file and checks all of it that can be checked without reading data: header length,
  // JSON, no name twice, offsets inside the data, in line with shape and type, contiguous, without
  // overlap or gap. Throws InputError with file, tensor, expected and found.
  static SafetensorsFile Open(const std::filesystem::path& path);
  // The same of bytes in memory, for tests and fuzzing; `name` stands for the path in errors.
  static SafetensorsFile FromBytes(std::vector<std::byte> bytes, std::string name);

  SafetensorsFile(SafetensorsFile&&) noexcept;
  SafetensorsFile& operator=(SafetensorsFile&&) noexcept;
  ~SafetensorsFile();

  const std::string& name() const;
  const SafetensorsMetadata& metadata() const;          // empty if there is none
  std::span<const TensorView> tensors() const;          // in the order of their data
  const TensorView* Find(std::string_view name) const;  // nullptr if there is none

  // See MappedFile. Of bytes in memory: nothing happens.
  void CheckUnchanged() const;
  void ReleasePages(const TensorView& tensor) const;  // of another file: nothing happens

 private:
  struct Content;
  explicit SafetensorsFile(std::unique_ptr<Content> content);
  std::unique_ptr<Content> content_;
};

struct TensorInfo {
  std::string name;
  TensorType type = TensorType::kFloat32;
  std::vector<int64_t> shape;
};

// Length, JSON and padding, as SafetensorsWriter begins a file: compact JSON, metadata if there is
// any, tensors in the order given, their data too, fields dtype, shape, data_offsets, padded with
// spaces to a multiple of 8.
// std::logic_error for a name that stands twice or is "__metadata__", a negative size, kOther.
std::string SafetensorsHeader(std::span<const TensorInfo> tensors,
                              const SafetensorsMetadata& metadata = {});

// Writes a file as a stream: the header first, then the data of the tensors in their order, in
// pieces of any size. The file gets its name only in Finish (written beside it and renamed), so
// nobody ever sees half of one. Throws InputError if the disk refuses.
class SafetensorsWriter {
 public:
  SafetensorsWriter(const std::filesystem::path& path, std::vector<TensorInfo> tensors,
                    const SafetensorsMetadata& metadata = {});
  SafetensorsWriter(const SafetensorsWriter&) = delete;
  SafetensorsWriter& operator=(const SafetensorsWriter&) = delete;
  ~SafetensorsWriter();  // without Finish: leaves nothing behind

  void Write(std::span<const std::byte> data);  // std::logic_error if that is too much
  void Finish();  // std::logic_error unless exactly the bytes announced were written

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace deltagauge::reference

#endif  // DELTAGAUGE_REFERENCE_SAFETENSORS_H_
