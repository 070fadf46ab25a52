#include "instructions/program_count.hpp"

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <exception>
#include <fstream>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <thread>

#include "callgrind/callgrind.hpp"
#include "demo/embedded_eventbus.hpp"
#include "demo/poster.hpp"
#include "micro/payloads.hpp"
#include "testkit/socket.hpp"

namespace gateway::instructions {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using namespace std::chrono_literals;

constexpr auto kStartLimit = 60s;
constexpr auto kPoll = 50ms;
constexpr auto kLimit = 10min;
constexpr double kAtOnce = 1e9;  // posts per second: as fast as answers come

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

double instructions_of(const Program& program, const Load& load) {
  asio::io_context context(1);
  demo::EmbeddedEventbus eventbus(context, [](const auto&, const auto&) {});
  const tcp::endpoint gateway(asio::ip::address_v4::loopback(), test::free_port());

  callgrind::Callgrind run;
  start(run, program, gateway.port(), eventbus.port());
  std::uint64_t answered = 0;
  std::string problem;
  demo::PosterSettings settings;
  settings.gateway = gateway;
  settings.connections = load.connections;
  settings.rate = kAtOnce;
  settings.max_posts = load.posts;
  settings.duration = kLimit;
  const std::string payload = micro::post_of(micro::Form::older, load.records_per_post);
  demo::Poster poster(
      context, settings, [&](std::uint64_t, std::string& body) { body = payload; },
      [&](const demo::PostResult& result) {
        if (result.status == 200) {
          ++answered;
        } else {
          problem = fmt::format("{} {}", result.status, result.text);
        }
      });
  wait_until_it_listens(run, gateway.port());
  std::exception_ptr trouble;
  asio::co_spawn(context, poster.run(), [&](const std::exception_ptr& failed) {
    trouble = failed;
    context.stop();
  });
  context.run();
  if (trouble) std::rethrow_exception(trouble);
  if (answered != load.posts) {
    throw std::runtime_error(fmt::format("{} of {} posts were acknowledged; one was answered {}",
                                         answered, load.posts, problem));
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
