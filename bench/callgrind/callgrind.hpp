#pragma once
#include <sys/types.h>

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "demo/temporary_folder.hpp"

namespace gateway::callgrind {

// A program run under valgrind's callgrind, which counts its instructions in user space. It does
// not outlive this.
class Callgrind {
 public:
  // With a folder of its own for what the program reads and writes. Throws std::runtime_error.
  Callgrind() = default;
  ~Callgrind();
  Callgrind(const Callgrind&) = delete;
  Callgrind& operator=(const Callgrind&) = delete;

  [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_.path(); }

  // `options` are for callgrind. What the program writes to standard output and error is kept from
  // the terminal. Throws std::system_error.
  void start(const std::vector<std::string>& options, const std::vector<std::string>& command);
  // Throws std::runtime_error, with what it said, if it has ended.
  void must_run();
  // Until it ends by itself. Throws std::runtime_error, with what it said, if it fails.
  void wait();
  // SIGTERM, upon which it must end by itself with 0 or by that signal.
  void terminate();

  // After its end: all that was counted; the n-th dump, counted from 1.
  [[nodiscard]] double total() const;
  [[nodiscard]] double dump(std::size_t n) const;
  // The text of a file in its folder.
  [[nodiscard]] std::string text(std::string_view name) const;

 private:
  [[noreturn]] void fail(std::string_view what) const;

  demo::TemporaryFolder folder_;
  pid_t pid_ = -1;
};

}  // namespace gateway::callgrind
