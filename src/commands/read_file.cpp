#include "commands/read_file.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <system_error>

#include "runtime/standard_streams.hpp"

namespace gateway::commands {

std::optional<std::string> read_file(const std::string& path, std::size_t most) {
  std::FILE* const input = path == "-" ? stdin : std::fopen(path.c_str(), "rb");
  std::string text;
  bool good = input != nullptr;
  if (good) {
    std::array<char, std::size_t{64} << 10> block;
    while (text.size() <= most) {
      const std::size_t size = std::fread(block.data(), 1, block.size(), input);
      if (size == 0) break;
      text.append(block.data(), size);
    }
    good = std::ferror(input) == 0;
  }
  const int error = errno;
  if (input != nullptr && input != stdin) std::fclose(input);
  if (good) return text;
  print_error("error: cannot read {}: {}\n", path, std::generic_category().message(error));
  return std::nullopt;
}

}  // namespace gateway::commands
