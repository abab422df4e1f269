#include "harness/service/service.h"

#include <algorithm>
#include <string>

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/report/report_time.h"
#include "harness/service/service_test_world.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kCommit = "0123456789abcdef0123456789abcdef01234567";

Report Passing(const std::string& id) {
  Report report = ExamplePassingReport();
  report.report_id = id;
  return report;
}

std::string CodeOf(const HttpResponse& response) {
  const Json json = ParseJson(response.body, "answer");
  const Json* const error = json.Find("error");
  return error == nullptr ? "" : error->Find("code")->AsString();
}

TEST(ServiceAccessTest, WritesNeedTheTokenReadsDont) {
  ServiceTestWorld world;
  HttpRequest request = ServiceTestWorld::Request("POST", "/api/v1/reports", "{}");
  for (const char* given : {"", "Bearer", "Bearer ", "Bearer 0123456789abcdeX", "Basic abc",
                            "Bearer 0123456789abcdef0"}) {
    request.authorization = given;
    EXPECT_EQ(world.service().Handle(request).status, 401) << given;
  }
  request.authorization = "bEaReR 0123456789abcdef";
  EXPECT_EQ(world.service().Handle(request).status, 422) << "the scheme's name has no case";
  request = ServiceTestWorld::Request("GET", "/api/v1/reports");
  request.authorization.clear();
  EXPECT_EQ(world.service().Handle(request).status, 200);
}

TEST(ServiceAccessTest, PrivateReadsNeedItTooButHealthDoesNot) {
  ServiceOptions options = ServiceTestWorld::DefaultOptions();
  options.access.reads = ReadAccess::kWithToken;
  ServiceTestWorld world(options);
  HttpRequest request = ServiceTestWorld::Request("GET", "/metrics");
  EXPECT_EQ(world.service().Handle(request).status, 200);
  request.authorization.clear();
  EXPECT_EQ(world.service().Handle(request).status, 401);
  request.path = "/healthz";
  EXPECT_EQ(world.service().Handle(request).status, 200);
}

TEST(ServiceAccessTest, WithoutATokenNobodyWrites) {
  ServiceOptions options = ServiceTestWorld::DefaultOptions();
  options.access.token.clear();
  ServiceTestWorld world(options);
  HttpRequest request = ServiceTestWorld::Request("POST", "/api/v1/reports", "{}");
  request.authorization = "Bearer ";
  EXPECT_EQ(CodeOf(world.service().Handle(request)), "no_token_set");
}

TEST(ServiceAccessTest, OtherNamesAndOtherSitesAreRefused) {
  ServiceOptions options = ServiceTestWorld::DefaultOptions();
  options.access.hosts = {"localhost", "::1"};
  ServiceTestWorld world(options);
  HttpRequest request = ServiceTestWorld::Request("GET", "/healthz");
  for (const char* host : {"localhost", "LOCALHOST:8177", "[::1]:80"}) {
    request.host = host;
    EXPECT_EQ(world.service().Handle(request).status, 200) << host;
  }
  for (const char* host : {"", "evil.example", "localhost.evil.example:80", "[::2]"}) {
    request.host = host;
    EXPECT_EQ(world.service().Handle(request).status, 421) << host;
  }
  request = ServiceTestWorld::Request("POST", "/api/v1/reports", "{}");
  request.origin = "http://evil.example";
  EXPECT_EQ(CodeOf(world.service().Handle(request)), "other_origin");
  request.origin = "http://localhost:8177";
  EXPECT_EQ(world.service().Handle(request).status, 422);
}

TEST(ServiceAccessTest, TokensAreChecked) {
  EXPECT_EQ(CheckedToken("0123456789abcdef\r\nrest", "f"), "0123456789abcdef");
  EXPECT_THROW(CheckedToken("0123456789abcde", "f"), reference::InputError);
  EXPECT_THROW(CheckedToken("0123456789 abcdef", "f"), reference::InputError);
  EXPECT_THROW(CheckedToken("", "f"), reference::InputError);
  EXPECT_TRUE(SameSecret("abc", "abc"));
  EXPECT_FALSE(SameSecret("abc", "abd"));
  EXPECT_FALSE(SameSecret("abc", "ab"));
}

TEST(ServiceTest, EveryAnswerHasTheSecurityHeaders) {
  ServiceTestWorld world;
  for (const char* path : {"/healthz", "/nothing", "/api/v1/reports"}) {
    const HttpResponse response = world.Ask("GET", path);
    std::string names;
    for (const auto& [name, value] : response.headers) names += name + ": " + value + "\n";
    EXPECT_THAT(names, HasSubstr("Content-Security-Policy: default-src 'none'"));
    EXPECT_THAT(names, HasSubstr("X-Content-Type-Options: nosniff"));
  }
}

