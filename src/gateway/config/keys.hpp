#pragma once
#include "gateway/config/schema.hpp"
#include "gateway/config/settings.hpp"

namespace gateway::config {

// The whole configuration as one Section bound to `settings`.
class Keys {
 public:
  // What `settings` holds now are the defaults. `settings` must outlive this.
  explicit Keys(Settings& settings);
  Keys(const Keys&) = delete;
  Keys& operator=(const Keys&) = delete;

  [[nodiscard]] Section& root() noexcept { return root_; }

  // After reading: moves to `settings` what has no variable of its own there. `code_given`: a
  // `function.code` stands in one of the sources, be it empty.
  void finish(bool code_given);

 private:
  Settings& settings_;
  FunctionCode code_;  // the optional section needs a place before it is known to be given
  bool code_given_ = false;
  Section root_;
};

}  // namespace gateway::config
