#include "gateway/tls/tls_watch.hpp"

namespace gateway::tls {
namespace {

// A few stat(2) calls; a change is in use after two looks at most.
constexpr std::chrono::milliseconds kInterval{1000};

}  // namespace

void TlsWatch::start() {
  if (stopped_ || sources_.empty()) return;
  timer_.expires_after(kInterval);
  timer_.async_wait([this](const error_code& aborted) {
    if (aborted) return;
    start();
    for (TlsSource* const source : sources_) source->poll();
  });
}

void TlsWatch::stop() {
  stopped_ = true;
  timer_.cancel();
}

std::vector<SourceStatus> TlsWatch::status() const {
  std::vector<SourceStatus> all;
  all.reserve(sources_.size());
  for (const TlsSource* const source : sources_) all.push_back(source->status());
  return all;
}

}  // namespace gateway::tls