TEST(ServiceTest, UnknownPathsMethodsAndParametersAreNamed) {
  ServiceTestWorld world;
  EXPECT_EQ(world.Ask("GET", "/api/v1/nothing").status, 404);
  EXPECT_EQ(world.Ask("GET", "/api/v1/reports/../../etc/passwd").status, 404);
  const HttpResponse method = world.Ask("DELETE", "/api/v1/reports");
  EXPECT_EQ(method.status, 405);
  EXPECT_THAT(method.body, HasSubstr("it knows POST, GET"));
  const HttpResponse parameter = world.Ask("GET", "/api/v1/reports?brnch=main");
  EXPECT_EQ(parameter.status, 400);
  EXPECT_THAT(parameter.body, HasSubstr("did you mean 'branch'?"));
  EXPECT_EQ(CodeOf(world.Ask("GET", "/api/v1/reports?limit=1&limit=2")), "repeated_parameter");
  for (const char* limit : {"0", "501", "x", "1x", "-1", "99999999999999999999"}) {
    EXPECT_EQ(CodeOf(world.Ask("GET", std::string("/api/v1/reports?limit=") + limit)),
              "bad_parameter");
  }
}

TEST(ServiceReportsTest, AReportIsTakenOnceAndReadBack) {
  ServiceTestWorld world;
  const std::string text = WriteReport(Passing("r1"));
  const HttpResponse added = world.Ask("POST", "/api/v1/reports", text);
  EXPECT_EQ(added.status, 201);
  EXPECT_EQ(world.Ask("POST", "/api/v1/reports", text).status, 200);
  Report other = Passing("r1");
  other.vcs.branch = "other";
  EXPECT_EQ(world.Post(other).status, 409);
  const HttpResponse raw = world.Ask("GET", "/api/v1/reports/r1/raw");
  EXPECT_EQ(raw.body, text);
  const Json json = world.AskJson("/api/v1/reports/r1");
  EXPECT_EQ(json.Find("verdict")->AsString(), "passed");
  EXPECT_EQ(json.Find("gates")->AsArray().size(), Passing("r1").gates.size());
  EXPECT_EQ(json.Find("received_at")->AsString(), FormatUtc(kTestNow));
  EXPECT_EQ(world.Ask("GET", "/api/v1/reports/r2").status, 404);
  EXPECT_EQ(world.AskJson("/api/v1/machines").Find("machines")->AsArray().size(), 1u);
}

TEST(ServiceReportsTest, WhatIsNoReportIsRefusedWithItsPlace) {
  ServiceTestWorld world;
  EXPECT_EQ(CodeOf(world.Ask("POST", "/api/v1/reports", "")), "empty_body");
  Json json = ReportToJson(Passing("r1"));
  json["summary"]["verdict"] = "pased";
  const HttpResponse refused = world.Ask("POST", "/api/v1/reports", WriteJson(json));
  EXPECT_EQ(refused.status, 422);
  EXPECT_THAT(refused.body, HasSubstr("body#/summary/verdict: unknown value 'pased'"));
  EXPECT_TRUE(world.AskJson("/api/v1/reports").Find("reports")->AsArray().empty());
}

TEST(ServiceReportsTest, PagesGoOnWhereTheyEnded) {
  ServiceTestWorld world;
  for (int i = 0; i < 5; ++i) {
    Report report = Passing(fmt::format("r{}", i));
    report.created_at = FormatUtc(kTestNow - 100 + i);
    ASSERT_EQ(world.Post(report).status, 201);
  }
  std::string seen;
  std::string target = "/api/v1/reports?limit=2";
  for (int page = 0; page < 5; ++page) {
    const Json json = world.AskJson(target);
    for (const Json& row : json.Find("reports")->AsArray()) {
      seen += row.Find("report_id")->AsString() + " ";
    }
    if (json.Find("next") == nullptr) break;
    target = "/api/v1/reports?limit=2&after=" + json.Find("next")->AsString();
  }
  EXPECT_EQ(seen, "r4 r3 r2 r1 r0 ");
  EXPECT_EQ(world.Ask("GET", "/api/v1/reports?after=rubbish").status, 400);
}

