#include "cloud/provisioning_history.hpp"

#include <utility>

namespace gateway::cloud {
namespace {

std::string key_of(std::string_view action, std::string_view resource) {
  return std::string(action).append(1, ' ').append(resource);
}

}  // namespace

void ProvisioningHistory::looked(const Found& found) {
  for (auto& [step, looks] : looks_) ++looks;
  if (!found.function) {
    // Everything that was written is gone with the function, except a new one that does not show
    // yet.
    for (const std::string_view gone :
         {"DeleteFunction", "UpdateFunctionCode", "UpdateFunctionConfiguration",
          "UpdateFunctionEventInvokeConfig", "CreateTrigger", "DeleteTrigger",
          "UpdateTriggerStatus"}) {
      forget(gone);
    }
    described_at_code_.reset();
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
  looks_[key_of(action, resource)] = 0;
  if (action == "DeleteFunction") {
    ++deletions_;
  } else if (action == "UpdateFunctionCode" && before.function) {
    described_at_code_ = before.function->description;
    settings_written_ = false;
    updating_ = true;
  } else if (action == "UpdateFunctionConfiguration") {
    settings_written_ = true;
    updating_ = true;
  }
}

void ProvisioningHistory::wrote_elsewhere(std::string_view action, std::string_view resource) {
  looks_[key_of(action, resource)] = 0;
  ++attempts_[key_of(action, resource)];
}

void ProvisioningHistory::refused(std::string_view action, std::string_view resource) {
  ++attempts_[key_of(action, resource)];
}

unsigned ProvisioningHistory::attempts(std::string_view action, std::string_view resource) const {
  const auto it = attempts_.find(key_of(action, resource));
  return it == attempts_.end() ? 0 : it->second;
}

void ProvisioningHistory::noted(std::string_view action, std::string_view resource,
                                std::string answer) {
  answers_[key_of(action, resource)] = std::move(answer);
}

std::string_view ProvisioningHistory::answer_to(std::string_view action,
                                                std::string_view resource) const {
  const auto it = answers_.find(key_of(action, resource));
  return it == answers_.end() ? std::string_view() : std::string_view(it->second);
}

bool ProvisioningHistory::is_settling(std::string_view action, std::string_view resource) const {
  const auto it = looks_.find(key_of(action, resource));
  return it != looks_.end() && it->second < kLooksUntilRepeat;
}

bool ProvisioningHistory::has_written(std::string_view action, std::string_view resource) const {
  return looks_.contains(key_of(action, resource));
}

bool ProvisioningHistory::has_current_code(const FoundFunction& function) const {
  return described_at_code_ && *described_at_code_ == function.description;
}

void ProvisioningHistory::forget(std::string_view action) {
  std::erase_if(looks_, [action](const auto& entry) {
    return entry.first.starts_with(action) && entry.first[action.size()] == ' ';
  });
}

}  // namespace gateway::cloud
