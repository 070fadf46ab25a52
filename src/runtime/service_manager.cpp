#include "runtime/service_manager.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>

#include "events/terminal_text.hpp"
#include "runtime/environment.hpp"

namespace gateway {

ServiceManager ServiceManager::of_environment() {
  const std::string_view watched = environment_variable("WATCHDOG_PID");
  const bool ours = watched.empty() || watched == std::to_string(::getpid());
  return ServiceManager(environment_variable("NOTIFY_SOCKET"),
                        ours && !environment_variable("WATCHDOG_USEC").empty());
}

ServiceManager::ServiceManager(std::string_view socket, bool watched) : watched_(watched) {
  if (socket.empty() || (socket.front() != '/' && socket.front() != '@')) return;
  if (socket.size() >= sizeof(sockaddr_un::sun_path)) return;
  socket_ = Descriptor(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket_) return;
  address_ = socket;
  if (address_.front() == '@') address_.front() = '\0';
}

void ServiceManager::status(std::string_view line) const {
  if (there()) tell("STATUS=" + events::terminal_text(line));
}

// A manager that does not listen is told in vain: it starts the process anew in its time, and the
// events do not wait for that.
void ServiceManager::tell(std::string_view message) const noexcept {
  if (!there()) return;
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::ranges::copy(address_, to.sun_path);
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
  static_cast<void>(::sendto(socket_.get(), message.data(), message.size(),
                             MSG_DONTWAIT | MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&to),
                             size));
}

}  // namespace gateway
