#pragma once
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace gateway::test {

// Every COS payload under tests/data: file name and content, in the order of the names.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> sample_payloads();

// The first record of each.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> sample_records();

[[nodiscard]] std::string read_file(const std::filesystem::path& path);

}  // namespace gateway::test
