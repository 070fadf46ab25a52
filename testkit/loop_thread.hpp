#pragma once
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "testkit/poller.hpp"
#include "testkit/turns.hpp"

namespace gateway::test {

// Buses and loads belong to one thread, tests and scenarios run in another. This turns a poller in
// a thread of its own, drives what belongs to it, and runs there what others want done.
class LoopThread {
 public:
  // `name`: of the thread, as the kernel shows it.
  explicit LoopThread(std::string name);
  // As stop(), but what the thread threw is printed.
  ~LoopThread();
  LoopThread(const LoopThread&) = delete;
  LoopThread& operator=(const LoopThread&) = delete;

  // To be used in the thread only.
  [[nodiscard]] Poller& poller() noexcept { return poller_; }
  // From now on `part` is advanced after each turn. It must live until stop(). In the thread only.
  void drive(Driven& part) { turns_.add(part); }
  // Runs `task` in the thread and returns when it is done; throws what it throws, or what has ended
  // the thread. After stop(), or in the thread itself, it runs at once.
  void call(const std::function<void()>& task);
  // Waits until `holds`, asked in the thread, is true, or until the thread has ended; throws what
  // has ended it.
  void wait_until(const std::function<bool()>& holds);
  // Ends the thread. Throws what ended it early, once.
  void stop();

 private:
  class Waker final : public Pollable {
   public:
    Waker();
    ~Waker() override;
    void wake() const noexcept;
    void ready(std::uint32_t events) override;
    [[nodiscard]] int fd() const noexcept { return fd_; }

   private:
    int fd_;
  };
  struct Call {
    const std::function<void()>* task;
    std::exception_ptr thrown;
    bool done = false;
  };

  void run();
  [[nodiscard]] bool do_calls();

  Poller poller_;
  Waker waker_;
  Turns turns_{poller_};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Call*> calls_;  // to be done; each lives until it is
  bool stopping_ = false;
  bool ended_ = false;
  std::exception_ptr failure_;
  std::thread thread_;
};

}  // namespace gateway::test
