#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "cloud/found.hpp"

namespace gateway::cloud {

// What one run of provisioning has done so far, as far as a look at the service does not tell: how
// often something failed, and which writes do not show yet.
class ProvisioningHistory {
 public:
  // A delete and create of a function that cannot be created, updated or deleted, in one run.
  static constexpr unsigned kDeletions = 3;
  // A function whose update failed is updated once again.
  static constexpr unsigned kFailedUpdates = 2;
  // ListTriggers shows a change late. A write that does not show is repeated after so many looks.
  static constexpr unsigned kLooksUntilRepeat = 8;

  // After each complete look.
  void looked(const Found& found);
  // A write was answered with success, or by that it had been done before. `resource` is the
  // planned step's; `before` is what was found when it was planned.
  void wrote(std::string_view action, std::string_view resource, const Found& before);

  // It was written in this run, and what it brings about need not show yet.
  [[nodiscard]] bool is_settling(std::string_view action, std::string_view resource) const;
  // It was written in this run, however long ago.
  [[nodiscard]] bool has_written(std::string_view action, std::string_view resource) const;
  // The code was updated in this run, and nobody seems to have written the function since. The
  // description cannot tell: it is written last.
  [[nodiscard]] bool has_current_code(const FoundFunction& function) const;
  // An update failed, so that the description says nothing about code and settings until both are
  // written anew.
  [[nodiscard]] bool distrusts_mark() const noexcept { return mark_is_stale_; }
  [[nodiscard]] bool has_settings() const noexcept { return settings_written_; }
  [[nodiscard]] unsigned deletions() const noexcept { return deletions_; }
  [[nodiscard]] unsigned failed_updates() const noexcept { return failed_updates_; }

 private:
  void forget(std::string_view action);

  std::map<std::string, unsigned> looks_;  // since the write, by action and resource
  std::optional<std::string> described_at_code_;
  bool settings_written_ = false;
  bool updating_ = false;
  bool mark_is_stale_ = false;
  unsigned failed_updates_ = 0;
  unsigned deletions_ = 0;
};

}  // namespace gateway::cloud
