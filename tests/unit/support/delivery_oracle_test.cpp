#include "support/delivery_oracle.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gateway::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Request arrival(const std::string& id, const std::string& body, unsigned answered = 200,
                const std::string& time = "2024-01-01T00:00:00Z") {
  Request request;
  request.headers = {{"ce-id", id}, {"ce-time", time}};
  request.body = body;
  request.answered = answered;
  return request;
}

class DeliveryOracleTest : public testing::Test {
 protected:
  DeliveryOracleTest() { oracle_.answered(oracle_.posted({"{1}", "{2}"}), 200); }
  DeliveryOracle oracle_;
};

TEST_F(DeliveryOracleTest, IsContentWhenAllArrivedEvenTwice) {
  EXPECT_THAT(oracle_.check({arrival("a", "{1}", 503), arrival("b", "{2}"), arrival("a", "{1}"),
                             arrival("a", "{1}")}),
              IsEmpty());
}

TEST_F(DeliveryOracleTest, MissesALostRecord) {
  EXPECT_THAT(oracle_.check({arrival("a", "{1}")}), ElementsAre(HasSubstr("lost: {2}")));
}

TEST_F(DeliveryOracleTest, AnArrivalThatWasNotAcceptedIsNoDelivery) {
  EXPECT_THAT(oracle_.check({arrival("a", "{1}"), arrival("b", "{2}", 503)}),
              ElementsAre(HasSubstr("lost: {2}")));
}

TEST_F(DeliveryOracleTest, DoesNotAskForRecordsOfPostsThatWereNotAnswered200) {
  oracle_.posted({"{3}"});
  oracle_.answered(oracle_.posted({"{4}"}), 504);
  EXPECT_THAT(oracle_.check({arrival("a", "{1}"), arrival("b", "{2}")}), IsEmpty());
}

TEST_F(DeliveryOracleTest, SeesForeignBodiesChangedIdsAndChangedTimes) {
  EXPECT_THAT(oracle_.check({arrival("a", "{1}"), arrival("b", "{2}"), arrival("c", "{9}")}),
              ElementsAre(HasSubstr("nobody posted")));
  EXPECT_THAT(oracle_.check({arrival("a", "{1}"), arrival("b", "{2}"), arrival("c", "{1}")}),
              ElementsAre(HasSubstr("as a and as c")));
  EXPECT_THAT(oracle_.check({arrival("a", "{1}"), arrival("b", "{2}"), arrival("a", "{2}")}),
              testing::Contains(HasSubstr("two records")));
  EXPECT_THAT(oracle_.check({arrival("a", "{1}"), arrival("b", "{2}"),
                             arrival("b", "{2}", 200, "2024-01-01T00:00:01Z")}),
              ElementsAre(HasSubstr("changed its time")));
}

}  // namespace
}  // namespace gateway::test
