#include "process/callgrind.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <stdexcept>
#include <utility>

#include "testkit/child_process.hpp"
#include "testkit/text_file.hpp"

namespace gateway::bench {
namespace {

constexpr auto kProfile = "profile";
constexpr auto kLog = "log";

// Returns the number after `label` on the line of `text` that contains it.
double number_behind(std::string_view label, const std::string& text) {
  const auto at = text.find(label);
  if (at == std::string::npos) {
    throw std::runtime_error(fmt::format("callgrind wrote no \"{}\"", label));
  }
  return std::strtod(text.c_str() + at + label.size(), nullptr);
}

}  // namespace

std::vector<std::string> Callgrind::words(const std::vector<std::string>& options) const {
  std::vector<std::string> words{"valgrind", "--tool=callgrind",
                                 "--callgrind-out-file=" + file(kProfile),
                                 "--log-file=" + file(kLog)};
  words.insert(words.end(), options.begin(), options.end());
  return words;
}

void Callgrind::run(const std::vector<std::string>& options,
                    const std::vector<std::string>& command) const {
  std::vector<std::string> all = words(options);
  all.insert(all.end(), command.begin(), command.end());
  test::ChildProcess process(std::move(all), file("output"));
  process.start();
  const auto code = process.wait();
  if (code == test::ChildProcess::kCannotRun) {
    throw std::runtime_error("valgrind cannot be started: is it installed?");
  }
  if (code == 0) return;
  throw std::runtime_error("the program under valgrind failed:\n" +
                           test::read_text(file("output")) + test::read_text(file(kLog)));
}

double Callgrind::total() const {
  return number_behind("Collected :", test::read_text(file(kLog)));
}

double Callgrind::dump(std::size_t n) const {
  return number_behind("\ntotals: ", test::read_text(fmt::format("{}.{}", file(kProfile), n)));
}

}  // namespace gateway::bench
