#include "gateway/config/report.hpp"

#include <fmt/format.h>

namespace gateway::config {

void Report::add(Problem problem) {
  if (problems_.size() < kMaxProblems) {
    problems_.push_back(std::move(problem));
  } else {
    ++left_out_;
  }
}

void Report::problem(const Position& position, std::string key, std::string message) {
  add({source_, position, std::move(key), std::move(message)});
}

void Report::warning(const Position& position, std::string key, std::string message) {
  if (warnings_.size() == kMaxProblems) return;
  warnings_.push_back({source_, position, std::move(key), std::move(message)});
}

Report::Where Report::where(const std::string& key) const {
  const auto found = given_.find(key);
  return found == given_.end() ? Where{main_source_, {}} : found->second;
}

void Report::problem_with(const std::string& key, std::string message) {
  auto [source, position] = where(key);
  add({std::move(source), position, key, std::move(message)});
}

void Report::warning_about(const std::string& key, std::string message) {
  auto [source, position] = where(key);
  warnings_.push_back({std::move(source), position, key, std::move(message)});
}

void Report::gave(const std::string& key, const Position& position) {
  given_[key] = {source_, position};
  bad_.erase(key);
}

void Report::gave_bad(const std::string& key, const Position& position) {
  given_[key] = {source_, position};
  bad_.insert(key);
}

std::vector<Problem> Report::take_problems() {
  if (left_out_ != 0) {
    problems_.push_back({"", {}, "", fmt::format("{} more problems are not shown", left_out_)});
  }
  return std::move(problems_);
}

}  // namespace gateway::config
