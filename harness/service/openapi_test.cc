// Holds the routes of reports/openapi.yaml against those of the service, both ways.
#include <algorithm>
#include <cctype>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/service/service.h"
#include "harness/store/store_test_database.h"
#include "yaml-cpp/yaml.h"

namespace deltagauge {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAreArray;

class OpenApiTest : public ::testing::Test {
 protected:
  OpenApiTest() : service_(Options(), store_.get()) {}

  static ServiceOptions Options() {
    ServiceOptions options;
    options.access.token = "planted-planted-planted";
    options.unix_seconds = [] { return int64_t{1'800'000'000}; };
    return options;
  }

  HttpResponse Get(const std::string& path,
                   const std::multimap<std::string, std::string, std::less<>>& query = {}) {
    HttpRequest request;
    request.method = "GET";
    request.path = path;
    request.query = query;
    return service_.Handle(request);
  }

  std::unique_ptr<TestDatabase> database_ = TestDatabase::Make(SqlDialect::kSqlite);
  std::unique_ptr<ReportStore> store_ = ReportStore::Open(database_->address());
  Service service_;
};

// "GET /api/v1/reports" of each operation.
std::vector<std::string> RoutesOf(const YAML::Node& description) {
  std::vector<std::string> routes;
  for (const auto& path : description["paths"]) {
    for (const auto& operation : path.second) {
      auto method = operation.first.as<std::string>();
      std::transform(method.begin(), method.end(), method.begin(),
                     [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
      routes.push_back(method + " " + path.first.as<std::string>());
    }
  }
  return routes;
}

void CollectReferences(const YAML::Node& node, std::set<std::string>* references) {
  if (!node.IsMap() && !node.IsSequence()) return;
  for (const auto& entry : node) {
    if (node.IsMap() && entry.first.as<std::string>() == "$ref") {
      references->insert(entry.second.as<std::string>());
    }
    CollectReferences(node.IsMap() ? entry.second : YAML::Node(entry), references);
  }
}

TEST_F(OpenApiTest, DescribesTheRoutesThatThereAre) {
  const HttpResponse answer = Get("/api/v1/openapi.yaml");
  ASSERT_EQ(answer.status, 200);
  EXPECT_EQ(answer.content_type, "application/yaml");
  const YAML::Node description = YAML::Load(answer.body);
  EXPECT_THAT(description["openapi"].as<std::string>(), StartsWith("3.1"));
  EXPECT_THAT(RoutesOf(description), UnorderedElementsAreArray(service_.RouteNames()));
}

TEST_F(OpenApiTest, ARouteThatIsNotDescribedIsFound) {
  service_.router().Add("GET", "/planted",
                        [](const HttpRequest&, const PathParts&) { return HttpResponse(); });
  const YAML::Node description = YAML::Load(Get("/api/v1/openapi.yaml").body);
  EXPECT_THAT(RoutesOf(description), Not(UnorderedElementsAreArray(service_.RouteNames())));
}

// Every route answers to a parameter that nobody knows, so that a typing error is seen: with 400,
// unless nothing of that id is there, or a probe asks.
TEST_F(OpenApiTest, DescribesEveryAnswerToAWrongParameter) {
  const YAML::Node description = YAML::Load(Get("/api/v1/openapi.yaml").body);
  for (const auto& path : description["paths"]) {
    if (!path.second["get"]) continue;
    const HttpResponse answer = Get(path.first.as<std::string>(), {{"planted", "1"}});
    EXPECT_TRUE(path.second["get"]["responses"][std::to_string(answer.status)])
        << path.first.as<std::string>() << " " << answer.status;
  }
}

TEST_F(OpenApiTest, EveryReferenceHasSomethingBehindIt) {
  const YAML::Node description = YAML::Load(Get("/api/v1/openapi.yaml").body);
  std::set<std::string> references;
  CollectReferences(description, &references);
  EXPECT_THAT(references, Not(IsEmpty()));
  std::set<std::string> there;
  for (const auto& kind : description["components"]) {
    for (const auto& part : kind.second) {
      const auto name = part.first.as<std::string>();
      there.insert("#/components/" + kind.first.as<std::string>() + "/" + name);
    }
  }
  for (const std::string& reference : references)
    EXPECT_TRUE(there.contains(reference)) << reference;
}

TEST_F(OpenApiTest, OtherMethodsAreToldWhichOnesThereAre) {
  HttpRequest request;
  request.method = "PATCH";
  request.path = "/api/v1/baselines/x";
  request.authorization = "Bearer planted-planted-planted";
  const HttpResponse answer = service_.Handle(request);
  EXPECT_EQ(answer.status, 405);
  EXPECT_THAT(answer.headers, ::testing::Contains(std::pair<std::string, std::string>(
                                  "Allow", "GET, PUT, DELETE, HEAD")));
  EXPECT_THAT(answer.body, HasSubstr("method_not_allowed"));
}

}  // namespace
}  // namespace deltagauge
