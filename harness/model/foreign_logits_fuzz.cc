// libFuzzer target: any bytes are either refused with a message, or give logits of which every row
// that can be asked for lies in the file.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "harness/model/foreign_logits.h"
#include "reference/input_error.h"

namespace {

using deltagauge::ForeignLogits;
using deltagauge::reference::InputError;
using deltagauge::reference::TensorType;

void Require(bool condition) {
  if (!condition) std::abort();
}

// Either the input itself, or changes (place, byte) to a valid file, so that what lies behind the
// header is reached without a corpus.
std::vector<std::byte> FileFrom(const uint8_t* data, size_t size) {
  std::vector<std::byte> file;
  if (size == 0) return file;
  if (data[0] % 4 == 0) {
    for (size_t i = 1; i < size; ++i) file.push_back(static_cast<std::byte>(data[i]));
    return file;
  }
  const std::string header = deltagauge::reference::SafetensorsHeader(
      std::vector<deltagauge::reference::TensorInfo>{{"logits", TensorType::kFloat32, {2, 3}},
                                                     {"positions", TensorType::kInt64, {2}},
                                                     {"token_ids", TensorType::kInt64, {3}}},
      {{"engine", "x"}});
  for (const char c : header) file.push_back(static_cast<std::byte>(c));
  file.resize(header.size() + 24 + 16 + 24);
  file[header.size() + 24 + 8] = std::byte{1};  // positions 0 and 1
  for (size_t i = 1; i + 2 < size; i += 3) {
    file[(data[i] | size_t{data[i + 1]} << 8) % file.size()] = static_cast<std::byte>(data[i + 2]);
  }
  return file;
}

void ReadAll(const ForeignLogits& logits) {
  std::vector<float> row(static_cast<size_t>(logits.vocabulary()));
  for (size_t i = 0; i < logits.positions().size(); ++i) {
    const int64_t position = logits.positions()[i];
    Require(position >= 0 && position < static_cast<int64_t>(logits.token_ids().size()));
    Require(logits.RowOf(position) == static_cast<int64_t>(i));
    logits.CopyRow(static_cast<int64_t>(i), row);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    ReadAll(ForeignLogits::FromBytes(FileFrom(data, size), "fuzz"));
  } catch (const InputError& error) {
    const std::string_view what = error.what();
    Require(what.starts_with("fuzz") && what.size() < 4000);
  }
  return 0;
}
