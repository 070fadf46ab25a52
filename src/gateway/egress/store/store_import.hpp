#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "gateway/egress/store/old_database.hpp"
#include "gateway/egress/store/segment.hpp"
#include "gateway/egress/store/store_error.hpp"

namespace gateway::egress {

// Imports the events of a store that an earlier version wrote. Problem: a crash on the way must
// lose and repeat nothing. Solution: the events are copied into segments with temporary names; then
// the old file is renamed to "<path>.imported-<time>", and the segments get the names that a store
// looks for. While the old file is at its place, the copies are made anew; once it is not, they are
// complete.
class StoreImport {
 public:
  StoreImport(FileSystem& files, std::string path, StoreKind kind);

  // Imports. To be called by the owner before it opens its segments. Returns how many events were
  // copied.
  [[nodiscard]] StoreOutcome<std::uint64_t> run();

 private:
  [[nodiscard]] StoreResult copy(std::span<const OldRow> rows);
  [[nodiscard]] StoreResult close_segment();
  [[nodiscard]] StoreResult put_aside();
  [[nodiscard]] StoreResult for_each_copy(
      const std::function<IoResult<void>(const std::string& name, Sequence first)>& call);
  [[nodiscard]] StoreError error(const boost::system::error_code& code) const;

  FileSystem& files_;
  const std::string path_;
  const std::string folder_;
  const std::string name_;
  const StoreKind kind_;
  Sequence next_ = 1;
  std::unique_ptr<Segment> segment_;
};

}  // namespace gateway::egress
