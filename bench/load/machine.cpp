#include "load/machine.hpp"

#include <sys/utsname.h>

#include <chrono>
#include <fstream>
#include <thread>

#include "events/rfc3339.hpp"

namespace gateway::load {

Machine this_machine() {
  Machine machine;
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(": ");
    if (!line.starts_with("model name") || colon == std::string::npos) continue;
    machine.cpu = line.substr(colon + 2);
    break;
  }
  machine.cores = std::thread::hardware_concurrency();
  utsname name{};
  if (::uname(&name) == 0) machine.kernel = name.release;
  if (machine.cpu.empty()) machine.cpu = name.machine;
  return machine;
}

std::string now_text() {
  std::string text(events::kRfc3339Size, '\0');
  events::write_rfc3339(
      std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()), text.data());
  return text;
}

}  // namespace gateway::load
