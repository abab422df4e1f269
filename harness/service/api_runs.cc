// /api/v1/runs: runs on demand.
#include <charconv>
#include <chrono>
#include <utility>

#include "fmt/format.h"
#include "harness/base/nearest_name.h"
#include "harness/report/report_time.h"
#include "harness/service/long_connections.h"
#include "harness/service/run_choice.h"
#include "harness/service/service.h"
#include "harness/store/store_runs.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

// Of the server's 48 threads.
constexpr int kMaxLongConnections = 16;
constexpr int kMaxWaitSeconds = 30;

struct RunRoutes {
  ServiceParts parts;
  LongConnections long_connections{kMaxLongConnections};
};

Json RunJson(const RunView& view) {
  const RunRecord& run = view.record;
  Json json = Json::MakeObject({{"task", run.task},
                                {"config", run.config},
                                {"overrides", ParseJson(run.overrides, "runs.overrides")},
                                {"state", RunStateName(run.state)},
                                {"created_at", FormatUtc(run.created_s)}});
  if (view.position > 0) json["position"] = view.position;
  if (run.started_s) json["started_at"] = FormatUtc(*run.started_s);
  if (run.ended_s) json["ended_at"] = FormatUtc(*run.ended_s);
  if (!run.verdict.empty()) json["verdict"] = run.verdict;
  if (!run.report_id.empty()) json["report_id"] = run.report_id;
  if (run.exit_code) json["exit_code"] = *run.exit_code;
  if (!run.message.empty()) json["message"] = run.message;
  if (view.step && run.state == RunState::kRunning) json["progress"] = RunStepJson(*view.step);
  return json;
}

HttpResponse TooMany(const char* code, const std::string& what, const char* after_s) {
  HttpResponse response = ErrorAnswer(HttpError(429, code, what, "try again later"));
  response.headers.emplace_back("Retry-After", after_s);
  return response;
}

RunQueue& QueueOf(const RunRoutes& routes) {
  if (routes.parts.options.runs != nullptr) return *routes.parts.options.runs;
  throw HttpError(403, "no_runs", "this service takes no runs: it was started with --no-runs");
}

// One that has ended, by now.
RunView KeptRun(const RunRoutes& routes, const std::string& task) {
  std::optional<RunRecord> record;
  routes.parts.store.Read(
      [&](Database& database) { record = FindRun(WithoutNul(task), &database); });
  if (!record) throw HttpError(404, "no_such_run", "there is no run of this task");
  return {.record = *std::move(record), .step = {}};
}

RunView AwaitRun(const RunRoutes& routes, const std::string& task,
                 const std::function<bool(const RunView&)>& is_news,
                 std::chrono::milliseconds wait) {
  const RunQueue* const queue = routes.parts.options.runs;
  auto view = queue == nullptr ? std::nullopt : queue->Await(task, is_news, wait);
  return view ? *std::move(view) : KeptRun(routes, task);
}

RunView RunNow(const RunRoutes& routes, const std::string& task) {
  return AwaitRun(routes, task, [](const RunView&) { return true; }, {});
}

struct RunWish {
  std::string config;
  std::vector<std::string> overrides;
};

[[noreturn]] void BadMember(const std::string& what, const std::string& hint = {}) {
  throw HttpError(400, "bad_member", what, hint);
}

RunWish ReadWish(const HttpRequest& request) {
  JsonLimits limits;
  limits.bytes = size_t{512} << 10;
  limits.depth = 3;
  limits.values = 200;
  Json body;
  try {
    body = ParseJson(request.body, "body", limits);
  } catch (const reference::InputError& error) {
    throw HttpError(400, "bad_json", error.what());
  }
  if (!body.IsObject()) throw HttpError(400, "bad_json", "the body must be a JSON object");
  RunWish wish;
  constexpr std::array<std::string_view, 2> kMembers = {"config", "overrides"};
  for (const auto& [name, value] : body.AsObject()) {
    if (name == "config") {
      if (!value.IsString()) BadMember("body#/config: expected a text");
      wish.config = value.AsString();
    } else if (name == "overrides") {
      if (!value.IsArray()) BadMember("body#/overrides: expected an array of texts");
      for (const Json& element : value.AsArray()) {
        if (!element.IsString()) BadMember("body#/overrides: expected an array of texts");
        wish.overrides.push_back(element.AsString());
      }
    } else {
      throw HttpError(400, "unknown_member", fmt::format("body#/{}: unknown member", name),
                      NameHint(name, kMembers));
    }
  }
  if (wish.config.empty()) {
    throw HttpError(400, "missing_member", "body#/config: is missing or empty");
  }
  return wish;
}

HttpResponse PostRun(const RunRoutes& routes, const HttpRequest& request) {
  CheckParams(request, {});
  RunQueue& queue = QueueOf(routes);
  RunWish wish = ReadWish(request);
  const auto added = queue.Add(
      ChooseRun(routes.parts.options.config_folder, wish.config, std::move(wish.overrides)));
  if (const auto* const refusal = std::get_if<RunRefusal>(&added)) {
    if (*refusal == RunRefusal::kFull) return TooMany("queue_full", "the queue is full", "30");
    throw HttpError(503, "service_ends", "the service is ending", "try again later");
  }
  const RunView& view = std::get<RunView>(added);
  HttpResponse response = JsonAnswer(RunJson(view), 202);
  response.headers.emplace_back("Location", "/api/v1/runs/" + view.record.task);
  return response;
}

