#include "runtime/journal.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/environment.hpp"

namespace gateway::log {

// systemd says in JOURNAL_STREAM which file the journal reads: "<device>:<inode>".
bool journal_reads_stderr() {
  const std::string_view stream = environment_variable("JOURNAL_STREAM");
  struct stat file{};
  return !stream.empty() && ::fstat(STDERR_FILENO, &file) == 0 &&
         stream == fmt::format("{}:{}", file.st_dev, file.st_ino);
}

std::string_view journal_prefix(Level level) {
  if (!journal_reads_stderr()) return {};
  switch (level) {  // syslog's priorities
    case Level::debug: return "<7>";
    case Level::info: return "<6>";
    case Level::warn: return "<4>";
    case Level::error: break;
  }
  return "<3>";
}

}  // namespace gateway::log
