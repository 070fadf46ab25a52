#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gateway {

// Which target the events of a bucket go to, as far as the bucket's name alone says: for admission,
// which knows no more. Reading it allocates nothing; any thread.
class TargetHints {
 public:
  // `targets`: that there are.
  explicit TargetHints(std::size_t targets) noexcept : targets_(targets) {}

  // Records that events of a bucket, "name-appid", go to `target`; it may be one of several.
  void add(std::string bucket, std::size_t target);

  // Returns the target, or the number of targets where the name does not say. A bucket that nothing
  // is known of goes to the top-level target.
  [[nodiscard]] std::size_t of(std::string_view bucket) const noexcept;
  [[nodiscard]] std::size_t unknown() const noexcept { return targets_; }

 private:
  std::size_t targets_;
  std::vector<std::pair<std::string, std::size_t>> buckets_;  // in order of their names
};

}  // namespace gateway
