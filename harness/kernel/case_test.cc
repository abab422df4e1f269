#include "harness/kernel/case.h"

#include <string>
#include <variant>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace deltagauge {
namespace {

using ::testing::HasSubstr;

KernelCase Parsed(const std::string& line) {
  const auto result = ParseCase(line);
  if (const auto* error = std::get_if<CaseError>(&result)) {
    ADD_FAILURE() << line << ": " << error->Message();
    return {};
  }
  return std::get<KernelCase>(result);
}

std::string ErrorOf(const std::string& line) {
  const auto result = ParseCase(line);
  const auto* error = std::get_if<CaseError>(&result);
  return error == nullptr ? "accepted" : error->Message();
}

TEST(CaseTest, AllDefaultsPrintAsNothing) {
  EXPECT_EQ(PrintCase(KernelCase{}), "kernel:");
  EXPECT_EQ(Parsed("kernel:"), KernelCase{});
}

TEST(CaseTest, ReadsTheExampleOfTheHeader) {
  KernelCase expected;
  expected.tokens = 65;
  expected.value_heads = expected.key_heads = 16;
  expected.gates = GateRegime::kSpikes;
  expected.data_type = DataType::kBFloat16;
  expected.target = "AVX2";
  const std::string line = "kernel:T=65,Hv=16,dtype=bfloat16,gates=spikes,target=AVX2";
  EXPECT_EQ(Parsed(line), expected);
  EXPECT_EQ(PrintCase(expected), line);
}

TEST(CaseTest, KeyHeadsFollowValueHeadsAndVFollowsK) {
  EXPECT_EQ(Parsed("kernel:Hv=6").key_heads, 6);
  EXPECT_EQ(Parsed("kernel:Hv=6,Hk=2").key_heads, 2);
  EXPECT_EQ(Parsed("kernel:K=64").value_dim, 64);
  EXPECT_EQ(Parsed("kernel:V=32,K=64").value_dim, 32);
  EXPECT_FLOAT_EQ(Parsed("kernel:K=64").Scale(), 0.125f);
  EXPECT_FLOAT_EQ(Parsed("kernel:K=64,scale=-2").Scale(), -2.0f);
}

TEST(CaseTest, LengthsReplaceSequencesAndTokens) {
  const KernelCase c = Parsed("kernel:lengths=5+0+64");
  EXPECT_THAT(c.lengths, ::testing::ElementsAre(5, 0, 64));
  EXPECT_EQ(c.NumSequences(), 3);
  EXPECT_EQ(c.LengthOf(1), 0);
  EXPECT_EQ(c.TotalTokens(), 69);
  EXPECT_EQ(Parsed("kernel:B=3,T=7").TotalTokens(), 21);
}

TEST(CaseTest, EveryFieldSurvivesTheRoundTrip) {
  KernelCase c;
  c.lengths = {1, 0, 9};
  c.key_heads = 2;
  c.value_heads = 4;
  c.key_dim = 5;
  c.value_dim = 60;
  c.data_type = DataType::kBFloat16;
  c.gates = GateRegime::kMixed;
  c.keys = KeyRegime::kHuge;
  c.betas = BetaRegime::kTiny;
  c.state = StateRegime::kLarge;
  c.layout = TensorLayout::kUnaligned;
  c.state_layout = StateLayout::kValueMajor;
  c.place = StatePlace::kInPlace;
  c.head_map = HeadMap::kTiled;
  c.decay_form = DecayForm::kExponentiated;
  c.beta_form = BetaForm::kLogit;
  c.qk_norm = QkNorm::kL2;
  c.norm_epsilon = 1.2345678e-12f;
  c.scale = 0.1f;
  c.snapshots = 3;
  c.threads = 2;
  c.target = "EMU128";
  c.check = CheckKind::kContagion;
  c.seed = 18446744073709551615u;
  EXPECT_EQ(Parsed(PrintCase(c)), c);
}

template <typename Enum, typename Member>
void ExpectEveryValueRoundTrips(Member member) {
  for (const NamedValue<Enum>& named : NamesOf<Enum>()) {
    KernelCase c;
    c.qk_norm = QkNorm::kL2;  // keys=huge needs it
    c.*member = named.value;
    EXPECT_EQ(Parsed(PrintCase(c)), c) << named.name;
  }
}

TEST(CaseTest, EveryValueOfEveryEnumSurvivesTheRoundTrip) {
  ExpectEveryValueRoundTrips<DataType>(&KernelCase::data_type);
  ExpectEveryValueRoundTrips<GateRegime>(&KernelCase::gates);
  ExpectEveryValueRoundTrips<KeyRegime>(&KernelCase::keys);
  ExpectEveryValueRoundTrips<BetaRegime>(&KernelCase::betas);
  ExpectEveryValueRoundTrips<StateRegime>(&KernelCase::state);
  ExpectEveryValueRoundTrips<TensorLayout>(&KernelCase::layout);
  ExpectEveryValueRoundTrips<StateLayout>(&KernelCase::state_layout);
  ExpectEveryValueRoundTrips<StatePlace>(&KernelCase::place);
  ExpectEveryValueRoundTrips<HeadMap>(&KernelCase::head_map);
  ExpectEveryValueRoundTrips<DecayForm>(&KernelCase::decay_form);
  ExpectEveryValueRoundTrips<BetaForm>(&KernelCase::beta_form);
  ExpectEveryValueRoundTrips<QkNorm>(&KernelCase::qk_norm);
  ExpectEveryValueRoundTrips<CheckKind>(&KernelCase::check);
}

TEST(CaseTest, ErrorsNameThePositionTheFaultAndTheNearestName) {
  EXPECT_EQ(ErrorOf("kernel:gate=none"),
            "character 8: unknown field 'gate'; did you mean 'gates'?");
  EXPECT_EQ(ErrorOf("kernel:T=5,gates=strnog"),
            "character 18: 'strnog' is not valid for 'gates'; did you mean 'strong'?");
  EXPECT_EQ(ErrorOf("kernel:dtype=q"),
            "character 14: 'q' is not valid for 'dtype'; expected one of float32, bfloat16");
  EXPECT_EQ(ErrorOf("kernel:K=257"), "character 10: '257' is not valid for 'K'; expected 1 to 256");
  EXPECT_EQ(ErrorOf("kernel:T=5,T=5"), "character 12: field 'T' comes twice");
  EXPECT_EQ(ErrorOf("kernel:T"), "character 8: no '=' in 'T'; expected name=value");
  EXPECT_EQ(ErrorOf("kernel:T=5,"), "character 11: nothing after the last ','");
  EXPECT_EQ(ErrorOf("model:T=5"),
            "character 1: a kernel case begins with 'kernel:'; for example "
            "kernel:T=65,Hv=16");
  EXPECT_EQ(ErrorOf("kernel:T=5,lengths=3"), "character 12: 'lengths' excludes 'B' and 'T'");
}

TEST(CaseTest, NumbersAreReadStrictly) {
  for (const char* value :
       {"", " 5", "5 ", "+5", "5.0", "0x5", "-1", "1e3", "99999999999999999999", "1048577"}) {
    EXPECT_THAT(ErrorOf(std::string("kernel:T=") + value), HasSubstr("is not valid for 'T'"))
        << value;
  }
  for (const char* value : {"", "nan", "inf", "-inf", "1e39", "0,5", "0x1p3"}) {
    EXPECT_NE(ErrorOf(std::string("kernel:scale=") + value), "accepted") << value;
  }
  for (const char* value : {"-1", "-0", "nan", "2"}) {
    EXPECT_THAT(ErrorOf(std::string("kernel:eps=") + value), HasSubstr("from 0 to 1")) << value;
  }
  for (const char* value : {"", "5+", "+5", "5++5", "5+-1", "5 6"}) {
    EXPECT_THAT(ErrorOf(std::string("kernel:lengths=") + value), HasSubstr("lengths")) << value;
  }
}

TEST(CaseTest, FieldsThatDoNotFitTogetherAreRefused) {
  EXPECT_THAT(ErrorOf("kernel:Hv=4,Hk=3"), HasSubstr("Hv = 4 is not a multiple of Hk = 3"));
  EXPECT_THAT(ErrorOf("kernel:Hv=1,gates=mixed"), HasSubstr("second value head"));
  EXPECT_THAT(ErrorOf("kernel:keys=huge"), HasSubstr("norm=l2"));
  EXPECT_THAT(ErrorOf("kernel:keys=zero,norm=l2,eps=0"), HasSubstr("zero by zero"));
  EXPECT_THAT(ErrorOf("kernel:beta=two,beta_form=logit"), HasSubstr("sigmoid 2"));
  EXPECT_THAT(ErrorOf("kernel:state=none,place=in"), HasSubstr("state=zero"));
}

TEST(CaseTest, LinesAndCasesAreBounded) {
  EXPECT_THAT(ErrorOf("kernel:" + std::string(kMaxCaseLine, 'T')), HasSubstr("at most 4096"));
  EXPECT_THAT(ErrorOf("kernel:T=1048576,Hv=1024"), HasSubstr("too large"));
  EXPECT_THAT(ErrorOf("kernel:B=1024,Hv=1024,snapshots=4096"), HasSubstr("too large"));
  std::string many = "kernel:lengths=1";
  for (int i = 0; i < 1024; ++i) many += "+1";
  EXPECT_THAT(ErrorOf(many), HasSubstr("up to 1024 lengths"));
}

TEST(CaseTest, MessagesStayPrintableAndShort) {
  const std::string error = ErrorOf("kernel:" + std::string(1000, '\x01') + "\n=3");
  EXPECT_LT(error.size(), 400u);
  for (const char x : error) EXPECT_TRUE(x >= ' ' && x <= '~');
}

TEST(CaseTest, CheckCaseGuardsCasesBuiltInCode) {
  KernelCase c;
  c.key_dim = 0;
  EXPECT_TRUE(CheckCase(c).has_value());
  c = {};
  c.lengths = {-1};
  EXPECT_TRUE(CheckCase(c).has_value());
  EXPECT_FALSE(CheckCase(KernelCase{}).has_value());
}

}  // namespace
}  // namespace deltagauge
