#include "gateway/config/report.hpp"

#include <fmt/format.h>

namespace gateway::config {
namespace {

constexpr std::size_t kShownOfAName = 200;

// Returns `text` on one line. Names come from the text that is complained about and may contain
// anything.
std::string one_line(const std::string& text) {
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (result.size() >= kShownOfAName && (byte & 0xC0U) != 0x80U) return result + "...";
    if (byte < 0x20 || byte == 0x7F) {
      result += fmt::format("\\x{:02X}", byte);
    } else {
      result += c;
    }
  }
  return result;
}

}  // namespace

std::string Problem::text() const {
  std::string text = one_line(source);
  if (position.line != 0) text += fmt::format(":{}", position.line);
  if (position.line != 0 && position.column != 0) text += fmt::format(":{}", position.column);
  // `--set gateway.listen` already names its key.
  if (!key.empty() && !source.ends_with(" " + key)) {
    if (!text.empty()) text += ": ";
    text += one_line(key);
  }
  if (!text.empty()) text += ": ";
  return text + message;
}

void Report::add(Problem problem) {
  if (problems_.size() < kMaxProblems) {
    problems_.push_back(std::move(problem));
  } else {
    ++left_out_;
  }
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

void Report::missing(const std::string& key, std::string message) {
  misses_keys_ = true;
  problem_with(key, std::move(message));
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
