#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <system_error>
#include <utility>

#include "reference/error_text.h"
#include "reference/input_error.h"
#include "reference/mapped_file.h"

namespace deltagauge::reference {
namespace {

[[noreturn]] void Fail(const std::filesystem::path& path, const std::string& expected, int error) {
  throw InputError(PathName(path),
                   "expected " + expected + ", found: " + std::generic_category().message(error));
}

struct FileState {
  off_t size = 0;
  timespec changed{};

  bool operator==(const FileState& other) const {
    return size == other.size && changed.tv_sec == other.changed.tv_sec &&
           changed.tv_nsec == other.changed.tv_nsec;
  }
};

}  // namespace

struct MappedFile::Content {
  std::filesystem::path path;
  int descriptor = -1;
  FileState state;
  void* begin = nullptr;
  size_t size = 0;

  Content() = default;
  Content(const Content&) = delete;
  Content& operator=(const Content&) = delete;
  ~Content() {
    if (begin != nullptr) munmap(begin, size);
    if (descriptor >= 0) close(descriptor);
  }

  FileState ReadState() const {
    struct stat status {};
    if (fstat(descriptor, &status) != 0) Fail(path, "a readable file", errno);
    if (S_ISDIR(status.st_mode))
      throw InputError(PathName(path), "expected a file, found a folder");
    if (!S_ISREG(status.st_mode)) {
      throw InputError(PathName(path), "expected a file, found a device, pipe or socket");
    }
    return {status.st_size, status.st_mtim};
  }
};

MappedFile MappedFile::Open(const std::filesystem::path& path) {
  auto content = std::make_unique<Content>();
  content->path = path;
  // O_NONBLOCK: a pipe nobody writes to would be waited for; it is refused below.
  content->descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (content->descriptor < 0) Fail(path, "a readable file", errno);
  content->state = content->ReadState();
  if (content->state.size == 0) {
    throw InputError(PathName(path), "expected a file with content, found an empty one");
  }
  if (!std::in_range<size_t>(content->state.size)) {
    throw InputError(PathName(path), "expected a file that fits into the address space, found " +
                                         std::to_string(content->state.size) + " bytes");
  }
  content->size = static_cast<size_t>(content->state.size);
  void* begin = mmap(nullptr, content->size, PROT_READ, MAP_PRIVATE, content->descriptor, 0);
  if (begin == MAP_FAILED) {
    Fail(path, "a file of " + std::to_string(content->size) + " bytes to be mapped", errno);
  }
  content->begin = begin;
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
  const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<uintptr_t>(bytes.data()) / page * page;
  const auto end = reinterpret_cast<uintptr_t>(bytes.data() + bytes.size());
  // Only advice: where it fails, nothing is lost. The last page may hold neighbours' bytes; they
  // are read from the file again.
  (void)madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

}  // namespace deltagauge::reference
