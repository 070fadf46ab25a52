#pragma once
#include <cstdint>
#include <functional>
#include <string>

#include "gateway/egress/segments/segments.hpp"
#include "gateway/egress/segments/store_error.hpp"
#include "gateway/egress/store/old_database.hpp"

namespace gateway::egress {

// Imports the events of a store that an earlier version wrote. Problem: a crash on the way must
// lose and repeat nothing. Solution: the events are copied into segments with temporary names; then
// the old file is renamed to "<path>.imported-<time>", and the segments get the names that a store
// looks for. While the old file is at its place, the copies are made anew; once it is not, they are
// complete. If copying fails they are removed. Other files with such names are left as they are.
class StoreImport {
 public:
  StoreImport(FileSystem& files, std::string path, StoreKind kind);

  // Imports. To be called by the owner before it opens its segments. Returns how many events were
  // copied.
  [[nodiscard]] StoreOutcome<std::uint64_t> run();

 private:
  // Copies all events of the old file, and flushes the copies to the device.
  [[nodiscard]] StoreOutcome<OldTotals> copy_events();
  [[nodiscard]] StoreResult remove_copies();
  [[nodiscard]] StoreResult put_aside();
  // What a file is that has the name of a copy: a segment of this store, what a crash leaves of one
  // that was being created, or of somebody else, as far as is known: it may not be readable.
  enum class Found : std::uint8_t { segment, unfinished, foreign };
  [[nodiscard]] IoResult<Found> recognise(const std::string& path) const;
  // Calls `call` with the path of each copy that is there and the number in it; with those that are
  // not finished only if `unfinished_too`.
  [[nodiscard]] StoreResult for_each_copy(
      bool unfinished_too,
      const std::function<IoResult<void>(const std::string& path, Sequence first)>& call);

  FileSystem& files_;
  const std::string path_;
  const std::string folder_;
  const StoreKind kind_;
};

}  // namespace gateway::egress
