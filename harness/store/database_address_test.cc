#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/store/database.h"
#include "reference/input_error.h"

namespace deltagauge {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(DatabaseAddressTest, IsShownWithoutThePassword) {
  const auto shown = [](const std::string& text) { return DatabaseAddress{text}.Shown(); };
  EXPECT_EQ(shown("postgresql://me:secret@host:5432/db"), "postgresql://me:***@host:5432/db");
  EXPECT_EQ(shown("postgres://me:se:cr@et@host/db"), "postgres://me:***@host/db");
  EXPECT_EQ(shown("postgresql://host:5432/db?user=me&password=secret"),
            "postgresql://host:5432/db?user=me&password=***");
  EXPECT_EQ(shown("postgresql://me@host/db?password=se@cret&sslpassword=secret&sslmode=require"),
            "postgresql://me@host/db?password=***&sslpassword=***&sslmode=require");
}

TEST(DatabaseAddressTest, WithoutAPasswordIsShownAsItIs) {
  for (const char* const text : {"postgresql://me@host:5432/db", "postgresql:///db", "a:b@c.sqlite",
                                 "postgresql://host:5432/db?sslmode=require"}) {
    EXPECT_EQ(DatabaseAddress{text}.Shown(), text);
  }
}

// Port 1 is closed everywhere. Each of these makes libpq quote a part of the password, when it is
// left to it.
TEST(DatabaseAddressTest, NoMessageHoldsThePassword) {
  for (const char* const text :
       {"postgresql://me:secret@127.0.0.1:1/db", "postgresql://me:x@secret@127.0.0.1:1/db",
        "postgresql://me:secret/x@127.0.0.1:1/db", "postgresql://me:x/secret@127.0.0.1:1/db",
        "postgresql://me:secret%zz@127.0.0.1:1/db",
        "postgresql://me@127.0.0.1:1/db?password=secret%zz"}) {
    try {
      OpenDatabase({text});
      ADD_FAILURE() << text << " was opened";
    } catch (const reference::InputError& error) {
      EXPECT_THAT(error.what(), Not(HasSubstr("secret")));
      EXPECT_THAT(error.what(), HasSubstr("postgresql://me"));
    }
  }
}

}  // namespace
}  // namespace deltagauge
