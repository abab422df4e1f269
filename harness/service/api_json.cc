#include "harness/service/api_json.h"

#include <algorithm>
#include <vector>

#include "fmt/format.h"
#include "harness/base/nearest_name.h"
#include "harness/store/report_rows.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

Json Parsed(const HttpRequest& request) {
  JsonLimits limits;
  limits.bytes = size_t{64} << 10;
  limits.depth = 4;
  limits.values = 200;
  try {
    return ParseJson(request.body, "body", limits);
  } catch (const reference::InputError& error) {
    throw HttpError(400, "bad_json", error.what());
  }
}

}  // namespace

TextObject::TextObject(const HttpRequest& request, std::initializer_list<std::string_view> known)
    : json_(Parsed(request)) {
  if (!json_.IsObject()) throw HttpError(400, "bad_json", "the body must be a JSON object");
  const std::vector<std::string_view> names(known);
  for (const auto& [name, value] : json_.AsObject()) {
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      throw HttpError(400, "unknown_member", fmt::format("body#/{}: unknown member", name),
                      NameHint(name, names));
    }
    if (!value.IsString() || CountCharacters(value.AsString()) > kMaxTextCharacters) {
      throw HttpError(400, "bad_member",
                      fmt::format("body#/{}: expected a text of at most {} characters", name,
                                  kMaxTextCharacters));
    }
  }
}

std::string TextObject::Optional(std::string_view name) const {
  const Json* const member = json_.Find(name);
  return member == nullptr ? std::string() : WithoutNul(member->AsString());
}

std::string TextObject::Required(std::string_view name) const {
  std::string text = Optional(name);
  if (text.find_first_not_of(" \t\r\n") == std::string::npos) {
    throw HttpError(400, "missing_member", fmt::format("body#/{}: is missing or empty", name));
  }
  return text;
}

}  // namespace deltagauge
