#include "testkit/oracle.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

namespace gateway::test {
namespace {

using Answer = Oracle::Answer;

constexpr RecordMark kA{1, 11};
constexpr RecordMark kB{2, 22};
constexpr RecordMark kC{3, 33};

ReadStore store(std::vector<RecordMark> records) {
  return [records = std::move(records)](const std::function<void(const RecordMark&)>& visit) {
    for (const RecordMark& record : records) visit(record);
  };
}

// Post 0 carries a and b and is acknowledged, post 1 carries c and is not.
class OracleTest : public testing::Test {
 protected:
  OracleTest() {
    oracle_.sent(0, kA);
    oracle_.sent(0, kB);
    oracle_.sent(1, kC);
    oracle_.answered(0, 200);
    oracle_.answered(1, 502);
  }
  void both_arrive() {
    oracle_.arrived("id-a", kA, Answer::accepted);
    oracle_.arrived("id-b", kB, Answer::accepted);
  }
  Oracle oracle_;
};

TEST_F(OracleTest, ABalanceIsGoodWhenEveryAcknowledgedRecordArrived) {
  both_arrive();
  const Balance balance = oracle_.check();
  EXPECT_TRUE(balance.good());
  EXPECT_EQ(balance.posts, 2U);
  EXPECT_EQ(balance.posts_acknowledged, 1U);
  EXPECT_EQ(balance.refused, 1U);
  EXPECT_EQ(balance.records, 3U);
  EXPECT_EQ(balance.records_acknowledged, 2U);
  EXPECT_EQ(balance.arrived, 2U);
  EXPECT_EQ(balance.duplicates, 0U);
  EXPECT_THAT(balance.table(), testing::HasSubstr("lost                               0\n"));
}

TEST_F(OracleTest, SaysWithWhichPostARecordCame) {
  EXPECT_EQ(oracle_.arrived("id-c", kC, Answer::accepted), 1U);
  EXPECT_EQ(oracle_.arrived("id-x", {9, 99}, Answer::accepted), std::nullopt);
}

TEST_F(OracleTest, AnAcknowledgedRecordThatIsNowhereIsLost) {
  oracle_.arrived("id-a", kA, Answer::accepted);
  const Balance balance = oracle_.check();
  EXPECT_EQ(balance.lost, 1U);
  EXPECT_FALSE(balance.good());
}

TEST_F(OracleTest, ARefusedEventHasNotArrivedButOneWhoseAnswerWasCutHas) {
  oracle_.arrived("id-a", kA, Answer::refused);
  oracle_.arrived("id-b", kB, Answer::cut);
  const Balance balance = oracle_.check();
  EXPECT_EQ(balance.lost, 1U);
  EXPECT_EQ(balance.arrived, 1U);
}

TEST_F(OracleTest, DeadLettersAndSpoolKeepRecordsFromBeingLost) {
  const Balance balance = oracle_.check(store({kA, kA}), store({kB}));
  EXPECT_TRUE(balance.good());
  EXPECT_EQ(balance.dead_letters, 1U);
  EXPECT_EQ(balance.spooled, 1U);
}

TEST_F(OracleTest, WhatNobodySentIsForeignWhereverItIs) {
  constexpr RecordMark kOther{9, 99};
  both_arrive();
  EXPECT_EQ(oracle_.check(store({kOther})).foreign, 1U);
  EXPECT_EQ(oracle_.check({}, store({kOther})).foreign, 1U);
  oracle_.arrived("id-x", kOther, Answer::refused);
  EXPECT_EQ(oracle_.check().foreign, 1U);
  EXPECT_FALSE(oracle_.check().good());
}

TEST_F(OracleTest, ARecordThatChangedIsDamagedAndLost) {
  oracle_.arrived("id-a", kA, Answer::accepted);
  oracle_.arrived("id-b", {kB.identity, 0}, Answer::accepted);
  const Balance balance = oracle_.check();
  EXPECT_EQ(balance.damaged, 1U);
  EXPECT_EQ(balance.lost, 1U);
}

TEST_F(OracleTest, DuplicatesAreOfAnIdAndRepeatsOfARecord) {
  both_arrive();
  oracle_.arrived("id-a", kA, Answer::accepted);
  oracle_.arrived("id-a", kA, Answer::refused);
  oracle_.arrived("id-a2", kA, Answer::accepted);
  const Balance balance = oracle_.check();
  EXPECT_EQ(balance.duplicates, 1U);
  EXPECT_EQ(balance.repeats, 1U);
  EXPECT_EQ(balance.arrived, 2U);
  EXPECT_TRUE(balance.good());
}

TEST_F(OracleTest, AnIdOfTwoRecordsIsAConflict) {
  oracle_.arrived("id", kA, Answer::accepted);
  oracle_.arrived("id", kB, Answer::accepted);
  const Balance balance = oracle_.check();
  EXPECT_EQ(balance.conflicts, 1U);
  EXPECT_EQ(balance.lost, 0U) << "both have arrived";
  EXPECT_FALSE(balance.good());
}

TEST_F(OracleTest, AnEventKeepsItsTime) {
  oracle_.arrived("id-a", kA, Answer::refused, "2024-01-01T00:00:00Z");
  oracle_.arrived("id-a", kA, Answer::accepted, "2024-01-01T00:00:00Z");
  EXPECT_EQ(oracle_.so_far().retimed, 0U);
  oracle_.arrived("id-a", kA, Answer::accepted, "2024-01-01T00:00:01Z");
  EXPECT_EQ(oracle_.so_far().retimed, 1U);
  EXPECT_FALSE(oracle_.check().good());
}

TEST_F(OracleTest, APostOnceAcknowledgedStaysSo) {
  oracle_.answered(0, 0);
  oracle_.answered(1, 0);
  const Balance balance = oracle_.so_far();
  EXPECT_EQ(balance.posts_acknowledged, 1U);
  EXPECT_EQ(balance.unanswered, 2U);
  EXPECT_EQ(oracle_.check().records_acknowledged, 2U);
}

TEST_F(OracleTest, RefusesTwoRecordsThatCouldNotBeToldApart) {
  EXPECT_THROW(oracle_.sent(2, kA), std::logic_error);
}

TEST(RecordMarker, TellsRecordsByKeyAndRequestIdAndDataByEveryByte) {
  RecordMarker marker;
  const auto record = [](const char* key, const char* request, const char* tail) {
    return std::string(R"({"cos":{"cosObject":{"key":")") + key +
           R"(","meta":{"x-cos-request-id":")" + request + R"("}}}})" + tail;
  };
  const RecordMark mark = marker.mark(record("/1/b/k", "r", ""));
  EXPECT_EQ(marker.mark(record("/1/b/k", "r", "")), mark);
  EXPECT_EQ(marker.mark(record("/1/b/k", "r", " ")).identity, mark.identity);
  EXPECT_NE(marker.mark(record("/1/b/k", "r", " ")).data, mark.data);
  EXPECT_NE(marker.mark(record("/1/b/l", "r", "")).identity, mark.identity);
  EXPECT_NE(marker.mark(record("/1/b/k", "s", "")).identity, mark.identity);
  EXPECT_NE(marker.mark("not json").identity, mark.identity);
}

}  // namespace
}  // namespace gateway::test
