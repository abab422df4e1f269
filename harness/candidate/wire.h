// Values as bytes, from a worker process to the one that watches it: the same program on the same
// machine, so numbers travel as they lie in memory. What is read is not trusted.
#ifndef DELTAGAUGE_HARNESS_CANDIDATE_WIRE_H_
#define DELTAGAUGE_HARNESS_CANDIDATE_WIRE_H_

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace deltagauge {

class WireWriter {
 public:
  template <typename Value>
  void Put(const Value& value) {
    static_assert(std::is_trivially_copyable_v<Value>);
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof(value));
  }
  void PutText(std::string_view text) {
    Put(uint64_t{text.size()});
    bytes_ += text;
  }
  template <typename Value>
  void PutValues(const std::vector<Value>& values) {
    static_assert(std::is_trivially_copyable_v<Value>);
    PutText({reinterpret_cast<const char*>(values.data()), values.size() * sizeof(Value)});
  }
  std::string Take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

// After the first read beyond the end ok() is false and everything is zero.
class WireReader {
 public:
  explicit WireReader(std::string_view bytes) : left_(bytes) {}

  template <typename Value>
  Value Get() {
    static_assert(std::is_trivially_copyable_v<Value>);
    Value value = {};
    const std::string_view from = Cut(sizeof(value));
    if (ok_) std::memcpy(&value, from.data(), sizeof(value));
    return value;
  }
  std::string GetText() { return std::string(Cut(Get<uint64_t>())); }

  template <typename Value>
  void GetValues(std::vector<Value>* values) {
    static_assert(std::is_trivially_copyable_v<Value>);
    const std::string_view from = Cut(Get<uint64_t>());
    ok_ = ok_ && from.size() % sizeof(Value) == 0;
    values->resize(ok_ ? from.size() / sizeof(Value) : 0);
    if (!values->empty()) std::memcpy(values->data(), from.data(), from.size());
  }

  bool ok() const { return ok_; }
  bool AtEnd() const { return ok_ && left_.empty(); }

 private:
  std::string_view Cut(uint64_t size) {
    ok_ = ok_ && size <= left_.size();
    if (!ok_) return {};
    const std::string_view cut = left_.substr(0, size);
    left_.remove_prefix(size);
    return cut;
  }

  std::string_view left_;
  bool ok_ = true;
};

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_CANDIDATE_WIRE_H_
