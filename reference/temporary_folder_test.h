// For tests: a folder that goes when the test does.
#ifndef DELTAGAUGE_REFERENCE_TEMPORARY_FOLDER_TEST_H_
#define DELTAGAUGE_REFERENCE_TEMPORARY_FOLDER_TEST_H_

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>

#include "gtest/gtest.h"

namespace deltagauge::reference {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::random_device random;
    path_ = std::filesystem::path(testing::TempDir()) /
            ("deltagauge-" + std::to_string(random()) + "-" + std::to_string(random()));
    if (!std::filesystem::create_directories(path_)) throw std::runtime_error("no new folder");
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

  size_t Files() const {
    return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(path_), {}));
  }

 private:
  std::filesystem::path path_;
};

inline void WriteFile(const std::filesystem::path& path, std::string_view content) {
  std::ofstream stream(path, std::ios::binary | std::ios::trunc);
  stream.write(content.data(), static_cast<std::streamsize>(content.size()));
  stream.close();
  if (!stream) throw std::runtime_error("can't write " + path.string());
}

inline std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) throw std::runtime_error("can't read " + path.string());
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

}  // namespace deltagauge::reference

#endif  // DELTAGAUGE_REFERENCE_TEMPORARY_FOLDER_TEST_H_
