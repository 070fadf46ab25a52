#pragma once
#include <vector>

#include "gateway/tls/tls_source.hpp"
#include "runtime/asio.hpp"

namespace gateway::tls {

// Has sources look at their files once an interval, on the control thread.
class TlsWatch {
 public:
  TlsWatch(const Executor& executor, std::vector<TlsSource*> sources)
      : timer_(executor), sources_(std::move(sources)) {}

  // May be called again after what the loop has thrown.
  void start();
  void stop();
  [[nodiscard]] std::vector<SourceStatus> status() const;

 private:
  Timer timer_;
  std::vector<TlsSource*> sources_;
  bool stopped_ = false;
};

}  // namespace gateway::tls
