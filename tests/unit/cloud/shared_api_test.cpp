#include "cloud/shared_api.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <vector>

namespace gateway::cloud {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

// Counts how many calls are under way, also with those of other clients.
class SlowApi final : public Api {
 public:
  SlowApi(const Executor& executor, unsigned& under_way, unsigned& most)
      : executor_(executor), under_way_(under_way), most_(most) {}

  [[nodiscard]] Task<ApiResult<boost::json::object>> call(
      std::string action, boost::json::object /*parameters*/) override {
    calls.push_back(action);
    ++own_;
    EXPECT_EQ(own_, 1U) << "one call at a time";
    most_ = std::max(most_, ++under_way_);
    for (int turn = 0; turn < 5; ++turn) co_await asio::post(executor_, asio::deferred);
    --own_;
    --under_way_;
    boost::json::object answer;
    answer["call"] = calls.size();
    co_return answer;
  }
  void cancel() override { cancelled = true; }

  std::vector<std::string> calls;
  bool cancelled = false;

 private:
  const Executor executor_;
  unsigned& under_way_;
  unsigned& most_;
  unsigned own_ = 0;
};

class SharedApiTest : public testing::Test {
 protected:
  void start(SharedApi& api, const std::string& action, const std::string& parameter = {}) {
    boost::json::object parameters;
    parameters["of"] = parameter;
    asio::co_spawn(
        context.get_executor(), api.call(action, std::move(parameters)),
        [this](const std::exception_ptr& error, const ApiResult<boost::json::object>& answer) {
          EXPECT_FALSE(error);
          answers.push_back(answer ? answer->at("call").as_uint64() : 0);
        });
  }
  void run() {
    context.restart();
    context.run();
  }

  asio::io_context context{1};
  CallLimits limits{context.get_executor()};
  unsigned under_way = 0;
  unsigned most = 0;
  std::vector<std::uint64_t> answers;
};

TEST_F(SharedApiTest, MakesOneCallAtATimeForEachClientAndAFewForAll) {
  std::vector<std::unique_ptr<SlowApi>> clients;
  std::vector<std::unique_ptr<SharedApi>> shared;
  for (int region = 0; region < 6; ++region) {
    clients.push_back(std::make_unique<SlowApi>(context.get_executor(), under_way, most));
    shared.push_back(std::make_unique<SharedApi>(context.get_executor(), *clients.back(), limits));
    for (int call = 0; call < 3; ++call)
      start(*shared.back(), "GetFunction" + std::to_string(call));
  }
  run();
  EXPECT_THAT(answers, SizeIs(18));
  EXPECT_EQ(most, CallLimits::kAtATime);
}

TEST_F(SharedApiTest, GivesAListOfFunctionsToAllWhoAskForItTogether) {
  SlowApi client(context.get_executor(), under_way, most);
  SharedApi api(context.get_executor(), client, limits);
  start(api, "ListFunctions", "default");
  start(api, "ListFunctions", "default");
  start(api, "ListFunctions", "other");
  start(api, "GetFunction", "default");
  start(api, "GetFunction", "default");
  run();
  EXPECT_THAT(client.calls,
              ElementsAre("ListFunctions", "ListFunctions", "GetFunction", "GetFunction"));
  EXPECT_THAT(answers, ElementsAre(1, 1, 2, 3, 4));
  start(api, "CreateFunction");
  start(api, "ListFunctions", "default");
  run();
  EXPECT_EQ(client.calls.back(), "ListFunctions") << "something was written since";
}

TEST_F(SharedApiTest, PassesACancellationOn) {
  SlowApi client(context.get_executor(), under_way, most);
  SharedApi api(context.get_executor(), client, limits);
  for (int call = 0; call < 50; ++call) start(api, "GetFunction");
  api.cancel();
  run();
  EXPECT_TRUE(client.cancelled);
  EXPECT_THAT(answers, SizeIs(50)) << "nobody waits for the pace";
}

}  // namespace
}  // namespace gateway::cloud
