#include "faults/loader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <cstddef>
#include <cstdio>
#include <utility>

namespace gateway::faults {
namespace {

namespace asio = boost::asio;

// Posts per second that no gateway takes: the next one is always due.
constexpr double kUnlimited = 1e9;
constexpr auto kForEver = std::chrono::hours(24 * 365);

demo::PayloadMix mix(const LoaderSettings& settings) {
  demo::PayloadMix mix;
  mix.seed = settings.seed;
  mix.max_records = settings.max_records;
  return mix;
}

demo::PosterSettings posting(const LoaderSettings& settings) {
  demo::PosterSettings posting;
  posting.gateway = {asio::ip::address_v4::loopback(), settings.port};
  posting.connections = settings.connections;
  posting.rate = settings.rate > 0 ? settings.rate : kUnlimited;
  posting.max_posts = settings.max_posts;
  posting.duration = kForEver;
  posting.timeout = settings.timeout;
  posting.attempts = settings.attempts;
  posting.pause = settings.pause;
  return posting;
}

}  // namespace

Loader::Loader(const LoaderSettings& settings)
    : payloads_(mix(settings)),
      poster_(
          context_, posting(settings),
          [this](std::uint64_t number, std::string& body) { prepare(number, body); },
          [this](const demo::PostResult& result) { report(result); }) {
  asio::co_spawn(context_, poster_.run(), [this](const std::exception_ptr& error) {
    if (error) failure_ = error;
    done_ = true;
  });
  thread_ = std::thread([this] { run(); });
}

Loader::~Loader() {
  try {
    stop();
  } catch (const std::exception& error) {
    fmt::print(stderr, "loader: {}\n", error.what());
  }
}

void Loader::run() {
  try {
    context_.run();
  } catch (...) {
    failure_ = std::current_exception();
    done_ = true;
  }
}

void Loader::stop() {
  if (!thread_.joinable()) return;
  asio::post(context_, [this] { poster_.stop(); });
  thread_.join();
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

void Loader::prepare(std::uint64_t number, std::string& body) {
  payloads_.next(post_);
  for (std::size_t i = 0; i < post_.records.size(); ++i) {
    sent_.sent(static_cast<std::uint32_t>(number), marker_.mark(post_.record(i)));
  }
  records_ += post_.records.size();
  ++posts_;
  body = post_.body;
}

void Loader::report(const demo::PostResult& result) {
  sent_.answered(static_cast<std::uint32_t>(result.number), result.status);
  unsigned attempts = 1;
  if (const auto found = failed_.find(result.number); found != failed_.end()) {
    attempts += found->second;
  }
  most_attempts_ = std::max(most_attempts_.load(), attempts);
  if (result.status != 200) {
    failed_[result.number] = attempts;
    return;
  }
  failed_.erase(result.number);
  const auto now = std::chrono::steady_clock::now();
  if (++acknowledged_ > 1) silence_ = std::max(silence_.load(), now - last_acknowledged_);
  last_acknowledged_ = now;
}

}  // namespace gateway::faults
