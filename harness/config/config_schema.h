// What editors need to complete and check a configuration while it is typed.
#ifndef DELTAGAUGE_HARNESS_CONFIG_CONFIG_SCHEMA_H_
#define DELTAGAUGE_HARNESS_CONFIG_CONFIG_SCHEMA_H_

#include <string>

namespace deltagauge {

// JSON schema, draft 2020-12, from the same table of fields that the loader walks
// (config_fields.h). Looser than the loader where one value depends on another. Committed as
// configs/config.schema.json; a test fails when that is stale.
std::string ConfigSchema();

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_CONFIG_CONFIG_SCHEMA_H_
