#include "harness/config/config_schema.h"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "gtest/gtest.h"
#include "harness/config/config_node.h"
#include "harness/config/config_yaml_text.h"

namespace deltagauge {
namespace {

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

TEST(ConfigSchemaTest, TheCommittedFileIsUpToDate) {
  const std::string path = DELTAGAUGE_CONFIGS "/config.schema.json";
  if (std::getenv("DELTAGAUGE_WRITE_SCHEMA") != nullptr) {
    std::ofstream(path, std::ios::binary) << ConfigSchema();
  }
  EXPECT_EQ(ReadFile(path), ConfigSchema())
      << "run this test with DELTAGAUGE_WRITE_SCHEMA=1 in the environment and look at the change";
}

// Every key that the loader knows, at any depth.
void AddKeys(const ConfigNode& schema, std::set<std::string>& keys) {
  if (const ConfigNode* properties = schema.Find("properties")) {
    for (const ConfigKey& key : properties->keys) keys.insert(key.text);
  }
  for (const ConfigNode& item : schema.items) AddKeys(item, keys);
}

TEST(ConfigSchemaTest, EveryKeyIsDescribed) {
  std::set<std::string> keys;
  AddKeys(ParseYaml(ConfigSchema(), {"schema", ""}), keys);
  EXPECT_GT(keys.size(), 50u);
  const std::string readme = ReadFile(DELTAGAUGE_CONFIGS "/README.md");
  for (const std::string& key : keys) {
    EXPECT_NE(readme.find("`" + key + "`"), std::string::npos)
        << key << " is missing in configs/README.md";
  }
}

}  // namespace
}  // namespace deltagauge
