#include "support/sample_payloads.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "events/record_splitter.hpp"
#include "support/padded.hpp"

namespace gateway::test {

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path.string());
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<std::pair<std::string, std::string>> sample_payloads() {
  std::vector<std::pair<std::string, std::string>> payloads;
  for (const auto& entry : std::filesystem::directory_iterator(COS_GATEWAY_TEST_DATA)) {
    if (entry.path().extension() != ".json") continue;
    payloads.emplace_back(entry.path().filename().string(), read_file(entry.path()));
  }
  std::sort(payloads.begin(), payloads.end());
  return payloads;
}

std::vector<std::pair<std::string, std::string>> sample_records() {
  std::vector<std::pair<std::string, std::string>> records;
  events::RecordSplitter splitter;
  for (const auto& [name, payload] : sample_payloads()) {
    Padded body(payload);
    const auto spans = splitter.split(body.data(), body.size());
    if (!spans || spans->empty()) throw std::runtime_error("no records in " + name);
    records.emplace_back(name, body.view().substr(spans->front().offset, spans->front().length));
  }
  return records;
}

}  // namespace gateway::test
