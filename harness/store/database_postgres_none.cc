// For builds without libpq.
#include "harness/store/database.h"
#include "reference/input_error.h"

namespace deltagauge {

std::unique_ptr<Database> OpenPostgres(const DatabaseAddress& address) {
  throw reference::InputError(address.Shown(), "this program was built without PostgreSQL",
                              "build it with libpq and -DDELTAGAUGE_POSTGRES=ON, or name a file "
                              "for SQLite");
}

}  // namespace deltagauge
