#include "callgrind/callgrind.hpp"

#include <fmt/format.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <utility>

namespace gateway::callgrind {
namespace {

constexpr auto kProfile = "profile";
constexpr auto kLog = "log";
constexpr auto kOutput = "output";
constexpr int kTerminated = 128 + SIGTERM;
constexpr std::chrono::minutes kStopLimit{1};

// Returns the number after `label` on the line of `text` that contains it.
double number_behind(std::string_view label, const std::string& text) {
  const auto at = text.find(label);
  if (at == std::string::npos) {
    throw std::runtime_error(fmt::format("callgrind wrote no \"{}\"", label));
  }
  return std::strtod(text.c_str() + at + label.size(), nullptr);
}

}  // namespace

void Callgrind::start(const std::vector<std::string>& options,
                      const std::vector<std::string>& command) {
  std::vector<std::string> words{"valgrind", "--tool=callgrind",
                                 "--callgrind-out-file=" + folder_.file(kProfile),
                                 "--log-file=" + folder_.file(kLog)};
  words.insert(words.end(), options.begin(), options.end());
  words.insert(words.end(), command.begin(), command.end());
  process_ = std::make_unique<test::ChildProcess>(std::move(words), folder_.file(kOutput));
  process_->start();
}

void Callgrind::must_run() {
  if (process_->ended()) fail("has ended");
}

void Callgrind::wait() {
  const auto code = process_->wait();
  if (code == test::ChildProcess::kCannotRun) {
    throw std::runtime_error("valgrind cannot be started: is it installed?");
  }
  if (code != 0) fail("failed");
}

void Callgrind::terminate() {
  const auto code = process_->stop(kStopLimit);
  if (!code) fail("does not end");
  if (*code != 0 && *code != kTerminated) fail("failed");
}

double Callgrind::total() const {
  return number_behind("Collected :", text(kLog));
}

double Callgrind::dump(std::size_t n) const {
  return number_behind("\ntotals: ", text(fmt::format("{}.{}", kProfile, n)));
}

std::string Callgrind::text(std::string_view name) const {
  std::ifstream in(folder_.file(std::string(name)));
  return {std::istreambuf_iterator<char>(in), {}};
}

void Callgrind::fail(std::string_view what) const {
  throw std::runtime_error(
      fmt::format("the program under valgrind {}:\n{}{}", what, text(kOutput), text(kLog)));
}

}  // namespace gateway::callgrind
