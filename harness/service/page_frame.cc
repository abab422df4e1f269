#include "harness/service/page_frame.h"

#include <algorithm>

#include "fmt/format.h"
#include "harness/report/export_text.h"
#include "harness/report/report_time.h"
#include "harness/service/page_assets.h"

namespace deltagauge {
namespace {

struct Place {
  std::string_view path;
  std::string_view name;
};

constexpr Place kPlaces[] = {
    {"/", "Overview"},   {"/trend", "Trends"},    {"/compare", "Compare"},
    {"/peers", "Peers"}, {"/records", "Records"}, {"/tasks", "Tasks"},
};

std::string Navigation(std::string_view here) {
  std::string items;
  for (const auto& [path, name] : kPlaces) {
    items += fmt::format("<li><a href=\"{}\"{}>{}</a></li>\n", path,
                         path == here ? " aria-current=\"page\"" : "", name);
  }
  return items;
}

std::string Scripts(const Page& page) {
  std::string html;
  if (!page.data.empty()) {
    html += "<script type=\"application/json\" id=\"chart-data\">" + page.data + "</script>\n";
  }
  for (const std::string_view name : page.scripts) {
    html += fmt::format("<script src=\"{}\"></script>\n", AssetUrl(name));
  }
  return html;
}

std::string_view StatusText(int status) {
  switch (status) {
    case 400:
      return "This address was not understood";
    case 401:
      return "A token is needed";
    case 403:
      return "Not allowed";
    case 404:
      return "Not here";
    default:
      return status < 500 ? "This can't be answered" : "The service could not answer";
  }
}

}  // namespace

HttpResponse RenderFrame(const Page& page, std::string_view version, int status) {
  const std::string styles =
      fmt::format("<link rel=\"stylesheet\" href=\"{}\">\n<link rel=\"stylesheet\" href=\"{}\">",
                  AssetUrl("page.css"), AssetUrl("service.css"));
  HttpResponse response =
      HtmlAnswer(html::Fill(ServicePageTemplate(), {{"title", EscapeXml(page.title)},
                                                    {"styles", styles},
                                                    {"navigation", Navigation(page.place)},
                                                    {"main", page.main},
                                                    {"version", EscapeXml(version)},
                                                    {"scripts", Scripts(page)}}),
                 status);
  response.headers.emplace_back("Cache-Control", "no-cache");
  return response;
}

HttpResponse ErrorPage(const HttpError& error, std::string_view version) {
  Page page;
  page.title = std::string(StatusText(error.status()));
  page.main = PageTitle(page.title, EscapeXml(error.what()));
  if (!error.hint().empty()) page.main += "<p>" + EscapeXml(error.hint()) + "</p>\n";
  page.main += "<p><a href=\"/\">To the overview</a></p>\n";
  return RenderFrame(page, version, error.status());
}

bool IsPagePath(std::string_view path) {
  return !path.starts_with("/api/") && !path.starts_with("/assets/") && path != "/metrics" &&
         path != "/healthz" && path != "/readyz";
}

std::string PageUrl(std::string_view path,
                    std::initializer_list<std::pair<std::string_view, std::string_view>> query) {
  std::string url(path);
  char before = '?';
  for (const auto& [name, value] : query) {
    if (value.empty()) continue;
    url += before;
    url += name;
    url += '=';
    url += UrlEncode(value);
    before = '&';
  }
  return url;
}

std::string ReportUrl(std::string_view report_id) { return "/reports/" + UrlEncode(report_id); }

std::string PageTitle(std::string_view title, std::string_view sentence) {
  std::string html = "<div class=\"title\"><h1>" + EscapeXml(title) + "</h1>";
  if (!sentence.empty()) html += fmt::format("<p>{}</p>", sentence);
  return html + "</div>\n";
}

std::string TimeText(int64_t unix_seconds) {
  const std::string utc = FormatUtc(unix_seconds);
  return fmt::format("<time datetime=\"{}\">{} {}</time>", utc, utc.substr(0, 10),
                     utc.substr(11, 5));
}

std::string MachineName(const MachineRow& machine) {
  if (!machine.name.empty()) return machine.name;
  if (!machine.cpu_model.empty()) return machine.cpu_model;
  return machine.fingerprint.substr(0, 12);
}

std::string CommitText(std::string_view commit, const ReportRow* row) {
  std::string text(commit.substr(0, 10));
  if (text.empty()) text = "no commit";
  if (row != nullptr && row->dirty) text += " (changed)";
  return text;
}

std::string Select(std::string_view name, std::string_view label, std::string_view chosen,
                   const std::vector<Choice>& choices) {
  const auto option = [&](std::string_view value, std::string_view text) {
    return fmt::format("<option value=\"{}\"{}>{}</option>\n", EscapeXml(value),
                       value == chosen ? " selected" : "", EscapeXml(text));
  };
  std::string options;
  bool is_there = false;
  for (const auto& [value, text] : choices) {
    options += option(value, text);
    is_there = is_there || value == chosen;
  }
  if (!is_there && !chosen.empty()) options += option(chosen, chosen);
  return fmt::format("<label>{}<select name=\"{}\">\n{}</select></label>\n", EscapeXml(label), name,
                     options);
}

std::string TextField(std::string_view name, std::string_view label, std::string_view value,
                      const std::vector<std::string>& suggestions) {
  std::string options;
  for (const std::string& text : suggestions) {
    options += "<option value=\"" + EscapeXml(text) + "\"></option>\n";
  }
  return fmt::format(
      "<label>{0}<input type=\"text\" name=\"{1}\" value=\"{2}\" list=\"{1}-list\" size=\"32\" "
      "required "
      "autocomplete=\"off\" spellcheck=\"false\"></label><datalist id=\"{1}-list\">\n{3}"
      "</datalist>\n",
      EscapeXml(label), name, EscapeXml(value), options);
}

}  // namespace deltagauge
