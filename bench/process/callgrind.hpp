#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "testkit/temporary_folder.hpp"

namespace gateway::bench {

// Runs a program under callgrind of valgrind, which counts its instructions in user space.
class Callgrind {
 public:
  // Returns the words that run the command behind them under callgrind, with these options of it.
  [[nodiscard]] std::vector<std::string> words(const std::vector<std::string>& options = {}) const;
  // Runs a command to its end. Standard output and error do not reach the terminal. Throws
  // std::runtime_error with its output if it fails.
  void run(const std::vector<std::string>& options, const std::vector<std::string>& command) const;

  // Return the count of the whole run, and of the n-th dump, starting at 1. To be called after the
  // end. Throw std::runtime_error if there is none.
  [[nodiscard]] double total() const;
  [[nodiscard]] double dump(std::size_t n) const;

  // Returns the path of a file that lives as long as this.
  [[nodiscard]] std::string file(const std::string& name) const { return folder_.file(name); }

 private:
  test::TemporaryFolder folder_;
};

}  // namespace gateway::bench
