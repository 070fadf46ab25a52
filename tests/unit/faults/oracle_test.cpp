#include "faults/oracle.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

namespace gateway::faults {
namespace {

using Answer = Arrivals::Answer;

constexpr RecordMark kA{1, 11};
constexpr RecordMark kB{2, 22};
constexpr RecordMark kC{3, 33};

// Post 0 carries a and b and is acknowledged, post 1 carries c and is not.
SentRecords two_posts() {
  SentRecords sent;
  sent.sent(0, kA);
  sent.sent(0, kB);
  sent.sent(1, kC);
  sent.answered(0, 200);
  sent.answered(1, 502);
  return sent;
}

Arrivals both_arrived() {
  Arrivals arrivals;
  arrivals.note("id-a", kA, Answer::accepted);
  arrivals.note("id-b", kB, Answer::accepted);
  return arrivals;
}

ReadStore store(std::vector<RecordMark> records) {
  return [records = std::move(records)](const std::function<void(const RecordMark&)>& visit) {
    for (const RecordMark& record : records) visit(record);
  };
}

TEST(Oracle, ABalanceIsGoodWhenEveryAcknowledgedRecordArrived) {
  const Balance balance = check(two_posts(), both_arrived());
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

TEST(Oracle, AnAcknowledgedRecordThatIsNowhereIsLost) {
  Arrivals arrivals;
  arrivals.note("id-a", kA, Answer::accepted);
  const Balance balance = check(two_posts(), arrivals);
  EXPECT_EQ(balance.lost, 1U);
  EXPECT_FALSE(balance.good());
}

TEST(Oracle, ARefusedEventHasNotArrivedButOneWhoseAnswerWasCutHas) {
  Arrivals arrivals;
  arrivals.note("id-a", kA, Answer::refused);
  arrivals.note("id-b", kB, Answer::cut);
  const Balance balance = check(two_posts(), arrivals);
  EXPECT_EQ(balance.lost, 1U);
  EXPECT_EQ(balance.arrived, 1U);
}

TEST(Oracle, DeadLettersAndSpoolKeepRecordsFromBeingLost) {
  const Balance balance = check(two_posts(), Arrivals(), store({kA, kA}), store({kB}));
  EXPECT_TRUE(balance.good());
  EXPECT_EQ(balance.dead_letters, 1U);
  EXPECT_EQ(balance.spooled, 1U);
}

TEST(Oracle, WhatNobodySentIsForeignWhereverItIs) {
  constexpr RecordMark kOther{9, 99};
  Arrivals arrivals = both_arrived();
  arrivals.note("id-x", kOther, Answer::refused);
  EXPECT_EQ(check(two_posts(), arrivals).foreign, 1U);
  EXPECT_EQ(check(two_posts(), both_arrived(), store({kOther})).foreign, 1U);
  EXPECT_EQ(check(two_posts(), both_arrived(), {}, store({kOther})).foreign, 1U);
  EXPECT_FALSE(check(two_posts(), arrivals).good());
}

TEST(Oracle, ARecordThatChangedIsDamagedAndLost) {
  Arrivals arrivals;
  arrivals.note("id-a", kA, Answer::accepted);
  arrivals.note("id-b", {kB.identity, 0}, Answer::accepted);
  const Balance balance = check(two_posts(), arrivals);
  EXPECT_EQ(balance.damaged, 1U);
  EXPECT_EQ(balance.lost, 1U);
}

TEST(Oracle, DuplicatesAreOfAnIdAndRepeatsOfARecord) {
  Arrivals arrivals = both_arrived();
  arrivals.note("id-a", kA, Answer::accepted);
  arrivals.note("id-a", kA, Answer::refused);
  arrivals.note("id-a2", kA, Answer::accepted);
  const Balance balance = check(two_posts(), arrivals);
  EXPECT_EQ(balance.duplicates, 1U);
  EXPECT_EQ(balance.repeats, 1U);
  EXPECT_EQ(balance.arrived, 2U);
  EXPECT_TRUE(balance.good());
}

TEST(Oracle, AnIdOfTwoRecordsIsAConflict) {
  Arrivals arrivals;
  arrivals.note("id", kA, Answer::accepted);
  arrivals.note("id", kB, Answer::accepted);
  const Balance balance = check(two_posts(), arrivals);
  EXPECT_EQ(balance.conflicts, 1U);
  EXPECT_EQ(balance.lost, 0U) << "both have arrived";
  EXPECT_FALSE(balance.good());
}

TEST(SentRecords, APostOnceAcknowledgedStaysSo) {
  SentRecords sent = two_posts();
  sent.answered(0, 0);
  sent.answered(1, 0);
  EXPECT_TRUE(sent.acknowledged(0));
  EXPECT_FALSE(sent.acknowledged(1));
  EXPECT_EQ(sent.posts_acknowledged(), 1U);
  EXPECT_EQ(sent.unanswered(), 2U);
}

TEST(SentRecords, RefusesTwoRecordsThatCouldNotBeToldApart) {
  SentRecords sent = two_posts();
  EXPECT_THROW(sent.sent(2, kA), std::logic_error);
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
}  // namespace gateway::faults
