// Who may ask.
#ifndef DELTAGAUGE_HARNESS_SERVICE_ACCESS_H_
#define DELTAGAUGE_HARNESS_SERVICE_ACCESS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/service/http.h"

namespace deltagauge {

enum class ReadAccess : uint8_t { kOpen, kWithToken };

struct AccessRules {
  std::string token;  // empty: nobody may write
  ReadAccess reads = ReadAccess::kOpen;
  // Names by which the service may be called, in lower case and without port; empty: any. A page of
  // another site that makes its own name point here (DNS rebinding) does not get through.
  std::vector<std::string> hosts;
};

// Throws HttpError 401, 403 or 421. Everything but GET is a write. A write from a page of another
// site is refused even with a token.
void CheckAccess(const AccessRules& rules, const HttpRequest& request);

// In a time that does not depend on where they differ. Of different lengths: false at once.
bool SameSecret(std::string_view a, std::string_view b);

// The first line of a file, or the value of DELTAGAUGE_TOKEN. Throws reference::InputError if it is
// shorter than 16 characters, or holds anything but printable ASCII without spaces.
inline constexpr size_t kMinTokenBytes = 16;
std::string CheckedToken(std::string_view text, std::string_view where);

// "127.0.0.1", "::1", "localhost".
bool IsLoopback(std::string_view host);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_SERVICE_ACCESS_H_
