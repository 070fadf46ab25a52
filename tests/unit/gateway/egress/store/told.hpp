#pragma once
#include <chrono>
#include <future>
#include <memory>
#include <utility>
#include <vector>

#include "events/cloud_event.hpp"
#include "gateway/egress/store/store_writer.hpp"
#include "support.hpp"

namespace gateway::egress::test {

// Long enough for any machine; nothing waits for it to pass.
inline constexpr std::chrono::seconds kPatience{60};

// What a completion was told, to be waited for.
template <class Result>
class Told {
 public:
  Told() : promise_(std::make_shared<std::promise<Result>>()), future_(promise_->get_future()) {}

  [[nodiscard]] auto done() {
    return [promise = promise_](Result result) { promise->set_value(std::move(result)); };
  }
  [[nodiscard]] Result get() {
    if (future_.wait_for(kPatience) != std::future_status::ready) {
      ADD_FAILURE() << "never told";
      return StoreError(StoreError::Kind::failing, "never told");
    }
    return future_.get();
  }
  [[nodiscard]] bool ready() const {
    return future_.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  }

 private:
  std::shared_ptr<std::promise<Result>> promise_;
  std::future<Result> future_;
};
using Rows = StoreOutcome<std::vector<StoredRow>>;

inline StoreResult append(StoreWriter& writer, std::vector<StoredEvent> events) {
  Told<StoreResult> told;
  if (!writer.submit(std::move(events), told.done())) {
    return StoreError(StoreError::Kind::failing, "refused");
  }
  return told.get();
}
inline StoreResult remove(StoreWriter& writer, std::vector<Sequence> rows) {
  Told<StoreResult> told;
  EXPECT_TRUE(writer.remove(std::move(rows), told.done()));
  return told.get();
}
inline std::vector<StoredRow> rows_of(const SpooledEvents& events) {
  std::vector<StoredRow> rows;
  for (const auto& entry : events.entries()) {
    StoredRow& row = rows.emplace_back();
    row.seq = entry.seq;
    row.added = entry.added;
    row.event.json = events.json(entry);
    const auto event = events::read_structured_event(row.event.json);
    EXPECT_TRUE(event) << row.event.json;
    if (event) row.id = event->attribute("id");
  }
  return rows;
}
inline Rows try_fetch(StoreWriter& writer, std::size_t max_rows) {
  Told<StoreOutcome<SpooledEvents>> told;
  EXPECT_TRUE(writer.fetch({0, max_rows, 10 * kMiB}, told.done()));
  const auto fetched = told.get();
  if (!fetched) return fetched.error();
  return rows_of(*fetched);
}
inline std::vector<StoredRow> fetch(StoreWriter& writer, std::size_t max_rows) {
  auto rows = try_fetch(writer, max_rows);
  EXPECT_TRUE(rows) << rows.error().text();
  return rows ? std::move(*rows) : std::vector<StoredRow>();
}

// Looks again and again until `ready` holds; false when it does not in time.
template <class Ready>
[[nodiscard]] bool soon(Ready ready) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!ready()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace gateway::egress::test
