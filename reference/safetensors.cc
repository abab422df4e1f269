#include "reference/safetensors.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <stdexcept>
#include <utility>

#include "reference/error_text.h"
#include "reference/input_error.h"
#include "reference/json_tree.h"
#include "reference/mapped_file.h"

namespace deltagauge::reference {
namespace {

constexpr std::string_view kMetadata = "__metadata__";
constexpr size_t kLengthBytes = 8;

struct TypeRow {
  std::string_view name;
  TensorType type;
  uint64_t bits;
};

// All types of the format; those of kOther are read over.
constexpr std::array kTypes = {
    TypeRow{"F64", TensorType::kFloat64, 64},   TypeRow{"F32", TensorType::kFloat32, 32},
    TypeRow{"BF16", TensorType::kBFloat16, 16}, TypeRow{"F16", TensorType::kFloat16, 16},
    TypeRow{"BOOL", TensorType::kOther, 8},     TypeRow{"U8", TensorType::kOther, 8},
    TypeRow{"I8", TensorType::kOther, 8},       TypeRow{"U16", TensorType::kOther, 16},
    TypeRow{"I16", TensorType::kOther, 16},     TypeRow{"U32", TensorType::kOther, 32},
    TypeRow{"I32", TensorType::kOther, 32},     TypeRow{"U64", TensorType::kOther, 64},
    TypeRow{"I64", TensorType::kInt64, 64},     TypeRow{"C64", TensorType::kOther, 64},
    TypeRow{"F8_E4M3", TensorType::kOther, 8},  TypeRow{"F8_E5M2", TensorType::kOther, 8},
    TypeRow{"F8_E8M0", TensorType::kOther, 8},  TypeRow{"F6_E2M3", TensorType::kOther, 6},
    TypeRow{"F6_E3M2", TensorType::kOther, 6},  TypeRow{"F4", TensorType::kOther, 4},
};

// The JSON of a file, and its data.
struct Parts {
  std::string_view header;
  std::span<const std::byte> data;
};

Parts Split(std::span<const std::byte> file, const std::string& name) {
  if (file.size() < kLengthBytes) {
    throw InputError(name,
                     "expected 8 bytes of header length, found a file of " +
                         std::to_string(file.size()) + " bytes",
                     "is it a safetensors file, and whole?");
  }
  uint64_t length = 0;
  for (size_t i = kLengthBytes; i-- > 0;) {
    length = length << 8 | std::to_integer<uint64_t>(file[i]);
  }
  const std::span<const std::byte> rest = file.subspan(kLengthBytes);
  if (length < 2 || length > kMaxSafetensorsHeader) {
    throw InputError(name,
                     "expected a header length of 2 to " + std::to_string(kMaxSafetensorsHeader) +
                         " bytes, found " + std::to_string(length),
                     "is it a safetensors file?");
  }
  if (length > rest.size()) {
    throw InputError(name,
                     "expected a header of " + std::to_string(length) + " bytes, found " +
                         std::to_string(rest.size()) + " bytes after the header length",
                     "is the file truncated?");
  }
  const std::string_view header(reinterpret_cast<const char*>(rest.data()),
                                static_cast<size_t>(length));
  if (header[0] != '{') {
    throw InputError(
        name, "expected a header that begins with '{', found " + Quoted(header.substr(0, 8)));
  }
  return {header, rest.subspan(header.size())};
}

// One entry of the header, with the file's data to cut the tensor from.
class TensorParser {
 public:
  TensorParser(const JsonMember& entry, const std::string& file, std::span<const std::byte> data)
      : entry_(entry), where_(file + ": tensor " + Quoted(entry.key)), data_(data) {}

  TensorView Parse() const {
    CheckFields();
    const TypeRow& type = ParseType();
    TensorView tensor{entry_.key, type.type, std::string(type.name), ParseShape(), {}};
    tensor.bytes = ParseData(tensor, type);
    return tensor;
  }

 private:
  [[noreturn]] void Fail(const std::string& what, const std::string& hint = {}) const {
    throw InputError(where_, what, hint);
  }

  void CheckFields() const {
    constexpr std::array<std::string_view, 3> kFields = {"dtype", "shape", "data_offsets"};
    const JsonValue& fields = entry_.value;
    if (fields.kind != JsonKind::kObject) {
      Fail("expected an object with dtype, shape and data_offsets, found " + Describe(fields));
    }
    for (const JsonMember& field : fields.members) {
      if (std::find(kFields.begin(), kFields.end(), field.key) != kFields.end()) continue;
      Fail("expected the fields dtype, shape and data_offsets, found " + Quoted(field.key),
           NearestNameHint(field.key, kFields));
    }
  }

  const JsonValue& Field(std::string_view name, const std::string& expected) const {
    const JsonValue* field = entry_.value.Find(name);
    if (field == nullptr) Fail("expected " + std::string(name) + ", " + expected + ", found none");
    return *field;
  }

