#include "soak/store_reader.hpp"

#include <filesystem>
#include <stdexcept>
#include <utility>

#include "events/cloud_event.hpp"
#include "testkit/record_mark.hpp"

namespace gateway::soak {
namespace {

constexpr std::size_t kRows = 4096;
constexpr std::size_t kBytes = std::size_t{16} << 20;

}  // namespace

test::ReadStore read_store(std::string path, egress::StoreKind kind) {
  return [path = std::move(path), kind](const auto& take) {
    if (!egress::EventStore::exists(path)) return;
    auto store = egress::EventStore::open_for_tools(path, kind);
    if (!store) throw std::runtime_error(store.error().text());
    test::RecordMarker marker;
    egress::StoredChunk chunk;
    while (!chunk.end) {
      auto next = (*store)->read(chunk.last, kRows, kBytes);
      if (!next) throw std::runtime_error(next.error().text());
      chunk = std::move(*next);
      if (!chunk.damaged.empty()) throw std::runtime_error(path + " holds a damaged row");
      for (const auto& row : chunk.rows) {
        const auto event = events::read_structured_event(row.event.json, events::EventFrom::store);
        if (!event) throw std::runtime_error(path + " holds a row that is no CloudEvent");
        take(marker.mark(event->data));
      }
    }
  };
}

}  // namespace gateway::soak
