// Every interleaving of what three owners (the delivery queue with its connections, the spool, the
// dead letters) can report of the three events of one post, with the post's deadline, the stores'
// patience, a client that leaves and the end of the gateway in between.
#include <gtest/gtest.h>

#include <cstddef>
#include <deque>
#include <memory>
#include <set>
#include <unordered_set>

#include "unit/gateway/pipeline/post_world.hpp"

namespace gateway {
namespace {

using test::one_post::Action;
using test::one_post::Configuration;
using test::one_post::World;

class Explorer {
 public:
  explicit Explorer(Configuration configuration) : configuration_(configuration) {}

  // Breadth first, so that each world is reached by its shortest way; it is built anew for each
  // look, as a ledger cannot be copied.
  void explore() {
    std::deque<std::vector<Action>> ways{{}};
    for (; !ways.empty(); ways.pop_front()) {
      const std::vector<Action>& way = ways.front();
      const auto world = std::make_unique<World>(configuration_);
      for (const Action& action : way) {
        world->apply(action);
        world->check();
        if (testing::Test::HasFatalFailure()) return tell(way);
      }
      statuses_.insert(world->status());
      if (!seen_.insert(world->key()).second) continue;
      for (const Action& action : world->possible()) {
        ways.push_back(way);
        ways.back().push_back(action);
      }
    }
  }
  [[nodiscard]] std::size_t worlds() const { return seen_.size(); }
  [[nodiscard]] const std::set<unsigned>& statuses() const { return statuses_; }

 private:
  static void tell(const std::vector<Action>& path) {
    std::string told = "after:";
    for (const Action& action : path) {
      told +=
          ' ' + std::to_string(static_cast<int>(action.kind)) + '/' + std::to_string(action.event);
    }
    ADD_FAILURE() << told;
  }

  Configuration configuration_;
  std::unordered_set<std::string> seen_;
  std::set<unsigned> statuses_;
};

TEST(EventInterleavings, WithoutStores) {
  Explorer explorer({});
  explorer.explore();
  EXPECT_GT(explorer.worlds(), 500U);
  EXPECT_EQ(explorer.statuses(), (std::set<unsigned>{0, 200, 502, 503, 504}));
}

TEST(EventInterleavings, WithDeadLetters) {
  Explorer explorer({false, true});
  explorer.explore();
  EXPECT_GT(explorer.worlds(), 1000U);
}

TEST(EventInterleavings, WithASpool) {
  Explorer explorer({true, false});
  explorer.explore();
  EXPECT_GT(explorer.worlds(), 1000U);
}

TEST(EventInterleavings, WithSpoolAndDeadLetters) {
  Explorer explorer({true, true});
  explorer.explore();
  EXPECT_GT(explorer.worlds(), 10'000U);
  EXPECT_EQ(explorer.statuses(), (std::set<unsigned>{0, 200, 502, 503}));
}

}  // namespace
}  // namespace gateway
