#pragma once
#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "testkit/child_process.hpp"
#include "testkit/temporary_folder.hpp"

namespace gateway::callgrind {

// Runs a program under callgrind of valgrind, which counts its instructions in user space. The
// program ends with this object.
class Callgrind {
 public:
  // Creates a folder for the files that the program reads and writes. Throws std::runtime_error.
  Callgrind() = default;

  [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_.path(); }

  // Starts the program. `options` are those of callgrind. Standard output and error do not reach
  // the terminal. Throws std::system_error.
  void start(const std::vector<std::string>& options, const std::vector<std::string>& command);
  // Throws std::runtime_error with the output of the program if it has ended.
  void must_run();
  // Waits until the program ends. Throws std::runtime_error with its output if it fails.
  void wait();
  // Sends SIGTERM and waits. Throws std::runtime_error with the output of the program unless it
  // ends within a minute, with status 0 or by that signal.
  void terminate();

  // Return the count of the whole run, and of the n-th dump, starting at 1. To be called after the
  // end.
  [[nodiscard]] double total() const;
  [[nodiscard]] double dump(std::size_t n) const;
  // Returns the text of a file in its folder.
  [[nodiscard]] std::string text(std::string_view name) const;

 private:
  [[noreturn]] void fail(std::string_view what) const;

  test::TemporaryFolder folder_;
  std::unique_ptr<test::ChildProcess> process_;  // it reads from the folder and writes there
};

}  // namespace gateway::callgrind
