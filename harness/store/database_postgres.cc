// PostgreSQL by libpq. Parameters and results travel in the binary format, so that a double keeps
// every bit and a bytea is never spelled out.
#include <fmt/format.h>
#include <libpq-fe.h>

#include <array>
#include <bit>
#include <map>
#include <utility>

#include "harness/store/database.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

// Of the catalog pg_type; PostgreSQL never changes them.
constexpr Oid kUnspecified =
    0;  // the server takes the type of the place where the parameter stands
constexpr Oid kBool = 16;
constexpr Oid kBytea = 17;
constexpr Oid kName = 19;
constexpr Oid kInt8 = 20;
constexpr Oid kInt2 = 21;
constexpr Oid kInt4 = 23;
constexpr Oid kText = 25;
constexpr Oid kFloat8 = 701;
constexpr Oid kVarchar = 1043;

constexpr size_t kMaxValueBytes = size_t{1} << 30;  // PostgreSQL's own limit for a field
constexpr int kBinary = 1;

struct Clear {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, Clear>;

struct Finish {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
using Connection = std::unique_ptr<PGconn, Finish>;

// libpq's messages have several lines and end with one.
std::string OneLine(std::string_view message) {
  std::string line;
  for (const char c : message) {
    if (c != '\n' && c != '\t') {
      line += c;
    } else if (!line.empty() && line.back() != ' ') {
      line += ' ';
    }
  }
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

std::string_view Field(const PGresult* result, int code) {
  const char* const text = PQresultErrorField(result, code);
  return text == nullptr ? std::string_view() : text;
}

DatabaseError::Kind KindOf(const PGconn* connection, std::string_view state) {
  // 08: connection exceptions; 57P01 to 57P03: the server ends or ended this connection.
  if (PQstatus(connection) == CONNECTION_BAD || state.starts_with("08") ||
      state.starts_with("57P0")) {
    return DatabaseError::Kind::kGone;
  }
  return state == "23505" ? DatabaseError::Kind::kConflict : DatabaseError::Kind::kBroken;
}

// Throws what the server, or libpq where the server said nothing, has against a statement.
void Check(const PGconn* connection, const PGresult* result, const std::string& doing) {
  const ExecStatusType status = PQresultStatus(result);
  if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK || status == PGRES_EMPTY_QUERY) {
    return;
  }
  const std::string_view state = Field(result, PG_DIAG_SQLSTATE);
  std::string what(Field(result, PG_DIAG_MESSAGE_PRIMARY));
  if (what.empty()) what = OneLine(PQerrorMessage(connection));
  if (what.empty()) what = PQresStatus(status);  // a COPY: no message, but not for this interface
  if (const std::string_view detail = Field(result, PG_DIAG_MESSAGE_DETAIL); !detail.empty()) {
    what += fmt::format("; {}", OneLine(detail));
  }
  throw DatabaseError(KindOf(connection, state),
                      fmt::format("PostgreSQL: {}{}{} ({})", state, state.empty() ? "" : " ", what,
                                  doing.substr(0, 200)));
}

uint64_t FromBigEndian(std::string_view bytes) {
  uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

std::array<char, 8> ToBigEndian(uint64_t value) {
  std::array<char, 8> bytes;
  for (size_t i = 8; i-- > 0; value >>= 8) bytes[i] = static_cast<char>(value & 0xFF);
  return bytes;
}

// Parameters as libpq takes them. Texts and bytes stay where they are.
struct Parameters {
  explicit Parameters(std::span<const SqlValue> sql_values) {
    numbers.resize(sql_values.size());  // never moved: `values` points into it
    for (const SqlValue& value : sql_values) Add(value);
  }

  std::vector<std::array<char, 8>> numbers;
  std::vector<Oid> types;
  std::vector<const char*> values;
  std::vector<int> lengths;
  std::vector<int> formats;

 private:
  void Add(const SqlValue& value) {
    if (const auto* integer = std::get_if<int64_t>(&value)) {
      AddNumber(kInt8, static_cast<uint64_t>(*integer));
    } else if (const auto* number = std::get_if<double>(&value)) {
      AddNumber(kFloat8, std::bit_cast<uint64_t>(*number));
    } else if (const auto* text = std::get_if<std::string>(&value)) {
      Add(kText, *text);
    } else if (const auto* bytes = std::get_if<SqlBytes>(&value)) {
      Add(kBytea, bytes->bytes);
    } else {
      Add(kUnspecified, {nullptr, 0});
    }
  }

  void AddNumber(Oid type, uint64_t bits) {
    std::array<char, 8>& place = numbers[types.size()];
    place = ToBigEndian(bits);
    Add(type, {place.data(), place.size()});
  }

  void Add(Oid type, std::string_view data) {
    if (data.size() > kMaxValueBytes) {
      throw DatabaseError(DatabaseError::Kind::kBroken,
                          "PostgreSQL: a value is larger than 1 GiB, which is its limit");
    }
    types.push_back(type);
    values.push_back(data.data());
    lengths.push_back(static_cast<int>(data.size()));
    formats.push_back(kBinary);
  }
};

class PostgresRow final : public SqlRow {
 public:
  PostgresRow(const PGresult* result, int row) : result_(result), row_(row) {}

  bool IsNull(int column) const override { return PQgetisnull(result_, row_, column) == 1; }

  int64_t Int(int column) const override {
    const uint64_t bits = FromBigEndian(Data(column));
    switch (PQftype(result_, column)) {
      case kBool:
      case kInt8:
        return static_cast<int64_t>(bits);
      case kInt4:
        return static_cast<int32_t>(bits);
      case kInt2:
        return static_cast<int16_t>(bits);
      default:
        Refuse(column, "BIGINT");
    }
  }

  double Double(int column) const override {
    if (PQftype(result_, column) != kFloat8) return static_cast<double>(Int(column));
    return std::bit_cast<double>(FromBigEndian(Data(column)));
  }

  std::string_view Text(int column) const override {
    const Oid type = PQftype(result_, column);
    if (type != kText && type != kVarchar && type != kName) Refuse(column, "TEXT");
    return Data(column);
  }

  std::string_view Bytes(int column) const override {
    if (PQftype(result_, column) != kBytea) Refuse(column, "BYTEA");
    return Data(column);
  }

 private:
  std::string_view Data(int column) const {  // empty for NULL
    return {PQgetvalue(result_, row_, column),
            static_cast<size_t>(PQgetlength(result_, row_, column))};
  }

  // A sum of BIGINT, for one, is NUMERIC here.
  [[noreturn]] void Refuse(int column, std::string_view wanted) const {
    const char* const name = PQfname(result_, column);
    throw DatabaseError(
        DatabaseError::Kind::kBroken,
        fmt::format("PostgreSQL: column {} ('{}') has type {} and is read as {}; cast it", column,
                    name == nullptr ? "" : name, PQftype(result_, column), wanted));
  }

  const PGresult* result_;
  int row_;
};

class PostgresDatabase final : public Database {
 public:
  PostgresDatabase(Connection connection, std::string shown_address)
      : connection_(std::move(connection)), shown_address_(std::move(shown_address)) {}

  SqlDialect dialect() const override { return SqlDialect::kPostgres; }

  void Query(const std::string& sql, std::span<const SqlValue> parameters,
             const RowFunction& row) override {
    const Parameters bound(parameters);
    const std::string& statement = Prepared(sql, bound.types);
    const Result result(PQexecPrepared(connection_.get(), statement.c_str(),
                                       static_cast<int>(bound.types.size()), bound.values.data(),
                                       bound.lengths.data(), bound.formats.data(), kBinary));
    Check(connection_.get(), result.get(), sql);
    if (!row) return;
    const int rows = PQntuples(result.get());
    for (int i = 0; i < rows; ++i) row(PostgresRow(result.get(), i));
  }

  void Run(const std::string& sql) override {
    const Result result(PQexec(connection_.get(), sql.c_str()));
    Check(connection_.get(), result.get(), sql);
    // After a failed statement a COMMIT rolls back, and succeeds at that.
    if (std::string_view(PQcmdStatus(result.get())) == "ROLLBACK" &&
        sql.find("ROLLBACK") == std::string::npos) {
      throw DatabaseError(DatabaseError::Kind::kBroken,
                          "PostgreSQL: rolled back, since a statement of the transaction had "
                          "failed");
    }
  }

  int64_t SizeBytes() override {
    return QueryInt("SELECT pg_database_size(current_database())").value_or(0);
  }

  void BackUp(const std::string& path) override {
    throw DatabaseError(DatabaseError::Kind::kBroken,
                        fmt::format("PostgreSQL makes its own copies: pg_dump --format=custom "
                                    "--file='{}' '{}'",
                                    path, shown_address_));
  }

  using Database::Query;

 private:
  struct Statement {
    std::string name;
    std::vector<Oid> types;
  };

  // The name of `sql` prepared for parameters of these types. A NULL fits every type; a statement
  // that first met one is prepared once more when the first value comes.
  const std::string& Prepared(const std::string& sql, std::vector<Oid> types) {
    const auto found = statements_.find(sql);
    if (found != statements_.end()) {
      const std::vector<Oid>& known = found->second.types;
      for (size_t i = 0; i < types.size() && i < known.size(); ++i) {
        if (types[i] == kUnspecified) types[i] = known[i];
      }
      if (types == known) return found->second.name;
    }
    std::string name = fmt::format("deltagauge_{}", ++prepared_);
    const Result result(PQprepare(connection_.get(), name.c_str(), sql.c_str(),
                                  static_cast<int>(types.size()), types.data()));
    Check(connection_.get(), result.get(), sql);
    Statement& statement = statements_[sql];
    const std::string old = std::exchange(statement.name, std::move(name));
    statement.types = std::move(types);
    if (!old.empty()) Run(fmt::format("DEALLOCATE {}", old));
    return statement.name;
  }

  Connection connection_;
  std::string shown_address_;
  std::map<std::string, Statement, std::less<>> statements_;
  int64_t prepared_ = 0;
};

struct FreeOptions {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};

// libpq cuts at the first '@' and '/': what comes after one that belongs to a password would be
// taken for the host, and stand in a message.
void CheckAddress(const DatabaseAddress& address) {
  const size_t at = address.text.find('@');
  const size_t slash = address.text.find('/', address.text.find("://") + 3);
  if (at != std::string::npos &&
      (slash < at || address.text.find('@', at + 1) != std::string::npos)) {
    throw reference::InputError(address.Shown(), "more than one '@', or a '/' before it",
                                "in names and passwords write '@' as %40, '/' as %2F");
  }
  char* message = nullptr;
  const std::unique_ptr<PQconninfoOption, FreeOptions> options(
      PQconninfoParse(address.text.c_str(), &message));
  if (options) return;
  std::string what = "is no address of a PostgreSQL database";
  // libpq quotes the part that it stumbled over, which may be the password.
  if (message != nullptr && address.Shown() == address.text) what += ": " + OneLine(message);
  PQfreemem(message);
  throw reference::InputError(address.Shown(), what,
                              "as in postgresql://user:password@host:5432/database");
}

Connection Connect(const DatabaseAddress& address) {
  // What stands before dbname is a default for what the address doesn't say; what stands behind it
  // overrules the address. The keepalives notice in a minute that the server's machine is gone.
  constexpr std::array<std::array<const char*, 2>, 6> kDefaults = {{
      {"connect_timeout", "10"},  // seconds
      {"fallback_application_name", "deltagauge"},
      {"keepalives_idle", "30"},
      {"keepalives_interval", "10"},
      {"keepalives_count", "3"},
      {"tcp_user_timeout", "60000"},
  }};
  std::vector<const char*> keywords;
  std::vector<const char*> values;
  for (const auto& [keyword, value] : kDefaults) {
    keywords.push_back(keyword);
    values.push_back(value);
  }
  keywords.insert(keywords.end(), {"dbname", "client_encoding", nullptr});
  values.insert(values.end(), {address.text.c_str(), "UTF8", nullptr});
  Connection connection(PQconnectdbParams(keywords.data(), values.data(), /*expand_dbname=*/1));
  if (!connection) throw reference::InputError(address.Shown(), "out of memory");
  if (PQstatus(connection.get()) != CONNECTION_OK) {
    throw reference::InputError(address.Shown(), OneLine(PQerrorMessage(connection.get())));
  }
  return connection;
}

}  // namespace

std::unique_ptr<Database> OpenPostgres(const DatabaseAddress& address) {
  CheckAddress(address);
  Connection connection = Connect(address);
  const char* const encoding = PQparameterStatus(connection.get(), "server_encoding");
  if (encoding == nullptr || std::string_view(encoding) != "UTF8") {
    throw reference::InputError(
        address.Shown(),
        fmt::format("has the encoding {}", encoding == nullptr ? "unknown" : encoding),
        "make it with createdb --encoding=UTF8 --template=template0");
  }
  auto database = std::make_unique<PostgresDatabase>(std::move(connection), address.Shown());
  try {
    // A commit is acknowledged when it has reached the disk, whatever the server's default is.
    database->Run(
        "SET client_min_messages = warning; SET statement_timeout = '60s';"
        "SELECT set_config('synchronous_commit', 'on', false)"
        " WHERE current_setting('synchronous_commit') = 'off'");
  } catch (const DatabaseError& error) {
    throw reference::InputError(address.Shown(), error.what());
  }
  return database;
}

}  // namespace deltagauge
