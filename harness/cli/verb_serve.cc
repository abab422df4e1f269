// serve: reports over HTTP. store: what is done to a database by hand.
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <ostream>
#include <string>
#include <thread>
#include <vector>

#include "CLI/CLI.hpp"
#include "fmt/format.h"
#include "harness/base/host_lock.h"
#include "harness/base/program_path.h"
#include "harness/cli/verb.h"
#include "harness/report/report_file.h"
#include "harness/report/report_time.h"
#include "harness/run/data_folders.h"
#include "harness/run/interrupt.h"
#include "harness/run/run_session.h"
#include "harness/service/http_server.h"
#include "harness/service/process_run.h"
#include "harness/service/service.h"
#include "harness/store/store_queries.h"
#include "reference/input_error.h"
#include "spdlog/spdlog.h"

namespace deltagauge {
namespace {

constexpr const char* kTokenVariable = "DELTAGAUGE_TOKEN";
constexpr size_t kMaxTokenFileBytes = 4096;

std::string ReadToken(const std::string& file) {
  if (!file.empty()) return CheckedToken(ReadWholeFile(file, kMaxTokenFileBytes), file);
  const char* const value = std::getenv(kTokenVariable);
  if (value == nullptr || *value == '\0') return "";
  return CheckedToken(value, kTokenVariable);
}

// Reports that lie in folders of `deltagauge run`: what is no report is said and left alone.
int ImportReports(const std::string& folder, const IngestLimits& limits, int64_t now_s,
                  ReportStore* store, std::ostream& err) {
  namespace fs = std::filesystem;
  int added = 0;
  std::error_code error;
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(
           folder, fs::directory_options::skip_permission_denied, error)) {
    if (entry.path().filename() == "report.json") files.push_back(entry.path());
  }
  if (error) throw reference::InputError(folder, "can't be read: " + error.message());
  for (const fs::path& file : files) {
    try {
      const std::string text = ReadWholeFile(file.string(), limits.bytes);
      const AddOutcome outcome = store->Add(MakeReportRows(text, file.string(), limits), now_s);
      if (outcome == AddOutcome::kAdded) ++added;
      if (outcome == AddOutcome::kConflict) {
        err << fmt::format("warning: {}: another report of this id is there\n", file.string());
      }
    } catch (const reference::InputError& refused) {
      err << "warning: " << refused.what() << "\n";
    }
  }
  return added;
}

class ServeVerb final : public Verb {
 public:
  std::string_view Name() const override { return "serve"; }
  std::string_view Summary() const override {
    return "Keeps reports and shows, compares and judges them over HTTP.";
  }

  void Declare(CLI::App& app) override {
    app.add_option("--db", db_, "SQLite file, or postgresql://...")
        ->type_name("ADDRESS")
        ->capture_default_str();
    app.add_option("--host", address_.host, "Address to listen at")
        ->type_name("HOST")
        ->capture_default_str();
    app.add_option("--port", address_.port, "0: any that is free")
        ->check(CLI::Range(0, 65535))
        ->capture_default_str();
    app.add_option("--token-file", token_file_,
                   "Its first line is the token that writes need; else DELTAGAUGE_TOKEN")
        ->type_name("FILE");
    app.add_flag("--private", private_, "Reads need the token, too");
    app.add_option("--allow-host", hosts_, "A name by which the service may be called")
        ->type_name("NAME");
    app.add_option("--import", imports_, "Take the report.json files of this folder, once")
        ->type_name("FOLDER");
    app.add_option("--configs", configs_, "Folder of policies and configurations")
        ->type_name("FOLDER");
    app.add_option("--work", work_,
                   "Folder for runs on demand; by default deltagauge-work beside the database")
        ->type_name("FOLDER");
    app.add_option("--queue", max_waiting_runs_, "Runs on demand that may wait")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    app.add_flag("--no-runs", no_runs_, "Take no runs on demand: only keep what is sent");
    app.add_option("--keep-samples", keep_samples_days_,
                   "Days after which raw samples go; figures stay. 0: never")
        ->check(CLI::Range(0, 36500))
        ->capture_default_str();
    app.footer(
        "Writes need the header 'Authorization: Bearer TOKEN'; without a token it only reads, and\n"
        "listens at this machine alone. Ends after what it is doing at Ctrl-C or SIGTERM.\n"
        "Example: deltagauge serve --import out");
  }

