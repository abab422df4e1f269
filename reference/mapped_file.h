// A file in memory, read-only. The operating system's part is in mapped_file_posix.cc and
// mapped_file_windows.cc.
#ifndef DELTAGAUGE_REFERENCE_MAPPED_FILE_H_
#define DELTAGAUGE_REFERENCE_MAPPED_FILE_H_

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>

namespace deltagauge::reference {

class MappedFile {
 public:
  // Maps the whole file, however large. Throws InputError if it is missing, can't be read, is
  // empty, or is a directory or another thing that can't be mapped.
  static MappedFile Open(const std::filesystem::path& path);

  MappedFile(MappedFile&&) noexcept;
  MappedFile& operator=(MappedFile&&) noexcept;
  ~MappedFile();

  const std::filesystem::path& path() const;
  std::span<const std::byte> bytes() const;  // begins on a page

  // Throws InputError if the file has another size or time of change than at Open. Whoever shortens
  // a mapped file ends its readers on POSIX systems; so ask this before long reads, and after them.
  // (Windows lets nobody write to it meanwhile.)
  void CheckUnchanged() const;

  // Until they are read again, the pages of `bytes`, a part of this file, no longer count as memory
  // of this process.
  void ReleasePages(std::span<const std::byte> bytes) const;

 private:
  struct Content;
  explicit MappedFile(std::unique_ptr<Content> content);
  std::unique_ptr<Content> content_;
};

}  // namespace deltagauge::reference

#endif  // DELTAGAUGE_REFERENCE_MAPPED_FILE_H_
