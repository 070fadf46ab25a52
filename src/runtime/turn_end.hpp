#pragma once
#include <boost/asio/post.hpp>
#include <functional>
#include <new>
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

  // Needs no memory to be remembered: what cannot be posted now is done by the next turn, or when
  // request_again() is called.
  void request() noexcept {
    requested_ = true;
    if (!within_) post();
  }
  // Every tick: posts again what could not be posted.
  void request_again() noexcept {
    if (requested_) post();
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
  [[gnu::noinline]] void post() noexcept {  // rare: a turn that is under way needs none
    if (posted_) return;
    try {
      asio::post(executor_, [this] {
        posted_ = false;
        run();
      });
      posted_ = true;
    } catch (const std::bad_alloc&) {  // NOLINT(bugprone-empty-catch)
      // It stays requested.
    }
  }
  void run() {
    if (!requested_) return;
    requested_ = false;
    try {
      work_();
    } catch (...) {
      requested_ = true;  // what is left of it is done at the next turn or tick
      throw;
    }
  }

  Executor executor_;
  std::function<void()> work_;
  bool requested_ = false;
  bool posted_ = false;
  bool within_ = false;
};

}  // namespace gateway
