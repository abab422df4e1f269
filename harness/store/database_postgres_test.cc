// What only PostgreSQL does, or gets wrong in its own way.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>

#include "harness/store/database.h"
#include "harness/store/store_test_database.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;

class DatabasePostgresTest : public testing::Test {
 protected:
  void SetUp() override {
    place_ = TestDatabase::Make(SqlDialect::kPostgres);
    if (!place_) GTEST_SKIP() << "DELTAGAUGE_TEST_POSTGRES names no server";
    database_ = OpenDatabase(place_->address());
  }

  // "nothing" if it doesn't throw.
  static std::string Failure(DatabaseError::Kind kind, const std::function<void()>& action) {
    try {
      action();
    } catch (const DatabaseError& error) {
      EXPECT_EQ(error.kind(), kind) << error.what();
      return error.what();
    }
    return "nothing";
  }
  std::string Setting(const std::string& name) {
    std::string value;
    database_->Query("SELECT current_setting($1)", {name},
                     [&](const SqlRow& row) { value = row.String(0); });
    return value;
  }

  std::unique_ptr<TestDatabase> place_;
  std::unique_ptr<Database> database_;
};

TEST_F(DatabasePostgresTest, ConnectionsAreSetUp) {
  EXPECT_EQ(Setting("statement_timeout"), "1min");
  EXPECT_EQ(Setting("client_min_messages"), "warning");
  EXPECT_EQ(Setting("client_encoding"), "UTF8");
  EXPECT_EQ(Setting("synchronous_commit"), "on");
  EXPECT_EQ(Setting("application_name"), "deltagauge");
}

TEST_F(DatabasePostgresTest, AStatementThatTakesTooLongIsBroken) {
  database_->Run("SET statement_timeout = 20");
  EXPECT_THAT(Failure(DatabaseError::Kind::kBroken, [&] { database_->Run("SELECT pg_sleep(60)"); }),
              HasSubstr("statement timeout"));
  EXPECT_EQ(database_->QueryInt("SELECT 1"), 1);
}

TEST_F(DatabasePostgresTest, ALostConnectionIsGone) {
  const std::unique_ptr<Database> other = OpenDatabase(place_->address());
  const int64_t process = *other->QueryInt("SELECT pg_backend_pid()");
  // Waits up to 60 s for its end.
  ASSERT_EQ(database_->QueryInt("SELECT pg_terminate_backend($1::int, 60000)", {process}), 1);
  for (int i = 0; i < 2; ++i) {
    EXPECT_NE(Failure(DatabaseError::Kind::kGone, [&] { other->QueryInt("SELECT 1"); }), "nothing");
    EXPECT_NE(Failure(DatabaseError::Kind::kGone, [&] { other->Run("SELECT 1"); }), "nothing");
  }
  EXPECT_EQ(OpenDatabase(place_->address())->QueryInt("SELECT 1"), 1);
}

// PostgreSQL answers the COMMIT of a transaction in which a statement failed with "ROLLBACK", which
// is no error.
TEST_F(DatabasePostgresTest, ACommitThatRolledBackIsAnError) {
  database_->Run("CREATE TABLE t (id BIGINT PRIMARY KEY); INSERT INTO t VALUES (1)");
  {
    Transaction transaction(database_.get());
    database_->Run("INSERT INTO t VALUES (2)");
    EXPECT_NE(Failure(DatabaseError::Kind::kConflict,
                      [&] { database_->Run("INSERT INTO t VALUES (1)"); }),
              "nothing");
    EXPECT_THAT(Failure(DatabaseError::Kind::kBroken, [&] { transaction.Commit(); }),
                HasSubstr("rolled back"));
  }
  EXPECT_EQ(database_->QueryInt("SELECT COUNT(*) FROM t"), 1);
}

TEST_F(DatabasePostgresTest, AColumnOfAnotherTypeIsRefused) {
  const auto read_as_integer = [&](const std::string& sql) {
    return Failure(DatabaseError::Kind::kBroken, [&] { database_->QueryInt(sql); });
  };
  const std::string ids = " FROM (VALUES (1::BIGINT), (2)) AS v (id)";
  EXPECT_THAT(read_as_integer("SELECT SUM(id) AS total" + ids),
              AllOf(HasSubstr("'total'"), HasSubstr("cast it")));
  EXPECT_EQ(database_->QueryInt("SELECT CAST(SUM(id) AS BIGINT)" + ids), 3);
  EXPECT_THAT(read_as_integer("SELECT 'x'"), HasSubstr("BIGINT"));
  EXPECT_EQ(database_->QueryInt("SELECT -7"), -7);  // int4
  EXPECT_EQ(database_->QueryInt("SELECT -7::SMALLINT"), -7);
  EXPECT_EQ(database_->QueryInt("SELECT TRUE"), 1);
}

TEST_F(DatabasePostgresTest, ANullPreparesNoStatementAgain) {
  for (int64_t i = 0; i < 5; ++i) {
    database_->Query("SELECT CAST($1 AS BIGINT)", {i});
    database_->Query("SELECT CAST($1 AS BIGINT)", {SqlValue()});
  }
  database_->Query(
      "SELECT name FROM pg_prepared_statements ORDER BY prepare_time", {},
      [](const SqlRow& row) { EXPECT_THAT(row.String(0), AnyOf("deltagauge_1", "deltagauge_2")); });
}

TEST_F(DatabasePostgresTest, TextsThatItCannotHoldAreBroken) {
  for (const std::string& text : {std::string("a\0b", 3), std::string("\xFF")}) {
    EXPECT_THAT(
        Failure(DatabaseError::Kind::kBroken, [&] { database_->QueryInt("SELECT $1", {text}); }),
        HasSubstr("22021"));
  }
  EXPECT_EQ(database_->QueryInt("SELECT 1"), 1);
}

TEST_F(DatabasePostgresTest, BackUpNamesTheCommand) {
  const std::string what =
      Failure(DatabaseError::Kind::kBroken, [&] { database_->BackUp("/backups/today"); });
  EXPECT_THAT(what, AllOf(HasSubstr("pg_dump"), HasSubstr("'/backups/today'"), HasSubstr(":***@")));
  EXPECT_THAT(what, HasSubstr(place_->address().Shown()));
}

TEST_F(DatabasePostgresTest, AWrongPasswordIsNotShown) {
  DatabaseAddress wrong = place_->address();
  const size_t at = wrong.text.find('@');
  ASSERT_NE(at, std::string::npos);
  wrong.text.insert(at, "secret");
  try {
    OpenDatabase(wrong);
    ADD_FAILURE() << "opened";
  } catch (const reference::InputError& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("password authentication failed"), HasSubstr(":***@"),
                                    Not(HasSubstr("secret"))));
  }
}

TEST_F(DatabasePostgresTest, ADatabaseInAnotherEncodingIsRefused) {
  const std::string name = "deltagauge_latin1_" + std::to_string(std::random_device()());
  database_->Run("CREATE DATABASE " + name + " TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'");
  DatabaseAddress address = place_->address();
  const size_t slash = address.text.find('/', address.text.find('@'));
  address.text.replace(slash + 1, address.text.find('?') - slash - 1, name);
  try {
    OpenDatabase(address);
    ADD_FAILURE() << "opened";
  } catch (const reference::InputError& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("LATIN1"), HasSubstr("--encoding=UTF8")));
  }
  database_->Run("DROP DATABASE " + name);
}

}  // namespace
}  // namespace deltagauge
