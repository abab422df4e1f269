#include "harness/run/data_folders.h"

#include <cstdlib>
#include <fstream>
#include <optional>
#include <string>
#include <system_error>

#include "harness/base/nearest_name.h"
#include "harness/base/program_path.h"
#include "harness/config/config.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

constexpr std::string_view kBuiltin = "builtin:";

std::optional<std::filesystem::path> FromEnvironment(const char* name) {
  const char* const value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return std::filesystem::path(value);
}

// `name` beside an installed program, or `built_from` if there is none.
std::filesystem::path InstalledFolder(const char* name, const char* built_from) {
  const std::filesystem::path bin = ProgramPath().parent_path();
  const std::filesystem::path folder = bin.parent_path() / "share" / "deltagauge" / name;
  std::error_code ignored;
  return !bin.empty() && std::filesystem::is_directory(folder, ignored) ? folder : built_from;
}

}  // namespace

std::filesystem::path DataFolder() {
  const std::filesystem::path folder =
      FromEnvironment("DELTAGAUGE_DATA").value_or(InstalledFolder("data", DELTAGAUGE_DATA_FOLDER));
  std::error_code ignored;
  if (std::filesystem::is_directory(folder, ignored)) return folder;
  throw reference::InputError(folder.string(), "no such folder",
                              "let DELTAGAUGE_DATA name the folder that holds qwen3_5-tiny");
}

std::filesystem::path ConfigFolder() {
  return FromEnvironment("DELTAGAUGE_CONFIGS")
      .value_or(InstalledFolder("configs", DELTAGAUGE_CONFIG_FOLDER));
}

std::filesystem::path CacheFolder() {
  if (const auto given = FromEnvironment("DELTAGAUGE_CACHE")) return *given;
  if (const auto local = FromEnvironment("LOCALAPPDATA")) return *local / "deltagauge";
  if (const auto cache = FromEnvironment("XDG_CACHE_HOME")) return *cache / "deltagauge";
  if (const auto home = FromEnvironment("HOME")) return *home / ".cache" / "deltagauge";
  return std::filesystem::temp_directory_path() / "deltagauge";
}

std::filesystem::path TextFile(std::string_view text) {
  if (!text.starts_with(kBuiltin)) {
    std::error_code ignored;
    std::filesystem::path path(text);
    if (std::filesystem::is_regular_file(path, ignored)) return path;
    throw reference::InputError("text '" + std::string(text) + "'", "no such file",
                                "a text is a file of UTF-8 or builtin:NAME");
  }
  for (const std::string_view name : kTextNames) {
    if (text != name) continue;
    return DataFolder() / "qwen3_5-tiny" /
           ("heldout_" + std::string(name.substr(kBuiltin.size())) + ".txt");
  }
  throw reference::InputError("", "unknown text '" + std::string(text) + "'",
                              NameHint(text, kTextNames));
}

std::string ReadTextFile(const std::filesystem::path& path, size_t max_bytes) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  if (error) throw reference::InputError(path.string(), "can't be read: " + error.message());
  if (size > max_bytes) {
    throw reference::InputError(path.string(), std::to_string(size) + " bytes; at most " +
                                                   std::to_string(max_bytes) + " are read");
  }
  std::ifstream file(path, std::ios::binary);
  std::string content(static_cast<size_t>(size), '\0');
  file.read(content.data(), static_cast<std::streamsize>(content.size()));
  if (!file || static_cast<size_t>(file.gcount()) != content.size()) {
    throw reference::InputError(path.string(), "can't be read");
  }
  return content;
}

}  // namespace deltagauge
