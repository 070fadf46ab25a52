#pragma once
#include <fmt/format.h>

#include <cstddef>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "testkit/child_process.hpp"
#include "testkit/temporary_folder.hpp"
#include "testkit/text_file.hpp"

namespace gateway::bench {

// Runs a program under callgrind of valgrind, which counts its instructions in user space.
class Callgrind {
 public:
  // Returns the words that run the command behind them under callgrind, with these options of it.
  [[nodiscard]] std::vector<std::string> words(const std::vector<std::string>& options = {}) const {
    std::vector<std::string> words{"valgrind", "--tool=callgrind",
                                   "--callgrind-out-file=" + file(kProfile),
                                   "--log-file=" + file(kLog)};
    words.insert(words.end(), options.begin(), options.end());
    return words;
  }
  // Runs a command to its end. Standard output and error do not reach the terminal. Throws
  // std::runtime_error with its output if it fails.
  void run(const std::vector<std::string>& options, const std::vector<std::string>& command) const {
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

  // Return the count of the whole run, and of the n-th dump, starting at 1. To be called after the
  // end. Throw std::runtime_error if there is none.
  [[nodiscard]] double total() const {
    return number_behind("Collected :", test::read_text(file(kLog)));
  }
  [[nodiscard]] double dump(std::size_t n) const {
    return number_behind("\ntotals: ", test::read_text(fmt::format("{}.{}", file(kProfile), n)));
  }

  // Returns the path of a file that lives as long as this.
  [[nodiscard]] std::string file(const std::string& name) const { return folder_.file(name); }

 private:
  static constexpr auto kProfile = "profile";
  static constexpr auto kLog = "log";

  // Returns the number after `label` on the line of `text` that contains it.
  static double number_behind(std::string_view label, const std::string& text) {
    const auto at = text.find(label);
    if (at == std::string::npos) {
      throw std::runtime_error(fmt::format("callgrind wrote no \"{}\"", label));
    }
    return std::strtod(text.c_str() + at + label.size(), nullptr);
  }

  test::TemporaryFolder folder_;
};

}  // namespace gateway::bench
