#include "demo/demo_parts.hpp"

#include <fmt/format.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <cstdio>
#include <exception>
#include <map>

#include "demo/demo_console.hpp"
#include "demo/embedded_eventbus.hpp"
#include "demo/poster.hpp"
#include "demo/synthetic_payloads.hpp"
#include "gateway/config/http_url.hpp"
#include "runtime/asio.hpp"

namespace gateway::demo {
namespace {

using std::chrono::steady_clock;

constexpr int kExitGood = 0;
constexpr int kExitUsage = 64;
constexpr int kExitUnavailable = 69;
constexpr std::chrono::seconds kReportEvery{5};
constexpr std::chrono::hours kForever{24 * 365};
// While nobody listens at the gateway's address.
constexpr std::chrono::seconds kPause{1};
constexpr auto kRethrow = [](const std::exception_ptr& error) {
  if (error) std::rethrow_exception(error);
};

std::int64_t unix_seconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// How posts were answered, a line every few seconds in which there were some.
class AnswerCounts {
 public:
  void add(unsigned status) {
    ++by_status_[status];
    answered_ = answered_ || status != 0;
  }
  [[nodiscard]] bool any() const noexcept { return answered_; }
  void print() {
    if (by_status_.empty()) return;
    std::string line("posts");
    for (const auto& [status, count] : by_status_) {
      line += status == 0 ? fmt::format("  no answer {}", count)
                          : fmt::format("  answered {} {}", status, count);
    }
    fmt::print("{}\n", line);
    std::fflush(stdout);
    by_status_.clear();
  }

 private:
  std::map<unsigned, std::uint64_t> by_status_;  // 0: no answer
  bool answered_ = false;
};

asio::awaitable<void> report_loop(asio::steady_timer& timer, AnswerCounts& counts) {
  while (true) {
    timer.expires_after(kReportEvery);
    auto [stopped] = co_await timer.async_wait(tuple);
    if (stopped) co_return;
    counts.print();
  }
}

}  // namespace

int run_eventbus(const EventbusOptions& options) {
  asio::io_context context(1);
  DemoConsole console;
  EmbeddedEventbus eventbus(
      context,
      [&console](const ReceivedRequest& request, const ReceivedEvents& received) {
        for (const events::CloudEvent& event : received.events) {
          console.event(event, DemoConsole::Latency{}, request.arrived);
        }
        std::fflush(stdout);
      },
      {asio::ip::make_address(options.listen.host), options.listen.port});
  eventbus.refuse_every(options.refuse_every);
  asio::signal_set signals(context, SIGINT, SIGTERM);
  signals.async_wait([&](const error_code&, int) {
    eventbus.stop();
    context.stop();
  });
  console.headline(fmt::format("Eventbus on port {}", eventbus.port()));
  context.run();
  return kExitGood;
}

int run_poster(const PostToOptions& options) {
  const auto url = config::parse_http_url(options.url);
  if (!url || url->tls) {
    fmt::print(stderr, "error: --post-to: {}\n",
               url ? "this poster speaks plain HTTP only" : url.error().message());
    return kExitUsage;
  }
  asio::io_context context(1);
  error_code error;
  tcp::resolver resolver(context);
  const auto found = resolver.resolve(url->host, std::to_string(url->port), error);
  if (error || found.empty()) {
    fmt::print(stderr, "error: {}: {}\n", url->host, error.message());
    return kExitUnavailable;
  }

  PayloadMix mix;
  mix.max_records = options.max_records;
  SyntheticPayloads payloads(mix);
  SyntheticPost post;
  AnswerCounts counts;
  PosterSettings posting;
  posting.gateway = found.begin()->endpoint();
  posting.host = url->authority;
  posting.target = (url->path.empty() ? "/" : url->path) + url->query;
  posting.rate = options.rate;
  posting.duration = options.duration.value_or(kForever);
  posting.pause = kPause;
  Poster poster(
      context, posting,
      [&](std::uint64_t, std::string& body) {
        payloads.happen_at(unix_seconds());
        payloads.next(post);
        body = post.body;
      },
      [&](const PostResult& result) { counts.add(result.status); });

  asio::signal_set signals(context, SIGINT, SIGTERM);
  signals.async_wait([&](const error_code& aborted, int) {
    if (!aborted) poster.stop();
  });
  asio::steady_timer report(context);
  asio::co_spawn(context, report_loop(report, counts), kRethrow);
  asio::co_spawn(context, poster.run(), [&](const std::exception_ptr& failure) {
    signals.cancel();
    report.cancel();
    if (failure) std::rethrow_exception(failure);
  });
  fmt::print("Posting COS events to {}, {:g} posts a second\n", options.url, options.rate);
  std::fflush(stdout);
  context.run();
  counts.print();
  return counts.any() ? kExitGood : kExitUnavailable;
}

}  // namespace gateway::demo