  ExitCode Run(const Console& console) override {
    ServiceOptions options;
    options.access = Rules();
    options.config_folder = configs_.empty() ? ConfigFolder() : std::filesystem::path(configs_);
    options.unix_seconds = ThisWorld().unix_seconds;
    options.version = ThisWorld().build.version;
    const std::unique_ptr<ReportStore> store = ReportStore::Open({db_});
    for (const std::string& folder : imports_) {
      const int added =
          ImportReports(folder, options.ingest, options.unix_seconds(), store.get(), console.err);
      console.err << fmt::format("{}: {} new reports\n", folder, added);
    }
    const std::unique_ptr<RunQueue> runs = Runs(options, store.get());
    options.runs = runs.get();
    Service service(options, store.get());
    const InterruptGuard guard;
    {
      const HttpServer server(address_, HttpLimits(),
                              [&](const HttpRequest& request) { return service.Handle(request); });
      const bool is_v6 = address_.host.find(':') != std::string::npos;
      console.out << fmt::format("listening at http://{}{}{}:{}/\n", is_v6 ? "[" : "",
                                 address_.host, is_v6 ? "]" : "", server.port());
      console.out.flush();
      service.WarmUp();
      WaitForEnd(options, store.get());
      // Before the server waits for its connections: some of them wait for a run.
      if (runs) runs->Close();
    }
    console.err << "ended\n";
    return kExitPass;
  }

 private:
  std::filesystem::path WorkFolder() const {
    if (!work_.empty()) return work_;
    if (!DatabaseAddress{db_}.IsPostgres()) {
      return std::filesystem::path(db_).parent_path() / "deltagauge-work";
    }
    // A name that nobody can have made before.
    const RunWorld world = ThisWorld();
    return std::filesystem::temp_directory_path() /
           ("deltagauge-work-" + FormatUuid(world.random(), world.random()));
  }

  std::unique_ptr<RunQueue> Runs(const ServiceOptions& options, ReportStore* store) const {
    if (no_runs_) return nullptr;
    ProcessRunOptions process;
    process.program = ProgramPath();
    process.work_folder = std::filesystem::absolute(WorkFolder());
    process.lock_file = RunLockPath();
    process.max_report_bytes = options.ingest.bytes;
    RunQueueOptions queue;
    queue.max_waiting = static_cast<size_t>(max_waiting_runs_);
    queue.ingest = options.ingest;
    queue.unix_seconds = options.unix_seconds;
    queue.new_task = [random = ThisWorld().random] {
      const uint64_t high = random();
      return FormatUuid(high, random());
    };
    auto runs = std::make_unique<RunQueue>(queue, store, RunInProcess(process));
    for (const std::string& task : runs->left_behind()) {
      if (task.empty() || task.find('.') != std::string::npos) continue;  // none of ours
      std::error_code ignored;
      std::filesystem::remove_all(process.work_folder / task, ignored);
    }
    return runs;
  }

  AccessRules Rules() const {
    AccessRules rules;
    rules.token = ReadToken(token_file_);
    rules.reads = private_ ? ReadAccess::kWithToken : ReadAccess::kOpen;
    const bool is_local = IsLoopback(address_.host);
    if (!is_local && rules.token.empty()) {
      throw reference::InputError("", fmt::format("--host {} without a token", address_.host),
                                  "give --token-file FILE or set DELTAGAUGE_TOKEN");
    }
    if (private_ && rules.token.empty()) {
      throw reference::InputError("", "--private without a token",
                                  "give --token-file FILE or set DELTAGAUGE_TOKEN");
    }
    rules.hosts = hosts_;
    if (is_local) rules.hosts.insert(rules.hosts.end(), {"localhost", "127.0.0.1", "::1"});
    return rules;
  }

  void WaitForEnd(const ServiceOptions& options, ReportStore* store) const {
    using Clock = std::chrono::steady_clock;
    auto next_prune = Clock::now();
    while (!Interrupted()) {
      if (keep_samples_days_ > 0 && Clock::now() >= next_prune) {
        next_prune = Clock::now() + std::chrono::hours(1);
        const int64_t before = options.unix_seconds() - int64_t{86'400} * keep_samples_days_;
        try {
          store->Write([&](Database& database) { PruneSamples(before, &database); });
        } catch (const DatabaseError& error) {
          spdlog::error("old samples could not be removed: {}", error.what());
        }
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }

  std::string db_ = "deltagauge.sqlite";
  HttpAddress address_;
  std::string token_file_;
  bool private_ = false;
  std::vector<std::string> hosts_;
  std::vector<std::string> imports_;
  std::string configs_;
  int keep_samples_days_ = 0;
  std::string work_;
  int max_waiting_runs_ = 8;
  bool no_runs_ = false;
};

}  // namespace

void AddServiceVerbs(Verbs& verbs) { verbs.push_back(std::make_unique<ServeVerb>()); }

}  // namespace deltagauge
