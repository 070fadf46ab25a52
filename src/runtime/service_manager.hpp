#pragma once
#include <string>
#include <string_view>

#include "runtime/descriptor.hpp"

namespace gateway {

// Tells the service manager that started this process, as systemd with Type=notify, how the process
// fares: a datagram for each message to the socket that NOTIFY_SOCKET names (sd_notify(3)). Without
// a manager all of it does nothing. Any thread.
class ServiceManager {
 public:
  // Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID of the environment.
  [[nodiscard]] static ServiceManager of_environment();
  // `socket`: a path, or "@" and a name of the abstract namespace; empty: there is no manager.
  explicit ServiceManager(std::string_view socket, bool watched);

  // Whether there is a manager that can be reached.
  [[nodiscard]] bool there() const noexcept { return address_.size() > 1; }
  // What the process does has begun; it ends.
  void ready() const noexcept { tell("READY=1"); }
  void stopping() const noexcept { tell("STOPPING=1"); }
  // The process is alive. A watched one is ended and started anew where this does not come.
  void alive() const noexcept {
    if (watched_) tell("WATCHDOG=1");
  }
  // One line for people, as `systemctl status` shows it.
  void status(std::string_view line) const;

 private:
  void tell(std::string_view message) const noexcept;

  std::string address_;  // as sockaddr_un has it: an abstract name begins with NUL
  bool watched_ = false;
  Descriptor socket_;
};

}  // namespace gateway
