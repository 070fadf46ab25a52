#include "testkit/load.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "testkit/bus_thread.hpp"
#include "testkit/http_client.hpp"
#include "testkit/turns.hpp"

namespace gateway::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// So many posts, each made so many times at most.
class CountedPosts final : public PostSource {
 public:
  CountedPosts(std::size_t count, int attempts) : posts_(count), attempts_(attempts) {
    for (std::size_t i = 0; i < count; ++i) posts_[i].wire = post_text(std::to_string(i));
  }
  struct Ended {
    const Post* post;
    unsigned status;
    std::string text;
  };
  const Post* next() override { return made_ == posts_.size() ? nullptr : &posts_[made_++]; }
  bool ended(const Post& post, unsigned status, std::string_view text) override {
    all.push_back({&post, status, std::string(text)});
    return status != 200 && times(post) < attempts_;
  }
  [[nodiscard]] int times(const Post& post) const {
    return static_cast<int>(std::ranges::count(all, &post, &Ended::post));
  }
  [[nodiscard]] const std::vector<Post>& posts() const noexcept { return posts_; }

  std::vector<Ended> all;

 private:
  std::vector<Post> posts_;
  int attempts_;
  std::size_t made_ = 0;
};

class Refusing final : public BusScript {
 public:
  explicit Refusing(Action action) : action_(std::move(action)) {}
  Action request(const MessageView& /*request*/, const Place& /*place*/) override {
    return action_;
  }
  Action malformed(const ProtocolError& /*error*/) override { return reset_unanswered(); }

 private:
  Action action_;
};

// Plays until all posts have ended.
void play(Poller& poller, Bus* bus, CountedPosts& posts, LoadSettings settings) {
  settings.connections = 2;
  settings.connect_for_posts = true;
  settings.pause = milliseconds(1);
  Load load(poller, settings, posts);
  load.start(steady_clock::now());
  Turns turns(poller, {&load});
  if (bus != nullptr) turns.add(*bus);
  EXPECT_TRUE(
      turns.wait(steady_clock::now() + std::chrono::seconds(10), [&load] { return load.done(); }));
}

TEST(LoadRetries, TellTheStatusOfEachPostAndConnectAgain) {
  Poller poller;
  Refusing script(last_reply(400));
  Bus bus(poller, {}, &script);
  CountedPosts posts(5, 1);
  LoadSettings settings;
  settings.target = address_of("127.0.0.1", bus.port());
  play(poller, &bus, posts, settings);
  ASSERT_EQ(posts.all.size(), 5U);
  for (const auto& ended : posts.all) EXPECT_EQ(ended.status, 400U) << ended.text;
}

TEST(LoadRetries, MakeARefusedPostAgainAsOftenAsTheSourceSays) {
  for (const Action& action : {reply(503), last_reply(503), close_unanswered()}) {
    Poller poller;
    Refusing script(action);
    Bus bus(poller, {}, &script);
    CountedPosts posts(5, 3);
    LoadSettings settings;
    settings.target = address_of("127.0.0.1", bus.port());
    play(poller, &bus, posts, settings);
    EXPECT_EQ(posts.all.size(), 15U);
    for (const Post& post : posts.posts()) EXPECT_EQ(posts.times(post), 3);
  }
}

TEST(LoadRetries, TellOfAPostThatNobodyTook) {
  Poller poller;
  CountedPosts posts(2, 1);
  LoadSettings settings;
  settings.target = address_of("127.0.0.1", free_port());
  play(poller, nullptr, posts, settings);
  ASSERT_EQ(posts.all.size(), 2U);
  for (const auto& ended : posts.all) {
    EXPECT_EQ(ended.status, 0U);
    EXPECT_EQ(ended.text, "connect");
  }
}

TEST(LoadRetries, GiveUpAnAnswerThatDoesNotComeInTime) {
  Poller poller;
  Refusing script(never_answer());
  Bus bus(poller, {}, &script);
  CountedPosts posts(2, 2);
  LoadSettings settings;
  settings.target = address_of("127.0.0.1", bus.port());
  settings.timeout = milliseconds(20);
  play(poller, &bus, posts, settings);
  EXPECT_EQ(posts.all.size(), 4U);
  for (const auto& ended : posts.all) EXPECT_EQ(ended.text, "unanswered");
}

}  // namespace
}  // namespace gateway::test
