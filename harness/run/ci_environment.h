// What a continuous-integration service tells a job about itself, from environment variables.
#ifndef DELTAGAUGE_HARNESS_RUN_CI_ENVIRONMENT_H_
#define DELTAGAUGE_HARNESS_RUN_CI_ENVIRONMENT_H_

#include <functional>
#include <optional>
#include <string>

#include "harness/report/report.h"
#include "harness/run/build_info.h"

namespace deltagauge {

using ReadEnvironment = std::function<std::optional<std::string>(const std::string& name)>;

// Of this process.
std::optional<std::string> ReadProcessEnvironment(const std::string& name);

// GitHub Actions, GitLab, Jenkins, or any other that sets CI; absent outside.
std::optional<CiReport> CiFrom(const ReadEnvironment& read);

// Commit and branch of the build; repository, base and pull request from the service.
VcsReport VcsFrom(const BuildInfo& build, const ReadEnvironment& read);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_RUN_CI_ENVIRONMENT_H_
