#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace gateway::instructions {

// A gateway and the command that starts it. In the command and in the configuration, {port} stands
// for the port to listen on and {sink} for the port to send events to, both of 127.0.0.1; in the
// command, {config} stands for the file with the configuration.
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

// Returns the user instructions of a gateway per post, counted by callgrind: the difference between
// a run of 2N posts and one of N, which cancels start and stop. Every post must be answered 200.
// The number of posts that meet in a loop turn varies, so that the count repeats within some tenths
// of a percent. Records have 899 bytes. Throws std::runtime_error.
[[nodiscard]] double instructions_per_post(const Program& program, const Load& load);

}  // namespace gateway::instructions
