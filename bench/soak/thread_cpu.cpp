#include "soak/thread_cpu.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <system_error>

namespace gateway::soak {

std::map<std::string, double> thread_cpu(pid_t process) {
  std::map<std::string, double> all;
  std::error_code error;
  for (const auto& task :
       std::filesystem::directory_iterator(fmt::format("/proc/{}/task", process), error)) {
    std::string name;
    std::getline(std::ifstream(task.path() / "comm"), name);
    double nanoseconds = 0;
    std::ifstream(task.path() / "schedstat") >> nanoseconds;
    all[name] += nanoseconds / 1e9;
  }
  return all;
}

double core_wait(pid_t process) {
  double all = 0;
  std::error_code error;
  for (const auto& task :
       std::filesystem::directory_iterator(fmt::format("/proc/{}/task", process), error)) {
    double run = 0;
    double waited = 0;
    std::ifstream(task.path() / "schedstat") >> run >> waited;
    all += waited / 1e9;
  }
  return all;
}

std::uint64_t device_bytes(pid_t process) {
  std::ifstream file(fmt::format("/proc/{}/io", process));
  std::string name;
  std::uint64_t value = 0;
  while (file >> name >> value) {
    if (name == "write_bytes:") return value;
  }
  return 0;
}

}  // namespace gateway::soak
