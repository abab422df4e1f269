#include "harness/drift/row_census.h"

#include <map>
#include <span>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace deltagauge {
namespace {

using ::testing::HasSubstr;

std::map<int64_t, LogitRow> GoodRows(int64_t count) {
  std::map<int64_t, LogitRow> rows;
  for (int64_t position = 0; position < count; ++position) rows[position].max_abs = 1;
  return rows;
}

TEST(RowCensusTest, GoodRowsPass) {
  const RowCensus census = CensusOf(GoodRows(kFewestPositions));
  EXPECT_EQ(census.positions, kFewestPositions);
  EXPECT_EQ(census.usable, kFewestPositions);
  EXPECT_EQ(census.identical, 0);
  EXPECT_FALSE(census.TooFew());
  EXPECT_EQ(ValidityOf(census).verdict, Verdict::kPassed);
  EXPECT_EQ(ValidityOf(census).reason, "");
}

TEST(RowCensusTest, NothingAndTooLittle) {
  EXPECT_EQ(ValidityOf(CensusOf({})).verdict, Verdict::kInvalid);
  const Validity few = ValidityOf(CensusOf(GoodRows(kFewestPositions - 1)));
  EXPECT_EQ(few.verdict, Verdict::kInconclusive);
  EXPECT_THAT(few.reason, HasSubstr("99 positions are too few"));
}

TEST(RowCensusTest, EachFaultHasItsVerdict) {
  struct Fault {
    void (*plant)(LogitRow& row);
    Verdict verdict;
    const char* reason;
  };
  const Fault faults[] = {
      {[](LogitRow& row) { row.shares_storage = true; }, Verdict::kInvalid, "share storage"},
      {[](LogitRow& row) {
         row.finite = false;
         row.reference_non_finite = 1;
         row.candidate_non_finite = 1;
       },
       Verdict::kInvalid, "reference has NaN or Inf at 1 of 150 positions, first at 70"},
      {[](LogitRow& row) {
         row.finite = false;
         row.candidate_non_finite = 3;
       },
       Verdict::kFailed, "candidate has NaN or Inf at 1 of 150 positions, first at 70"},
      {[](LogitRow& row) { row.finite = false; }, Verdict::kFailed, "NaN or Inf"},  // overflow
      {[](LogitRow& row) { row.constant_reference = true; }, Verdict::kInvalid, "are the same"},
      {[](LogitRow& row) {
         row.kl = -2e-12;
         row.kl_rounding = 1e-12;
       },
       Verdict::kError, "KL divergence below 0"},
  };
  for (const Fault& fault : faults) {
    std::map<int64_t, LogitRow> rows = GoodRows(150);
    fault.plant(rows[70]);
    const Validity validity = ValidityOf(CensusOf(rows));
    EXPECT_EQ(validity.verdict, fault.verdict) << fault.reason;
    EXPECT_THAT(validity.reason, HasSubstr(fault.reason));
  }
}

TEST(RowCensusTest, NegativeKlWithinRoundingIsCounted) {
  std::map<int64_t, LogitRow> rows = GoodRows(150);
  rows[3].kl = -1e-16;
  rows[3].kl_rounding = 1e-12;
  const RowCensus census = CensusOf(rows);
  EXPECT_EQ(census.negative_kl, 1);
  EXPECT_EQ(census.impossible_kl, 0);
  EXPECT_EQ(ValidityOf(census).verdict, Verdict::kPassed);
}

TEST(ShareStorageTest, AnyOverlap) {
  const std::vector<std::byte> memory(100);
  const std::span<const std::byte> all(memory);
  EXPECT_TRUE(ShareStorage(all, all));
  EXPECT_TRUE(ShareStorage(all.first(51), all.last(50)));
  EXPECT_TRUE(ShareStorage(all.subspan(20, 1), all));
  EXPECT_FALSE(ShareStorage(all.first(50), all.last(50)));
  EXPECT_FALSE(ShareStorage(all.first(0), all));
  EXPECT_FALSE(ShareStorage(all, std::vector<std::byte>(100)));
}

}  // namespace
}  // namespace deltagauge
