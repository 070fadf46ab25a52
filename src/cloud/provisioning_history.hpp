#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "cloud/found.hpp"

namespace gateway::cloud {

// A look at the service does not tell everything that a run of provisioning has done: how often
// something failed, and which writes do not show yet. This class remembers that for one run.
class ProvisioningHistory {
 public:
  // How often a function that cannot be created, updated or deleted is deleted and created.
  static constexpr unsigned kDeletions = 3;
  // How many failed updates are tolerated before an operator has to act.
  static constexpr unsigned kFailedUpdates = 2;
  // ListTriggers shows a change late. A write that does not show is repeated after this many looks.
  static constexpr unsigned kLooksUntilRepeat = 8;

  // Notes a complete look.
  void looked(const Found& found);
  // Notes a write that succeeded, or that had been done before. `resource` is the planned step's;
  // `before` is what was found when it was planned.
  void wrote(std::string_view action, std::string_view resource, const Found& before);

  // Notes the service's answer to a write that had been done before, for messages.
  void noted(std::string_view action, std::string_view resource, std::string answer) {
    at(action, resource).answer = std::move(answer);
  }
  // Returns that, or nothing.
  [[nodiscard]] const std::string& answer_to(std::string_view action,
                                             std::string_view resource) const {
    return of(action, resource).answer;
  }
  // The same as wrote() of a write to another function than the wanted one.
  void wrote_elsewhere(std::string_view action, std::string_view resource);
  // Notes that an action was asked for that is there already: there is the right to it.
  void note_asked(std::string_view action) { asked_.emplace(action); }
  [[nodiscard]] bool has_asked(std::string_view action) const {
    return asked_.contains(std::string(action));
  }
  // Notes that a trigger was put back that had been deleted: it may have to go once more.
  void put_back(std::string_view resource) { at("DeleteTrigger", resource).looks.reset(); }
  // Notes that a write was refused that provisioning can do without.
  void refused(std::string_view action, std::string_view resource) {
    ++at(action, resource).attempts;
  }
  // Returns how often a write to another function was carried out or refused.
  [[nodiscard]] unsigned attempts(std::string_view action, std::string_view resource) const {
    return of(action, resource).attempts;
  }

  // Returns whether it was written in this run so recently that it need not show yet.
  [[nodiscard]] bool is_settling(std::string_view action, std::string_view resource) const;
  // Returns whether it was written in this run at all.
  [[nodiscard]] bool has_written(std::string_view action, std::string_view resource) const {
    return of(action, resource).looks.has_value();
  }
  // Returns whether the code was updated in this run and the function has the same description
  // since. The description itself cannot tell, as it is written after the code.
  [[nodiscard]] bool has_current_code(const FoundFunction& function) const;
  // Returns whether an update failed: the description then says nothing about code and settings
  // until both have been written again.
  [[nodiscard]] bool distrusts_mark() const noexcept { return mark_is_stale_; }
  [[nodiscard]] bool has_settings() const noexcept { return settings_written_; }
  // Returns whether the code was updated in this run, and no update failed since.
  [[nodiscard]] bool has_code() const noexcept { return described_at_code_.has_value(); }
  // Notes the description that an update of the settings wrote.
  void described(std::string_view description) { ++descriptions_[std::string(description)]; }
  // Returns how often a description was written.
  [[nodiscard]] unsigned times_described(const std::string& description) const {
    const auto found = descriptions_.find(description);
    return found == descriptions_.end() ? 0 : found->second;
  }
  [[nodiscard]] unsigned deletions() const noexcept { return deletions_; }
  [[nodiscard]] unsigned failed_updates() const noexcept { return failed_updates_; }

 private:
  struct Write {
    std::optional<unsigned> looks;  // since it was done
    unsigned attempts = 0;
    std::string answer;  // that it had been done
  };

  void forget(std::string_view action);
  [[nodiscard]] Write& at(std::string_view action, std::string_view resource);
  [[nodiscard]] const Write& of(std::string_view action, std::string_view resource) const;

  std::map<std::pair<std::string, std::string>, Write> writes_;  // by action and resource
  std::set<std::string> asked_;
  std::optional<std::string> described_at_code_;
  std::optional<std::string> described_at_settings_;
  std::map<std::string, unsigned> descriptions_;  // that were written
  bool settings_written_ = false;
  bool updating_ = false;
  bool mark_is_stale_ = false;
  unsigned failed_updates_ = 0;
  unsigned deletions_ = 0;
};

}  // namespace gateway::cloud
