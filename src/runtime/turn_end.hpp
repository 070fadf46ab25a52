#pragma once
#include <boost/asio/post.hpp>
#include <functional>
#include <utility>

#include "runtime/asio.hpp"

namespace gateway {

// Runs one piece of work at the end of a loop turn in which it was asked for: what the events of a
// turn produced then leaves in one write per connection instead of one per event. Its owner must
// outlive the io_context's run.
class TurnEnd {
 public:
  TurnEnd(Executor executor, std::function<void()> work)
      : executor_(std::move(executor)), work_(std::move(work)) {}
  TurnEnd(const TurnEnd&) = delete;
  TurnEnd& operator=(const TurnEnd&) = delete;

  void request() {
    requested_ = true;
    if (!within_) post();
  }

  // Calls `handler`, and does what it asks for as soon as it is through, not after another pass
  // through the loop, which looks at all its sockets first. Not to be nested.
  template <class Handler>
  void turn(Handler handler) {
    within_ = true;
    try {
      handler();
    } catch (...) {
      within_ = false;
      if (requested_) post();
      throw;
    }
    within_ = false;
    run();
  }

 private:
  void post() {
    if (posted_) return;
    posted_ = true;
    asio::post(executor_, [this] {
      posted_ = false;
      run();
    });
  }
  void run() {
    if (!requested_) return;
    requested_ = false;
    work_();
  }

  Executor executor_;
  std::function<void()> work_;
  bool requested_ = false;
  bool posted_ = false;
  bool within_ = false;
};

}  // namespace gateway
