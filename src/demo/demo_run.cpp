#include "demo/demo_run.hpp"

#include <fmt/format.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <cstdio>
#include <exception>
#include <fstream>
#include <functional>
#include <iterator>
#include <stdexcept>
#include <thread>
#include <utility>

#include "demo/delivery_ledger.hpp"
#include "demo/demo_console.hpp"
#include "demo/embedded_eventbus.hpp"
#include "demo/poster.hpp"
#include "demo/synthetic_payloads.hpp"
#include "gateway/gateway.hpp"
#include "runtime/asio.hpp"
#include "runtime/log.hpp"

namespace gateway::demo {
namespace {

using std::chrono::steady_clock;

constexpr int kExitGood = 0;
constexpr int kExitBad = 70;
constexpr auto kSummaryTick = std::chrono::milliseconds(100);

config::Settings demo_settings(std::uint16_t eventbus_port) {
  config::Settings settings;
  settings.target = fmt::format("http://127.0.0.1:{}", eventbus_port);
  settings.eventbus = "demo";
  settings.function.provision = false;
  settings.ingress.listen = {"127.0.0.1", 0};
  settings.ingress.admin = {"127.0.0.1", 0};
  settings.ingress.auth = config::Auth::none;
  return settings;
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file) throw std::runtime_error("cannot read " + path);
  return text;
}

void print_request(const ReceivedRequest& request) {
  fmt::print("{} {} HTTP/1.1\n", request.method, request.target);
  for (const auto& [name, value] : request.headers) fmt::print("{}: {}\n", name, value);
  fmt::print("\n");
  std::fwrite(request.body.data(), 1, request.body.size(), stdout);
  fmt::print("\n\n");
}

// Gateway with its two neighbours, all started. What eventbus and poster report is the business of
// the two demonstrations below.
class Scene {
 public:
  Scene(EmbeddedEventbus::Callback on_events, PosterSettings posting, Poster::Prepare prepare,
        Poster::Report report)
      : eventbus_(context_, std::move(on_events)),
        gateway_(demo_settings(eventbus_.port())),
        poster_(context_, at_gateway(std::move(posting)), std::move(prepare), std::move(report)),
        signals_(context_, SIGINT, SIGTERM),
        ticker_(context_) {}

  [[nodiscard]] std::uint16_t gateway_port() const { return gateway_.port(); }
  [[nodiscard]] std::uint16_t eventbus_port() const { return eventbus_.port(); }
  [[nodiscard]] std::uint64_t retried() const { return gateway_.snapshot().retried_total(); }

  // Until the posts are made and answered and the gateway has drained; `tick` is called meanwhile.
  void play(std::function<void()> tick) {
    gateway_.start();
    const auto rethrow = [](const std::exception_ptr& error) {
      if (error) std::rethrow_exception(error);
    };
    asio::co_spawn(context_, post_and_drain(), rethrow);
    asio::co_spawn(context_, tick_loop(std::move(tick)), rethrow);
    asio::co_spawn(context_, stop_on_signal(), rethrow);
    context_.run();
  }

 private:
  PosterSettings at_gateway(PosterSettings posting) const {
    posting.gateway = {asio::ip::address_v4::loopback(), gateway_.port()};
    return posting;
  }

  asio::awaitable<void> post_and_drain() {
    co_await poster_.run();
    // Waits for the gateway, which may still be waiting for this thread's eventbus.
    drain_ = std::jthread([this] {
      gateway_.stop();
      gateway_.wait();
      asio::post(context_, [this] { context_.stop(); });
    });
  }

  asio::awaitable<void> tick_loop(std::function<void()> tick) {
    while (true) {
      tick();
      ticker_.expires_after(kSummaryTick);
      auto [error] = co_await ticker_.async_wait(tuple);
      static_cast<void>(error);
    }
  }

  // A second signal does not wait for anything.
  asio::awaitable<void> stop_on_signal() {
    auto [first_error, first] = co_await signals_.async_wait(tuple);
    static_cast<void>(first_error);
    static_cast<void>(first);
    poster_.stop();
    auto [second_error, second] = co_await signals_.async_wait(tuple);
    static_cast<void>(second_error);
    static_cast<void>(second);
    context_.stop();
  }

  asio::io_context context_{1};
  EmbeddedEventbus eventbus_;
  Gateway gateway_;
  Poster poster_;
  asio::signal_set signals_;
  asio::steady_timer ticker_;
  std::jthread drain_;
};

int run_once(const DemoOptions& options) {
  const std::string payload = read_file(options.once);
  PosterSettings posting;
  posting.connections = 1;
  posting.max_posts = 1;
  unsigned status = 0;
  Scene scene([](const ReceivedRequest& request, const ReceivedEvents&) { print_request(request); },
              posting, [&](std::uint64_t, std::string& body) { body = payload; },
              [&](const PostResult& result) {
                status = result.status;
                std::fflush(stdout);
                fmt::print(stderr, "answered {}: {}\n", result.status, result.text);
              });
  scene.play([] {});
  return status == 200 ? kExitGood : kExitBad;
}

int run_synthetic(const DemoOptions& options) {
  PayloadMix mix;
  mix.max_records = options.max_records;
  SyntheticPayloads payloads(mix);
  SyntheticPost post;
  DeliveryLedger ledger;
  DemoConsole console;

  PosterSettings posting;
  posting.rate = options.rate;
  posting.duration = options.duration;
  Scene scene(
      [&](const ReceivedRequest& request, const ReceivedEvents& received) {
        for (const events::CloudEvent& event : received.events) {
          const auto latency = ledger.arrived(event.data, request.arrived);
          console.event(event, latency.value_or(DeliveryLedger::Latency{}), request.arrived);
        }
      },
      posting,
      [&](std::uint64_t number, std::string& body) {
        payloads.happen_at(std::chrono::duration_cast<std::chrono::seconds>(
                               std::chrono::system_clock::now().time_since_epoch())
                               .count());
        payloads.next(post);
        ledger.sent(number, steady_clock::now());
        for (std::size_t i = 0; i < post.records.size(); ++i) {
          ledger.sent_record(number, post.record(i));
        }
        body = post.body;
      },
      [&](const PostResult& result) { ledger.answered(result.number, result.status); });

  console.headline(fmt::format(
      "Posting COS events to the gateway on 127.0.0.1:{}, {:g} posts/s for {} s; eventbus on "
      "127.0.0.1:{}",
      scene.gateway_port(), options.rate, options.duration.count(), scene.eventbus_port()));
  const auto begin = steady_clock::now();
  scene.play([&] { console.summary(ledger.so_far(), scene.retried(), steady_clock::now()); });
  const Balance balance = ledger.close();
  console.balance(balance, scene.retried(), steady_clock::now() - begin);
  return balance.good() ? kExitGood : kExitBad;
}

}  // namespace

int run_demo(const DemoOptions& options) {
  log::start(log::Level::warn);
  const int exit_code = options.once.empty() ? run_synthetic(options) : run_once(options);
  log::stop();
  return exit_code;
}

}  // namespace gateway::demo
