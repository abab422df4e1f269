#include "harness/service/pages.h"

#include <algorithm>
#include <cmath>
#include <regex>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/service/page_assets.h"
#include "harness/service/page_frame.h"
#include "harness/service/pages_test_reports.h"
#include "harness/service/service_test_world.h"
#include "harness/store/store_records.h"

namespace deltagauge {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

class PagesTest : public ::testing::Test {
 protected:
  void Post(const Report& report) {
    const HttpResponse answer = world_.Post(report);
    ASSERT_EQ(answer.status, 201) << answer.body;
  }
  std::string Page(const std::string& target, int status = 200) {
    const HttpResponse answer = world_.Ask("GET", target);
    EXPECT_EQ(answer.status, status) << target << "\n" << answer.body;
    EXPECT_EQ(answer.content_type, "text/html; charset=utf-8") << target;
    return answer.body;
  }
  // The data for the scripts.
  Json Data(const std::string& page) {
    const std::string begin = "id=\"chart-data\">";
    const size_t from = page.find(begin);
    EXPECT_NE(from, std::string::npos);
    if (from == std::string::npos) return Json();
    const size_t to = page.find("</script>", from);
    return ParseJson(page.substr(from + begin.size(), to - from - begin.size()), "chart-data");
  }

  ServiceTestWorld world_;
};

TEST_F(PagesTest, AnEmptyStoreHasPagesThatSayWhatToDo) {
  EXPECT_THAT(Page("/"), HasSubstr("/api/v1/reports"));
  EXPECT_THAT(Page("/trend"), HasSubstr("There are no such figures"));
  EXPECT_THAT(Page("/compare"), HasSubstr("<form"));
  EXPECT_THAT(Page("/peers"), HasSubstr("No machine"));
  EXPECT_THAT(Page("/records"), HasSubstr("There are none."));
  EXPECT_THAT(Page("/tasks"), HasSubstr("<h1>Tasks</h1>"));
}

TEST_F(PagesTest, TheOverviewHasEachBranchOfEachMachine) {
  Post(ReportOfDay(1));
  Post(ReportOfDay(2, 1, "faster"));
  Post(OnMachine(ReportOfDay(3), "aaaa", "arm-1"));
  const std::string page = Page("/");
  EXPECT_THAT(page, HasSubstr("All 3 newest reports passed."));
  EXPECT_THAT(page, Not(HasSubstr("Needs attention")));
  for (const char* text : {"href=\"/reports/main-1\"", "href=\"/reports/faster-2\"",
                           "href=\"/reports/main-3-arm-1\"", ">arm-1</th>", ">bench-1</th>"}) {
    EXPECT_THAT(page, HasSubstr(text));
  }
  EXPECT_LT(page.find(">main</a>"), page.find(">faster</a>")) << "the newest branch is first";
}

TEST_F(PagesTest, WhatIsWorseThanBeforeStandsOnTop) {
  Post(ReportOfDay(1));
  Post(ReportOfDay(2, 0.8));
  Post(ReportOfDay(1, 1, "other"));
  Post(ReportOfDay(2, 1.001, "other"));
  const std::string page = Page("/");
  EXPECT_THAT(page, HasSubstr("1 of 2 newest reports need attention."));
  EXPECT_THAT(page, HasSubstr("<span class=\"badge failed\">regressed</span>"));
  EXPECT_THAT(page, HasSubstr("<a href=\"/compare?base=main-1&amp;head=main-2\">4 cases worse"));
  EXPECT_LT(page.find("regressed"), page.find("id=\"heads\""));
  EXPECT_EQ(page, Page("/")) << "what is remembered says the same";
}

TEST_F(PagesTest, WarmedUpItRemembersWhatBecameWorse) {
  Post(ReportOfDay(1));
  Post(ReportOfDay(2, 0.8));
  world_.service().WarmUp();
  // So that nothing could be compared now.
  world_.store().Write([](Database& database) { database.Run("DELETE FROM bodies"); });
  EXPECT_THAT(Page("/"), HasSubstr("4 cases worse than before"));
  EXPECT_THAT(world_.Ask("GET", "/metrics").body,
              HasSubstr("http_requests_total{route=\"GET /\",status=\"200\"} 1\n"))
      << "only what was asked for from outside";
}

TEST_F(PagesTest, WhatDidNotPassStandsOnTop) {
  Report failing = ExampleFailingReport();
  failing.vcs.branch = "broken";
  Post(ReportOfDay(20));
  Post(failing);
  const std::string page = Page("/");
  EXPECT_THAT(page, HasSubstr("1 of 2 newest reports need attention."));
  EXPECT_LT(page.find("badge invalid"), page.find("id=\"heads\""));
}

TEST_F(PagesTest, AReportLeadsToItsTrendsAndToTheReportBefore) {
  Post(ReportOfDay(1));
  Post(ReportOfDay(2));
  const std::string page = Page("/reports/main-2");
  EXPECT_THAT(page, HasSubstr("<h1>passed</h1>"));
  EXPECT_THAT(page, HasSubstr("href=\"/compare?base=main-1&amp;head=main-2\""));
  EXPECT_THAT(page, HasSubstr("href=\"/api/v1/reports/main-2/raw\""));
  EXPECT_THAT(page, HasSubstr("href=\"/trend?case=prefill%3Atokens%3D512&amp;"
                              "metric=performance.prefill.speedup&amp;"
                              "machine=8f14e45fceea167a&amp;branch=main\""));
  EXPECT_EQ(Data(page).AsArray().size(), 8u) << "charts";
  EXPECT_THAT(Page("/reports/main-1"), Not(HasSubstr("/compare?")));
}

TEST_F(PagesTest, ATrendHasThePointsLimitAndRemarks) {
  for (int day = 1; day <= 20; ++day) Post(ReportOfDay(day, day < 11 ? 1 : 0.75));
  world_.Ask("POST", "/api/v1/annotations",
             R"({"author": "ann", "note": "new <kernel>", "at": "2026-03-05T00:00:00Z"})");
  const std::string page = Page(
      "/trend?case=prefill:tokens=512&metric=performance.prefill.speedup"
      "&machine=8f14e45fceea167a&branch=main");
  const Json data = Data(page);
  const auto& points = data.Find("points")->AsArray();
  ASSERT_EQ(points.size(), 20u);
  EXPECT_DOUBLE_EQ(points[0].Find("value")->AsDouble(), 1.625);
  EXPECT_DOUBLE_EQ(points[19].Find("value")->AsDouble(), 1.625 * 0.75);
  EXPECT_DOUBLE_EQ(points[19].Find("level")->AsDouble(), 1.625 * 0.75);
  EXPECT_EQ(points[3].Find("report")->AsString(), "main-4");
  EXPECT_DOUBLE_EQ(data.Find("limit")->AsDouble(), 1.3);
  ASSERT_EQ(data.Find("changes")->AsArray().size(), 1u);
  EXPECT_EQ(data.Find("changes")->AsArray()[0].Find("index")->AsDouble(), 10);
  EXPECT_TRUE(data.Find("changes")->AsArray()[0].Find("worse")->AsBool());
  ASSERT_EQ(data.Find("remarks")->AsArray().size(), 1u);
  EXPECT_EQ(data.Find("remarks")->AsArray()[0].Find("index")->AsDouble(), 4);
  EXPECT_THAT(page, AllOf(HasSubstr("new &lt;kernel&gt;"), HasSubstr("Worse at "),
                          HasSubstr("1.219 (1.2 to 1.237)"), HasSubstr("level changes here")));
}

TEST_F(PagesTest, ATrendThatIsNotThereSaysSo) {
  Post(ReportOfDay(1));
  Post(OnMachine(ReportOfDay(2, 2, "fast"), "aaaa", "arm-1"));
  EXPECT_THAT(Page("/trend?metric=no.such", 404), HasSubstr("There are no such figures"));
  EXPECT_THAT(Page("/trend?metric=kernel.error_ratio&case=decode:tokens=16"),
              HasSubstr("here is another"));
  // Without a machine it is that of the branch's newest report.
  EXPECT_THAT(Page("/trend?branch=fast"), HasSubstr("<option value=\"aaaa\" selected>"));
  EXPECT_THAT(Page("/trend?branch=main"),
              HasSubstr("<option value=\"8f14e45fceea167a\" selected>"));
  EXPECT_THAT(Page("/trend?pionts=3", 400), HasSubstr("points"));
}

TEST_F(PagesTest, AComparisonBeginsWithWhatIsWorse) {
  Post(ReportOfDay(1));
  Report head = ReportOfDay(2);
  for (Metric& metric : head.cases[20].metrics) {  // decode, the last of the report
    if (!metric.ci_lo) continue;
    metric.value *= 0.5, *metric.ci_lo *= 0.5, *metric.ci_hi *= 0.5;
  }
  for (Metric& metric : head.cases[17].metrics) {
    if (!metric.ci_lo) continue;
    metric.value *= 2, *metric.ci_lo *= 2, *metric.ci_hi *= 2;
  }
  Post(head);
  const std::string page = Page("/compare?base=main-1&head=main-2");
  EXPECT_THAT(page, HasSubstr("1 worse, 0 unclear, 0 not compared, 1 better, 19 the same."));
  EXPECT_LT(page.find(">decode:tokens=16</th>"), page.find(">timing:tokens=512</th>"));
  EXPECT_THAT(page, Not(HasSubstr("two machines")));
  EXPECT_THAT(Page("/compare?base=main-1&head=none", 404),
              AllOf(HasSubstr("no report is called"), HasSubstr("<form")));
}

TEST_F(PagesTest, AComparisonOfTwoMachinesWarnsAndLeavesTimingsOut) {
  Post(ReportOfDay(1));
  Post(OnMachine(ReportOfDay(2, 0.5), "aaaa", "arm-1"));
  const std::string target = "/compare?base=main-1&head=main-2-arm-1";
  const std::string page = Page(target);
  EXPECT_THAT(page,
              AllOf(HasSubstr("These are two machines: bench-1 and arm-1."),
                    HasSubstr("Timings are not compared: "), HasSubstr("0 worse"),
                    HasSubstr("href=\"/compare?base=main-1&amp;head=main-2-arm-1&amp;force=1\"")));
  EXPECT_THAT(Page(target + "&force=1"),
              AllOf(HasSubstr("what differs may be the machine"), HasSubstr("4 worse")));
}

TEST_F(PagesTest, PeersStandSideBySide) {
  Post(ReportOfDay(1));
  EXPECT_THAT(Page("/peers"), HasSubstr("No machine"));
  Report report = ReportOfDay(2);
  CaseReport other = report.cases[19];  // prefill of 512 tokens
  other.id += ",candidate=chunked";
  other.candidate = other.params["candidate"] = "chunked";
  other.index = static_cast<int64_t>(report.cases.size());
  for (Metric& metric : other.metrics) metric.value *= 2;
  report.cases.push_back(other);
  Post(report);
  const std::string page = Page("/peers");
  EXPECT_THAT(page, HasSubstr("<th scope=\"col\">chunked</th><th scope=\"col\">fused</th>"));
  // A larger speedup is better, a larger latency worse.
  EXPECT_THAT(page,
              HasSubstr("<td>performance.prefill.speedup</td><td class=\"number best\">3.25"));
  EXPECT_THAT(page, HasSubstr("<td>performance.prefill.latency_ms [ms]</td>"
                              "<td class=\"number\">51.2</td><td class=\"number best\">25.6</td>"));
  EXPECT_EQ(page, Page("/peers?report=main-2"));
  // Two prefills differ in their tokens; the rest of their parameters is said once.
  EXPECT_THAT(page, HasSubstr("<th scope=\"row\">prefill: tokens 512</th>"));
  EXPECT_THAT(page, HasSubstr("<li>prefill: baseline eager, "));
}

TEST_F(PagesTest, APeerWithoutAFigureIsNotTheBest) {
  Report report = ReportOfDay(1);
  CaseReport other = report.cases[19];
  other.id += ",candidate=chunked";
  other.candidate = other.params["candidate"] = "chunked";
  other.index = static_cast<int64_t>(report.cases.size());
  for (Metric& metric : other.metrics) metric.value = std::nan("");
  report.cases.push_back(other);
  Post(report);
  EXPECT_THAT(Page("/peers"), HasSubstr("speedup</td><td class=\"number\">NaN (1.601 to 1.649)</td>"
                                        "<td class=\"number best\">1.625"));
}

TEST_F(PagesTest, RecordsSayWhatCounts) {
  Post(ReportOfDay(1));
  world_.Ask("PUT", "/api/v1/baselines/v1", R"({"report_id": "main-1", "author": "ann"})");
  world_.Ask("POST", "/api/v1/waivers",
             R"({"target": "a.*", "author": "bob", "reason": "known", "until": "2026-12-31"})");
  world_.Ask("POST", "/api/v1/waivers",
             R"({"target": "b.*", "author": "bob", "reason": "known", "until": "2026-12-31"})");
  world_.Ask("DELETE", "/api/v1/waivers/1");
  world_.store().Write([](Database& database) {
    AddWaiver({0, "c.*", "bob", "was known", "2026-01-31", 1, {}}, &database);
  });
  const std::string page = Page("/records");
  for (const char* text :
       {">v1</th><td><a href=\"/reports/main-1\">", ">withdrawn</span></td><th scope=\"row\">a.*<",
        ">counts</span></td><th scope=\"row\">b.*<",
        ">expired</span></td><th scope=\"row\">c.*<"}) {
    EXPECT_THAT(page, HasSubstr(text));
  }
}

TEST_F(PagesTest, TasksAreReadFromTheApiWhereItHasThem) {
  const auto names = world_.service().RouteNames();
  if (std::find(names.begin(), names.end(), "GET /api/v1/runs") == names.end()) {
    EXPECT_THAT(Page("/tasks"),
                AllOf(HasSubstr("This service runs no tasks."), Not(HasSubstr("service.js"))));
    world_.service().router().Add("GET", "/api/v1/runs", [](const HttpRequest&, const PathParts&) {
      return JsonAnswer(Json::MakeObject());
    });
  }
  EXPECT_THAT(Page("/tasks"), AllOf(HasSubstr("service.js"), HasSubstr("<noscript>"),
                                    Not(HasSubstr("runs no tasks"))));
}

TEST_F(PagesTest, ErrorsArePagesWherePeopleLook) {
  EXPECT_THAT(Page("/nothing", 404), AllOf(HasSubstr("<h1>Not here</h1>"), HasSubstr("<nav")));
  EXPECT_THAT(Page("/reports/none", 404), HasSubstr("there is no report of this id"));
  EXPECT_EQ(world_.Ask("GET", "/api/v1/nothing").content_type, "application/json");
  EXPECT_EQ(world_.Ask("GET", "/assets/nothing").status, 404);
}

TEST_F(PagesTest, FilesMayBeKeptForGoodByTheirHash) {
  const HttpResponse kept =
      world_.service().Handle(ServiceTestWorld::Request("GET", AssetUrl("service.css")));
  EXPECT_EQ(kept.status, 200);
  EXPECT_EQ(kept.content_type, "text/css; charset=utf-8");
  EXPECT_THAT(kept.headers, Contains(Pair("Cache-Control", "max-age=31536000, immutable")));
  const HttpResponse other = world_.Ask("GET", "/assets/service.css?v=0");
  EXPECT_EQ(other.body, kept.body);
  EXPECT_THAT(other.headers, Contains(Pair("Cache-Control", "max-age=60")));
}

// --- What is hostile stays text.

constexpr const char* kHostile =
    "\"'><script>alert(1)</script><img src=x onerror=alert(2)>{{main}}";

Report HostileReport(int day) {
  Report report = ExampleFailingReport();
  report.report_id = "hostile-" + std::to_string(day);
  report.created_at = "2026-03-0" + std::to_string(day) + "T09:30:00Z";
  for (std::string* text :
       {&report.config.name, &report.config.path, &report.vcs.repo, &report.vcs.branch,
        &report.vcs.head_sha, &report.vcs.base_sha, &report.vcs.pull_request, &report.tool.version,
        &report.tool.commit, &report.tool.flags, &report.machine.fingerprint, &report.machine.name,
        &report.machine.cpu_model, &report.machine.os, &report.summary.headline}) {
    *text = kHostile;
  }
  for (ArmReport& arm : report.arms) arm.name = arm.role = arm.version = arm.description = kHostile;
  for (CaseReport& of : report.cases) {
    of.id += kHostile;
    of.repro = of.reason = of.reason_code = kHostile;
    of.params[kHostile] = kHostile;
    of.params["candidate"] = of.candidate + kHostile;
    of.candidate += std::to_string(of.index % 2) + kHostile;
    for (Metric& metric : of.metrics) {
      metric.name += kHostile;
      metric.unit = kHostile;
    }
  }
  for (GateResult& gate : report.gates) {
    gate.id = gate.reason = gate.case_id = gate.repro = kHostile;
    if (gate.waiver) gate.waiver->by = gate.waiver->reason = gate.waiver->until = kHostile;
  }
  return report;
}

void ExpectHarmless(const std::string& page, const std::string& target) {
  for (const char* raw : {"<script>alert", "<img", "\"'><"}) {
    EXPECT_THAT(page, Not(HasSubstr(raw))) << target;
  }
  // "{{main}}" is a name of the frame's template, and not looked at again.
  EXPECT_EQ(page.find("<h1"), page.rfind("<h1")) << target;
  // The policy would block them anyway, so the page would be broken.
  static const std::regex inline_code("<style|<[^>]* style=|<[^>\"]* on[a-z]+=|<script>");
  EXPECT_FALSE(std::regex_search(page, inline_code)) << target;
}

TEST_F(PagesTest, HostileTextsStayText) {
  Post(HostileReport(1));
  Post(HostileReport(2));
  const std::string hostile = WriteJson(Json(kHostile));
  for (const auto& [method, target, body] :
       {std::tuple("PUT", "/api/v1/baselines/v1",
                   R"({"report_id": "hostile-1", "author": )" + hostile + R"(, "reason": )" +
                       hostile + "}"),
        std::tuple("POST", "/api/v1/waivers",
                   R"({"until": "2026-12-31", "target": )" + hostile + R"(, "author": )" + hostile +
                       R"(, "reason": )" + hostile + "}"),
        std::tuple("POST", "/api/v1/annotations",
                   R"({"at": "2026-03-01T09:30:00Z", "author": )" + hostile + R"(, "note": )" +
                       hostile + "}")}) {
    EXPECT_LT(world_.Ask(method, target, body).status, 300);
  }
  for (const std::string target : {"/", "/reports/hostile-1", "/reports/hostile-2", "/trend",
                                   "/compare?base=hostile-1&head=hostile-2",
                                   "/peers?report=hostile-2", "/records", "/tasks"}) {
    const std::string page = Page(target);
    ExpectHarmless(page, target);
    EXPECT_EQ(page.find("&lt;script&gt;alert(1)") != std::string::npos, target != "/tasks")
        << target;
  }
  for (const std::string path : {"/trend?metric=", "/trend?branch=", "/compare?head=x&base=",
                                 "/peers?report=", "/reports/", "/", "/records?"}) {
    const std::string target = path + kHostile;
    ExpectHarmless(world_.Ask("GET", target).body, target);
  }
}

TEST_F(PagesTest, EveryPageHasItsLandmarks) {
  Post(ReportOfDay(1));
  for (const std::string target : {"/", "/reports/main-1", "/trend", "/compare?base=main&head=main",
                                   "/peers", "/records", "/tasks"}) {
    const std::string page = Page(target);
    for (const char* once : {"<h1", "<main", "<nav", "class=\"skip\"", "<footer"}) {
      const size_t at = page.find(once);
      EXPECT_NE(at, std::string::npos) << target << " " << once;
      EXPECT_EQ(page.find(once, at + 1), std::string::npos) << target << " " << once;
    }
    const bool is_place = target.find("/reports/") == std::string::npos;
    EXPECT_EQ(page.find("aria-current=\"page\"") != std::string::npos, is_place) << target;
  }
}

}  // namespace
}  // namespace deltagauge
