#include "harness/service/router.h"

#include <optional>
#include <utility>

#include "fmt/format.h"

namespace deltagauge {
namespace {

std::vector<std::string> Segments(std::string_view path) {
  std::vector<std::string> segments;
  size_t begin = 1;  // after the first '/'
  while (begin <= path.size()) {
    const size_t end = std::min(path.find('/', begin), path.size());
    segments.emplace_back(path.substr(begin, end - begin));
    begin = end + 1;
  }
  return segments;
}

std::optional<PathParts> Fit(const std::vector<std::string>& pattern,
                             const std::vector<std::string>& path) {
  if (pattern.size() != path.size()) return std::nullopt;
  PathParts parts;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i].starts_with('{')) {
      if (path[i].empty()) return std::nullopt;
      parts.push_back(path[i]);
    } else if (pattern[i] != path[i]) {
      return std::nullopt;
    }
  }
  return parts;
}

}  // namespace

void Router::Add(std::string_view method, std::string_view pattern, Route route) {
  entries_.push_back(
      {std::string(method), std::string(pattern), Segments(pattern), std::move(route)});
}

Router::Match Router::Find(const HttpRequest& request) const {
  const std::vector<std::string> path = Segments(request.path);
  std::string methods;
  for (const Entry& entry : entries_) {
    auto parts = Fit(entry.segments, path);
    if (!parts) continue;
    if (entry.method == request.method) return {&entry.route, entry.pattern, std::move(*parts)};
    methods += (methods.empty() ? "" : ", ") + entry.method;
  }
  if (methods.empty()) throw HttpError(404, "not_found", "there is nothing at this path");
  if (methods.find("GET") != std::string::npos) methods += ", HEAD";
  throw HttpError(405, "method_not_allowed", "this path does not know that method",
                  fmt::format("it knows {}", methods))
      .WithHeader("Allow", methods);
}

std::vector<std::string> Router::Names() const {
  std::vector<std::string> names;
  for (const Entry& entry : entries_) {
    names.push_back(fmt::format("{} {}", entry.method, entry.pattern));
  }
  return names;
}

}  // namespace deltagauge
