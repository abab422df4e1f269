#include "harness/run/ci_environment.h"

#include <cstdlib>

namespace deltagauge {
namespace {

std::string ValueOr(const ReadEnvironment& read, const char* name, std::string otherwise = "") {
  return read(name).value_or(std::move(otherwise));
}

// "refs/pull/123/merge" to "123".
std::string PullRequestOf(const std::string& ref) {
  constexpr std::string_view kPrefix = "refs/pull/";
  if (!ref.starts_with(kPrefix)) return "";
  const std::string rest = ref.substr(kPrefix.size());
  return rest.substr(0, rest.find('/'));
}

}  // namespace

std::optional<std::string> ReadProcessEnvironment(const std::string& name) {
  const char* const value = std::getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  return std::string(value);
}

std::optional<CiReport> CiFrom(const ReadEnvironment& read) {
  CiReport ci;
  if (read("GITHUB_ACTIONS")) {
    ci.provider = "github";
    ci.workflow_id = ValueOr(read, "GITHUB_RUN_ID");
    ci.job_id = ValueOr(read, "GITHUB_JOB");
    ci.run_attempt = ValueOr(read, "GITHUB_RUN_ATTEMPT");
    ci.url = ValueOr(read, "GITHUB_SERVER_URL") + "/" + ValueOr(read, "GITHUB_REPOSITORY") +
             "/actions/runs/" + ci.workflow_id;
    return ci;
  }
  if (read("GITLAB_CI")) {
    ci.provider = "gitlab";
    ci.workflow_id = ValueOr(read, "CI_PIPELINE_ID");
    ci.job_id = ValueOr(read, "CI_JOB_ID");
    ci.url = ValueOr(read, "CI_JOB_URL");
    return ci;
  }
  if (read("JENKINS_URL")) {
    ci.provider = "jenkins";
    ci.workflow_id = ValueOr(read, "JOB_NAME");
    ci.job_id = ValueOr(read, "BUILD_NUMBER");
    ci.url = ValueOr(read, "BUILD_URL");
    return ci;
  }
  if (read("CI")) {
    ci.provider = "unknown";
    return ci;
  }
  return std::nullopt;
}

VcsReport VcsFrom(const BuildInfo& build, const ReadEnvironment& read) {
  VcsReport vcs;
  vcs.repo = ValueOr(read, "GITHUB_REPOSITORY", ValueOr(read, "CI_PROJECT_PATH"));
  vcs.branch = ValueOr(read, "GITHUB_HEAD_REF");
  if (vcs.branch.empty()) vcs.branch = ValueOr(read, "GITHUB_REF_NAME", build.branch);
  vcs.head_sha = build.commit;
  vcs.base_sha = ValueOr(read, "DELTAGAUGE_BASE_SHA");
  vcs.pull_request =
      ValueOr(read, "CI_MERGE_REQUEST_IID", PullRequestOf(ValueOr(read, "GITHUB_REF")));
  return vcs;
}

}  // namespace deltagauge