TEST(ServiceSeriesTest, PointsHaveTheFiguresOfTheReports) {
  ServiceTestWorld world;
  world.Post(Passing("r1"));
  const Json json = world.AskJson("/api/v1/series?metric=performance.prefill.speedup");
  const auto& series = json.Find("series")->AsArray();
  ASSERT_FALSE(series.empty());
  const Json& point = series.front().Find("points")->AsArray().front();
  const Report report = Passing("r1");
  bool found = false;
  for (const CaseReport& of : report.cases) {
    if (of.id != series.front().Find("case")->AsString()) continue;
    for (const Metric& metric : of.metrics) {
      if (metric.name != "performance.prefill.speedup") continue;
      found = true;
      EXPECT_EQ(point.Find("value")->AsDouble(), metric.value);
      EXPECT_EQ(point.Find("ci_lo")->AsDouble(), metric.ci_lo);
    }
  }
  EXPECT_TRUE(found);
  const Json names = world.AskJson("/api/v1/series?points=0");
  EXPECT_EQ(names.Find("series")->AsArray().front().Find("points"), nullptr);
}

TEST(ServiceCompareTest, RefusesTimingsOfOtherMachinesUnlessForced) {
  ServiceTestWorld world;
  world.Post(Passing("r1"));
  Report other = Passing("r2");
  other.machine.fingerprint = "00000000deadbeef";
  world.Post(other);
  const Json refused = world.AskJson("/api/v1/compare?base=r1&head=r2");
  EXPECT_FALSE(refused.Find("timings_refused")->AsString().empty());
  const Json forced = world.AskJson("/api/v1/compare?base=r1&head=r2&force=1");
  EXPECT_TRUE(forced.Find("timings_refused") == nullptr ||
              forced.Find("timings_refused")->AsString().empty());
  EXPECT_EQ(world.Ask("GET", "/api/v1/compare?base=r1&head=nope").status, 404);
  EXPECT_EQ(world.Ask("GET", "/api/v1/compare?base=r1").status, 400);
  EXPECT_EQ(world.Ask("GET", "/api/v1/compare?base=r1&head=r2&format=xml").status, 400);
  EXPECT_THAT(world.Ask("GET", "/api/v1/compare?base=r1&head=r2&format=csv").body,
              HasSubstr("case,kind,base_verdict"));
  EXPECT_THAT(world.Ask("GET", "/api/v1/compare?base=r1&head=r2&format=markdown").body,
              HasSubstr("#"));
}

TEST(ServiceCompareTest, CommitsBranchesAndBaselinesNameReports) {
  ServiceTestWorld world;
  Report base = Passing("r1");
  base.vcs.head_sha = std::string(40, 'a');
  base.vcs.branch = "release";
  world.Post(base);
  world.Post(Passing("r2"));
  EXPECT_EQ(
      world.Ask("PUT", "/api/v1/baselines/good", R"({"report_id":"r1","author":"ann"})").status,
      200);
  for (const char* name : {"r1", "aaaaaaa", "release", "good"}) {
    const Json json = world.AskJson(std::string("/api/v1/compare?head=r2&base=") + name);
    ASSERT_NE(json.Find("base_report"), nullptr) << name;
    EXPECT_EQ(json.Find("base_report")->AsString(), "r1") << name;
  }
}

TEST(ServiceCompareTest, TheBaseIsTakenFromHeadsMachine) {
  ServiceTestWorld world;
  for (const char* id : {"r1", "r2"}) {
    Report report = Passing(id);
    report.vcs.head_sha = std::string(40, 'a');
    report.machine.fingerprint = id == std::string("r1") ? "1111111111111111" : "2222222222222222";
    world.Post(report);
  }
  for (const char* machine : {"1111111111111111", "2222222222222222"}) {
    Report head = Passing(std::string("head") + machine[0]);
    head.machine.fingerprint = machine;
    world.Post(head);
    const Json json = world.AskJson("/api/v1/compare?base=aaaaaaaa&head=" + head.report_id);
    EXPECT_EQ(json.Find("base_report")->AsString(), std::string("r") + machine[0]);
  }
}

TEST(ServiceVerdictTest, SaysNoWithReasonsAndTakesNoPath) {
  ServiceTestWorld world;
  world.Post(Passing("r1"));
  const std::string target = std::string("/api/v1/verdict?commit=") + kCommit;
  const HttpResponse no_go = world.Ask("GET", target);
  EXPECT_EQ(no_go.status, 409);
  EXPECT_THAT(no_go.body, HasSubstr("windows-x86_64"));
  for (const char* policy : {"../release", "/etc/passwd", "nothing", "quick_policy.yaml"}) {
    EXPECT_EQ(world.Ask("GET", target + "&policy=" + policy).status, 404) << policy;
  }
  EXPECT_EQ(world.Ask("GET", "/api/v1/verdict?commit=xyz").status, 400);
}

