#include "harness/report/report_json.h"

#include <charconv>
#include <optional>
#include <set>
#include <tuple>

#include "harness/report/report_binding.h"
#include "harness/report/report_fields.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

constexpr std::string_view kSchemaMember = "$schema";

struct SemanticVersion {
  int major = 0;
  int minor = 0;
  int patch = 0;
};

std::optional<SemanticVersion> ParseVersion(std::string_view text) {
  SemanticVersion version;
  const char* at = text.data();
  const char* const end = at + text.size();
  for (int* part : {&version.major, &version.minor, &version.patch}) {
    if (part != &version.major) {
      if (at == end || *at != '.') return std::nullopt;
      ++at;
    }
    if (at == end || *at < '0' || *at > '9') return std::nullopt;
    const auto [next, error] = std::from_chars(at, end, *part);
    if (error != std::errc()) return std::nullopt;
    at = next;
  }
  return at == end ? std::optional(version) : std::nullopt;
}

// Whether members that this version doesn't know are to be expected.
UnknownMembers CheckVersion(const Json& json, std::string_view where) {
  const SemanticVersion ours = *ParseVersion(kReportSchemaVersion);
  const Json* member = json.Find("schema_version");
  const std::string place = std::string(where) + "#/schema_version";
  if (member == nullptr || !member->IsString()) {
    throw reference::InputError(place, "no version; this is no report of deltagauge");
  }
  const auto version = ParseVersion(member->AsString());
  if (!version) {
    throw reference::InputError(place, "'" + member->AsString() + "' is no version",
                                "expected one such as " + std::string(kReportSchemaVersion));
  }
  if (version->major != ours.major) {
    throw reference::InputError(place, "version " + member->AsString() +
                                           "; this program reads version " +
                                           std::to_string(ours.major));
  }
  return std::tie(version->minor, version->patch) > std::tie(ours.minor, ours.patch)
             ? UnknownMembers::kIgnore
             : UnknownMembers::kRefuse;
}

void CheckCases(const std::vector<CaseReport>& cases, std::string_view where) {
  std::set<std::string_view> ids;
  for (size_t i = 0; i < cases.size(); ++i) {
    const std::string place = std::string(where) + "#/cases/" + std::to_string(i) + "/id";
    if (cases[i].id.empty()) throw reference::InputError(place, "a case without an id");
    if (!ids.insert(cases[i].id).second) {
      throw reference::InputError(place, "two cases are called '" + cases[i].id + "'");
    }
  }
}

}  // namespace

Json ReportToJson(const Report& report) {
  Json json = ToJson(report);
  json[kSchemaMember] = kReportSchema;
  return json;
}

std::string WriteReport(const Report& report) {
  return WriteJson(ReportToJson(report), JsonLayout::kIndented);
}

Report ReportFromJson(const Json& json, std::string_view where) {
  if (!json.IsObject()) {
    throw reference::InputError(std::string(where),
                                "expected an object, found " + std::string(json.TypeName()));
  }
  const ReadContext context = {where, CheckVersion(json, where)};
  Report report;
  FieldReader reader(json, JsonPlace(), context);
  std::string schema;
  reader(kSchemaMember, schema, "");
  FieldsOf<Report>::Each(reader, report);
  reader.Finish();
  CheckCases(report.cases, where);
  return report;
}

Report ReadReport(std::string_view text, std::string_view where, const JsonLimits& limits) {
  return ReportFromJson(ParseJson(text, where, limits), where);
}

std::string WriteCaseLine(const CaseReport& case_report) { return WriteJson(ToJson(case_report)); }

CaseReport ReadCaseLine(std::string_view line, std::string_view where) {
  const Json json = ParseJson(line, where);
  CaseReport case_report;
  FromJson(json, JsonPlace(), ReadContext{where, UnknownMembers::kRefuse}, &case_report);
  if (case_report.id.empty()) {
    throw reference::InputError(std::string(where), "a case without an id");
  }
  return case_report;
}

Json ReportSchema() {
  Json definitions = Json::MakeObject();
  Json schema = SchemaWriter(&definitions).Object<Report>();
  schema["$schema"] = "https://json-schema.org/draft/2020-12/schema";
  schema["$id"] = kReportSchema;
  schema["title"] = "Report of a run of deltagauge";
  schema["properties"][kSchemaMember] = Json::MakeObject({{"const", kReportSchema}});
  schema["required"].Append(kSchemaMember);
  Json& properties = schema["properties"];
  properties["schema_version"]["pattern"] = "^1\\.[0-9]+\\.[0-9]+$";
  properties["created_at"]["format"] = "date-time";
  schema["$defs"] = std::move(definitions);
  return schema;
}

}  // namespace deltagauge
