// What the service is asked and what it answers, free of any HTTP library.
#ifndef DELTAGAUGE_HARNESS_SERVICE_HTTP_H_
#define DELTAGAUGE_HARNESS_SERVICE_HTTP_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/report/json.h"

namespace deltagauge {

struct HttpRequest {
  std::string method;  // "GET", ...; HEAD comes as GET
  std::string path;    // decoded, without the query: "/api/v1/reports/abc"
  std::multimap<std::string, std::string, std::less<>> query;  // decoded
  std::string body;                                            // decompressed
  std::string authorization;
  std::string host;
  std::string content_type;
  std::string accept;
  std::string origin;  // of a browser's request from a page

  // The first of this name; empty if there is none.
  std::string Param(std::string_view name) const;
};

// Sends a piece; false once the other side is gone.
using SendPiece = std::function<bool(std::string_view)>;

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  // If set, it is called for as long as it gives true, and sends the body piece by piece.
  std::function<bool(const SendPiece&)> stream;
};

// What ends a request early: becomes an answer with an "error" object.
class HttpError : public std::runtime_error {
 public:
  // `code` is a stable word: "not_found"; `what` a sentence; `hint` what to do.
  HttpError(int status, std::string code, const std::string& what, std::string hint = {})
      : std::runtime_error(what), status_(status), code_(std::move(code)), hint_(std::move(hint)) {}
  // Sent with the answer.
  HttpError& WithHeader(std::string name, std::string value) {
    headers_.emplace_back(std::move(name), std::move(value));
    return *this;
  }
  int status() const { return status_; }
  const std::string& code() const { return code_; }
  const std::string& hint() const { return hint_; }
  const std::vector<std::pair<std::string, std::string>>& headers() const { return headers_; }

 private:
  int status_;
  std::string code_;
  std::string hint_;
  std::vector<std::pair<std::string, std::string>> headers_;
};

HttpResponse JsonAnswer(const Json& json, int status = 200);
HttpResponse ErrorAnswer(const HttpError& error);
HttpResponse HtmlAnswer(std::string html, int status = 200);

// Of a parameter that must be an integer in [low, high]; `otherwise` if it is absent. Throws
// HttpError 400.
int64_t IntParam(const HttpRequest& request, std::string_view name, int64_t low, int64_t high,
                 int64_t otherwise);

// Throws HttpError 400 if the query has a name that is not among `known`, or one of them twice.
void CheckParams(const HttpRequest& request, std::initializer_list<std::string_view> known);

// "a=1&b=x%3Dy" as a form of a page sends it: '+' is a space, a value may hold '='. What is no
// escape stays as it is.
std::multimap<std::string, std::string, std::less<>> ParseQuery(std::string_view text);

// "%20" and so on, of all that RFC 3986 does not call unreserved.
std::string UrlEncode(std::string_view text);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_SERVICE_HTTP_H_