HttpResponse ListThem(const RunRoutes& routes, const HttpRequest& request) {
  CheckParams(request, {"limit", "after"});
  const auto limit = static_cast<int>(IntParam(request, "limit", 1, 500, 50));
  const int64_t after = IntParam(request, "after", 1, std::numeric_limits<int64_t>::max(), 0);
  std::vector<RunRecord> runs;
  routes.parts.store.Read([&](Database& database) { runs = ListRuns(after, limit, &database); });
  Json list = Json::MakeArray();
  for (const RunRecord& run : runs) list.Append(RunJson({.record = run, .step = {}}));
  Json answer = Json::MakeObject({{"runs", std::move(list)}});
  if (runs.size() == static_cast<size_t>(limit)) {
    answer["next"] = std::to_string(runs.back().id);
  }
  return JsonAnswer(answer);
}

// Early on a change of what a waiting program wants to know: state, place, finished cases.
HttpResponse GetRun(const RunRoutes& routes, const HttpRequest& request, const std::string& task) {
  CheckParams(request, {"wait"});
  const int64_t wait_s = IntParam(request, "wait", 0, kMaxWaitSeconds, 0);
  const RunView now = RunNow(routes, task);
  if (wait_s == 0 || HasEnded(now.record.state)) return JsonAnswer(RunJson(now));
  const auto connection = routes.long_connections.Take();
  if (!connection) return TooMany("too_many_waiting", "too many wait already", "5");
  const auto done = [](const RunView& view) { return view.step ? view.step->done : 0; };
  return JsonAnswer(RunJson(AwaitRun(
      routes, task,
      [&](const RunView& view) {
        return view.record.state != now.record.state || view.position != now.position ||
               done(view) != done(now);
      },
      std::chrono::seconds(wait_s))));
}

std::string Event(std::string_view name, const Json& data) {
  return fmt::format("event: {}\ndata: {}\n\n", name, WriteJson(data));
}

Json ProgressJson(const RunView& view) {
  Json json = RunStepJson(view.step.value_or(RunStep()));
  json["state"] = RunStateName(view.record.state);
  if (view.position > 0) json["position"] = view.position;
  return json;
}

HttpResponse GetEvents(const std::shared_ptr<RunRoutes>& routes, const HttpRequest& request,
                       const std::string& task) {
  CheckParams(request, {});
  RunNow(*routes, task);  // 404 now or never
  auto connection = routes->long_connections.Take();
  if (!connection) return TooMany("too_many_waiting", "too many wait already", "5");
  HttpResponse response;
  response.content_type = "text/event-stream";
  response.stream = [routes, task, connection = std::move(connection),
                     seen = int64_t{-1}](const SendPiece& send) mutable {
    const RunView view = AwaitRun(
        *routes, task, [&](const RunView& now) { return now.changes != seen; },
        routes->parts.options.heartbeat);
    if (HasEnded(view.record.state)) {
      send(Event("end", RunJson(view)));
      return false;
    }
    // So that a connection that is gone is found.
    if (view.changes == seen) return send(": heartbeat\n\n");
    seen = view.changes;
    return send(Event("progress", ProgressJson(view)));
  };
  return response;
}

HttpResponse DeleteRun(const RunRoutes& routes, const HttpRequest& request,
                       const std::string& task) {
  CheckParams(request, {});
  const CancelOutcome outcome = QueueOf(routes).Cancel(task);
  const RunView view = RunNow(routes, task);
  if (outcome == CancelOutcome::kUnknown) {
    throw HttpError(409, "has_ended", "this run has ended before");
  }
  return JsonAnswer(RunJson(view), outcome == CancelOutcome::kAsked ? 202 : 200);
}

}  // namespace

void AddRunRoutes(ServiceParts parts, Router* router) {
  const auto routes = std::make_shared<RunRoutes>(RunRoutes{parts});
  router->Add("POST", "/api/v1/runs", [routes](const HttpRequest& request, const PathParts&) {
    return PostRun(*routes, request);
  });
  router->Add("GET", "/api/v1/runs", [routes](const HttpRequest& request, const PathParts&) {
    return ListThem(*routes, request);
  });
  router->Add("GET", "/api/v1/runs/{task}",
              [routes](const HttpRequest& request, const PathParts& path) {
                return GetRun(*routes, request, path[0]);
              });
  router->Add("GET", "/api/v1/runs/{task}/events",
              [routes](const HttpRequest& request, const PathParts& path) {
                return GetEvents(routes, request, path[0]);
              });
  router->Add("DELETE", "/api/v1/runs/{task}",
              [routes](const HttpRequest& request, const PathParts& path) {
                return DeleteRun(*routes, request, path[0]);
              });
}

}  // namespace deltagauge
