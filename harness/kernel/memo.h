// Values that are computed when first asked for, kept, and shared between threads.
#ifndef DELTAGAUGE_HARNESS_KERNEL_MEMO_H_
#define DELTAGAUGE_HARNESS_KERNEL_MEMO_H_

#include <map>
#include <mutex>
#include <string>

namespace deltagauge {

// What a key gives must always be the same. Nothing is ever dropped: the owner bounds the keys.
template <typename Value>
class Memo {
 public:
  // `compute` runs at most once for a key, and not at the same time as another; it must not ask
  // this memo. What is returned lives as long as the memo.
  template <typename Compute>
  const Value& Get(const std::string& key, const Compute& compute) {
    const std::lock_guard<std::mutex> lock(mutex_);
    auto found = values_.find(key);
    if (found == values_.end()) found = values_.emplace(key, compute()).first;
    return found->second;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, Value> values_;  // its elements stay where they are
};

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_KERNEL_MEMO_H_
