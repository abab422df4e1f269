// For builds without libpq.
#include "harness/store/database.h"
#include "reference/input_error.h"

namespace deltagauge {

std::unique_ptr<Database> OpenPostgres(const DatabaseAddress& address) {
  throw reference::InputError(address.Shown(), "this program was built without PostgreSQL",
                              "build it with -DDELTAGAUGE_POSTGRES=ON, or give an SQLite file");
}

}  // namespace deltagauge
