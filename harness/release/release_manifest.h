// Which reports a release was judged by: a file that names each with its SHA-256, so that anyone
// can see later that they are still the same.
//
// JSON: {"$schema": "urn:deltagauge:schema:manifest:1", "created_at", "policy": {"path", "sha256"},
// "reports": [{"path", "sha256", "report_id", "platform"}], "verdict": what ReleaseJson gives}.
// Paths are relative to the manifest's folder, with '/'.
#ifndef DELTAGAUGE_HARNESS_RELEASE_RELEASE_MANIFEST_H_
#define DELTAGAUGE_HARNESS_RELEASE_RELEASE_MANIFEST_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/report/json.h"

namespace deltagauge {

struct ManifestEntry {
  std::string path;
  std::string sha256;     // 64 hex digits
  std::string report_id;  // empty: of the policy
  std::string platform;

  bool operator==(const ManifestEntry&) const = default;
};

struct ReleaseManifest {
  std::string created_at;  // RFC 3339, UTC
  ManifestEntry policy;
  std::vector<ManifestEntry> reports;
  Json verdict;
};

inline constexpr size_t kMaxManifestBytes = size_t{16} << 20;

std::string WriteManifest(const ReleaseManifest& manifest);

// Throws reference::InputError naming `where` and the JSON pointer.
ReleaseManifest ParseManifest(std::string_view text, const std::string& where);

enum class FileState : uint8_t { kSame, kChanged, kMissing };

struct CheckedFile {
  ManifestEntry entry;
  FileState state = FileState::kMissing;
};

// The policy, then each report, as they lie on the disk now; `folder` is the manifest's own.
std::vector<CheckedFile> CheckManifest(const ReleaseManifest& manifest, const std::string& folder);

// `path` as the manifest in `folder` calls it.
std::string RelativeTo(const std::string& folder, const std::string& path);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_RELEASE_RELEASE_MANIFEST_H_
