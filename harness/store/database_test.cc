#include "harness/store/database.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <numbers>
#include <optional>
#include <stdexcept>

#include "harness/store/store_test_database.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr int64_t kSmallest = std::numeric_limits<int64_t>::min();
constexpr int64_t kLargest = std::numeric_limits<int64_t>::max();

std::optional<DatabaseError::Kind> KindOfFailure(const std::function<void()>& action) {
  try {
    action();
  } catch (const DatabaseError& error) {
    return error.kind();
  }
  return std::nullopt;
}

std::vector<int64_t> Ints(Database& database, const std::string& sql,
                          std::initializer_list<SqlValue> parameters = {}) {
  std::vector<int64_t> values;
  database.Query(sql, parameters, [&](const SqlRow& row) { values.push_back(row.Int(0)); });
  return values;
}

class DatabaseTest : public testing::TestWithParam<SqlDialect> {
 protected:
  void SetUp() override {
    place_ = TestDatabase::Make(GetParam());
    if (!place_) GTEST_SKIP() << "DELTAGAUGE_TEST_POSTGRES names no server";
    database_ = OpenDatabase(place_->address());
    database_->Run(
        "CREATE TABLE t (id BIGINT PRIMARY KEY, number DOUBLE PRECISION, words TEXT, bytes BYTEA)");
  }

  void Insert(int64_t id, const SqlValue& number, const SqlValue& words = {},
              const SqlValue& bytes = {}) {
    database_->Query("INSERT INTO t VALUES ($1, $2, $3, $4)", {id, number, words, bytes});
  }
  int64_t Count(Database& database) { return *database.QueryInt("SELECT COUNT(*) FROM t"); }

  std::unique_ptr<TestDatabase> place_;
  std::unique_ptr<Database> database_;  // closed before its place goes
};

TEST_P(DatabaseTest, SaysItsDialect) { EXPECT_EQ(database_->dialect(), GetParam()); }

TEST_P(DatabaseTest, Integers) {
  for (const int64_t id : {kSmallest, int64_t{-1}, int64_t{0}, int64_t{1} << 40, kLargest}) {
    Insert(id, {});
  }
  EXPECT_THAT(Ints(*database_, "SELECT id FROM t ORDER BY id"),
              ElementsAre(kSmallest, -1, 0, int64_t{1} << 40, kLargest));
  EXPECT_THAT(Ints(*database_, "SELECT id FROM t WHERE id = $1", {kSmallest}),
              ElementsAre(kSmallest));
}

TEST_P(DatabaseTest, DoublesKeepEveryBit) {
  using Limits = std::numeric_limits<double>;
  const std::vector<double> numbers = {0.1,           std::numbers::pi,    Limits::denorm_min(),
                                       Limits::max(), Limits::lowest(),    Limits::min(),
                                       5.0,           Limits::infinity(),  -Limits::infinity(),
                                       -1.0 / 3.0,    0x1.fffffffffffffp0, 9007199254740993.0};
  for (size_t i = 0; i < numbers.size(); ++i) Insert(static_cast<int64_t>(i), numbers[i]);
  size_t found = 0;
  database_->Query("SELECT number FROM t ORDER BY id", {}, [&](const SqlRow& row) {
    EXPECT_EQ(std::bit_cast<uint64_t>(row.Double(0)), std::bit_cast<uint64_t>(numbers.at(found)));
    ++found;
  });
  EXPECT_EQ(found, numbers.size());
}

// SQLite keeps neither: NaN becomes NULL, and -0.0 becomes 0.0, since it stores whole numbers as
// integers.
TEST_P(DatabaseTest, NegativeZeroAndNotANumber) {
  Insert(1, -0.0);
  Insert(2, std::numeric_limits<double>::quiet_NaN());
  std::vector<std::optional<double>> found;
  database_->Query("SELECT number FROM t ORDER BY id", {},
                   [&](const SqlRow& row) { found.push_back(row.OptionalDouble(0)); });
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0], 0.0);
  if (GetParam() == SqlDialect::kSqlite) {
    EXPECT_EQ(found[1], std::nullopt);
  } else {
    EXPECT_TRUE(std::signbit(*found[0]));
    ASSERT_TRUE(found[1].has_value());
    EXPECT_TRUE(std::isnan(*found[1]));
  }
}

TEST_P(DatabaseTest, TextsAreUtf8) {
  const std::string words = "Größe \xE2\x88\x87 \xF0\x9F\x90\x98 'quoted' \"\\ $1\n";
  Insert(1, {}, words);
  Insert(2, {}, std::string());
  database_->Query("SELECT words, LENGTH(words) FROM t WHERE words = $1", {words},
                   [&](const SqlRow& row) {
                     EXPECT_EQ(row.Text(0), words);
                     EXPECT_EQ(row.String(0), words);
                     EXPECT_EQ(row.Int(1), 25);  // characters, not bytes
                   });
  EXPECT_EQ(database_->QueryInt("SELECT COUNT(*) FROM t WHERE words = $1", {words}), 1);
  EXPECT_EQ(database_->QueryInt("SELECT id FROM t WHERE words = ''"), 2);
}

