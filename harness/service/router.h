// From a method and a path to what answers it.
#ifndef DELTAGAUGE_HARNESS_SERVICE_ROUTER_H_
#define DELTAGAUGE_HARNESS_SERVICE_ROUTER_H_

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/service/http.h"

namespace deltagauge {

// What stood for each {name} of the pattern, in order.
using PathParts = std::vector<std::string>;
using Route = std::function<HttpResponse(const HttpRequest&, const PathParts&)>;

class Router {
 public:
  // "/api/v1/reports/{id}/raw". The first route that fits counts.
  void Add(std::string_view method, std::string_view pattern, Route route);

  struct Match {
    const Route* route = nullptr;
    std::string_view pattern;  // names the route in metrics
    PathParts parts;
  };
  // Throws HttpError 404, or 405 if the path is known for other methods.
  Match Find(const HttpRequest& request) const;

  // "GET /api/v1/reports", in the order in which they were added.
  std::vector<std::string> Names() const;

 private:
  struct Entry {
    std::string method;
    std::string pattern;
    std::vector<std::string> segments;
    Route route;
  };
  std::vector<Entry> entries_;
};

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_SERVICE_ROUTER_H_
