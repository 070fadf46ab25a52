#include "testkit/process_usage.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <sstream>
#include <string_view>
#include <system_error>
#include <vector>

#include "testkit/text_file.hpp"

namespace gateway::test {
namespace {

constexpr std::uint64_t kKilo = 1024;

// Returns the number after `name:` on a line of its own; 0 if there is none.
std::uint64_t field(const std::string& text, std::string_view name) {
  const std::size_t at = text.find(fmt::format("\n{}:", name));
  if (at == std::string::npos) return 0;
  std::istringstream rest(text.substr(at + name.size() + 2, 40));
  std::uint64_t value = 0;
  rest >> value;
  return value;
}

std::string of_process(pid_t process, std::string_view file) {
  return read_text(fmt::format("/proc/{}/{}", process, file));
}

// Returns the time of one thread, whose folder of /proc this is.
CoreTime time_of(const std::string& thread) {
  std::istringstream text(read_text(thread + "/schedstat"));
  std::int64_t used = 0;
  std::int64_t waited = 0;
  text >> used >> waited;
  return {std::chrono::nanoseconds(used), std::chrono::nanoseconds(waited)};
}

// Calls `visit` with the folder of each thread.
template <class Visit>
void for_each_thread(pid_t process, const Visit& visit) {
  std::error_code gone;  // a process may end while it is looked at
  const auto folder = fmt::format("/proc/{}/task", process);
  for (std::filesystem::directory_iterator task(folder, gone), end; !gone && task != end;
       task.increment(gone)) {
    visit(task->path().string());
  }
}

}  // namespace

CoreTime core_time(pid_t process) {
  CoreTime sum;
  for_each_thread(process, [&](const std::string& folder) { sum += time_of(folder); });
  return sum;
}

CoreTime own_core_time() {
  return time_of("/proc/thread-self");
}

std::map<std::string, double> thread_cpu(pid_t process) {
  std::map<std::string, double> all;
  for_each_thread(process, [&](const std::string& folder) {
    std::string name = read_text(folder + "/comm");
    if (name.ends_with('\n')) name.pop_back();
    all[name] += std::chrono::duration<double>(time_of(folder).used).count();
  });
  return all;
}

std::uint64_t resident_bytes(pid_t process) {
  return field(of_process(process, "status"), "VmRSS") * kKilo;
}

std::uint64_t device_bytes(pid_t process) {
  return field(of_process(process, "io"), "write_bytes");
}

ProcessUsage usage_of_tree(pid_t root) {
  ProcessUsage usage;
  std::vector<pid_t> pids{root};
  for (std::size_t i = 0; i < pids.size(); ++i) {
    const pid_t pid = pids[i];
    for_each_thread(pid, [&](const std::string& folder) {
      usage.cores += time_of(folder);
      const std::string status = read_text(folder + "/status");
      usage.voluntary_switches += field(status, "voluntary_ctxt_switches");
      usage.involuntary_switches += field(status, "nonvoluntary_ctxt_switches");
      std::istringstream children(read_text(folder + "/children"));
      for (pid_t child = 0; children >> child;) pids.push_back(child);
    });
    // The name in parentheses may contain anything; fields 3 and following come after it. Of a
    // process that is gone there is no text at all.
    const std::string stat = of_process(pid, "stat");
    std::istringstream fields(stat.substr(stat.rfind(')') + 1));
    std::string skipped;
    for (int field = 3; field < 14; ++field) fields >> skipped;
    std::uint64_t user = 0;
    std::uint64_t system = 0;
    fields >> user >> system;
    usage.user_ticks += user;
    usage.system_ticks += system;
    const std::string status = of_process(pid, "status");
    usage.resident += field(status, "VmRSS") * kKilo;
    usage.peak_resident += field(status, "VmHWM") * kKilo;
  }
  return usage;
}

CpuTime cpu_between(const ProcessUsage& before, const ProcessUsage& after) {
  const auto user = static_cast<double>(after.user_ticks - before.user_ticks);
  const auto system = static_cast<double>(after.system_ticks - before.system_ticks);
  double total =
      std::chrono::duration<double, std::micro>(after.cores.used - before.cores.used).count();
  if (total <= 0) total = (user + system) * 1e6 / static_cast<double>(::sysconf(_SC_CLK_TCK));
  const double share = user + system > 0 ? user / (user + system) : 0;
  return {total * share, total * (1 - share)};
}

}  // namespace gateway::test
