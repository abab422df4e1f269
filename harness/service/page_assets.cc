#include "harness/service/page_assets.h"

#include <map>
#include <stdexcept>

#include "fmt/format.h"
#include "harness/report/export_html.h"
#include "harness/service/service_assets.h"
#include "reference/sha256.h"

namespace deltagauge {
namespace {

struct Asset {
  std::string_view content_type;
  std::string_view bytes;
  std::string version;  // of the bytes
};

std::string_view TextOf(const EmbeddedFile& file) { return {file.bytes, file.size}; }

const std::map<std::string, Asset, std::less<>>& Assets() {
  static const auto assets = [] {
    constexpr std::string_view kCss = "text/css; charset=utf-8";
    constexpr std::string_view kScript = "text/javascript; charset=utf-8";
    const PageAssets page = BuiltInPageAssets();
    std::map<std::string, Asset, std::less<>> all = {
        {"page.css", {kCss, page.style, ""}},
        {"page.js", {kScript, page.script, ""}},
        {"chart.js", {kScript, page.library, ""}},
        {"service.css", {kCss, TextOf(kServiceCss), ""}},
        {"service.js", {kScript, TextOf(kServiceJs), ""}},
    };
    for (auto& [name, asset] : all) {
      asset.version = reference::Sha256Of(asset.bytes).substr(0, 16);
    }
    return all;
  }();
  return assets;
}

HttpResponse GetAsset(const HttpRequest& request, const std::string& name) {
  CheckParams(request, {"v"});
  const auto found = Assets().find(name);
  if (found == Assets().end()) throw HttpError(404, "not_found", "there is no such file");
  HttpResponse response;
  response.content_type = found->second.content_type;
  response.body = found->second.bytes;
  // Only the address with this hash is this file for good.
  const bool is_for_good = request.Param("v") == found->second.version;
  response.headers.emplace_back("Cache-Control",
                                is_for_good ? "max-age=31536000, immutable" : "max-age=60");
  return response;
}

}  // namespace

std::string_view ServicePageTemplate() { return TextOf(kServiceHtml); }

std::string AssetUrl(std::string_view name) {
  const auto found = Assets().find(name);
  if (found == Assets().end()) throw std::logic_error("a page asks for a file that is not there");
  return fmt::format("/assets/{}?v={}", name, found->second.version);
}

void AddAssetRoutes(Router* router) {
  router->Add("GET", "/assets/{name}", [](const HttpRequest& request, const PathParts& path) {
    return GetAsset(request, path[0]);
  });
}

}  // namespace deltagauge
