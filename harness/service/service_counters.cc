#include "harness/service/service_counters.h"

namespace deltagauge {

void SecondsHistogram::Add(double seconds) {
  size_t bucket = 0;
  while (bucket < kSecondsBuckets.size() && seconds > kSecondsBuckets[bucket]) ++bucket;
  ++counts[bucket];
  sum += seconds;
  ++count;
}

void ServiceCounters::CountRequest(std::string_view route, int status, double seconds) {
  const std::lock_guard lock(mutex_);
  auto found = requests_.find(route);
  if (found == requests_.end()) found = requests_.emplace(std::string(route), Requests()).first;
  ++found->second.by_status[status];
  found->second.seconds.Add(seconds);
}

void ServiceCounters::CountReport(std::string_view outcome, double seconds) {
  const std::lock_guard lock(mutex_);
  ++reports_[std::string(outcome)];
  ingest_seconds_.Add(seconds);
}

std::map<std::string, ServiceCounters::Requests, std::less<>> ServiceCounters::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

std::map<std::string, int64_t, std::less<>> ServiceCounters::reports() const {
  const std::lock_guard lock(mutex_);
  return reports_;
}

SecondsHistogram ServiceCounters::ingest_seconds() const {
  const std::lock_guard lock(mutex_);
  return ingest_seconds_;
}

}  // namespace deltagauge