TEST_P(DatabaseTest, FiveMegabytesOfEveryByte) {
  SqlBytes bytes;
  for (int i = 0; i < 5'000'000; ++i) bytes.bytes += static_cast<char>(i * 7 + i / 256);
  Insert(1, {}, {}, bytes);
  Insert(2, {}, {}, SqlBytes{});
  std::vector<std::string> found;
  database_->Query("SELECT bytes FROM t ORDER BY id", {}, [&](const SqlRow& row) {
    EXPECT_FALSE(row.IsNull(0));
    found.emplace_back(row.Bytes(0));
  });
  ASSERT_EQ(found.size(), 2u);
  EXPECT_TRUE(found[0] == bytes.bytes);  // EXPECT_EQ would print them
  EXPECT_EQ(found[1], "");
}

TEST_P(DatabaseTest, NullIsNothingOfEachType) {
  Insert(1, {});
  bool called = false;
  database_->Query("SELECT number, words, bytes, id FROM t", {}, [&](const SqlRow& row) {
    called = true;
    for (const int column : {0, 1, 2}) EXPECT_TRUE(row.IsNull(column)) << column;
    EXPECT_FALSE(row.IsNull(3));
    EXPECT_EQ(row.Double(0), 0.0);
    EXPECT_EQ(row.Text(1), "");
    EXPECT_EQ(row.Bytes(2), "");
    EXPECT_EQ(row.OptionalDouble(0), std::nullopt);
  });
  EXPECT_TRUE(called);
  EXPECT_EQ(database_->QueryInt("SELECT CAST(NULL AS BIGINT)"), 0);
  EXPECT_EQ(database_->QueryInt("SELECT id FROM t WHERE id = 7"), std::nullopt);
}

// One statement whose parameters change between values and NULL: prepared again, never guessed.
TEST_P(DatabaseTest, ParametersThatAreSometimesNull) {
  Insert(1, {}, {}, {});
  Insert(2, 0.5, {}, SqlBytes{std::string("\0\xFF", 2)});
  Insert(3, {}, std::string("three"), {});
  Insert(4, 0.25, std::string("four"), SqlBytes{"4"});
  Insert(5, int64_t{5}, {}, {});  // an integer for a double
  EXPECT_THAT(Ints(*database_, "SELECT id FROM t WHERE number IS NULL ORDER BY id"),
              ElementsAre(1, 3));
  std::vector<double> numbers;
  database_->Query("SELECT number FROM t WHERE number IS NOT NULL ORDER BY id", {},
                   [&](const SqlRow& row) { numbers.push_back(row.Double(0)); });
  EXPECT_THAT(numbers, ElementsAre(0.5, 0.25, 5.0));
  EXPECT_THAT(Ints(*database_, "SELECT id FROM t WHERE bytes IS NULL ORDER BY id"),
              ElementsAre(1, 3, 5));
}

TEST_P(DatabaseTest, AStatementIsUsedAgainAndAgain) {
  const std::string sql = "SELECT id FROM t WHERE id >= $1 AND id < $2 ORDER BY id";
  for (int64_t i = 0; i < 50; ++i) Insert(i, 0.5 * static_cast<double>(i));
  for (int64_t i = 0; i < 49; ++i) {
    EXPECT_THAT(Ints(*database_, sql, {i, i + 2}), ElementsAre(i, i + 1));
  }
  if (GetParam() == SqlDialect::kPostgres) {
    // The INSERT (once with NULLs), the SELECT, and this.
    EXPECT_EQ(database_->QueryInt("SELECT COUNT(*) FROM pg_prepared_statements"), 3);
  }
}

TEST_P(DatabaseTest, AQueryInsideARow) {
  for (int64_t i = 0; i < 3; ++i) Insert(i, {});
  std::vector<int64_t> found;
  database_->Query("SELECT id FROM t ORDER BY id", {}, [&](const SqlRow& row) {
    found.push_back(*database_->QueryInt("SELECT $1 + 10", {row.Int(0)}));
  });
  EXPECT_THAT(found, ElementsAre(10, 11, 12));
}

