#include "harness/service/http.h"

#include <algorithm>
#include <charconv>

#include "fmt/format.h"
#include "harness/base/nearest_name.h"

namespace deltagauge {

std::string HttpRequest::Param(std::string_view name) const {
  const auto found = query.find(name);
  return found == query.end() ? std::string() : found->second;
}

HttpResponse JsonAnswer(const Json& json, int status) {
  HttpResponse response;
  response.status = status;
  response.body = WriteJson(json, JsonLayout::kIndented);
  return response;
}

HttpResponse ErrorAnswer(const HttpError& error) {
  Json details = Json::MakeObject({{"code", error.code()}, {"message", error.what()}});
  if (!error.hint().empty()) details["hint"] = error.hint();
  HttpResponse answer =
      JsonAnswer(Json::MakeObject({{"error", std::move(details)}}), error.status());
  answer.headers = error.headers();
  return answer;
}

HttpResponse HtmlAnswer(std::string html, int status) {
  HttpResponse response;
  response.status = status;
  response.content_type = "text/html; charset=utf-8";
  response.body = std::move(html);
  return response;
}

int64_t IntParam(const HttpRequest& request, std::string_view name, int64_t low, int64_t high,
                 int64_t otherwise) {
  const auto found = request.query.find(name);
  if (found == request.query.end()) return otherwise;
  const std::string& text = found->second;
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < low || value > high) {
    throw HttpError(400, "bad_parameter",
                    fmt::format("'{}' must be an integer from {} to {}", name, low, high));
  }
  return value;
}

void CheckParams(const HttpRequest& request, std::initializer_list<std::string_view> known) {
  std::string_view before;
  for (const auto& [name, value] : request.query) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      const std::vector<std::string_view> names(known);
      throw HttpError(400, "unknown_parameter", fmt::format("unknown parameter '{}'", name),
                      NameHint(name, names));
    }
    if (name == before) {
      throw HttpError(400, "repeated_parameter", fmt::format("'{}' is there twice", name));
    }
    before = name;
  }
}

namespace {

std::string UrlDecode(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;
    if (text[i] == '+') {
      decoded += ' ';
    } else if (text[i] == '%' && i + 2 < text.size() &&
               std::from_chars(text.data() + i + 1, text.data() + i + 3, byte, 16).ptr ==
                   text.data() + i + 3) {
      decoded += static_cast<char>(byte);
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

}  // namespace

std::multimap<std::string, std::string, std::less<>> ParseQuery(std::string_view text) {
  std::multimap<std::string, std::string, std::less<>> query;
  while (!text.empty()) {
    const size_t end = std::min(text.find('&'), text.size());
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (pair.empty()) continue;
    const size_t equal = std::min(pair.find('='), pair.size());
    query.emplace(UrlDecode(pair.substr(0, equal)),
                  UrlDecode(pair.substr(std::min(equal + 1, pair.size()))));
  }
  return query;
}

std::string UrlEncode(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const bool is_plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                          (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '.' || c == '~';
    if (is_plain) {
      encoded += c;
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

}  // namespace deltagauge
