#pragma once
#include <sys/epoll.h>

#include <cstdint>
#include <map>
#include <vector>

namespace gateway::simulation {

class PollSet;

// What a simulated descriptor stands for. It tells the poll sets that watch it whenever something
// has happened, as the kernel wakes those that wait.
class File {
 public:
  File() = default;
  virtual ~File();
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  // Returns what it is ready for, as EPOLLIN and its kin.
  [[nodiscard]] virtual std::uint32_t ready() const = 0;
  // The sets that watch `other` watch this one instead.
  void take_place_of(File& other);
  // No set watches it any more.
  void leave_sets();

 protected:
  void changed();

 private:
  friend class PollSet;
  struct Watch {
    PollSet* set;
    int descriptor;
  };
  std::vector<Watch> watches_;
};

// An epoll set (epoll(7)): edges are reported once for each change, levels as long as they last. A
// set may be watched by another one.
class PollSet final : public File {
 public:
  ~PollSet() override;
  // As epoll_ctl(2). Returns 0 or errno.
  [[nodiscard]] int control(int operation, int descriptor, File& file, const epoll_event* event);
  // As epoll_wait(2) without waiting.
  [[nodiscard]] int wait(epoll_event* into, int most);
  [[nodiscard]] std::uint32_t ready() const override;

 private:
  friend class File;
  struct Item {
    File* file = nullptr;
    epoll_event wanted{};
    bool listed = false;
  };
  [[nodiscard]] static std::uint32_t facts(const Item& item);
  void list(int descriptor);
  void forget(int descriptor);

  std::map<int, Item> items_;
  std::vector<int> listed_;  // in the order in which something happened to them
};

// A counter that wakes a loop (eventfd(2)).
class Wakeup final : public File {
 public:
  [[nodiscard]] std::uint32_t ready() const override {
    return (count_ != 0 ? EPOLLIN : 0U) | EPOLLOUT;
  }
  void add(std::uint64_t number) {
    count_ += number;
    changed();
  }
  [[nodiscard]] std::uint64_t take() {
    const std::uint64_t count = count_;
    count_ = 0;
    return count;
  }

 private:
  std::uint64_t count_ = 0;
};

}  // namespace gateway::simulation
