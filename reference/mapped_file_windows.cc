#ifndef NOMINMAX
#define NOMINMAX
#endif
#ifndef WIN32_LEAN_AND_MEAN
#define WIN32_LEAN_AND_MEAN
#endif
#include <windows.h>

#include <cstdint>
#include <string>
#include <system_error>
#include <utility>

#include "reference/error_text.h"
#include "reference/input_error.h"
#include "reference/mapped_file.h"

namespace deltagauge::reference {
namespace {

[[noreturn]] void Fail(const std::filesystem::path& path, const std::string& expected) {
  const int error = static_cast<int>(GetLastError());
  throw InputError(PathName(path),
                   "expected " + expected + ", found: " + std::system_category().message(error));
}

struct FileState {
  uint64_t size = 0;
  uint64_t changed = 0;  // 100 ns

  bool operator==(const FileState&) const = default;
};

uint64_t Join(DWORD high, DWORD low) { return (uint64_t{high} << 32) | low; }

}  // namespace

struct MappedFile::Content {
  std::filesystem::path path;
  HANDLE file = INVALID_HANDLE_VALUE;
  HANDLE mapping = nullptr;
  FileState state;
  void* begin = nullptr;
  size_t size = 0;

  Content() = default;
  Content(const Content&) = delete;
  Content& operator=(const Content&) = delete;
  ~Content() {
    if (begin != nullptr) UnmapViewOfFile(begin);
    if (mapping != nullptr) CloseHandle(mapping);
    if (file != INVALID_HANDLE_VALUE) CloseHandle(file);
  }

  FileState ReadState() const {
    BY_HANDLE_FILE_INFORMATION status{};
    if (GetFileInformationByHandle(file, &status) == 0) Fail(path, "a readable file");
    return {Join(status.nFileSizeHigh, status.nFileSizeLow),
            Join(status.ftLastWriteTime.dwHighDateTime, status.ftLastWriteTime.dwLowDateTime)};
  }
};

MappedFile MappedFile::Open(const std::filesystem::path& path) {
  auto content = std::make_unique<Content>();
  content->path = path;
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    throw InputError(PathName(path), "expected a file, found a folder");
  }
  content->file = CreateFileW(path.c_str(), GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_DELETE,
                              nullptr, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, nullptr);
  if (content->file == INVALID_HANDLE_VALUE) Fail(path, "a readable file");
  if (GetFileType(content->file) != FILE_TYPE_DISK) {
    throw InputError(PathName(path), "expected a file, found a device, pipe or socket");
  }
  content->state = content->ReadState();
  if (content->state.size == 0) {
    throw InputError(PathName(path), "expected a file with content, found an empty one");
  }
  const std::string size = std::to_string(content->state.size);
  if (!std::in_range<size_t>(content->state.size)) {
    throw InputError(PathName(path),
                     "expected a file that fits into the address space, found " + size + " bytes");
  }
  content->size = static_cast<size_t>(content->state.size);
  content->mapping = CreateFileMappingW(content->file, nullptr, PAGE_READONLY, 0, 0, nullptr);
  if (content->mapping == nullptr) Fail(path, "a file of " + size + " bytes to be mapped");
  content->begin = MapViewOfFile(content->mapping, FILE_MAP_READ, 0, 0, 0);
  if (content->begin == nullptr) Fail(path, "a file of " + size + " bytes to be mapped");
  return MappedFile(std::move(content));
}

MappedFile::MappedFile(std::unique_ptr<Content> content) : content_(std::move(content)) {}
MappedFile::MappedFile(MappedFile&&) noexcept = default;
MappedFile& MappedFile::operator=(MappedFile&&) noexcept = default;
MappedFile::~MappedFile() = default;

const std::filesystem::path& MappedFile::path() const { return content_->path; }

std::span<const std::byte> MappedFile::bytes() const {
  return {static_cast<const std::byte*>(content_->begin), content_->size};
}

void MappedFile::CheckUnchanged() const {
  const FileState now = content_->ReadState();
  if (now == content_->state) return;
  throw InputError(PathName(content_->path),
                   "expected a file of " + std::to_string(content_->size) +
                       " bytes that nobody writes to, found that it has changed (" +
                       std::to_string(now.size) + " bytes) since it was opened");
}

void MappedFile::ReleasePages(std::span<const std::byte> bytes) const {
  if (bytes.empty()) return;
  // Unlocking pages that were never locked takes them out of the working set; the call itself then
  // reports ERROR_NOT_LOCKED.
  (void)VirtualUnlock(const_cast<std::byte*>(bytes.data()), bytes.size());
}

}  // namespace deltagauge::reference
