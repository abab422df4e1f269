// Load on a service: how many reports a second it makes durable, how long its pages take. A
// benchmark, not a test: figures are printed with the machine.
//
//   service_load --port 8177 --token-file FILE ingest --reports 5000 --clients 8
//   service_load --port 8177 read --path '/metrics' --requests 200 --clients 1
//   service_load --port 8177 pages --reports 100000    each page and query, of what `ingest` has
//   sent
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <functional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "CLI/CLI.hpp"
#include "fmt/format.h"
#include "harness/report/report_example.h"
#include "harness/report/report_file.h"
#include "harness/report/report_json.h"
#include "harness/report/report_time.h"
#include "harness/timing/machine.h"
#include "httplib.h"

namespace deltagauge {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int64_t kFirstReport = 1'700'000'000;  // seconds since 1970

struct Load {
  std::string host = "127.0.0.1";
  int port = 8177;
  std::string token_file;
  int clients = 8;
  int reports = 2000;
  int cases = 22;  // of kernels: 22 make 100 KB, 34 make 100 figures
  int first = 0;   // number of the first report: a second run goes on
  std::string path = "/";
  int requests = 200;
};

// Kernel cases, and two prefills.
Report Template(int cases, int variant) {
  Report report = ExampleEnvelope();
  report.cases.clear();
  for (int i = 0; i < cases; ++i) report.cases.push_back(ExampleKernelCase(i, 64 + i, "mixed"));
  for (int i = 0; i < 2; ++i) {
    report.cases.push_back(
        ExampleTimingCase(cases + i, "prefill", 512 << i, 1.5 + 0.001 * variant));
  }
  JudgeReport(ExampleGates(), &report);
  return report;
}

// What reports differ in, beside figures.
struct Identity {
  std::string id;
  std::string commit;
  std::string branch;
  std::string machine;
};

Identity IdentityOf(int number) {
  std::mt19937_64 random(static_cast<uint64_t>(number) + 1);
  const auto draw = [&] { return static_cast<uint64_t>(random()); };
  Identity identity;
  const uint64_t id[] = {draw(), draw()};
  const uint64_t commit[] = {draw(), draw()};
  identity.id = FormatUuid(id[0], id[1]);
  identity.commit = fmt::format("{:016x}{:016x}{:08x}", commit[0], commit[1], number);
  identity.branch = number % 5 == 0 ? fmt::format("topic-{}", number / 50) : "main";
  // All machines have reports of both kinds of branches.
  identity.machine = fmt::format("{:016x}", 0xab00 + number / 7 % 10);
  return identity;
}

std::string ReportText(int cases, int number) {
  Report report = Template(cases, number % 97);
  const Identity identity = IdentityOf(number);
  report.report_id = identity.id;
  report.created_at = FormatUtc(kFirstReport + int64_t{60} * number);
  report.vcs.head_sha = identity.commit;
  report.vcs.branch = identity.branch;
  report.machine.fingerprint = identity.machine;
  report.machine.name = "bench-" + identity.machine.substr(15);
  return WriteReport(report);
}

double AtShare(const std::vector<double>& sorted, double share) {
  return sorted[std::min(sorted.size() - 1,
                         static_cast<size_t>(share * static_cast<double>(sorted.size())))];
}

void PrintLatencies(const std::string& what, std::vector<double> ms, double seconds) {
  if (ms.empty()) return;
  std::sort(ms.begin(), ms.end());
  fmt::print(
      "{}: {} in {:.2f} s, {:.0f} a second; ms p50 {:.2f}, p90 {:.2f}, p99 {:.2f}, max {:.2f}\n",
      what, ms.size(), seconds, static_cast<double>(ms.size()) / seconds, AtShare(ms, 0.5),
      AtShare(ms, 0.9), AtShare(ms, 0.99), ms.back());
}

// Calls `work(client, index)` for each index from the clients; gives the milliseconds of each call.
std::vector<double> FromClients(const Load& load, int count,
                                const std::function<bool(httplib::Client&, int)>& work,
                                double* seconds) {
  std::atomic<int> next = 0;
  std::atomic<int> failed = 0;
  std::vector<std::vector<double>> ms(static_cast<size_t>(load.clients));
  std::vector<std::thread> threads;
  const auto begin = Clock::now();
  for (auto& mine : ms) {
    threads.emplace_back([&] {
      httplib::Client client(load.host, load.port);
      client.set_keep_alive(true);
      client.set_tcp_nodelay(true);
      client.set_read_timeout(60);
      for (int i = next++; i < count; i = next++) {
        const auto before = Clock::now();
        if (!work(client, i)) ++failed;
        mine.push_back(std::chrono::duration<double, std::milli>(Clock::now() - before).count());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  *seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  if (failed > 0) fmt::print("FAILED: {} requests\n", failed.load());
  std::vector<double> all;
  for (const auto& mine : ms) all.insert(all.end(), mine.begin(), mine.end());
  return all;
}

void Ingest(const Load& load) {
  std::string token = ReadWholeFile(load.token_file, 4096);
  token = token.substr(0, token.find('\n'));
  const httplib::Headers headers = {{"Authorization", "Bearer " + token}};
  // Made beforehand, in portions: the clients share the machine with the service.
  constexpr int kPortion = 2000;
  std::vector<double> ms;
  double seconds = 0;
  size_t bytes = 0;
  for (int done = 0; done < load.reports; done += kPortion) {
    std::vector<std::string> texts;
    for (int i = done; i < std::min(load.reports, done + kPortion); ++i) {
      texts.push_back(ReportText(load.cases, load.first + i));
      bytes += texts.back().size();
    }
    double portion_seconds = 0;
    const auto portion = FromClients(
        load, static_cast<int>(texts.size()),
        [&](httplib::Client& client, int i) {
          const auto answer = client.Post("/api/v1/reports", headers, texts[static_cast<size_t>(i)],
                                          "application/json");
          return answer && answer->status == 201;
        },
        &portion_seconds);
    ms.insert(ms.end(), portion.begin(), portion.end());
    seconds += portion_seconds;
  }
  PrintLatencies(fmt::format("ingest of {:.0f} KB reports, {} clients, durable",
                             static_cast<double>(bytes) / 1000 / load.reports, load.clients),
                 ms, seconds);
}

void Read(const Load& load) {
  double seconds = 0;
  size_t bytes = 0;
  const auto ms = FromClients(
      load, load.requests,
      [&](httplib::Client& client, int) {
        const auto answer = client.Get(load.path);
        if (answer && load.clients == 1) bytes = answer->body.size();
        return answer && answer->status == 200;
      },
      &seconds);
  PrintLatencies(fmt::format("{} ({} bytes), {} clients", load.path, bytes, load.clients), ms,
                 seconds);
}

// --- Pages and queries, of which each request may ask another one.

struct Question {
  const char* name;
  std::function<std::string(std::mt19937_64&)> path;
};

std::vector<Question> Questions(int reports) {
  const auto any = [reports](std::mt19937_64& random) {
    return IdentityOf(static_cast<int>(random() % static_cast<uint64_t>(reports)));
  };
  const auto topic = [any](std::mt19937_64& random) {
    for (;;) {
      Identity found = any(random);
      if (found.branch != "main") return found;
    }
  };
  const auto always = [](const char* path) {
    return [path](std::mt19937_64&) -> std::string { return path; };
  };
  const std::string series =
      "?metric=performance.prefill.speedup&case=prefill%3Atokens%3D512&machine=";
  return {
      {"overview", always("/")},
      {"trend, nothing chosen", always("/trend")},
      {"trend of main",
       [=](auto& random) { return "/trend" + series + any(random).machine + "&branch=main"; }},
      {"trend of main, 500 points",
       [=](auto& random) {
         return "/trend" + series + any(random).machine + "&branch=main&points=500";
       }},
      {"trend of a branch with few reports",
       [=](auto& random) {
         const Identity of = topic(random);
         return "/trend" + series + of.machine + "&branch=" + of.branch;
       }},
      {"comparison of any two",
       [=](auto& random) { return "/compare?base=" + any(random).id + "&head=" + any(random).id; }},
      {"comparison of two commits",
       [=](auto& random) {
         return "/compare?base=" + any(random).commit + "&head=" + any(random).commit;
       }},
      {"comparison of a branch with main",
       [=](auto& random) { return "/compare?base=main&head=" + topic(random).branch; }},
      {"comparison of another machine's",
       [=](auto& random) { return "/compare?base=" + topic(random).branch + "&head=main"; }},
      {"report", [=](auto& random) { return "/reports/" + any(random).id; }},
      {"peers", [=](auto& random) { return "/peers?report=" + any(random).id; }},
      {"records", always("/records")},
      {"/metrics", always("/metrics")},
      {"list", always("/api/v1/reports?limit=50")},
      {"list of a commit",
       [=](auto& random) { return "/api/v1/reports?commit=" + any(random).commit.substr(0, 10); }},
      {"list of a machine",
       [=](auto& random) { return "/api/v1/reports?machine=" + any(random).machine; }},
      {"list of a verdict that none has", always("/api/v1/reports?verdict=error")},
      {"list of a configuration that none has", always("/api/v1/reports?config=none")},
      {"series", [=](auto& random) { return "/api/v1/series" + series + any(random).machine; }},
      {"badge", always("/api/v1/badge.svg?branch=main")},
      {"plot", [=](auto& random) { return "/api/v1/plot.svg" + series + any(random).machine; }},
  };
}

void AskAll(const Load& load) {
  double worst = 0;
  for (const Question& question : Questions(load.reports)) {
    std::mt19937_64 random(1);
    std::vector<std::string> paths;
    for (int i = 0; i < load.requests; ++i) paths.push_back(question.path(random));
    size_t bytes = 0;
    double seconds = 0;
    auto ms = FromClients(
        load, load.requests,
        [&](httplib::Client& client, int i) {
          const auto answer = client.Get(paths[static_cast<size_t>(i)]);
          if (answer && load.clients == 1) bytes = std::max(bytes, answer->body.size());
          return answer && answer->status == 200;
        },
        &seconds);
    std::sort(ms.begin(), ms.end());
    worst = std::max(worst, AtShare(ms, 0.99));
    fmt::print("{:40} {:6.1f} KB  ms p50 {:7.2f}, p99 {:7.2f}, max {:7.2f}\n", question.name,
               static_cast<double>(bytes) / 1000, AtShare(ms, 0.5), AtShare(ms, 0.99), ms.back());
    std::fflush(stdout);
  }
  fmt::print("worst p99: {:.2f} ms\n", worst);
}

int Main(int argc, char** argv) {
  Load load;
  CLI::App app("Load on a service");
  app.fallthrough();  // of its subcommands: options in any order
  app.add_option("--host", load.host);
  app.add_option("--port", load.port);
  app.add_option("--clients", load.clients);
  app.add_option("--token-file", load.token_file);
  app.require_subcommand(1);
  CLI::App* const ingest = app.add_subcommand("ingest", "Posts reports");
  ingest->add_option("--reports", load.reports);
  ingest->add_option("--first", load.first);
  ingest->add_option("--cases", load.cases);
  CLI::App* const read = app.add_subcommand("read", "Asks for one path again and again");
  read->add_option("--path", load.path);
  read->add_option("--requests", load.requests);
  CLI::App* const pages = app.add_subcommand("pages", "Asks for each page");
  pages->add_option("--reports", load.reports, "As many as were sent");
  pages->add_option("--requests", load.requests, "For each page");
  CLI11_PARSE(app, argc, argv);
  const Machine machine = ThisMachine();
  fmt::print("{}, {} threads\n", machine.cpu_model, machine.threads);
  if (ingest->parsed()) Ingest(load);
  if (read->parsed()) Read(load);
  if (pages->parsed()) AskAll(load);
  return 0;
}

}  // namespace
}  // namespace deltagauge

int main(int argc, char** argv) {
  try {
    return deltagauge::Main(argc, argv);
  } catch (const std::exception& error) {
    std::fputs(error.what(), stderr);
    std::fputs("\n", stderr);
    return 70;
  }
}