TEST_P(DatabaseTest, OnConflictAndReturning) {
  const std::string keep =
      "INSERT INTO t (id, words) VALUES ($1, $2) ON CONFLICT DO NOTHING "
      "RETURNING id";
  EXPECT_THAT(Ints(*database_, keep, {int64_t{1}, std::string("old")}), ElementsAre(1));
  EXPECT_THAT(Ints(*database_, keep, {int64_t{1}, std::string("new")}), ElementsAre());
  std::string words;
  database_->Query(
      "INSERT INTO t (id, words) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET "
      "words = excluded.words RETURNING words",
      {int64_t{1}, std::string("newest")}, [&](const SqlRow& row) { words = row.String(0); });
  EXPECT_EQ(words, "newest");
  EXPECT_EQ(Count(*database_), 1);
}

TEST_P(DatabaseTest, AKeyThatIsThereIsAConflict) {
  Insert(1, {});
  EXPECT_EQ(KindOfFailure([&] { Insert(1, {}); }), DatabaseError::Kind::kConflict);
  EXPECT_EQ(KindOfFailure([&] { database_->Run("INSERT INTO t (id) VALUES (1)"); }),
            DatabaseError::Kind::kConflict);
}

TEST_P(DatabaseTest, AfterAnErrorTheConnectionWorks) {
  Insert(1, {});
  try {
    database_->Query("SELECT nonsense FROM t", {});
    ADD_FAILURE() << "no error";
  } catch (const DatabaseError& error) {
    EXPECT_EQ(error.kind(), DatabaseError::Kind::kBroken);
    EXPECT_THAT(error.what(), HasSubstr("nonsense"));
    EXPECT_THAT(error.what(), Not(HasSubstr("\n")));
  }
  EXPECT_EQ(KindOfFailure([&] { database_->Run("SELEC"); }), DatabaseError::Kind::kBroken);
  EXPECT_EQ(KindOfFailure([&] { Insert(1, {}); }), DatabaseError::Kind::kConflict);
  Insert(2, 0.5);
  EXPECT_EQ(Count(*database_), 2);
}

TEST_P(DatabaseTest, ARowFunctionMayThrow) {
  Insert(1, {});
  Insert(2, {});
  const std::string sql = "SELECT id FROM t ORDER BY id";
  EXPECT_THROW(database_->Query(sql, {}, [](const SqlRow&) { throw std::out_of_range("row"); }),
               std::out_of_range);
  EXPECT_THAT(Ints(*database_, sql), ElementsAre(1, 2));
}

TEST_P(DatabaseTest, RunTakesSeveralStatements) {
  database_->Run(
      "INSERT INTO t (id) VALUES (1); INSERT INTO t (id, words) VALUES (2, 'a;b');"
      "CREATE INDEX t_words ON t (words);");
  EXPECT_EQ(database_->QueryInt("SELECT id FROM t WHERE words = 'a;b'"), 2);
}

TEST_P(DatabaseTest, ATransactionIsKeptOnlyWhenCommitted) {
  const std::unique_ptr<Database> other = OpenDatabase(place_->address());
  {
    Transaction transaction(database_.get());
    Insert(1, {});
    EXPECT_EQ(Count(*database_), 1);
    EXPECT_EQ(Count(*other), 0);
  }
  EXPECT_EQ(Count(*database_), 0);
  {
    Transaction transaction(database_.get());
    Insert(2, {});
    transaction.Commit();
  }
  EXPECT_EQ(Count(*database_), 1);
  EXPECT_EQ(Count(*other), 1);
}

TEST_P(DatabaseTest, ATransactionThatFailsLeavesNothing) {
  Insert(1, {});
  EXPECT_EQ(KindOfFailure([&] {
              Transaction transaction(database_.get());
              Insert(2, {});
              Insert(1, {});
              transaction.Commit();
            }),
            DatabaseError::Kind::kConflict);
  EXPECT_EQ(Count(*database_), 1);
  Insert(3, {});
  EXPECT_EQ(Count(*database_), 2);
}

TEST_P(DatabaseTest, TwoConnectionsSeeTheSameRows) {
  const std::unique_ptr<Database> other = OpenDatabase(place_->address());
  Insert(1, 0.5);
  other->Query("INSERT INTO t (id, number) VALUES ($1, $2)", {int64_t{2}, 0.25});
  EXPECT_EQ(Count(*database_), 2);
  EXPECT_EQ(Count(*other), 2);
  EXPECT_EQ(KindOfFailure([&] { other->Query("INSERT INTO t (id) VALUES ($1)", {int64_t{1}}); }),
            DatabaseError::Kind::kConflict);
}

TEST_P(DatabaseTest, KnowsItsSize) { EXPECT_GE(database_->SizeBytes(), 1024); }

INSTANTIATE_TEST_SUITE_P(Of, DatabaseTest,
                         testing::Values(SqlDialect::kSqlite, SqlDialect::kPostgres),
                         [](const auto& of) {
                           return of.param == SqlDialect::kSqlite ? "Sqlite" : "Postgres";
                         });

}  // namespace
}  // namespace deltagauge
