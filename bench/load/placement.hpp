#pragma once
#include <vector>

namespace gateway::load {

// Binds this thread to the first core while it lives, if there is another core for the gateway.
class Placement {
 public:
  explicit Placement(bool pin);
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

}  // namespace gateway::load
