#include "harness/store/database.h"

namespace deltagauge {

std::optional<int64_t> Database::QueryInt(const std::string& sql,
                                          std::initializer_list<SqlValue> parameters) {
  std::optional<int64_t> value;
  Query(sql, parameters, [&](const SqlRow& row) {
    if (!value) value = row.Int(0);
  });
  return value;
}

Transaction::Transaction(Database* database) : database_(database) {
  // SQLite: the write lock now, since a reader that becomes a writer later can fail.
  database_->Run(database_->dialect() == SqlDialect::kSqlite ? "BEGIN IMMEDIATE" : "BEGIN");
}

Transaction::~Transaction() {
  if (!open_) return;
  try {
    database_->Run("ROLLBACK");
  } catch (const DatabaseError&) {
    // Whatever made it fail is on its way to the caller already.
  }
}

void Transaction::Commit() {
  database_->Run("COMMIT");
  open_ = false;
}

std::string DatabaseAddress::Shown() const {
  const size_t scheme = text.find("://");
  const size_t at = text.rfind('@');
  if (!IsPostgres() || at == std::string::npos || at < scheme) return text;
  const size_t colon = text.find(':', scheme + 3);
  if (colon == std::string::npos || colon > at) return text;
  return text.substr(0, colon) + ":***" + text.substr(at);
}

std::unique_ptr<Database> OpenDatabase(const DatabaseAddress& address) {
  return address.IsPostgres() ? OpenPostgres(address) : OpenSqlite(address);
}

}  // namespace deltagauge
