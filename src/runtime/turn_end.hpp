#pragma once
#include <boost/asio/post.hpp>
#include <utility>

#include "runtime/asio.hpp"

namespace gateway {

// Runs one piece of work at the end of a loop turn in which it was asked for: what the events of a
// turn produced then leaves in one write per connection instead of one per event. `Work` is a
// callable without arguments. Its owner must outlive the io_context's run.
template <class Work>
class TurnEnd {
 public:
  TurnEnd(Executor executor, Work work) : executor_(std::move(executor)), work_(std::move(work)) {}
  TurnEnd(const TurnEnd&) = delete;
  TurnEnd& operator=(const TurnEnd&) = delete;

  void request() {
    if (requested_) return;
    requested_ = true;
    asio::post(executor_, [this] {
      requested_ = false;
      work_();
    });
  }

 private:
  Executor executor_;
  Work work_;
  bool requested_ = false;
};

}  // namespace gateway
