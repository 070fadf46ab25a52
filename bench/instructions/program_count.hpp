#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace gateway::instructions {

// A gateway and how it is started. In the words of its command and in its configuration {port}
// stands for where it is to listen and {sink} for where events go, both ports of 127.0.0.1, and
// in the command {config} for the file that holds the configuration.
struct Program {
  std::string name;
  std::vector<std::string> command;
  std::string config;
};

struct Load {
  std::size_t records_per_post = 1;
  unsigned connections = 16;
  std::uint64_t posts = 1000;
};

// Returns the user instructions a gateway takes for one post, counted by callgrind: the difference
// of a run of 2N posts and one of N, which cancels start and stop. Every post must be answered 200.
// How many posts meet in a loop turn varies, so the count repeats within some tenths of a percent.
// Records have 899 bytes. Throws std::runtime_error.
[[nodiscard]] double instructions_per_post(const Program& program, const Load& load);

}  // namespace gateway::instructions
