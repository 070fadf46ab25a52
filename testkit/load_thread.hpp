#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "testkit/load.hpp"
#include "testkit/loop_thread.hpp"

namespace gateway::test {

// A load in a thread of its own. Members may be called from any other thread.
class LoadThread {
 public:
  // Begins when all connections are there: else the first posts would wait for them. `name`: of the
  // thread. `posts` must outlive it.
  LoadThread(std::string name, const LoadSettings& settings, PostSource& posts)
      : loop_(std::move(name)) {
    loop_.call([&] {
      load_.emplace(loop_.poller(), settings, posts);
      loop_.drive(*load_);
    });
    loop_.wait_until([this] { return load_->connected(); });
    loop_.call([this] { load_->start(std::chrono::steady_clock::now()); });
  }

  // Ends the load and returns when the posts under way have ended. Throws what ended the thread
  // early, if anything did.
  void stop() {
    loop_.call([this] {
      load_->stop();
      load_->forget_waiting();
    });
    loop_.wait_until([this] { return load_->idle(); });
    loop_.stop();
  }
  // Returns below which latency this share of the posts acknowledged so far stayed.
  [[nodiscard]] std::chrono::nanoseconds latency(double share) {
    std::chrono::nanoseconds latency{0};
    loop_.call([&] { latency = load_->latencies().quantile(share); });
    return latency;
  }

 private:
  std::optional<Load> load_;
  LoopThread loop_;
};

}  // namespace gateway::test
