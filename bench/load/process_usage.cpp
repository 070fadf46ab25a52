#include "load/process_usage.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace gateway::load {
namespace {

std::string contents(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Returns the number after `name:` in a status file; 0 if there is none.
std::uint64_t status_field(const std::string& status, std::string_view name) {
  const std::size_t at = status.find(fmt::format("\n{}:", name));
  if (at == std::string::npos) return 0;
  std::istringstream rest(status.substr(at + name.size() + 2, 40));
  std::uint64_t value = 0;
  rest >> value;
  return value;
}

struct SchedStat {
  std::chrono::nanoseconds on_core{0};
  std::chrono::nanoseconds waited{0};
};

SchedStat sched_stat(const std::string& folder) {
  std::istringstream text(contents(folder + "/schedstat"));
  std::int64_t on_core = 0;
  std::int64_t waited = 0;
  text >> on_core >> waited;
  return {std::chrono::nanoseconds(on_core), std::chrono::nanoseconds(waited)};
}

void add_thread(ProcessUsage& usage, const std::string& folder, std::vector<pid_t>& children) {
  const SchedStat sched = sched_stat(folder);
  usage.cpu += sched.on_core;
  usage.waited += sched.waited;
  const std::string status = contents(folder + "/status");
  usage.voluntary_switches += status_field(status, "voluntary_ctxt_switches");
  usage.involuntary_switches += status_field(status, "nonvoluntary_ctxt_switches");
  std::istringstream list(contents(folder + "/children"));
  for (pid_t child = 0; list >> child;) children.push_back(child);
}

void add_process(ProcessUsage& usage, pid_t pid, std::vector<pid_t>& children) {
  const std::string folder = fmt::format("/proc/{}", pid);
  std::error_code gone;  // a process may end while it is looked at
  for (std::filesystem::directory_iterator task(folder + "/task", gone), end; task != end;
       task.increment(gone)) {
    if (gone) break;
    add_thread(usage, task->path().string(), children);
  }
  // The name in parentheses may contain anything; fields 3 and following come after it.
  const std::string stat = contents(folder + "/stat");
  std::istringstream fields(
      stat.substr(stat.rfind(')') == std::string::npos ? stat.size() : stat.rfind(')') + 1));
  std::string skipped;
  for (int field = 3; field < 14; ++field) fields >> skipped;
  std::uint64_t user = 0;
  std::uint64_t system = 0;
  fields >> user >> system;
  usage.user_ticks += user;
  usage.system_ticks += system;
  constexpr std::uint64_t kKilo = 1024;
  const std::string status = contents(folder + "/status");
  usage.resident += status_field(status, "VmRSS") * kKilo;
  usage.peak_resident += status_field(status, "VmHWM") * kKilo;
}

}  // namespace

ProcessUsage usage_of_tree(pid_t root) {
  ProcessUsage usage;
  std::vector<pid_t> pids{root};
  for (std::size_t i = 0; i < pids.size(); ++i) {
    const pid_t pid = pids[i];
    add_process(usage, pid, pids);
  }
  return usage;
}

std::chrono::nanoseconds own_wait() {
  return sched_stat("/proc/thread-self").waited;
}

CpuTime cpu_between(const ProcessUsage& before, const ProcessUsage& after) {
  const auto user = static_cast<double>(after.user_ticks - before.user_ticks);
  const auto system = static_cast<double>(after.system_ticks - before.system_ticks);
  double total = std::chrono::duration<double, std::micro>(after.cpu - before.cpu).count();
  if (total <= 0) total = (user + system) * 1e6 / static_cast<double>(::sysconf(_SC_CLK_TCK));
  const double share = user + system > 0 ? user / (user + system) : 0;
  return {total * share, total * (1 - share)};
}

}  // namespace gateway::load
