#include "gateway/observe/process_usage.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <system_error>

namespace gateway::observe {
namespace {

std::string content_of(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::uint64_t open_fds() {
  std::error_code error;
  std::filesystem::directory_iterator entry("/proc/self/fd", error);
  if (error) return 0;
  const auto count = std::distance(entry, std::filesystem::directory_iterator());
  return count > 0 ? static_cast<std::uint64_t>(count) - 1 : 0;  // one is the listing's own
}

// proc(5): field 22 of /proc/self/stat is the start in clock ticks since boot; field 2, the name of
// the program in parentheses, may contain blanks. `btime` of /proc/stat is the time of boot.
double start_time() {
  const std::string stat = content_of("/proc/self/stat");
  const std::size_t name_end = stat.rfind(')');
  if (name_end == std::string::npos) return 0;
  std::istringstream fields(stat.substr(name_end + 1));
  std::string field;
  for (int number = 3; number <= 22; ++number) fields >> field;
  std::istringstream boot(content_of("/proc/stat"));
  std::string word;
  std::uint64_t booted = 0;
  while (boot >> word) {
    if (word == "btime" && boot >> booted) break;
  }
  std::uint64_t ticks = 0;
  std::istringstream(field) >> ticks;
  const auto per_second = static_cast<double>(::sysconf(_SC_CLK_TCK));
  return static_cast<double>(booted) + static_cast<double>(ticks) / per_second;
}

std::uint64_t resident_bytes() {
  std::istringstream statm(content_of("/proc/self/statm"));
  std::uint64_t total = 0;
  std::uint64_t resident = 0;
  statm >> total >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

}  // namespace

ProcessUsage read_process_usage() {
  ProcessUsage usage;
  usage.open_fds = open_fds();
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) usage.max_fds = limit.rlim_cur;
  usage.resident_bytes = resident_bytes();
  usage.started = start_time();
  rusage used{};
  if (::getrusage(RUSAGE_SELF, &used) == 0) {
    usage.cpu_seconds = seconds(used.ru_utime) + seconds(used.ru_stime);
  }
  return usage;
}

}  // namespace gateway::observe
