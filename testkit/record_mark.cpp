#include "testkit/record_mark.hpp"

#include <functional>

namespace gateway::test {

std::uint64_t hash_of(std::string_view text) noexcept {
  return std::hash<std::string_view>{}(text);
}

RecordMark RecordMarker::mark(std::string_view data) {
  const events::CosRecord record = reader_.read(data);
  identity_.assign(record.key);
  identity_ += '\0';
  identity_ += record.request_id;
  return {hash_of(identity_), hash_of(data)};
}

}  // namespace gateway::test
