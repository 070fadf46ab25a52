#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <map>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "gateway/observe/event_feed.hpp"
#include "gateway/observe/server_sent_events.hpp"
#include "support/exposition.hpp"
#include "support/payloads.hpp"
#include "support/program.hpp"
#include "support/running_gateway.hpp"
#include "support/scripted_eventbus.hpp"
#include "testkit/eventually.hpp"
#include "testkit/http_client.hpp"
#include "testkit/socket.hpp"

namespace gateway::test {
namespace {

namespace json = boost::json;
using testing::HasSubstr;
using testing::StartsWith;

// Somebody at /stream.
class StreamClient {
 public:
  explicit StreamClient(const RunningGateway& gateway, std::string_view target = "/stream")
      : client_(gateway.connect_admin()) {
    client_.send(request_text("GET", target, ""));
    while (head_.find("\r\n\r\n") == std::string::npos) {
      if (!receive(head_)) throw std::runtime_error("no head: " + head_);
    }
    const std::size_t end = head_.find("\r\n\r\n") + 4;
    take(std::string_view(head_).substr(end));
    head_.resize(end);
  }

  [[nodiscard]] const std::string& head() const { return head_; }
  // The next event of that name; throws when there is none within the client's patience.
  json::value next(const std::string& name) {
    auto& waiting = received_[name];
    while (waiting.empty()) {
      std::string bytes;
      if (!receive(bytes)) throw std::runtime_error("the stream ended without " + name);
      take(bytes);
    }
    const json::value event = json::parse(waiting.front());
    waiting.erase(waiting.begin());
    return event;
  }
  [[nodiscard]] std::size_t waiting(const std::string& name) { return received_[name].size(); }
  // Reads what comes until the gateway closes.
  [[nodiscard]] bool ends() {
    std::string rest;
    while (receive(rest)) {
    }
    return ended_;
  }

 private:
  bool receive(std::string& into) {
    if (!client_.readable(HttpClient::kPatience)) return false;
    std::array<char, 65536> room{};
    const auto size = ::recv(client_.fd(), room.data(), room.size(), 0);
    ended_ = size <= 0;
    if (size > 0) into.append(room.data(), static_cast<std::size_t>(size));
    return size > 0;
  }
  void take(std::string_view bytes) {
    reader_.feed(bytes, [this](std::string_view name, std::string_view data) {
      received_[std::string(name)].emplace_back(data);
    });
  }

  HttpClient client_;
  std::string head_;
  observe::EventStreamReader reader_;
  std::map<std::string, std::vector<std::string>> received_;
  bool ended_ = false;
};

class Stream : public testing::Test {
 protected:
  Stream() : gateway_(loopback_settings(bus_.port())) {}
  Exposition metrics() const {
    return parse_exposition(gateway_.connect_admin().get("/metrics").body);
  }
  // Until the gateway knows that somebody looks: its shards ask at each tick.
  void post_until_seen(StreamClient& watcher) {
    for (int i = 0; i < 200 && watcher.waiting("tap") == 0; ++i) {
      EXPECT_EQ(gateway_.post(cos_payload(1)).status, 200u);
      static_cast<void>(watcher.next("status"));
    }
  }