  const TypeRow& ParseType() const {
    const JsonValue& field = Field("dtype", "the name of a type");
    if (field.kind == JsonKind::kString) {
      for (const TypeRow& row : kTypes) {
        if (row.name == field.text) return row;
      }
    }
    std::string known;
    for (const TypeRow& row : kTypes) known += (known.empty() ? "" : ", ") + std::string(row.name);
    Fail("expected a dtype of " + known + ", found " + Describe(field));
  }

  // The numbers of a list, each from 0 to the largest int64_t.
  std::vector<int64_t> ParseNumbers(std::string_view name, const std::string& expected) const {
    const JsonValue& field = Field(name, expected);
    const std::string label(name);
    if (field.kind != JsonKind::kArray) {
      Fail("expected " + label + " to be " + expected + ", found " + Describe(field));
    }
    std::vector<int64_t> numbers;
    for (const JsonMember& member : field.members) {
      if (member.value.kind != JsonKind::kInteger || member.value.integer < 0) {
        Fail("expected " + label + " to be " + expected + ", found " + Describe(member.value) +
             " in it");
      }
      numbers.push_back(member.value.integer);
    }
    return numbers;
  }

  std::vector<int64_t> ParseShape() const {
    std::vector<int64_t> shape = ParseNumbers("shape", "a list of sizes");
    if (shape.size() > kMaxTensorRank) {
      Fail("expected a shape of at most " + std::to_string(kMaxTensorRank) + " sizes, found " +
           std::to_string(shape.size()));
    }
    return shape;
  }

  // The bytes that shape and type ask for, or nothing if no file could hold them.
  static std::optional<uint64_t> BytesAsked(std::span<const int64_t> shape, uint64_t bits) {
    if (std::find(shape.begin(), shape.end(), 0) != shape.end()) return 0;
    uint64_t all_bits = bits;
    for (const int64_t size : shape) {
      const auto factor = static_cast<uint64_t>(size);
      if (all_bits > std::numeric_limits<uint64_t>::max() / factor) return std::nullopt;
      all_bits *= factor;
    }
    return all_bits % 8 == 0 ? std::optional(all_bits / 8) : std::nullopt;
  }

  std::span<const std::byte> ParseData(const TensorView& tensor, const TypeRow& type) const {
    const std::vector<int64_t> offsets = ParseNumbers("data_offsets", "[begin, end]");
    if (offsets.size() != 2) {
      Fail("expected data_offsets to be [begin, end], found a list of " +
           std::to_string(offsets.size()));
    }
    const auto begin = static_cast<uint64_t>(offsets[0]);
    const auto end = static_cast<uint64_t>(offsets[1]);
    if (begin > end) {
      Fail("expected data_offsets to be [begin, end] with begin <= end, found " +
           ShapeName(offsets));
    }
    const std::optional<uint64_t> asked = BytesAsked(tensor.shape, type.bits);
    if (!asked || *asked != end - begin) {
      Fail("expected " + (asked ? std::to_string(*asked) : "another number of") + " bytes for " +
           tensor.type_name + " " + ShapeName(tensor.shape) + ", found data_offsets " +
           ShapeName(offsets) + " of " + std::to_string(end - begin) + " bytes");
    }
    if (end > data_.size()) {
      Fail("expected its data to end within the " + std::to_string(data_.size()) +
               " bytes of data that the file has, found data_offsets " + ShapeName(offsets),
           "is the file truncated?");
    }
    return data_.subspan(static_cast<size_t>(begin), static_cast<size_t>(end - begin));
  }

