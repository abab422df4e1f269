// One connection to a database: SQL in, rows out. The only door to SQLite and PostgreSQL.
//
// The SQL that goes through it is what both understand: placeholders $1, $2, ...; ON CONFLICT;
// RETURNING; BIGINT, DOUBLE PRECISION, TEXT, BYTEA. Where they differ, the schema (schema.h) asks for
// the dialect.
#ifndef DELTAGAUGE_HARNESS_STORE_DATABASE_H_
#define DELTAGAUGE_HARNESS_STORE_DATABASE_H_

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace deltagauge {

// What the database itself says when it can't do what was asked; never the user's input.
class DatabaseError : public std::runtime_error {
 public:
  enum class Kind : uint8_t {
    kBroken,    // the statement, the file, the disk
    kConflict,  // a unique key is there already
    kGone,      // the connection is lost; a new one may work
  };
  DatabaseError(Kind kind, const std::string& what) : std::runtime_error(what), kind_(kind) {}
  Kind kind() const { return kind_; }

 private:
  Kind kind_;
};

struct SqlBytes {
  std::string bytes;
  bool operator==(const SqlBytes&) const = default;
};

// A parameter or a field. Texts are UTF-8 without NUL (PostgreSQL has none).
using SqlValue = std::variant<std::monostate, int64_t, double, std::string, SqlBytes>;

inline SqlValue OptionalValue(const std::optional<double>& value) {
  return value ? SqlValue(*value) : SqlValue();
}

// One row of a result. Valid inside the call that gets it.
class SqlRow {
 public:
  virtual ~SqlRow() = default;
  virtual bool IsNull(int column) const = 0;
  // Of the column's own type; 0 and empty for NULL.
  virtual int64_t Int(int column) const = 0;
  virtual double Double(int column) const = 0;
  virtual std::string_view Text(int column) const = 0;
  virtual std::string_view Bytes(int column) const = 0;

  std::optional<double> OptionalDouble(int column) const {
    return IsNull(column) ? std::nullopt : std::optional(Double(column));
  }
  std::string String(int column) const { return std::string(Text(column)); }
};

using RowFunction = std::function<void(const SqlRow&)>;

enum class SqlDialect : uint8_t { kSqlite, kPostgres };

// Not safe for two threads at once.
class Database {
 public:
  virtual ~Database() = default;
  virtual SqlDialect dialect() const = 0;

  // Runs one statement, prepared once for each text. Calls `row` for each row of the result. Throws
  // DatabaseError.
  virtual void Query(const std::string& sql, std::span<const SqlValue> parameters,
                     const RowFunction& row) = 0;

  // Runs statements without parameters, separated by semicolons.
  virtual void Run(const std::string& sql) = 0;

  virtual int64_t SizeBytes() = 0;  // of the whole database, on disk

  // A copy that can be opened again, while others read and write. SQLite: one file at `path`, which
  // must not exist. PostgreSQL: refused with how to do it by pg_dump.
  virtual void BackUp(const std::string& path) = 0;

  void Query(const std::string& sql, std::initializer_list<SqlValue> parameters,
             const RowFunction& row = {}) {
    Query(sql, std::span<const SqlValue>(parameters.begin(), parameters.size()), row);
  }
  // The first field of the first row; nothing if there is no row.
  std::optional<int64_t> QueryInt(const std::string& sql,
                                  std::initializer_list<SqlValue> parameters = {});
};

// Begins on construction; rolled back on destruction unless committed.
class Transaction {
 public:
  explicit Transaction(Database* database);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void Commit();  // returns once it is durable

 private:
  Database* database_;
  bool open_ = true;
};

// Where the reports are: the path of an SQLite file, or "postgresql://...".
struct DatabaseAddress {
  std::string text;
  bool IsPostgres() const {
    return text.starts_with("postgresql://") || text.starts_with("postgres://");
  }
  // Without the password, for messages and logs.
  std::string Shown() const;
};

// Throws reference::InputError with what the database says (the address without its password).
// SQLite: made if it isn't there (its folder must be), WAL, synchronous=FULL.
std::unique_ptr<Database> OpenDatabase(const DatabaseAddress& address);

// Parts of OpenDatabase, each in its own file.
std::unique_ptr<Database> OpenSqlite(const DatabaseAddress& address);
std::unique_ptr<Database> OpenPostgres(const DatabaseAddress& address);

}  // namespace deltagauge

#endif  // DELTAGAUGE_HARNESS_STORE_DATABASE_H_
