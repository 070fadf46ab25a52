#include "cloud/provisioning_history.hpp"

namespace gateway::cloud {

void ProvisioningHistory::looked(const Found& found) {
  for (auto& [step, write] : writes_) {
    if (write.looks) ++*write.looks;
  }
  if (!found.function) {
    // Everything that was written is gone with the function, except a new one that does not show
    // yet.
    for (auto& [step, write] : writes_) {
      if (step.first != "CreateFunction") write.looks.reset();
    }
    described_at_code_.reset();
    described_at_settings_.reset();
    descriptions_.clear();
    settings_written_ = false;
    updating_ = false;
    failed_updates_ = 0;
    mark_is_stale_ = false;
    return;
  }
  forget("CreateFunction");
  switch (found.function->phase()) {
    case FunctionPhase::active:
      updating_ = false;
      // Both were written anew since the update that failed.
      if (described_at_code_ && settings_written_) mark_is_stale_ = false;
      // A quick one is over before it is looked at.
      if (described_at_settings_ && *described_at_settings_ != found.function->description) {
        forget("UpdateFunctionConfiguration");
        described_at_settings_.reset();
      }
      break;
    case FunctionPhase::changing:
      forget("DeleteFunction");
      forget("UpdateFunctionCode");
      forget("UpdateFunctionConfiguration");
      break;
    case FunctionPhase::update_failed:
      if (updating_ || failed_updates_ == 0) ++failed_updates_;
      updating_ = false;
      mark_is_stale_ = true;
      described_at_code_.reset();
      settings_written_ = false;
      forget("UpdateFunctionCode");
      forget("UpdateFunctionConfiguration");
      break;
    case FunctionPhase::create_failed:
    case FunctionPhase::delete_failed: break;
  }
}

void ProvisioningHistory::wrote(std::string_view action, std::string_view resource,
                                const Found& before) {
  at(action, resource).looks = 0;
  if (action == "DeleteFunction") {
    ++deletions_;
  } else if (action == "UpdateFunctionCode" && before.function) {
    described_at_code_ = before.function->description;
    settings_written_ = false;
    updating_ = true;
  } else if (action == "UpdateFunctionConfiguration") {
    if (before.function) described_at_settings_ = before.function->description;
    settings_written_ = true;
    updating_ = true;
  }
}

void ProvisioningHistory::wrote_elsewhere(std::string_view action, std::string_view resource) {
  at(action, resource).looks = 0;
  refused(action, resource);
}

bool ProvisioningHistory::is_settling(std::string_view action, std::string_view resource) const {
  const auto looks = of(action, resource).looks;
  return looks && *looks < kLooksUntilRepeat;
}

bool ProvisioningHistory::has_current_code(const FoundFunction& function) const {
  return described_at_code_ && *described_at_code_ == function.description;
}

void ProvisioningHistory::forget(std::string_view action) {
  for (auto& [step, write] : writes_) {
    if (step.first == action) write.looks.reset();
  }
}

ProvisioningHistory::Write& ProvisioningHistory::at(std::string_view action,
                                                    std::string_view resource) {
  return writes_[{std::string(action), std::string(resource)}];
}

const ProvisioningHistory::Write& ProvisioningHistory::of(std::string_view action,
                                                          std::string_view resource) const {
  static const Write kNone;
  const auto found = writes_.find({std::string(action), std::string(resource)});
  return found == writes_.end() ? kNone : found->second;
}

}  // namespace gateway::cloud
