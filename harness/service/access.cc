#include "harness/service/access.h"

#include <algorithm>
#include <cctype>

#include "fmt/format.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return lower;
}

// "[::1]:8080" and "localhost:8080" without their ports.
std::string HostName(std::string_view host) {
  if (host.starts_with('[')) return LowerCase(host.substr(1, host.find(']') - 1));
  return LowerCase(host.substr(0, host.find(':')));
}

bool HasToken(const AccessRules& rules, const HttpRequest& request) {
  constexpr std::string_view kBearer = "bearer ";
  if (rules.token.empty() || request.authorization.size() <= kBearer.size()) return false;
  const std::string_view given = request.authorization;
  if (LowerCase(given.substr(0, kBearer.size())) != kBearer) return false;
  return SameSecret(given.substr(kBearer.size()), rules.token);
}

void CheckHost(const AccessRules& rules, const HttpRequest& request) {
  if (rules.hosts.empty()) return;
  const std::string name = HostName(request.host);
  if (std::find(rules.hosts.begin(), rules.hosts.end(), name) != rules.hosts.end()) return;
  throw HttpError(421, "other_host", "this service is not known by that name",
                  "allow it with --allow-host");
}

void CheckOrigin(const HttpRequest& request) {
  if (request.origin.empty()) return;
  const size_t scheme = request.origin.find("://");
  const std::string origin =
      scheme == std::string::npos ? request.origin : request.origin.substr(scheme + 3);
  if (LowerCase(origin) == LowerCase(request.host)) return;
  throw HttpError(403, "other_origin", "writes from pages of other sites are refused");
}

}  // namespace

bool SameSecret(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned char difference = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    difference = static_cast<unsigned char>(
        difference | (static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i])));
  }
  // Read through volatile, so that no compiler ends the loop early.
  const volatile unsigned char seen = difference;
  return seen == 0;
}

void CheckAccess(const AccessRules& rules, const HttpRequest& request) {
  CheckHost(rules, request);
  const bool is_read = request.method == "GET";
  if (!is_read) CheckOrigin(request);
  // Whether it lives is no secret, and who asks has no token.
  if (is_read && (request.path == "/healthz" || request.path == "/readyz")) return;
  if (is_read && rules.reads == ReadAccess::kOpen) return;
  if (rules.token.empty()) {
    throw HttpError(403, "no_token_set", "this service was started without a token: it only reads",
                    "start it with --token-file FILE, or with DELTAGAUGE_TOKEN set");
  }
  if (!HasToken(rules, request)) {
    throw HttpError(401, "token_required", "this needs the service's token",
                    "send the header 'Authorization: Bearer TOKEN'");
  }
}

std::string CheckedToken(std::string_view text, std::string_view where) {
  std::string_view token = text.substr(0, text.find('\n'));
  if (token.ends_with('\r')) token.remove_suffix(1);
  const bool is_printable =
      std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  if (!is_printable) {
    throw reference::InputError(std::string(where), "the token has characters that no header can",
                                "use printable ASCII without spaces");
  }
  if (token.size() < kMinTokenBytes || token.size() > 512) {
    throw reference::InputError(std::string(where),
                                fmt::format("the token has {} characters; from {} to 512 are taken",
                                            token.size(), kMinTokenBytes),
                                "make one with: openssl rand -hex 24");
  }
  return std::string(token);
}

bool IsLoopback(std::string_view host) {
  const std::string name = LowerCase(host);
  return name == "localhost" || name == "::1" || name == "127.0.0.1";
}

}  // namespace deltagauge
