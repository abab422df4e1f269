#include "harness/run/ci_environment.h"

#include <map>
#include <string>

#include "gtest/gtest.h"

namespace deltagauge {
namespace {

ReadEnvironment Variables(const std::map<std::string, std::string>& variables) {
  return [variables](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
}

BuildInfo Build() {
  BuildInfo build;
  build.commit = "c0ffee";
  build.branch = "of-build";
  return build;
}

TEST(CiEnvironmentTest, OutsideThereIsNone) {
  EXPECT_FALSE(CiFrom(Variables({})).has_value());
  const VcsReport vcs = VcsFrom(Build(), Variables({}));
  EXPECT_EQ(vcs.head_sha, "c0ffee");
  EXPECT_EQ(vcs.branch, "of-build");
  EXPECT_EQ(vcs.repo, "");
  EXPECT_EQ(vcs.base_sha, "");
  EXPECT_EQ(vcs.pull_request, "");
}

TEST(CiEnvironmentTest, GitHubPullRequest) {
  const auto read = Variables({{"CI", "true"},
                               {"GITHUB_ACTIONS", "true"},
                               {"GITHUB_RUN_ID", "77"},
                               {"GITHUB_JOB", "quick"},
                               {"GITHUB_RUN_ATTEMPT", "2"},
                               {"GITHUB_SERVER_URL", "https://example.org"},
                               {"GITHUB_REPOSITORY", "o/r"},
                               {"GITHUB_REF", "refs/pull/123/merge"},
                               {"GITHUB_REF_NAME", "123/merge"},
                               {"GITHUB_HEAD_REF", "feature"},
                               {"DELTAGAUGE_BASE_SHA", "ba5e"}});
  const auto ci = CiFrom(read);
  ASSERT_TRUE(ci.has_value());
  EXPECT_EQ(ci->provider, "github");
  EXPECT_EQ(ci->workflow_id, "77");
  EXPECT_EQ(ci->job_id, "quick");
  EXPECT_EQ(ci->run_attempt, "2");
  EXPECT_EQ(ci->url, "https://example.org/o/r/actions/runs/77");
  const VcsReport vcs = VcsFrom(Build(), read);
  EXPECT_EQ(vcs.repo, "o/r");
  EXPECT_EQ(vcs.branch, "feature");
  EXPECT_EQ(vcs.pull_request, "123");
  EXPECT_EQ(vcs.base_sha, "ba5e");
}

TEST(CiEnvironmentTest, GitHubPush) {
  // GitHub sets GITHUB_HEAD_REF to nothing outside pull requests.
  const VcsReport vcs = VcsFrom(Build(), Variables({{"GITHUB_ACTIONS", "true"},
                                                    {"GITHUB_REF", "refs/heads/main"},
                                                    {"GITHUB_REF_NAME", "main"},
                                                    {"GITHUB_HEAD_REF", ""}}));
  EXPECT_EQ(vcs.branch, "main");
  EXPECT_EQ(vcs.pull_request, "");
}

TEST(CiEnvironmentTest, GitLab) {
  const auto read = Variables({{"CI", "true"},
                               {"GITLAB_CI", "true"},
                               {"CI_PIPELINE_ID", "5"},
                               {"CI_JOB_ID", "6"},
                               {"CI_JOB_URL", "https://example.org/6"},
                               {"CI_PROJECT_PATH", "g/p"},
                               {"CI_MERGE_REQUEST_IID", "9"}});
  const auto ci = CiFrom(read);
  ASSERT_TRUE(ci.has_value());
  EXPECT_EQ(ci->provider, "gitlab");
  EXPECT_EQ(ci->workflow_id, "5");
  EXPECT_EQ(ci->job_id, "6");
  EXPECT_EQ(ci->url, "https://example.org/6");
  const VcsReport vcs = VcsFrom(Build(), read);
  EXPECT_EQ(vcs.repo, "g/p");
  EXPECT_EQ(vcs.pull_request, "9");
}

TEST(CiEnvironmentTest, JenkinsAndOthers) {
  const auto jenkins = CiFrom(Variables({{"JENKINS_URL", "https://example.org"},
                                         {"JOB_NAME", "nightly"},
                                         {"BUILD_NUMBER", "31"},
                                         {"BUILD_URL", "https://example.org/31"}}));
  ASSERT_TRUE(jenkins.has_value());
  EXPECT_EQ(jenkins->provider, "jenkins");
  EXPECT_EQ(jenkins->workflow_id, "nightly");
  EXPECT_EQ(jenkins->job_id, "31");
  EXPECT_EQ(jenkins->url, "https://example.org/31");
  const auto other = CiFrom(Variables({{"CI", "1"}}));
  ASSERT_TRUE(other.has_value());
  EXPECT_EQ(other->provider, "unknown");
}

}  // namespace
}  // namespace deltagauge
