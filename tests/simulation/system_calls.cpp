// The system calls of this program: those on descriptors of a world go to its network
// (network.hpp), all others to the system. The program's definitions come before those of the C
// library, for the code under test and for the libraries it uses.
#undef _FORTIFY_SOURCE  // whose inline definitions have the same names
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdarg>
#include <cstring>
#include <ctime>
#include <string>

#include "simulation/network.hpp"
#include "support/allocation_counter.hpp"

namespace {

using gateway::simulation::Address;
using gateway::simulation::Network;
// What the simulated kernel needs is not the gateway's.
using NotTheGateway = gateway::test::AllocationCounter::ExcludeThread;

// Returns the world's network if the descriptor is one of its own.
Network* network_of(int descriptor) {
  return Network::owns(descriptor) ? Network::current() : nullptr;
}

// Returns as a system call does: -1, with errno, for an error.
template <class Result>
Result returned(Result result) {
  if (result >= 0) return result;
  errno = static_cast<int>(-result);
  return -1;
}

Address address_in(const sockaddr* from) {
  sockaddr_in in{};
  std::memcpy(&in, from, sizeof in);
  return {ntohl(in.sin_addr.s_addr), ntohs(in.sin_port)};
}

sockaddr_in socket_address(Address address) {
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_addr.s_addr = htonl(address.host);
  in.sin_port = htons(address.port);
  return in;
}

void tell(Address address, sockaddr* into, socklen_t* size) {
  if (into == nullptr) return;
  const sockaddr_in in = socket_address(address);
  std::memcpy(into, &in, std::min<std::size_t>(*size, sizeof in));
  *size = sizeof in;
}

template <class Value>
int tell_option(const Value& value, void* into, socklen_t* size) {
  std::memcpy(into, &value, std::min<std::size_t>(*size, sizeof value));
  *size = std::min<socklen_t>(*size, sizeof value);
  return 0;
}

}  // namespace

