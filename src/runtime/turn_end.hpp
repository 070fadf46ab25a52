#pragma once
#include <boost/asio/post.hpp>
#include <functional>
#include <utility>

#include "runtime/asio.hpp"

namespace gateway {

// Writing for each event would cost a system call for each. TurnEnd runs one piece of work at the
// end of the loop turn in which it was requested, so that what a turn produced leaves in one write
// per connection. Its owner must outlive the io_context's run.
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

  // Calls `handler`, then does the work if it was requested: at once, without another pass through
  // the loop, which would look at all its sockets first. Not to be nested.
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
