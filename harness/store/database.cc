#include "harness/store/database.h"

#include <algorithm>

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
  if (!IsPostgres()) return text;
  std::string shown = text;
  constexpr std::string_view kInQuery = "password=";  // and sslpassword=
  for (size_t found = shown.find(kInQuery); found != std::string::npos;
       found = shown.find(kInQuery, found + 1)) {
    const size_t value = found + kInQuery.size();
    shown.replace(value, std::min(shown.find('&', value), shown.size()) - value, "***");
  }
  const size_t user = shown.find("://") + 3;
  const size_t at = shown.rfind('@');
  const size_t colon = shown.find(':', user);
  if (at == std::string::npos || colon > at) return shown;
  return shown.substr(0, colon) + ":***" + shown.substr(at);
}

std::unique_ptr<Database> OpenDatabase(const DatabaseAddress& address) {
  return address.IsPostgres() ? OpenPostgres(address) : OpenSqlite(address);
}

}  // namespace deltagauge
