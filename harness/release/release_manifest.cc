#include "harness/release/release_manifest.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "harness/base/nearest_name.h"
#include "reference/error_text.h"
#include "reference/input_error.h"
#include "reference/sha256.h"

namespace deltagauge {
namespace {

namespace fs = std::filesystem;
using reference::PathOf;

constexpr std::string_view kManifestSchema = "urn:deltagauge:schema:manifest:1";

// An object, member by member.
class ObjectReader {
 public:
  ObjectReader(const Json& json, JsonPointer at, const std::string& where)
      : json_(json), at_(std::move(at)), where_(where) {
    if (!json.IsObject()) Refuse(at_, "expected an object, found " + std::string(json.TypeName()));
  }

  [[noreturn]] void Refuse(const JsonPointer& at, const std::string& what,
                           const std::string& hint = {}) const {
    throw reference::InputError(where_ + "#" + at.text(), what, hint);
  }

  const Json& Member(std::string_view name) {
    known_.push_back(name);
    const Json* const member = json_.Find(name);
    if (member == nullptr) Refuse(at_, "'" + std::string(name) + "' is missing");
    return *member;
  }

  std::string Text(std::string_view name) {
    const Json& member = Member(name);
    if (!member.IsString()) {
      Refuse(at_.Member(name), "expected a string, found " + std::string(member.TypeName()));
    }
    return member.AsString();
  }

  std::string Sha256(std::string_view name) {
    std::string text = Text(name);
    const bool is_hex = text.find_first_not_of("0123456789abcdef") == std::string::npos;
    if (text.size() != 64 || !is_hex) Refuse(at_.Member(name), "expected 64 hex digits");
    return text;
  }

  void RefuseOthers() const {
    for (const auto& [name, member] : json_.AsObject()) {
      if (std::find(known_.begin(), known_.end(), name) == known_.end()) {
        Refuse(at_.Member(name), "unknown member '" + name + "'", NameHint(name, known_));
      }
    }
  }

 private:
  const Json& json_;
  JsonPointer at_;
  const std::string& where_;
  std::vector<std::string_view> known_;
};

}  // namespace

std::string WriteManifest(const ReleaseManifest& manifest) {
  Json reports = Json::MakeArray();
  for (const ManifestEntry& entry : manifest.reports) {
    reports.Append(Json::MakeObject({{"path", entry.path},
                                     {"sha256", entry.sha256},
                                     {"report_id", entry.report_id},
                                     {"platform", entry.platform}}));
  }
  const Json policy =
      Json::MakeObject({{"path", manifest.policy.path}, {"sha256", manifest.policy.sha256}});
  return WriteJson(Json::MakeObject({{"$schema", kManifestSchema},
                                     {"created_at", manifest.created_at},
                                     {"policy", policy},
                                     {"reports", reports},
                                     {"verdict", manifest.verdict}}),
                   JsonLayout::kIndented);
}

ReleaseManifest ParseManifest(std::string_view text, const std::string& where) {
  const Json json = ParseJson(text, where);
  ReleaseManifest manifest;
  ObjectReader top(json, {}, where);
  if (top.Text("$schema") != kManifestSchema) {
    top.Refuse(JsonPointer().Member("$schema"), "this is no manifest of a release",
               "expected " + std::string(kManifestSchema));
  }
  manifest.created_at = top.Text("created_at");
  const JsonPointer at_policy = JsonPointer().Member("policy");
  ObjectReader policy(top.Member("policy"), at_policy, where);
  manifest.policy = {policy.Text("path"), policy.Sha256("sha256"), "", ""};
  policy.RefuseOthers();
  const JsonPointer at_reports = JsonPointer().Member("reports");
  const Json& reports = top.Member("reports");
  if (!reports.IsArray()) top.Refuse(at_reports, "expected an array");
  for (size_t i = 0; i < reports.AsArray().size(); ++i) {
    ObjectReader entry(reports.AsArray()[i], at_reports.Element(i), where);
    manifest.reports.push_back({entry.Text("path"), entry.Sha256("sha256"), entry.Text("report_id"),
                                entry.Text("platform")});
    entry.RefuseOthers();
  }
  manifest.verdict = top.Member("verdict");
  top.RefuseOthers();
  return manifest;
}

std::vector<CheckedFile> CheckManifest(const ReleaseManifest& manifest, const std::string& folder) {
  std::vector<ManifestEntry> entries = {manifest.policy};
  entries.insert(entries.end(), manifest.reports.begin(), manifest.reports.end());
  std::vector<CheckedFile> checked;
  for (ManifestEntry& entry : entries) {
    const fs::path path = PathOf(folder) / PathOf(entry.path);
    FileState state = FileState::kMissing;
    std::error_code ignored;
    if (fs::is_regular_file(path, ignored)) {
      const bool same = reference::Sha256OfFile(path) == entry.sha256;
      state = same ? FileState::kSame : FileState::kChanged;
    }
    checked.push_back({std::move(entry), state});
  }
  return checked;
}

std::string RelativeTo(const std::string& folder, const std::string& path) {
  std::error_code error;
  const fs::path base = PathOf(folder.empty() ? "." : folder);
  const fs::path relative = fs::proximate(fs::absolute(PathOf(path)), fs::absolute(base), error);
  return reference::GenericPathName(error ? fs::absolute(PathOf(path)) : relative);
}

}  // namespace deltagauge
