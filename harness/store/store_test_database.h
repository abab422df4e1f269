// A database for one test, empty, removed afterwards.
#ifndef DELTAGAUGE_HARNESS_STORE_STORE_TEST_DATABASE_H_
#define DELTAGAUGE_HARNESS_STORE_STORE_TEST_DATABASE_H_

#include <memory>

#include "harness/store/database.h"

namespace deltagauge {

class TestDatabase {
 public:
  // SQLite: a file in a folder of its own. PostgreSQL: a schema of its own on the server that
  // DELTAGAUGE_TEST_POSTGRES names ("postgresql://..."); null where that is not set.
  static std::unique_ptr<TestDatabase> Make(SqlDialect dialect);
  virtual ~TestDatabase() = default;
  virtual const DatabaseAddress& address() const = 0;
};

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_STORE_STORE_TEST_DATABASE_H_
