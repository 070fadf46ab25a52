// Whom a turn of the loop tells, and whom the next one.
#include <gtest/gtest.h>

#include <vector>

#include "unit/runtime/readiness_support.hpp"

namespace gateway {
namespace {

using test::Reader;
using test::ReadinessTest;
using test::send;
using test::socket_pair;

TEST_F(ReadinessTest, TellsOneTurnsSocketsInOneHandler) {
  auto [one, far_one] = watched(socket_pair());
  auto [two, far_two] = watched(socket_pair());
  settle();
  send(far_one, "x");
  send(far_two, "x");
  EXPECT_EQ(context_.poll_one(), 1U);
  EXPECT_EQ(one->calls + two->calls, 2);
}

TEST_F(ReadinessTest, EndsTheTurnWhenAllAreToldWithoutAnotherPass) {
  auto [one, far_one] = watched(socket_pair());
  auto [two, far_two] = watched(socket_pair());
  settle();
  one->instead = two->instead = [this] { turn_end_.request(); };
  send(far_one, "x");
  send(far_two, "x");
  EXPECT_EQ(context_.poll_one(), 1U);
  EXPECT_EQ(ends_, 1);
  settle();
  EXPECT_EQ(ends_, 1);
}

// 32 sockets with 32 KiB each, twice what a turn reads.
class MuchReadinessTest : public ReadinessTest {
 protected:
  MuchReadinessTest() {
    for (int i = 0; i < 32; ++i) {
      auto [reader, far] = watched(socket_pair());
      reader->instead = [this, at = reader.get()] {
        EXPECT_EQ(at->receive(room_).size, much_.size());
        ++told_;
      };
      readers_.push_back(std::move(reader));
      fars_.push_back(std::move(far));
    }
    settle();
    for (const Descriptor& far : fars_) send(far, much_);
  }

  const std::string much_ = std::string(std::size_t{32} << 10, 'x');
  std::string room_ = std::string(much_.size(), ' ');
  std::vector<std::unique_ptr<Reader>> readers_;
  std::vector<Descriptor> fars_;
  int told_ = 0;
};

TEST_F(MuchReadinessTest, ATurnEndsWhenItHasReadMuchAndTheOthersFollow) {
  EXPECT_EQ(context_.poll_one(), 1U);
  EXPECT_EQ(told_, 16);
  settle();
  EXPECT_EQ(told_, 32);
}

TEST_F(MuchReadinessTest, AskingToBeCalledAgainPutsOffNobody) {
  int calls = 0;
  readers_[0]->instead = [&, at = readers_[0].get()] {
    if (++calls == 1) at->call_again();
    if (calls == 2) EXPECT_EQ(told_, 31);
  };
  settle();
  EXPECT_EQ(calls, 2);
}

TEST_F(MuchReadinessTest, ASocketClosedWhileItIsPutOffIsNotTold) {
  EXPECT_EQ(context_.poll_one(), 1U);
  for (const auto& reader : readers_) reader->close();
  settle();
  EXPECT_EQ(told_, 16);
}

TEST_F(ReadinessTest, ASocketClosedByAnotherOfItsBatchIsNotTold) {
  auto [one, far_one] = watched(socket_pair());
  auto [two, far_two] = watched(socket_pair());
  Reader* const pair[] = {one.get(), two.get()};
  one->instead = [&] { pair[1]->close(); };
  two->instead = [&] { pair[0]->close(); };
  send(far_one, "x");
  send(far_two, "x");
  settle();
  EXPECT_EQ(one->calls + two->calls, 1);
}

TEST_F(ReadinessTest, ASocketDestroyedByAnotherOfItsBatchIsNotTold) {
  auto [one, far_one] = watched(socket_pair());
  auto [two, far_two] = watched(socket_pair());
  int calls = 0;
  auto& second = two;
  auto& first = one;
  first->instead = [&] { ++calls, second.reset(); };
  second->instead = [&] { ++calls, first.reset(); };
  send(far_one, "x");
  send(far_two, "x");
  settle();
  EXPECT_EQ(calls, 1);
}

TEST_F(ReadinessTest, ANewSocketMayHaveTheNumberOfAClosedOne) {
  auto [old, far_old] = watched(socket_pair());
  const int number = old->handle();
  send(far_old, "old");
  old->close();
  auto ends = socket_pair();
  ASSERT_EQ(ends.first.get(), number);
  auto [reader, far] = watched(std::move(ends));
  send(far, "new");
  settle();
  EXPECT_EQ(old->calls, 0);
  EXPECT_EQ(reader->got, "new");
}

TEST_F(ReadinessTest, CallsAgainInTheNextTurnAfterWhatOthersHaveReady) {
  auto [patient, far_patient] = watched(socket_pair());
  auto [greedy, far_greedy] = watched(socket_pair());
  std::string order;
  auto& self = greedy;
  greedy->instead = [&] {
    order += 'g';
    char byte = 0;
    (void)self->receive({&byte, 1});
    if (self->may_read()) self->call_again();
    if (order == "g") send(far_patient, "x");
  };
  patient->instead = [&] { order += 'p'; };
  send(far_greedy, "123");
  settle();
  EXPECT_EQ(order, "gpggg");  // the last call finds nothing more
}

TEST_F(ReadinessTest, ASocketClosedBeforeItsTurnIsNotCalledAgain) {
  auto [reader, far] = watched(socket_pair());
  settle();
  reader->call_again();
  reader->call_again();
  reader->close();
  reader->call_again();
  settle();
  EXPECT_EQ(reader->calls, 0);
}

}  // namespace
}  // namespace gateway
