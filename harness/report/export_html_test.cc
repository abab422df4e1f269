#include "harness/report/export_html.h"

#include <cmath>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/report/export_report.h"
#include "harness/report/json.h"
#include "harness/report/report_charts.h"
#include "harness/report/report_example.h"

namespace deltagauge {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

size_t CountOf(std::string_view text, std::string_view what) {
  size_t count = 0;
  for (size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1)) {
    ++count;
  }
  return count;
}

constexpr PageAssets kTiny = {"{{title}}{{style}}{{verdict}}{{body}}{{data}}{{library}}{{script}}",
                              "", "", ""};

// Between `begin` and `end`, which must both be there.
std::string Between(std::string_view text, std::string_view begin, std::string_view end) {
  const size_t from = text.find(begin);
  EXPECT_NE(from, std::string_view::npos);
  const size_t to = text.find(end, from + begin.size());
  EXPECT_NE(to, std::string_view::npos);
  return std::string(text.substr(from + begin.size(), to - from - begin.size()));
}

TEST(PageTest, IsOneSelfContainedDocument) {
  const std::string page = RenderPage(ExampleFailingReport(), BuiltInPageAssets());
  // A library of 200 KB and the page's own script, both whole, and nothing that loads more.
  EXPECT_GT(page.size(), 150'000u);
  EXPECT_EQ(CountOf(page, "<script"), 3u);
  EXPECT_EQ(CountOf(page, "</script>"), 3u);
  EXPECT_THAT(page, HasSubstr("default-src 'none'"));
  EXPECT_THAT(page, AllOf(Not(HasSubstr("<link")), Not(HasSubstr(" src=")),
                          Not(HasSubstr("@import")), Not(HasSubstr("url("))));
  EXPECT_THAT(page, HasSubstr("prefers-color-scheme: dark"));
  EXPECT_THAT(page, HasSubstr("Chart.js"));
}

TEST(PageTest, WithoutTheLibraryTheTablesStay) {
  const std::string page = ExportHtml(ExampleFailingReport(), PageCharts::kTables);
  EXPECT_LT(page.size(), 100'000u);
  EXPECT_THAT(page, Not(HasSubstr("Chart.js")));
  EXPECT_EQ(CountOf(page, "Figures as a table"),
            CountOf(ExportHtml(ExampleFailingReport()), "Figures as a table"));
}

TEST(PageTest, TheVerdictIsOnTopAndTheWorstGateFirst) {
  const std::string page = RenderPage(ExampleFailingReport(), kTiny);
  EXPECT_LT(page.find("<h1>invalid</h1>"), page.find("<h2 id=\"gates\">"));
  EXPECT_LT(page.find("tokens=4096"), page.find("kernel.error_ratio &lt;= 2"));
  for (const char* section : {"gates", "speed", "kernel", "drift", "layers", "tokens", "invariance",
                              "cases", "machine", "config"}) {
    EXPECT_THAT(page, HasSubstr(std::string("<h2 id=\"") + section + "\">"));
  }
}

TEST(PageTest, EveryChartHasItsTableAndItsData) {
  const std::string page = RenderPage(ExamplePassingReport(), BuiltInPageAssets());
  const Json data = ParseJson(Between(page, "id=\"chart-data\">", "</script>"), "chart-data");
  EXPECT_EQ(data.AsArray().size(), 8u);
  for (const Json& chart : data.AsArray()) {
    const std::string id = chart.Find("id")->AsString();
    EXPECT_EQ(CountOf(page, "<canvas id=\"" + id + "\" role=\"img\" aria-label="), 1u) << id;
  }
  EXPECT_EQ(CountOf(page, "<canvas "), 8u);
  EXPECT_EQ(CountOf(page, "Figures as a table"), 8u);
}

TEST(PageTest, TextFromOutsideStaysText) {
  Report report = ExampleFailingReport();
  const std::string hostile = "</script><script>alert(1)</script><!--&\"'";
  report.machine.cpu_model = hostile;
  report.cases[0].id = hostile;
  report.config.resolved["name"] = hostile;
  report.cases[12].params["text"] = hostile;
  report.summary.headline = hostile;
  const std::string page = RenderPage(report, BuiltInPageAssets());
  EXPECT_EQ(CountOf(page, "<script>alert"), 0u);
  EXPECT_EQ(CountOf(page, "<!--"), 0u);
  EXPECT_EQ(CountOf(page, "</script>"), 3u);
}

TEST(PageTest, ScriptsCantEndTheirElement) {
  EXPECT_EQ(EscapeInlineScript("a='</script>';b='</SCRIPT x';c='<!--';d=a</e/;f='</scrip'"),
            "a='<\\/script>';b='<\\/SCRIPT x';c='<\\!--';d=a</e/;f='</scrip'");
  EXPECT_EQ(EscapeInlineScript("<"), "<");
}

TEST(PageTest, ATemplateThatDoesNotFitIsABug) {
  PageAssets assets = kTiny;
  assets.page = "{{title}}";
  EXPECT_THROW(RenderPage(Report(), assets), std::logic_error);
  assets.page = "{{other}}";
  EXPECT_THROW(RenderPage(Report(), assets), std::logic_error);
  assets.page = "{{title";
  EXPECT_THROW(RenderPage(Report(), assets), std::logic_error);
}

TEST(PageTest, AnEmptyReportIsAPageToo) {
  const std::string page = RenderPage(Report(), kTiny);
  EXPECT_THAT(page, HasSubstr("<h1>invalid</h1>"));
  EXPECT_THAT(page, Not(HasSubstr("<canvas")));
}

TEST(ChartsTest, WorstOfEachRegimeAndLength) {
  Report report = ExampleEnvelope();
  report.cases = {ExampleKernelCase(0, 64, "long"), ExampleKernelCase(1, 64, "long"),
                  ExampleKernelCase(2, 512, "long")};
  report.cases[1].correctness->tensors[0].result.rel_rmse = 0.25;
  report.cases[2].correctness->tensors[0].result.rel_rmse = std::nan("");
  const auto charts = KernelCharts(report);
  ASSERT_EQ(charts.size(), 2u);
  EXPECT_EQ(charts[0].title, "output, float32");
  ASSERT_EQ(charts[0].series.size(), 2u);
  EXPECT_EQ(charts[0].series[0].name, "long");
  EXPECT_EQ(charts[0].series[0].points[0], (std::pair<double, double>(64, 0.25)));
  EXPECT_TRUE(std::isnan(charts[0].series[0].points[1].second));
  EXPECT_EQ(charts[0].series[1].style, SeriesStyle::kReference);
  // In the page it is null, not NaN.
  EXPECT_THAT(WriteJson(ChartJson(charts[0])), HasSubstr("[512,null]"));
}

TEST(ChartsTest, SpeedupsCarryIntervalFloorAndTarget) {
  const auto charts = SpeedCharts(ExamplePassingReport());
  ASSERT_EQ(charts.size(), 2u);
  const BarRow& row = charts[0].rows[2];
  EXPECT_EQ(row.label, "prefill 512 tokens");
  EXPECT_EQ(row.value, 1.625);
  EXPECT_TRUE(row.lo && row.hi && row.floor);
  EXPECT_EQ(row.target, 1.3);
  EXPECT_FALSE(charts[0].rows[1].target.has_value());
  EXPECT_EQ(charts[1].title, "Share of the physical limit");
}

}  // namespace
}  // namespace deltagauge
