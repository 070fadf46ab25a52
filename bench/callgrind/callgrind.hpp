#pragma once
#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "testkit/temporary_folder.hpp"
#include "testkit/child_process.hpp"

namespace gateway::callgrind {

// A program run under valgrind's callgrind, which counts its instructions in user space. It does
// not outlive this.
class Callgrind {
 public:
  // With a folder of its own for what the program reads and writes. Throws std::runtime_error.
  Callgrind() = default;

  [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_.path(); }

  // `options` are for callgrind. What the program writes to standard output and error is kept from
  // the terminal. Throws std::system_error.
  void start(const std::vector<std::string>& options, const std::vector<std::string>& command);
  // Throws std::runtime_error, with what it said, if it has ended.
  void must_run();
  // Until it ends by itself. Throws std::runtime_error, with what it said, if it fails.
  void wait();
  // SIGTERM, upon which it must end within a minute, with 0 or by that signal. Throws
  // std::runtime_error, with what it said, if it does not.
  void terminate();

  // After its end: all that was counted; the n-th dump, counted from 1.
  [[nodiscard]] double total() const;
  [[nodiscard]] double dump(std::size_t n) const;
  // The text of a file in its folder.
  [[nodiscard]] std::string text(std::string_view name) const;

 private:
  [[noreturn]] void fail(std::string_view what) const;

  test::TemporaryFolder folder_;
  std::unique_ptr<test::ChildProcess> process_;  // it reads from the folder and writes there
};

}  // namespace gateway::callgrind
