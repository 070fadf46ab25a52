#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace gateway::test {

// A COS trigger record in the shape the platform sends, for object `key` ("a/b.txt", any UTF-8;
// escaped as JSON needs it). About 900 bytes with a short key.
[[nodiscard]] std::string cos_record(std::string_view key);

// {"Records":[...]} of ready-made records, without white space between them.
[[nodiscard]] std::string cos_payload(const std::vector<std::string>& records);
// `count` records with the keys <prefix>0, <prefix>1, ...
[[nodiscard]] std::vector<std::string> cos_records(std::size_t count,
                                                   std::string_view prefix = "object-");
[[nodiscard]] std::string cos_payload(std::size_t count, std::string_view prefix = "object-");

// A file of tests/data; throws std::runtime_error when it cannot be read.
[[nodiscard]] std::string test_data(const std::string& name);

}  // namespace gateway::test
