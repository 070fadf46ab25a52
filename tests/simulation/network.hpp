#pragma once
#include <sys/epoll.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/clock.hpp"
#include "simulation/file.hpp"
#include "simulation/schedule.hpp"
#include "simulation/stream.hpp"

namespace gateway::simulation {

// The kernel of a world, as far as a shard needs one: TCP, epoll, timers and wake-ups, in memory
// and on the world's time. While one lives, the process's system calls on its descriptors come here
// (system_calls.cpp): the code under test is the code that ships, a world needs no real socket, and
// connections can be cut, cut into pieces or forgotten at any byte.
//
// Functions that stand for a system call return its result, or -errno.
class Network {
 public:
  explicit Network(Schedule& schedule);
  ~Network();
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  // Returns the one that lives, or null.
  [[nodiscard]] static Network* current() noexcept { return current_; }
  [[nodiscard]] static bool owns(int descriptor) noexcept { return descriptor >= kFirst; }

  // Makes the way of each new connection.
  void on_connection(std::function<Way(Address to)> make) { make_way_ = std::move(make); }
  // Nothing that is sent to this host arrives, and it answers nothing.
  void silence(std::uint32_t host, bool silent);
  // The connections to addresses that `chosen` says yes to are forgotten on the way, as by a table
  // that is full or was lost.
  void forget_if(const std::function<bool(Address to)>& chosen);
  // What names resolve to.
  std::map<std::string, std::vector<std::uint32_t>, std::less<>> names;

  // Returns when the next timer is due, or the end of time.
  [[nodiscard]] Instant next_timer() const;
  // Wakes those that wait for timers which are due.
  void run_timers();

  [[nodiscard]] int make_poll_set();
  [[nodiscard]] int make_wakeup();
  [[nodiscard]] int make_timer();
  [[nodiscard]] int make_socket();
  [[nodiscard]] int close(int descriptor);
  [[nodiscard]] int control(int set, int operation, int descriptor, const epoll_event* event);
  [[nodiscard]] int wait(int set, epoll_event* into, int most);
  // `at`: of this world's time; nullopt: never.
  void set_timer(int descriptor, std::optional<Instant> at);
  [[nodiscard]] int bind(int descriptor, Address at);
  [[nodiscard]] int listen(int descriptor);
  [[nodiscard]] int accept(int descriptor, Address& peer);
  [[nodiscard]] int connect(int descriptor, Address to);
  [[nodiscard]] Address name_of(int descriptor, bool peer);
  [[nodiscard]] ssize_t receive(int descriptor, std::span<char> into, int flags);
  [[nodiscard]] ssize_t send(int descriptor, std::string_view bytes);
  [[nodiscard]] int shut_down(int descriptor);
  // Returns how many bytes have arrived that nobody has read.
  [[nodiscard]] int unread(int descriptor);
  [[nodiscard]] Stream* stream(int descriptor);
  [[nodiscard]] Instant now() const noexcept { return schedule_.now(); }
  [[nodiscard]] WallInstant wall() const { return schedule_.wall(); }

 private:
  static constexpr int kFirst = 1 << 20;
  class Listener;
  class TimerFile;

  [[nodiscard]] int add(std::shared_ptr<File> file);
  template <class Kind>
  [[nodiscard]] Kind* find(int descriptor);
  [[nodiscard]] std::shared_ptr<Stream> new_stream();
  void arrive(const std::weak_ptr<Stream>& from, Address to);

  static inline constinit Network* current_ = nullptr;

  Schedule& schedule_;
  std::function<Way(Address to)> make_way_ = [](Address) { return Way(); };
  std::map<int, std::shared_ptr<File>> files_;
  std::map<int, Address> bound_;  // sockets that do not listen yet
  std::map<Address, Listener*> listeners_;
  std::set<std::uint32_t> silent_;
  std::vector<TimerFile*> timers_;
  std::vector<std::shared_ptr<Stream>> closed_;  // with something on its way
  int next_ = kFirst;
  std::uint16_t next_port_ = 20'000;
};

}  // namespace gateway::simulation
