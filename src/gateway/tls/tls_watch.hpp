#pragma once
#include <vector>

#include "gateway/tls/tls_source.hpp"
#include "runtime/asio.hpp"
#include "runtime/repeating_timer.hpp"

namespace gateway::tls {

// Has sources look at their files once an interval, on the control thread.
class TlsWatch {
 public:
  // A few stat(2) calls; a change is in use after two looks at most.
  static constexpr std::chrono::milliseconds kInterval{1000};

  TlsWatch(const Executor& executor, std::vector<TlsSource*> sources)
      : sources_(std::move(sources)), timer_(executor, kInterval, [this] {
          for (TlsSource* const source : sources_) source->poll();
        }) {}

  // May be called again after what the loop has thrown.
  void start() {
    if (!sources_.empty()) timer_.start();
  }
  void stop() { timer_.stop(); }
  [[nodiscard]] std::vector<SourceStatus> status() const {
    std::vector<SourceStatus> all;
    all.reserve(sources_.size());
    for (const TlsSource* const source : sources_) all.push_back(source->status());
    return all;
  }

 private:
  const std::vector<TlsSource*> sources_;
  RepeatingTimer timer_;
};

}  // namespace gateway::tls
