#pragma once
#include <vector>

namespace gateway::bench {

// What a gateway leaves to load and eventbus when it gets a core of its own.
enum class Rest {
  one_core,  // for a load of one thread
  all_others
};

// Keeps this thread, and the threads that it starts from now on, off the second core while it
// lives, so that a gateway can have that core alone. Does nothing unless `apart`, or if there is
// one core.
class Placement {
 public:
  explicit Placement(bool apart, Rest rest = Rest::one_core);
  ~Placement();
  Placement(const Placement&) = delete;
  Placement& operator=(const Placement&) = delete;

  [[nodiscard]] bool pinned() const noexcept { return pinned_; }
  // Returns the cores that the gateway may run on.
  [[nodiscard]] std::vector<int> for_gateway() const;

 private:
  std::vector<int> before_;
  bool pinned_;
};

}  // namespace gateway::bench