extern "C" {
// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming): names of the C library

int socket(int family, int type, int protocol) {
  Network* const network = Network::current();
  if (network == nullptr) return static_cast<int>(syscall(SYS_socket, family, type, protocol));
  const NotTheGateway not_the_gateway;
  return network->make_socket();
}

int bind(int descriptor, const sockaddr* address, socklen_t size) {
  Network* const network = network_of(descriptor);
  if (network == nullptr) return static_cast<int>(syscall(SYS_bind, descriptor, address, size));
  const NotTheGateway not_the_gateway;
  return returned(network->bind(descriptor, address_in(address)));
}

int listen(int descriptor, int backlog) {
  Network* const network = network_of(descriptor);
  if (network == nullptr) return static_cast<int>(syscall(SYS_listen, descriptor, backlog));
  const NotTheGateway not_the_gateway;
  return returned(network->listen(descriptor));
}

int accept4(int descriptor, sockaddr* address, socklen_t* size, int flags) {
  Network* const network = network_of(descriptor);
  if (network == nullptr) {
    return static_cast<int>(syscall(SYS_accept4, descriptor, address, size, flags));
  }
  const NotTheGateway not_the_gateway;
  Address peer;
  const int accepted = network->accept(descriptor, peer);
  if (accepted >= 0) tell(peer, address, size);
  return returned(accepted);
}

int connect(int descriptor, const sockaddr* address, socklen_t size) {
  Network* const network = network_of(descriptor);
  if (network == nullptr) return static_cast<int>(syscall(SYS_connect, descriptor, address, size));
  const NotTheGateway not_the_gateway;
  return returned(network->connect(descriptor, address_in(address)));
}

int getsockname(int descriptor, sockaddr* address, socklen_t* size) {
  Network* const network = network_of(descriptor);
  if (network == nullptr) {
    return static_cast<int>(syscall(SYS_getsockname, descriptor, address, size));
  }
  tell(network->name_of(descriptor, false), address, size);
  return 0;
}

int getpeername(int descriptor, sockaddr* address, socklen_t* size) {
  Network* const network = network_of(descriptor);
  if (network == nullptr) {
    return static_cast<int>(syscall(SYS_getpeername, descriptor, address, size));
  }
  tell(network->name_of(descriptor, true), address, size);
  return 0;
}

int setsockopt(int descriptor, int level, int name, const void* value, socklen_t size) {
  Network* const network = network_of(descriptor);
  if (network == nullptr) {
    return static_cast<int>(syscall(SYS_setsockopt, descriptor, level, name, value, size));
  }
  auto* const stream = network->stream(descriptor);
  if (stream == nullptr) return 0;
  if (level == SOL_SOCKET && name == SO_LINGER) {
    linger how{};
    std::memcpy(&how, value, sizeof how);
    stream->resets_at_close = how.l_onoff != 0 && how.l_linger == 0;
  } else if (level == IPPROTO_TCP && name == TCP_USER_TIMEOUT) {
    int most = 0;
    std::memcpy(&most, value, sizeof most);
    stream->gives_up = std::chrono::milliseconds(most);
  }
  return 0;
}

int getsockopt(int descriptor, int level, int name, void* value, socklen_t* size) {
  Network* const network = network_of(descriptor);
  if (network == nullptr) {
    return static_cast<int>(syscall(SYS_getsockopt, descriptor, level, name, value, size));
  }
  auto* const stream = network->stream(descriptor);
  if (level == IPPROTO_TCP && name == TCP_INFO && stream != nullptr) {
    return tell_option(stream->facts(network->now()), value, size);
  }
  const bool error = level == SOL_SOCKET && name == SO_ERROR && stream != nullptr;
  return tell_option(error ? stream->take_error() : 0, value, size);
}

ssize_t recv(int descriptor, void* into, size_t size, int flags) {
  Network* const network = network_of(descriptor);
  if (network == nullptr) {
    return syscall(SYS_recvfrom, descriptor, into, size, flags, nullptr, nullptr);
  }
  const NotTheGateway not_the_gateway;
  return returned(network->receive(descriptor, {static_cast<char*>(into), size}, flags));
}
ssize_t __recv_chk(int descriptor, void* into, size_t size, size_t /*room*/, int flags) {
  return recv(descriptor, into, size, flags);
}

ssize_t read(int descriptor, void* into, size_t size) {
  Network* const network = network_of(descriptor);
  if (network == nullptr) return syscall(SYS_read, descriptor, into, size);
  const NotTheGateway not_the_gateway;
  return returned(network->receive(descriptor, {static_cast<char*>(into), size}, 0));
}
ssize_t __read_chk(int descriptor, void* into, size_t size, size_t /*room*/) {
  return read(descriptor, into, size);
}

ssize_t send(int descriptor, const void* bytes, size_t size, int flags) {
  Network* const network = network_of(descriptor);
  if (network == nullptr) {
    return syscall(SYS_sendto, descriptor, bytes, size, flags, nullptr, 0);
  }
  const NotTheGateway not_the_gateway;
  return returned(network->send(descriptor, {static_cast<const char*>(bytes), size}));
}

ssize_t write(int descriptor, const void* bytes, size_t size) {
  Network* const network = network_of(descriptor);
  if (network == nullptr) return syscall(SYS_write, descriptor, bytes, size);
  const NotTheGateway not_the_gateway;
  return returned(network->send(descriptor, {static_cast<const char*>(bytes), size}));
}

ssize_t sendmsg(int descriptor, const msghdr* message, int flags) {
  Network* const network = network_of(descriptor);
  if (network == nullptr) return syscall(SYS_sendmsg, descriptor, message, flags);
  const NotTheGateway not_the_gateway;
  std::string bytes;
  for (size_t i = 0; i < message->msg_iovlen; ++i) {
    bytes.append(static_cast<const char*>(message->msg_iov[i].iov_base),
                 message->msg_iov[i].iov_len);
  }
  return returned(network->send(descriptor, bytes));
}

int shutdown(int descriptor, int how) {
  Network* const network = network_of(descriptor);
  if (network == nullptr) return static_cast<int>(syscall(SYS_shutdown, descriptor, how));
  const NotTheGateway not_the_gateway;
  return returned(network->shut_down(descriptor));
}

int close(int descriptor) {
  if (!Network::owns(descriptor)) return static_cast<int>(syscall(SYS_close, descriptor));
  const NotTheGateway not_the_gateway;
  Network* const network = Network::current();
  return network == nullptr ? 0 : returned(network->close(descriptor));
}

int ioctl(int descriptor, unsigned long request, ...) {
  va_list rest;
  va_start(rest, request);
  void* const argument = va_arg(rest, void*);
  va_end(rest);
  if (Network::owns(descriptor)) {
    Network* const network = request == FIONREAD ? network_of(descriptor) : nullptr;
    if (network != nullptr) *static_cast<int*>(argument) = network->unread(descriptor);
    return 0;
  }
  return static_cast<int>(syscall(SYS_ioctl, descriptor, request, argument));
}

int epoll_create1(int flags) {
  Network* const network = Network::current();
  if (network == nullptr) return static_cast<int>(syscall(SYS_epoll_create1, flags));
  const NotTheGateway not_the_gateway;
  return network->make_poll_set();
}

int epoll_ctl(int set, int operation, int descriptor, epoll_event* event) {
  Network* const network = network_of(set);
  if (network == nullptr) {
    return Network::owns(set)
               ? 0
               : static_cast<int>(syscall(SYS_epoll_ctl, set, operation, descriptor, event));
  }
  const NotTheGateway not_the_gateway;
  return returned(network->control(set, operation, descriptor, event));
}

int epoll_wait(int set, epoll_event* into, int most, int timeout) {
  Network* const network = network_of(set);
  if (network == nullptr) {
    return static_cast<int>(syscall(SYS_epoll_pwait, set, into, most, timeout, nullptr, 0));
  }
  const NotTheGateway not_the_gateway;
  return returned(network->wait(set, into, most));
}

int eventfd(unsigned int count, int flags) {
  Network* const network = Network::current();
  if (network == nullptr) return static_cast<int>(syscall(SYS_eventfd2, count, flags));
  const NotTheGateway not_the_gateway;
  return network->make_wakeup();
}

int clock_gettime(clockid_t clock, timespec* time) {
  Network* const network = Network::current();
  const bool wall = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
  const bool steady = clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_COARSE;
  if (network == nullptr || (!wall && !steady)) {
    return static_cast<int>(syscall(SYS_clock_gettime, clock, time));
  }
  const std::chrono::nanoseconds since =
      wall ? network->wall().time_since_epoch() : network->now().time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
  time->tv_sec = seconds.count();
  time->tv_nsec = (since - seconds).count();
  return 0;
}

int timerfd_create(int clock, int flags) {
  Network* const network = Network::current();
  if (network == nullptr) return static_cast<int>(syscall(SYS_timerfd_create, clock, flags));
  const NotTheGateway not_the_gateway;
  return network->make_timer();
}

int timerfd_settime(int descriptor, int flags, const itimerspec* at, itimerspec* before) {
  Network* const network = network_of(descriptor);
  if (network == nullptr) {
    return static_cast<int>(syscall(SYS_timerfd_settime, descriptor, flags, at, before));
  }
  const NotTheGateway not_the_gateway;
  const auto wait =
      std::chrono::seconds(at->it_value.tv_sec) + std::chrono::nanoseconds(at->it_value.tv_nsec);
  if (wait == wait.zero()) {
    network->set_timer(descriptor, std::nullopt);
  } else {
    // An absolute time stands for the past: Asio uses it for a timer that is due.
    const bool due = (flags & TFD_TIMER_ABSTIME) != 0;
    network->set_timer(descriptor, due ? network->now() : network->now() + wait);
  }
  return 0;
}

int getaddrinfo(const char* name, const char* /*service*/, const addrinfo* /*hints*/,
                addrinfo** list) {
  *list = nullptr;
  Network* const network = Network::current();
  if (network == nullptr) return EAI_AGAIN;
  const NotTheGateway not_the_gateway;
  const auto found = network->names.find(name);
  if (found == network->names.end()) return EAI_NONAME;
  const auto& hosts = found->second;
  for (auto host = hosts.rbegin(); host != hosts.rend(); ++host) {
    auto* const entry = new addrinfo{};
    entry->ai_family = AF_INET;
    entry->ai_addrlen = sizeof(sockaddr_in);
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): as sockets are
    entry->ai_addr = reinterpret_cast<sockaddr*>(new sockaddr_in(socket_address({*host, 0})));
    entry->ai_next = *list;
    *list = entry;
  }
  return 0;
}

void freeaddrinfo(addrinfo* list) {
  const NotTheGateway not_the_gateway;
  while (list != nullptr) {
    addrinfo* const next = list->ai_next;
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): as it was made
    delete reinterpret_cast<sockaddr_in*>(list->ai_addr);
    delete list;
    list = next;
  }
}

// A world has one thread: what another one would do, e.g. look a name up, is done at once.
int pthread_create(pthread_t* thread, const pthread_attr_t* /*attributes*/, void* (*run)(void*),
                   void* argument) {
  const NotTheGateway not_the_gateway;
  *thread = 1;
  run(argument);
  return 0;
}
int pthread_detach(pthread_t /*thread*/) {
  return 0;
}

// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)
}