  const JsonMember& entry_;
  const std::string where_;
  const std::span<const std::byte> data_;
};

SafetensorsMetadata ParseMetadata(const JsonValue& metadata, const std::string& name) {
  const std::string where = name + ": " + std::string(kMetadata);
  if (metadata.kind != JsonKind::kObject) {
    throw InputError(where, "expected an object of strings, found " + Describe(metadata));
  }
  SafetensorsMetadata texts;
  for (const JsonMember& member : metadata.members) {
    if (member.value.kind != JsonKind::kString) {
      throw InputError(where, "expected " + Quoted(member.key) + " to be a string, found " +
                                  Describe(member.value));
    }
    texts[member.key] = member.value.text;
  }
  return texts;
}

// `tensors` in the order of their data: each byte of the data belongs to exactly one.
void CheckCoverage(std::span<const TensorView> tensors, std::span<const std::byte> data,
                   const std::string& name) {
  uint64_t covered = 0;
  std::string before = "the header";
  for (const TensorView& tensor : tensors) {
    const auto begin = static_cast<uint64_t>(tensor.bytes.data() - data.data());
    if (begin != covered) {
      throw InputError(name + ": tensor " + Quoted(tensor.name),
                       "expected its data to begin at " + std::to_string(covered) + ", after " +
                           before + ", found " + std::to_string(begin) +
                           (begin < covered ? ": they overlap" : ": there is a gap"));
    }
    covered += tensor.bytes.size();
    before = Quoted(tensor.name);
  }
  if (covered != data.size()) {
    throw InputError(name, "expected " + std::to_string(covered) + " bytes of data, after which " +
                               before + " ends, found " + std::to_string(data.size()));
  }
}

std::vector<TensorView> ParseTensors(std::span<const std::byte> file, const std::string& name,
                                     SafetensorsMetadata& metadata) {
  const Parts parts = Split(file, name);
  // A tensor has six values and one for each size.
  const JsonLimits limits = {.max_bytes = kMaxSafetensorsHeader,
                             .max_values = kMaxSafetensorsTensors * 10,
                             .max_depth = 8};
  const JsonValue header = ParseJson(parts.header, name + ": header", limits);
  std::vector<TensorView> tensors;
  for (const JsonMember& entry : header.members) {
    if (entry.key == kMetadata) {
      metadata = ParseMetadata(entry.value, name);
      continue;
    }
    if (tensors.size() == kMaxSafetensorsTensors) {
      throw InputError(name, "expected at most " + std::to_string(kMaxSafetensorsTensors) +
                                 " tensors, found more");
    }
    tensors.push_back(TensorParser(entry, name, parts.data).Parse());
  }
  std::stable_sort(tensors.begin(), tensors.end(), [](const TensorView& a, const TensorView& b) {
    // An empty tensor before the one that begins where it lies.
    return std::pair(a.bytes.data(), a.bytes.size()) < std::pair(b.bytes.data(), b.bytes.size());
  });
  CheckCoverage(tensors, parts.data, name);
  return tensors;
}

}  // namespace

size_t BytesOf(TensorType type) {
  if (type == TensorType::kOther) return 0;
  for (const TypeRow& row : kTypes) {
    if (row.type == type) return static_cast<size_t>(row.bits / 8);
  }
  throw std::logic_error("BytesOf: unknown type");
}

std::string_view NameOf(TensorType type) {
  if (type == TensorType::kOther) return "other";
  for (const TypeRow& row : kTypes) {
    if (row.type == type) return row.name;
  }
  throw std::logic_error("NameOf: unknown type");
}

int64_t TensorView::Elements() const {
  int64_t elements = 1;
  // A zero first, so that the sizes beside it can't overflow.
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) return 0;
  for (const int64_t size : shape) elements *= size;
  return elements;
}

std::string ShapeName(std::span<const int64_t> shape) {
  std::string name = "[";
  for (size_t i = 0; i < shape.size(); ++i) {
    if (i > 0) name += ", ";
    name += std::to_string(shape[i]);
  }
  return name + "]";
}

struct SafetensorsFile::Content {
  std::string name;
  std::optional<MappedFile> file;  // or else
  std::vector<std::byte> memory;
  SafetensorsMetadata metadata;
  std::vector<TensorView> tensors;
  std::vector<const TensorView*> by_name;

  void Parse(std::span<const std::byte> bytes) {
    tensors = ParseTensors(bytes, name, metadata);
    for (const TensorView& tensor : tensors) by_name.push_back(&tensor);
    std::sort(by_name.begin(), by_name.end(),
              [](const TensorView* a, const TensorView* b) { return a->name < b->name; });
  }
};

SafetensorsFile SafetensorsFile::Open(const std::filesystem::path& path) {
  auto content = std::make_unique<Content>();
  content->name = PathName(path);
  content->file = MappedFile::Open(path);
  content->Parse(content->file->bytes());
  return SafetensorsFile(std::move(content));
}

SafetensorsFile SafetensorsFile::FromBytes(std::vector<std::byte> bytes, std::string name) {
  auto content = std::make_unique<Content>();
  content->name = std::move(name);
  content->memory = std::move(bytes);
  content->Parse(content->memory);
  return SafetensorsFile(std::move(content));
}

SafetensorsFile::SafetensorsFile(std::unique_ptr<Content> content) : content_(std::move(content)) {}
SafetensorsFile::SafetensorsFile(SafetensorsFile&&) noexcept = default;
SafetensorsFile& SafetensorsFile::operator=(SafetensorsFile&&) noexcept = default;
SafetensorsFile::~SafetensorsFile() = default;

const std::string& SafetensorsFile::name() const { return content_->name; }

const SafetensorsMetadata& SafetensorsFile::metadata() const { return content_->metadata; }

std::span<const TensorView> SafetensorsFile::tensors() const { return content_->tensors; }

const TensorView* SafetensorsFile::Find(std::string_view name) const {
  const auto& by_name = content_->by_name;
  const auto found = std::lower_bound(
      by_name.begin(), by_name.end(), name,
      [](const TensorView* tensor, std::string_view wanted) { return tensor->name < wanted; });
  return found != by_name.end() && (*found)->name == name ? *found : nullptr;
}

void SafetensorsFile::CheckUnchanged() const {
  if (content_->file) content_->file->CheckUnchanged();
}

void SafetensorsFile::ReleasePages(const TensorView& tensor) const {
  if (!content_->file) return;
  const std::span<const std::byte> all = content_->file->bytes();
  const std::less<const std::byte*> less;
  const std::byte* begin = tensor.bytes.data();
  if (less(begin, all.data()) || !less(begin, all.data() + all.size())) return;
  content_->file->ReleasePages(tensor.bytes);
}

}  // namespace deltagauge::reference
