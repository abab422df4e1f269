// For tests: the table of all tensors of the published Qwen3.5-0.8B.
#ifndef DELTAGAUGE_REFERENCE_PUBLISHED_TENSORS_TEST_H_
#define DELTAGAUGE_REFERENCE_PUBLISHED_TENSORS_TEST_H_

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "reference/safetensors.h"
#include "reference/temporary_folder_test.h"

namespace deltagauge::reference {

// In the order of the file. With `offsets`: "begin,end" of each.
inline std::vector<TensorInfo> PublishedTensors(std::vector<std::string>* offsets = nullptr) {
  std::istringstream table(
      ReadFile(std::filesystem::path(DELTAGAUGE_FIXTURES) / "qwen3_5_0_8b_tensors.tsv"));
  std::vector<TensorInfo> tensors;
  for (std::string line; std::getline(table, line);) {
    if (line.starts_with('#')) continue;
    std::istringstream fields(line);
    std::string name, type, sizes, begin, end;
    fields >> name >> type >> sizes >> begin >> end;
    TensorInfo info{name, type == "F32" ? TensorType::kFloat32 : TensorType::kBFloat16, {}};
    std::replace(sizes.begin(), sizes.end(), 'x', ' ');
    std::istringstream shape(sizes);
    for (int64_t size = 0; shape >> size;) info.shape.push_back(size);
    tensors.push_back(info);
    if (offsets != nullptr) offsets->push_back(begin + "," + end);
  }
  return tensors;
}

}  // namespace deltagauge::reference

#endif  // DELTAGAUGE_REFERENCE_PUBLISHED_TENSORS_TEST_H_
