#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "harness/report/report_file_os.h"

namespace deltagauge {
namespace {

std::string LastError() { return std::generic_category().message(errno); }

// Closes what it holds; `Close` tells whether that went well.
class Descriptor {
 public:
  explicit Descriptor(int descriptor) : descriptor_(descriptor) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (descriptor_ >= 0) close(descriptor_);
  }

  int get() const { return descriptor_; }
  bool is_open() const { return descriptor_ >= 0; }
  bool Close() {
    const int descriptor = descriptor_;
    descriptor_ = -1;
    return close(descriptor) == 0;
  }

 private:
  int descriptor_;
};

bool WriteAll(int descriptor, std::string_view contents) {
  while (!contents.empty()) {
    const ssize_t written = write(descriptor, contents.data(), contents.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return false;
    }
    contents.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

// Some file systems have nothing to flush and say so.
bool Flush(int descriptor) {
  return fsync(descriptor) == 0 || errno == EINVAL || errno == ENOTSUP || errno == EROFS;
}

}  // namespace

std::string WriteNewFile(const std::string& path, std::string_view contents) {
  Descriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (!file.is_open() || !WriteAll(file.get(), contents) || !Flush(file.get()) || !file.Close()) {
    return LastError();
  }
  return "";
}

std::string RenameOver(const std::string& from, const std::string& to) {
  if (rename(from.c_str(), to.c_str()) != 0) return LastError();
  // The entry itself; that a folder can't be opened does not undo the rename.
  std::filesystem::path folder = std::filesystem::path(to).parent_path();
  if (folder.empty()) folder = ".";
  const Descriptor directory(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.is_open()) Flush(directory.get());
  return "";
}

std::string AppendAt(const std::string& path, uint64_t length, std::string_view contents) {
  Descriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
  if (!file.is_open() || ftruncate(file.get(), static_cast<off_t>(length)) != 0 ||
      lseek(file.get(), 0, SEEK_END) < 0 || !WriteAll(file.get(), contents) || !Flush(file.get()) ||
      !file.Close()) {
    return LastError();
  }
  return "";
}

std::string ProcessSuffix() { return std::to_string(getpid()); }

}  // namespace deltagauge
