// Small readers and writers of the API's JSON.
#ifndef DELTAGAUGE_HARNESS_SERVICE_API_JSON_H_
#define DELTAGAUGE_HARNESS_SERVICE_API_JSON_H_

#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "harness/report/json.h"
#include "harness/service/http.h"

namespace deltagauge {

// Absent and not finite become null.
inline Json OptionalJson(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? Json(*value) : Json();
}

// A small object of texts, as people send it: {"author": "ann", "reason": "..."}.
class TextObject {
 public:
  // Throws HttpError 400 if it is no JSON object of texts, has members that are not `known`, or a
  // text of more than kMaxTextCharacters.
  TextObject(const HttpRequest& request, std::initializer_list<std::string_view> known);

  std::string Optional(std::string_view name) const;
  std::string Required(std::string_view name) const;  // not empty; throws HttpError 400

  static constexpr size_t kMaxTextCharacters = 4000;

 private:
  Json json_;
};

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_SERVICE_API_JSON_H_
