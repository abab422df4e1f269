// Connections that stay open while nothing happens: each holds a thread, so they are counted.
#ifndef DELTAGAUGE_HARNESS_SERVICE_LONG_CONNECTIONS_H_
#define DELTAGAUGE_HARNESS_SERVICE_LONG_CONNECTIONS_H_

#include <atomic>
#include <memory>

namespace deltagauge {

class LongConnections {
 public:
  explicit LongConnections(int most) : free_(std::make_shared<std::atomic<int>>(most)) {}

  // Holds one of them for as long as a copy of it lives; null if there is none left.
  std::shared_ptr<void> Take() const {
    if (free_->fetch_sub(1) > 0) {
      return {free_.get(), [free = free_](std::atomic<int>*) { free->fetch_add(1); }};
    }
    free_->fetch_add(1);
    return nullptr;
  }

 private:
  std::shared_ptr<std::atomic<int>> free_;
};

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_SERVICE_LONG_CONNECTIONS_H_
