// The reports that were sent, kept: one writer, many readers.
//
// Whoever writes waits until it is durable: what came back from Add or Write survives a kill at any
// moment, what did not come back left nothing or everything. Writers that wait at the same time
// share one commit.
#ifndef DELTAGAUGE_HARNESS_STORE_REPORT_STORE_H_
#define DELTAGAUGE_HARNESS_STORE_REPORT_STORE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "harness/store/database.h"
#include "harness/store/report_rows.h"

namespace deltagauge {

enum class AddOutcome : uint8_t {
  kAdded,
  kThere,     // the same report, to the byte, was there before
  kConflict,  // another report of that id is there
};

struct StoreCounters {
  int64_t commits = 0;
  int64_t waiting = 0;  // writes that are not yet durable
};

class ReportStore {
 public:
  // Opens and migrates. Throws reference::InputError.
  static std::unique_ptr<ReportStore> Open(const DatabaseAddress& address);
  ~ReportStore();  // after all that waits was written

  // Safe for any number of threads. Throws DatabaseError if the database could not.
  AddOutcome Add(const ReportRows& rows, int64_t received_s);

  // Runs `work` inside a transaction, by itself: what it throws undoes it and comes back here.
  void Write(const std::function<void(Database&)>& work);

  // Runs `work` on a connection for reading, one snapshot for each statement.
  void Read(const std::function<void(Database&)>& work) const;

  const DatabaseAddress& address() const;
  StoreCounters counters() const;

 private:
  class Writer;
  class Pool;
  ReportStore(const DatabaseAddress& address, std::unique_ptr<Database> database);

  DatabaseAddress address_;
  std::unique_ptr<Pool> pool_;
  std::unique_ptr<Writer> writer_;
};

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_STORE_REPORT_STORE_H_
