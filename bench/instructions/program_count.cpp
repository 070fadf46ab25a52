#include "instructions/program_count.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <thread>

#include "callgrind/callgrind.hpp"
#include "micro/payloads.hpp"
#include "testkit/bus.hpp"
#include "testkit/load.hpp"
#include "testkit/socket.hpp"

namespace gateway::instructions {
namespace {

using namespace std::chrono_literals;

constexpr auto kStartLimit = 60s;
constexpr auto kPoll = 50ms;
constexpr auto kLimit = 10min;

void replace(std::string& text, std::string_view name, const std::string& value) {
  if (const auto at = text.find(name); at != std::string::npos) {
    text.replace(at, name.size(), value);
  }
}

void start(callgrind::Callgrind& run, Program program, std::uint16_t port, std::uint16_t eventbus) {
  const std::string config = (run.folder() / "config.yml").string();
  const auto fill_in = [&](std::string& text) {
    replace(text, "{port}", std::to_string(port));
    replace(text, "{sink}", std::to_string(eventbus));
    replace(text, "{config}", config);
  };
  fill_in(program.config);
  for (std::string& word : program.command) fill_in(word);
  std::ofstream file(config);
  file << program.config;
  file.close();
  if (!file) throw std::runtime_error("cannot write " + config);
  run.start({}, program.command);
}

void wait_until_it_listens(callgrind::Callgrind& run, std::uint16_t port) {
  const auto limit = std::chrono::steady_clock::now() + kStartLimit;
  for (;;) {
    run.must_run();
    try {
      static_cast<void>(test::connect_to("127.0.0.1", port));
      return;
    } catch (const std::system_error&) {  // not yet
    }
    if (std::chrono::steady_clock::now() > limit) {
      throw std::runtime_error(fmt::format("nothing listens on port {}", port));
    }
    std::this_thread::sleep_for(kPoll);
  }
}

// Posts the same payload a given number of times, as fast as answers come.
class SamePosts final : public test::PostSource {
 public:
  SamePosts(const std::string& body, std::uint64_t count) : left_(count) {
    post_.wire = fmt::format(
        "POST / HTTP/1.1\r\nHost: cos-gateway-bench\r\nContent-Type: application/json\r\n"
        "Content-Length: {}\r\n\r\n{}",
        body.size(), body);
  }
  [[nodiscard]] const std::string& problem() const noexcept { return problem_; }

 private:
  const test::Post* next() override {
    if (left_ == 0) return nullptr;
    --left_;
    return &post_;
  }
  bool ended(const test::Post& /*post*/, unsigned status, std::string_view text) override {
    if (status != 200) problem_ = fmt::format("{} {}", status, text);
    return false;
  }

  test::Post post_;
  std::uint64_t left_;
  std::string problem_;
};

double instructions_of(const Program& program, const Load& load) {
  test::Poller poller;
  test::Bus::Settings settings;
  settings.grammar = test::Grammar::lenient;  // other gateways are counted as well
  test::Bus eventbus(poller, settings, nullptr);
  const std::uint16_t port = test::free_port();
  callgrind::Callgrind run;
  start(run, program, port, eventbus.port());
  wait_until_it_listens(run, port);

  SamePosts source(micro::post_of(micro::Form::older, load.records_per_post), load.posts);
  test::LoadSettings posting;
  posting.target = test::address_of("127.0.0.1", port);
  posting.connections = load.connections;
  posting.connect_for_posts = true;
  test::Load posts(poller, posting, source);
  const auto limit = std::chrono::steady_clock::now() + kLimit;
  posts.start(std::chrono::steady_clock::now());
  while (!posts.done()) {
    const auto now = std::chrono::steady_clock::now();
    if (now > limit) break;
    poller.turn(std::min(posts.next_due(now), eventbus.next_due(now)));
    posts.advance(std::chrono::steady_clock::now());
    eventbus.advance(std::chrono::steady_clock::now());
  }
  if (posts.totals().posts != load.posts) {
    throw std::runtime_error(fmt::format("{} of {} posts were acknowledged; one was answered {}",
                                         posts.totals().posts, load.posts, source.problem()));
  }
  run.terminate();
  return run.total();
}

}  // namespace

double instructions_per_post(const Program& program, const Load& load) {
  Load twice = load;
  twice.posts *= 2;
  const double difference = instructions_of(program, twice) - instructions_of(program, load);
  return difference / static_cast<double>(load.posts);
}

}  // namespace gateway::instructions
