// libFuzzer target: any bytes are either refused with a message, or give tensors that lie inside
// them, side by side, each as long as its type and shape say.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "reference/input_error.h"
#include "reference/safetensors.h"

namespace {

using deltagauge::reference::SafetensorsFile;
using deltagauge::reference::TensorInfo;
using deltagauge::reference::TensorType;
using deltagauge::reference::TensorView;

void Require(bool condition) {
  if (!condition) std::abort();
}

void Append(std::vector<std::byte>& bytes, std::string_view text) {
  for (const char c : text) bytes.push_back(static_cast<std::byte>(c));
}

// The input as a whole file; as header and data, separated by a zero byte, with the length that
// belongs before them; or as changes (place, byte) to a valid file. So the parser is reached at
// every depth without a corpus.
std::vector<std::byte> FileFrom(std::string_view input) {
  std::vector<std::byte> file;
  if (input.empty()) return file;
  const int form = input[0] % 3;
  input.remove_prefix(1);
  if (form == 0) {
    Append(file, input);
    return file;
  }
  if (form == 1) {
    const std::string_view header = input.substr(0, input.find('\0'));
    for (int i = 0; i < 8; ++i) {
      file.push_back(static_cast<std::byte>(header.size() >> (8 * i) & 0xff));
    }
    Append(file, header);
    if (header.size() < input.size()) Append(file, input.substr(header.size() + 1));
    return file;
  }
  const std::vector<TensorInfo> tensors = {{"a", TensorType::kFloat32, {2, 1}},
                                           {"b", TensorType::kBFloat16, {3}},
                                           {"c", TensorType::kFloat16, {0, 7}}};
  Append(file, deltagauge::reference::SafetensorsHeader(tensors));
  file.resize(file.size() + 14);
  for (size_t i = 0; i + 1 < input.size(); i += 2) {
    file[static_cast<unsigned char>(input[i]) % file.size()] = static_cast<std::byte>(input[i + 1]);
  }
  return file;
}

void CheckFile(const SafetensorsFile& file, size_t file_size) {
  size_t data_bytes = 0;
  const std::byte* end = nullptr;
  for (const TensorView& tensor : file.tensors()) {
    Require(file.Find(tensor.name) == &tensor);
    Require(end == nullptr || tensor.bytes.data() == end);
    end = tensor.bytes.data() + tensor.bytes.size();
    data_bytes += tensor.bytes.size();
    Require(tensor.type == TensorType::kOther ||
            static_cast<uint64_t>(tensor.Elements()) * BytesOf(tensor.type) == tensor.bytes.size());
    // Reads the ends, so that a sanitizer sees them.
    if (!tensor.bytes.empty()) {
      volatile auto first = tensor.bytes.front();
      volatile auto last = tensor.bytes.back();
      (void)first;
      (void)last;
    }
  }
  Require(data_bytes + 10 <= file_size);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::vector<std::byte> bytes =
      FileFrom(std::string_view(reinterpret_cast<const char*>(data), size));
  const size_t file_size = bytes.size();
  try {
    CheckFile(SafetensorsFile::FromBytes(std::move(bytes), "fuzz"), file_size);
  } catch (const deltagauge::reference::InputError& error) {
    const std::string_view what = error.what();
    Require(what.starts_with("fuzz") && what.size() < 2000);
  }
  return 0;
}
