#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gateway/egress/segments/file_system.hpp"
#include "gateway/egress/store/event_store.hpp"
#include "gateway/egress/store/store_writer.hpp"
#include "testkit/temporary_folder.hpp"

// Measures the cost of storing beside the rate of the device.
namespace gateway::egress {
namespace {

constexpr std::size_t kRecordBytes = 1024;
constexpr std::uint64_t kMaxBytes = std::uint64_t{4} << 30;

// Returns the directory that TMPDIR names, or /var/tmp, because /tmp may be memory.
const char* directory_on_disk() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread here
  const char* const named = std::getenv("TMPDIR");
  return named != nullptr ? named : "/var/tmp";
}

// A new spool. Throws if there cannot be one.
struct Spool {
  test::TemporaryFolder directory{directory_on_disk()};
  std::unique_ptr<EventStore> store =
      EventStore::open(directory.file("spool"), kMaxBytes, StoreKind::spool).value();
};

std::vector<StoredEvent> some_events(std::size_t count) {
  StoredEvent event;
  event.json =
      R"({"specversion":"1.0","id":"01234567-89ab-4def-8edc-ba9876543210","source":"function",)"
      R"("type":"tencent-cloud-cos-event","time":"2026-01-02T03:04:05.678Z",)"
      R"("datacontenttype":"application/json","data":{"event":")";
  event.json.append(kRecordBytes - event.json.size() - 3, 'x');
  event.json += "\"}}";
  return std::vector<StoredEvent>(count, event);
}

void count_records(benchmark::State& state, std::size_t records) {
  state.SetItemsProcessed(static_cast<std::int64_t>(records));
  state.SetBytesProcessed(static_cast<std::int64_t>(records * kRecordBytes));
}

// Measures the device alone: appends some KiB to a file and calls fdatasync.
void device_write_and_sync(benchmark::State& state) {
  const test::TemporaryFolder directory(directory_on_disk());
  const auto file =
      native_file_system().open(directory.file("plain"), FileSystem::Mode::create).value();
  const std::string block(static_cast<std::size_t>(state.range(0)) * 1024, 'x');
  std::size_t records = 0;
  std::uint64_t at = 0;
  for (auto _ : state) {
    if (!file->write(at, block) || !file->sync()) return state.SkipWithError("the device failed");
    at = (at + block.size()) % (std::uint64_t{256} << 20);
    records += block.size() / kRecordBytes;
  }
  count_records(state, records);
}
BENCHMARK(device_write_and_sync)->Arg(4)->Arg(64)->Arg(1024)->Arg(8192)->UseRealTime();

void store_append(benchmark::State& state) {
  Spool spool;
  const auto group = some_events(static_cast<std::size_t>(state.range(0)));
  std::size_t records = 0;
  for (auto _ : state) {
    if (!spool.store->append(group, {})) return state.SkipWithError("append failed");
    records += group.size();
  }
  count_records(state, records);
}
BENCHMARK(store_append)->Arg(1)->Arg(50)->Arg(500)->Arg(2000)->Arg(8000)->UseRealTime();

// Stores posts of 50 records, of which a given number wait for their confirmation at a time.
void writer_posts(benchmark::State& state) {
  Spool spool;
  StoreWriter writer(std::move(spool.store));
  const auto post = some_events(50);
  std::size_t records = 0;
  for (auto _ : state) {
    std::vector<std::future<bool>> confirmed;
    for (std::int64_t n = 0; n < state.range(0); ++n) {
      auto promise = std::make_shared<std::promise<bool>>();
      confirmed.push_back(promise->get_future());
      if (!writer.submit(post, [promise](const StoreResult& result) {
            promise->set_value(result.has_value());
          })) {
        return state.SkipWithError("refused");
      }
    }
    for (auto& each : confirmed) {
      if (!each.get()) return state.SkipWithError("not stored");
    }
    records += post.size() * confirmed.size();
  }
  count_records(state, records);
  state.counters["records/commit"] =
      static_cast<double>(records) / static_cast<double>(writer.status().commits);
}
BENCHMARK(writer_posts)->Arg(1)->Arg(16)->Arg(128)->Arg(512)->UseRealTime();

void store_read_and_remove(benchmark::State& state) {
  Spool spool;
  const auto group = some_events(50'000);
  SpooledChunk chunk;
  const auto any_row = [](const auto&) { return true; };
  Sequence after = 0;
  std::size_t left = 0;
  std::size_t records = 0;
  for (auto _ : state) {
    if (left == 0) {
      state.PauseTiming();
      if (!spool.store->append(group, {})) return state.SkipWithError("append failed");
      left = group.size();
      state.ResumeTiming();
    }
    if (!spool.store->read_spooled(after, any_row, 500, std::size_t{4} << 20, chunk) ||
        chunk.rows.empty()) {
      return state.SkipWithError("read failed");
    }
    std::vector<Sequence> rows;
    for (const auto& row : chunk.rows.entries()) rows.push_back(row.seq);
    if (!spool.store->remove(rows)) return state.SkipWithError("remove failed");
    after = chunk.last;
    left -= rows.size();
    records += rows.size();
  }
  count_records(state, records);
}
BENCHMARK(store_read_and_remove)->UseRealTime();

void store_read(benchmark::State& state) {
  Spool spool;
  if (!spool.store->append(some_events(20'000), {})) return state.SkipWithError("append failed");
  std::size_t records = 0;
  Sequence after = 0;
  for (auto _ : state) {
    const auto chunk = spool.store->read(after, 500, std::size_t{4} << 20);
    if (!chunk) return state.SkipWithError("read failed");
    records += chunk->rows.size();
    after = chunk->end ? 0 : chunk->last;
  }
  count_records(state, records);
}
BENCHMARK(store_read)->UseRealTime();

}  // namespace
}  // namespace gateway::egress
