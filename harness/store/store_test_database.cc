#include "harness/store/store_test_database.h"

#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>

#include "fmt/format.h"

namespace deltagauge {
namespace {

std::string FreshName() {
  std::random_device random;
  return fmt::format("deltagauge_{:08x}{:08x}", random(), random());
}

class SqliteTestDatabase final : public TestDatabase {
 public:
  SqliteTestDatabase() : folder_(std::filesystem::temp_directory_path() / FreshName()) {
    std::filesystem::create_directory(folder_);
    address_.text = (folder_ / "store.sqlite").string();
  }
  ~SqliteTestDatabase() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  const DatabaseAddress& address() const override { return address_; }

 private:
  std::filesystem::path folder_;
  DatabaseAddress address_;
};

class PostgresTestDatabase final : public TestDatabase {
 public:
  explicit PostgresTestDatabase(std::string server) : server_(std::move(server)) {
    OpenPostgres({server_})->Run("CREATE SCHEMA " + schema_);
    address_.text = server_;
    address_.text += server_.find('?') == std::string::npos ? '?' : '&';
    address_.text += fmt::format("options=-csearch_path%3D{}", schema_);
  }
  ~PostgresTestDatabase() override {
    try {
      OpenPostgres({server_})->Run(fmt::format("DROP SCHEMA {} CASCADE", schema_));
    } catch (const std::exception&) {
      // The server itself is thrown away after the tests.
    }
  }
  const DatabaseAddress& address() const override { return address_; }

 private:
  std::string server_;
  std::string schema_ = FreshName();
  DatabaseAddress address_;
};

}  // namespace

std::unique_ptr<TestDatabase> TestDatabase::Make(SqlDialect dialect) {
  if (dialect == SqlDialect::kSqlite) return std::make_unique<SqliteTestDatabase>();
  const char* const server = std::getenv("DELTAGAUGE_TEST_POSTGRES");
  if (server == nullptr || *server == '\0') return nullptr;
  return std::make_unique<PostgresTestDatabase>(server);
}

}  // namespace deltagauge