  ScriptedEventbus bus_;
  RunningGateway gateway_;
};

TEST_F(Stream, TellsTheStatusOnceASecondInOneLine) {
  StreamClient watcher(gateway_);
  EXPECT_THAT(watcher.head(), StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(watcher.head(), HasSubstr("Content-Type: text/event-stream\r\n"));
  const json::value first = watcher.next("status");
  EXPECT_EQ(gateway_.post(cos_payload(3)).status, 200u);
  const json::value second = watcher.next("status");
  const auto delivered = [](const json::value& status) {
    return status.at("counters").at("events_delivered").to_number<int>();
  };
  EXPECT_EQ(delivered(first), 0);
  EXPECT_EQ(delivered(second), 3);
  EXPECT_EQ(second.at("watchers"), 1);
}

TEST_F(Stream, TellsEventsAsTheyAreSettled) {
  StreamClient watcher(gateway_);
  post_until_seen(watcher);
  const json::value event = watcher.next("tap");
  EXPECT_EQ(event.at("outcome"), "delivered");
  EXPECT_EQ(event.at("key"), "object-0");
  EXPECT_THAT(std::string(event.at("type").as_string()), StartsWith("cos:ObjectCreated:"));
  EXPECT_EQ(event.at("status"), 200);
  EXPECT_GT(event.at("bytes").to_number<int>(), 100);
  EXPECT_EQ(event.at("id").as_string().size(), 36u);
  EXPECT_GT(metrics().total("cos_gateway_tap_events_total"), 0);
}

TEST_F(Stream, WhoWantsEventsAloneGetsNoStatus) {
  StreamClient watcher(gateway_, "/stream?events=tap");
  for (int i = 0; i < 1000 && watcher.waiting("tap") == 0; ++i) {
    EXPECT_EQ(gateway_.post(cos_payload(1)).status, 200u);
    if (metrics().total("cos_gateway_tap_events_total") > 0) {
      EXPECT_EQ(watcher.next("tap").at("outcome"), "delivered");
      break;
    }
  }
  EXPECT_GT(metrics().total("cos_gateway_tap_events_total"), 0);
  EXPECT_EQ(watcher.waiting("status"), 0u);
}

TEST_F(Stream, NobodyLookingCostsNoSample) {
  for (int i = 0; i < 20; ++i) EXPECT_EQ(gateway_.post(cos_payload(10)).status, 200u);
  const Exposition page = metrics();
  EXPECT_EQ(page.total("cos_gateway_tap_events_total"), 0);
  // Of the lag there are a few, at most so many a second.
  EXPECT_GE(page.total("cos_gateway_event_lag_seconds_count"), 1);
  EXPECT_LE(page.total("cos_gateway_event_lag_seconds_count"), 100);
}

TEST_F(Stream, FailuresAreInTheStatusThoughNobodyLooked) {
  bus_.next(reply(422, {}, "no such thing"));
  EXPECT_EQ(gateway_.post(cos_payload(1, "folder/")).status, 502u);
  const json::value status = json::parse(gateway_.connect_admin().get("/status").body);
  const json::array& failures = status.at("recent_failures").as_array();
  ASSERT_EQ(failures.size(), 1u);
  EXPECT_EQ(failures[0].at("outcome"), "failed");
  EXPECT_EQ(failures[0].at("status"), 422);
  EXPECT_EQ(failures[0].at("key"), "folder/0");
  EXPECT_EQ(failures[0].at("reason"), "no such thing");
  const json::object& post = status.at("post_duration").as_object();
  EXPECT_EQ(post.at("bounds").as_array().size() + 1, post.at("counts").as_array().size());
}

TEST_F(Stream, ServesEightWatchersAndTellsTheNinthToComeLater) {
  std::vector<StreamClient> watchers;
  for (std::size_t i = 0; i < observe::EventFeed::kMostWatchers; ++i)
    watchers.emplace_back(gateway_);
  EXPECT_EQ(gateway_.connect_admin().get("/stream").status, 503u);
  EXPECT_EQ(gateway_.connect_admin().get("/healthz").status, 200u);
}

TEST_F(Stream, EndsWhenTheGatewayStops) {
  StreamClient all(gateway_);
  StreamClient taps(gateway_, "/stream?events=tap");
  gateway_.finish();
  EXPECT_TRUE(all.ends());
  EXPECT_TRUE(taps.ends());
}

// Also where there is nothing to write to them.
TEST_F(Stream, WatchersThatLeaveMakeRoom) {
  for (const char* const target : {"/stream", "/stream?events=tap"}) {
    std::vector<StreamClient> watchers;
    for (std::size_t i = 0; i < observe::EventFeed::kMostWatchers; ++i) {
      watchers.emplace_back(gateway_, target);
    }
    watchers.clear();
    EXPECT_TRUE(eventually(
        [this] {
          const auto status = json::parse(gateway_.connect_admin().get("/status").body);
          return status.at("watchers") == 0;
        },
        std::chrono::seconds(5)))
        << target;
  }
}

TEST_F(Stream, ThePageIsServedWithItsPolicy) {
  const Response page = gateway_.connect_admin().get("/");
  EXPECT_EQ(page.status, 200u);
  EXPECT_EQ(page.headers["Content-Type"], "text/html; charset=utf-8");
  EXPECT_THAT(std::string(page.headers["Content-Security-Policy"]),
              StartsWith("default-src 'none'"));
  EXPECT_THAT(page.body, StartsWith("<!doctype html>"));
}

std::string admin_of(RunningGateway& gateway) {
  return "127.0.0.1:" + std::to_string(gateway.gateway().admin_port());
}

TEST_F(Stream, TheHealthCommandSaysWhatTheGatewaySays) {
  const ProgramRun healthy = run_program({"health", "--admin", admin_of(gateway_)});
  EXPECT_EQ(healthy.exit_code, 0) << healthy.err;
  EXPECT_EQ(healthy.out, "ok\n");
  EXPECT_EQ(run_program({"health", "--ready", "--admin", admin_of(gateway_)}).out, "ready\n");

  bus_.hold();
  HttpClient client = gateway_.connect();
  client.send(post_text(cos_payload(1)));
  ASSERT_TRUE(bus_.wait_for_requests(1));
  gateway_.gateway().stop();
  EXPECT_EQ(run_program({"health", "--ready", "--admin", admin_of(gateway_)}).exit_code, 1);
  bus_.release();
  EXPECT_EQ(client.response().status, 200u);
}

TEST(AdminCommands, SayWhenNoGatewayIsThere) {
  const std::string nowhere = "127.0.0.1:" + std::to_string(free_port());
  for (const char* command : {"health", "tap"}) {
    const ProgramRun run = run_program({command, "--admin", nowhere});
    EXPECT_EQ(run.exit_code, 69) << command;
    EXPECT_THAT(run.err, HasSubstr(nowhere));
  }
  EXPECT_EQ(run_program({"health", "--admin", "nonsense"}).exit_code, 64);
}

TEST_F(Stream, TheTapCommandPrintsEventsUntilTheGatewayStops) {
  // The program waits for its child, so the gateway is stopped by what the child shows: nothing can
  // be posted meanwhile but from another thread.
  std::jthread poster([this](const std::stop_token& stop) {
    while (!stop.stop_requested() && metrics().total("cos_gateway_tap_events_total") < 3) {
      static_cast<void>(gateway_.post(cos_payload(1, "folder/")));
    }
    gateway_.finish();
  });
  const ProgramRun run =
      run_program({"tap", "--json", "--filter", "folder/", "--admin", admin_of(gateway_)});
  EXPECT_EQ(run.exit_code, 69) << run.err;  // the gateway has gone
  EXPECT_THAT(run.out, HasSubstr(R"("key":"folder/0")"));
}

}  // namespace
}  // namespace gateway::test