TEST(ServiceRecordsTest, WaiversNeedAnAuthorAReasonAndADayToCome) {
  ServiceTestWorld world;
  const auto post = [&](const std::string& body) {
    return world.Ask("POST", "/api/v1/waivers", body);
  };
  EXPECT_EQ(post(R"({"target":"a","author":"ann","reason":"r","until":"2026-12-31"})").status, 201);
  EXPECT_EQ(post(R"({"target":"a","author":"ann","reason":" ","until":"2026-12-31"})").status, 400);
  EXPECT_EQ(post(R"({"target":"a","reason":"r","until":"2026-12-31"})").status, 400);
  EXPECT_EQ(post(R"({"target":"a","author":"ann","reason":"r","until":"2026-03-30"})").status, 400);
  EXPECT_EQ(post(R"({"target":"a","author":"ann","reason":"r","until":"soon"})").status, 400);
  EXPECT_EQ(post("[1]").status, 400);
  EXPECT_EQ(post("{").status, 400);
  EXPECT_EQ(CodeOf(post(R"({"trget":"a"})")), "unknown_member");
  Json list = world.AskJson("/api/v1/waivers");
  ASSERT_EQ(list.Find("waivers")->AsArray().size(), 1u);
  const int64_t id = list.Find("waivers")->AsArray()[0].Find("id")->AsInt64();
  EXPECT_EQ(list.Find("waivers")->AsArray()[0].Find("state")->AsString(), "counts");
  EXPECT_EQ(world.Ask("DELETE", fmt::format("/api/v1/waivers/{}", id)).status, 204);
  EXPECT_EQ(world.Ask("DELETE", fmt::format("/api/v1/waivers/{}", id)).status, 404);
  EXPECT_EQ(world.Ask("DELETE", "/api/v1/waivers/abc").status, 404);
  list = world.AskJson("/api/v1/waivers");
  EXPECT_EQ(list.Find("waivers")->AsArray()[0].Find("state")->AsString(), "withdrawn");
}

// A waiver makes a failed gate count as waived in the verdict; once it has expired it doesn't.
TEST(ServiceRecordsTest, AnExpiredWaiverCountsNoMore) {
  int64_t now = kTestNow;
  ServiceOptions options = ServiceTestWorld::DefaultOptions();
  options.unix_seconds = [&] { return now; };
  ServiceTestWorld world(options);
  Report report = ExamplePassingReport();
  report.report_id = "r1";
  report.created_at = FormatUtc(kTestNow - 60);
  std::vector<Gate> gates = ExampleGates();
  for (Gate& gate : gates) {
    if (gate.metric == "performance.prefill.speedup") gate.min = 9;
  }
  JudgeReport(gates, &report);
  ASSERT_EQ(report.summary.verdict, Verdict::kFailed);
  ASSERT_EQ(world.Post(report).status, 201);
  const std::string target = std::string("/api/v1/verdict?policy=quick&commit=") + kCommit;
  EXPECT_THAT(world.Ask("GET", target).body, HasSubstr("failed_run"));
  world.Ask(
      "POST", "/api/v1/waivers",
      R"({"target":"performance.prefill.speedup","author":"ann","reason":"known","until":"2026-04-01"})");
  EXPECT_THAT(world.Ask("GET", target).body, Not(HasSubstr("failed_run")));
  now += 86'400 * 2;
  EXPECT_THAT(world.Ask("GET", target).body, HasSubstr("failed_run"));
}

TEST(ServiceRecordsTest, BaselinesAndAnnotations) {
  ServiceTestWorld world;
  world.Post(Passing("r1"));
  const std::string body = R"({"report_id":"r1","author":"ann","reason":"release"})";
  EXPECT_EQ(world.Ask("PUT", "/api/v1/baselines/v1.0", body).status, 200);
  EXPECT_EQ(world.AskJson("/api/v1/baselines/v1.0").Find("report_id")->AsString(), "r1");
  EXPECT_EQ(world.Ask("PUT", "/api/v1/baselines/a b", body).status, 400);
  EXPECT_EQ(world.Ask("PUT", "/api/v1/baselines/x", R"({"report_id":"r9","author":"a"})").status,
            404);
  EXPECT_EQ(world.Ask("DELETE", "/api/v1/baselines/v1.0").status, 204);
  EXPECT_EQ(world.Ask("GET", "/api/v1/baselines/v1.0").status, 404);
  EXPECT_EQ(world
                .Ask("POST", "/api/v1/annotations",
                     R"({"author":"ann","note":"new compiler","at":"2026-03-01T00:00:00Z"})")
                .status,
            201);
  EXPECT_EQ(
      world.Ask("POST", "/api/v1/annotations", R"({"author":"ann","note":"x","at":"?"})").status,
      400);
  const Json list = world.AskJson("/api/v1/annotations?metric=any");
  ASSERT_EQ(list.Find("annotations")->AsArray().size(), 1u);
  const int64_t id = list.Find("annotations")->AsArray()[0].Find("id")->AsInt64();
  EXPECT_EQ(world.Ask("DELETE", fmt::format("/api/v1/annotations/{}", id)).status, 204);
}

