// Load on a service: how many reports a second it makes durable, how long its pages take. A
// benchmark, not a test: figures are printed with the machine.
//
//   service_load --port 8177 --token-file FILE ingest --reports 5000 --clients 8
//   service_load --port 8177 read --path '/metrics' --requests 200 --clients 1
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

// Reports differ in id, time, commit, branch, machine and figures.
std::string ReportText(int cases, int number) {
  Report report = Template(cases, number % 97);
  std::mt19937_64 random(static_cast<uint64_t>(number) + 1);
  report.report_id = FormatUuid(random(), random());
  report.created_at = FormatUtc(kFirstReport + int64_t{60} * number);
  report.vcs.head_sha = fmt::format("{:016x}{:016x}{:08x}", random(), random(), number);
  report.vcs.branch = number % 5 == 0 ? fmt::format("topic-{}", number / 50) : "main";
  report.machine.fingerprint = fmt::format("{:016x}", 0xab00 + number % 10);
  report.machine.name = fmt::format("bench-{}", number % 10);
  return WriteReport(report);
}

void PrintLatencies(const std::string& what, std::vector<double> ms, double seconds) {
  if (ms.empty()) return;
  std::sort(ms.begin(), ms.end());
  const auto at = [&](double share) {
    return ms[std::min(ms.size() - 1, static_cast<size_t>(share * static_cast<double>(ms.size())))];
  };
  fmt::print(
      "{}: {} in {:.2f} s, {:.0f} a second; ms p50 {:.2f}, p90 {:.2f}, p99 {:.2f}, max {:.2f}\n",
      what, ms.size(), seconds, static_cast<double>(ms.size()) / seconds, at(0.5), at(0.9),
      at(0.99), ms.back());
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
  CLI11_PARSE(app, argc, argv);
  const Machine machine = ThisMachine();
  fmt::print("{}, {} threads\n", machine.cpu_model, machine.threads);
  if (ingest->parsed()) Ingest(load);
  if (read->parsed()) Read(load);
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
