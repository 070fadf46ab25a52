#include "testkit/loader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <exception>
#include <string>
#include <unordered_map>
#include <utility>

#include "testkit/load_thread.hpp"
#include "testkit/synthetic_payloads.hpp"

namespace gateway::test {
namespace {

using std::chrono::steady_clock;

LoadSettings load_settings(const LoaderSettings& settings) {
  LoadSettings load;
  load.target = address_of("127.0.0.1", settings.port);
  load.connections = settings.connections;
  if (settings.rate > 0) load.rate = settings.rate;
  load.connect_for_posts = true;
  load.timeout = settings.timeout;
  load.pause = settings.pause;
  return load;
}

}  // namespace

// The posts of the load, and what is known of them.
class Loader::Relay final : public PostSource {
 public:
  Relay(const LoaderSettings& settings, Oracle& oracle)
      : settings_(settings),
        payloads_(usual_payloads(settings.max_records, settings.seed)),
        oracle_(oracle) {}
  ~Relay() override = default;
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  void stop() { load_.stop(); }

  const Post* next() override {
    if (settings_.max_posts != 0 && posts_ == settings_.max_posts) return nullptr;
    const auto number = static_cast<std::uint32_t>(posts_);
    payloads_.next(payload_);
    for (std::size_t i = 0; i < payload_.records.size(); ++i) {
      oracle_.sent(number, marker_.mark(payload_.record(i)));
    }
    records_ += payload_.records.size();
    ++posts_;
    auto made = std::make_unique<Made>();
    made->number = number;
    made->post = make_post("cos-gateway-soak", "/", payload_.body, payload_.records.size());
    const Post* const post = &made->post;
    made_.emplace(post, std::move(made));
    return post;
  }

  bool ended(const Post& post, unsigned status, std::string_view /*text*/) override {
    const auto found = made_.find(&post);
    Made& made = *found->second;
    oracle_.answered(made.number, status);
    ++made.attempts;
    most_attempts_ = std::max(most_attempts_.load(), made.attempts);
    if (status == 200) {
      const auto now = steady_clock::now();
      if (++acknowledged_ > 1) silence_ = std::max(silence_.load(), now - last_acknowledged_);
      last_acknowledged_ = now;
    } else if (made.attempts < settings_.attempts) {
      return true;
    }
    made_.erase(found);
    if (made_.empty() && settings_.max_posts != 0 && posts_ == settings_.max_posts) done = true;
    return false;
  }

  std::atomic<std::uint64_t> posts_{0};
  std::atomic<std::uint64_t> acknowledged_{0};
  std::atomic<std::uint64_t> records_{0};
  std::atomic<bool> done{false};
  std::atomic<std::chrono::nanoseconds> silence_{};
  std::atomic<unsigned> most_attempts_{0};

 private:
  struct Made {
    Post post;
    std::uint32_t number = 0;
    unsigned attempts = 0;
  };

  const LoaderSettings settings_;
  SyntheticPayloads payloads_;
  SyntheticPost payload_;
  RecordMarker marker_;
  Oracle& oracle_;
  std::unordered_map<const Post*, std::unique_ptr<Made>> made_;  // that have not ended
  steady_clock::time_point last_acknowledged_;
  LoadThread load_{"loader", load_settings(settings_), *this};  // last: it uses all the others
};

Loader::Loader(const LoaderSettings& settings, Oracle& oracle)
    : relay_(std::make_unique<Relay>(settings, oracle)) {}

Loader::~Loader() {
  try {
    stop();
  } catch (const std::exception& error) {
    fmt::print(stderr, "loader: {}\n", error.what());
  }
}

void Loader::stop() {
  relay_->stop();
}

bool Loader::done() const noexcept {
  return relay_->done;
}

std::uint64_t Loader::posts() const noexcept {
  return relay_->posts_;
}

std::uint64_t Loader::posts_acknowledged() const noexcept {
  return relay_->acknowledged_;
}

std::uint64_t Loader::records_sent() const noexcept {
  return relay_->records_;
}

std::chrono::nanoseconds Loader::longest_silence() const noexcept {
  return relay_->silence_.load();
}

unsigned Loader::most_attempts() const noexcept {
  return relay_->most_attempts_;
}

}  // namespace gateway::test