TEST(ServiceImagesTest, BadgesSayTheNewestVerdict) {
  ServiceTestWorld world;
  EXPECT_THAT(world.Ask("GET", "/api/v1/badge.json?branch=main").body, HasSubstr("unknown"));
  world.Post(Passing("r1"));
  const Json json = world.AskJson("/api/v1/badge.json?branch=main");
  EXPECT_EQ(json.Find("message")->AsString(), "passed");
  EXPECT_EQ(json.Find("color")->AsString(), "brightgreen");
  EXPECT_EQ(json.Find("schemaVersion")->AsInt64(), 1);
  EXPECT_THAT(world.Ask("GET", "/api/v1/badge.svg?branch=main").body, HasSubstr(">passed</text>"));
  EXPECT_THAT(world.Ask("GET", "/api/v1/plot.svg?metric=performance.prefill.speedup").body,
              HasSubstr("<polyline"));
  EXPECT_EQ(world.Ask("GET", "/api/v1/plot.svg?metric=nothing").status, 404);
  EXPECT_EQ(world.Ask("GET", "/api/v1/plot.svg").status, 400);
}

TEST(ServiceImagesTest, NamesAreEscaped) {
  ServiceTestWorld world;
  Report report = Passing("r1");
  report.cases.front().id = "<script>alert(1)</script>";
  report.cases.front().metrics.front().name = "m";
  world.Post(report);
  const std::string svg = world.Ask("GET", "/api/v1/plot.svg?metric=m").body;
  EXPECT_THAT(svg, Not(HasSubstr("<script>")));
  EXPECT_THAT(svg, HasSubstr("&lt;script&gt;"));
}

TEST(ServiceMetricsTest, HasTheGatesOfEachMachineAndItself) {
  ServiceTestWorld world;
  world.Post(Passing("r1"));
  Report failing = ExampleFailingReport();
  failing.report_id = "r2";
  failing.machine.fingerprint = "00000000deadbeef";
  world.Post(failing);
  const std::string text = world.Ask("GET", "/metrics").body;
  EXPECT_THAT(text,
              HasSubstr("deltagauge_gate_value{machine=\"8f14e45fceea167a\",config=\"quick\","
                        "gate=\"performance.prefill.speedup >= 1.3 at tokens=512 for fused\""));
  EXPECT_THAT(text, HasSubstr("verdict=\"failed\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("deltagauge_ingest_reports_total{outcome=\"added\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("deltagauge_http_request_seconds_bucket{route=\"POST "
                              "/api/v1/reports\",le=\"+Inf\"} 2\n"));
  EXPECT_THAT(text, Not(HasSubstr("# EOF")));
  const HttpResponse open = world.Ask("GET", "/metrics?format=openmetrics");
  EXPECT_TRUE(open.body.ends_with("# EOF\n"));
  EXPECT_THAT(open.body, HasSubstr("# TYPE deltagauge_http_requests counter\n"));
  EXPECT_THAT(open.content_type, HasSubstr("openmetrics"));
  HttpRequest request = ServiceTestWorld::Request("GET", "/metrics");
  request.accept = "application/openmetrics-text;version=1.0.0,text/plain;q=0.5";
  EXPECT_TRUE(world.service().Handle(request).body.ends_with("# EOF\n"));
}

// What a report calls itself never becomes the name of a series of the service's own.
TEST(ServiceMetricsTest, PathsThatNobodyKnowsAreOneSeries) {
  ServiceTestWorld world;
  for (int i = 0; i < 50; ++i) world.Ask("GET", fmt::format("/nothing/{}", i));
  const std::string text = world.Ask("GET", "/metrics").body;
  EXPECT_THAT(text,
              HasSubstr("deltagauge_http_requests_total{route=\"none\",status=\"404\"} 50\n"));
  EXPECT_THAT(text, Not(HasSubstr("nothing/")));
}

}  // namespace
}  // namespace deltagauge
