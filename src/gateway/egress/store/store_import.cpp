#include "gateway/egress/store/store_import.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <filesystem>

#include "gateway/egress/store/record.hpp"
#include "runtime/log.hpp"

namespace gateway::egress {
namespace {

constexpr std::string_view kCopySuffix = ".import";
constexpr std::uint64_t kSegmentBytes = std::uint64_t{16} << 20;
constexpr std::uint32_t kCapacity = 16384;
// Between the numbers of segments that are there already and those of the copies.
constexpr Sequence kGap = 1 << 20;

}  // namespace

StoreImport::StoreImport(FileSystem& files, std::string path, StoreKind kind)
    : files_(files),
      path_(std::move(path)),
      folder_(std::filesystem::path(path_).parent_path().string()),
      name_(std::filesystem::path(path_).filename().string()),
      kind_(kind) {}

StoreError StoreImport::error(const boost::system::error_code& code) const {
  const bool full = code == boost::system::errc::no_space_on_device || code.value() == EDQUOT;
  return {full ? StoreError::Kind::full : StoreError::Kind::failing,
          fmt::format("{}: taking over its events: {}", path_, code.message())};
}

StoreResult StoreImport::for_each_copy(
    const std::function<IoResult<void>(const std::string&, Sequence)>& call) {
  const auto names = files_.list(folder_);
  if (!names) return error(names.error());
  for (const std::string& name : *names) {
    if (const auto segment = number_in(name, name_, kSegmentSuffix)) {
      next_ = std::max(next_, *segment + kGap);
    }
    const auto copy = number_in(name, name_, kCopySuffix);
    if (!copy) continue;
    if (auto called = call(folder_ + '/' + name, *copy); !called) return error(called.error());
  }
  return {};
}

StoreOutcome<std::uint64_t> StoreImport::run() {
  std::uint64_t copied = 0;
  const auto status = files_.status(path_);
  if (status && status->size != 0) {
    const auto removed =
        for_each_copy([this](const std::string& name, Sequence) { return files_.remove(name); });
    if (!removed) return removed.error();
    log::info("an earlier version's store is taken over", {{"file", path_}});
    const auto read = read_old_database(
        path_, kind_, [this](std::span<const OldRow> rows) { return copy(rows); });
    if (!read) return read.error();
    if (const auto closed = close_segment(); !closed) return closed.error();
    if (const auto aside = put_aside(); !aside) return aside.error();
    copied = read->rows;
    log::info("an earlier version's store was taken over",
              {{"file", path_}, {"events", copied}, {"damaged", read->damaged}});
  }
  const auto renamed = for_each_copy([this](const std::string& name, Sequence first) {
    return files_.rename(name, segment_name(path_, first, kSegmentSuffix));
  });
  if (!renamed) return renamed.error();
  if (const auto synced = files_.sync_folder(folder_); !synced) return error(synced.error());
  return copied;
}

StoreResult StoreImport::copy(std::span<const OldRow> rows) {
  std::string records;
  std::uint64_t bytes = 0;
  for (Sequence seq = next_; const OldRow& row : rows) {
    append_record(records, row.event, seq++, next_, row.added);
    bytes += row.event.bytes();
  }
  if (segment_ &&
      (!segment_->takes(rows.size()) || segment_->size() + records.size() > kSegmentBytes)) {
    if (auto closed = close_segment(); !closed) return closed;
  }
  if (!segment_) {
    Segment::Identity identity;
    identity.kind = kind_;
    identity.first = next_;
    identity.capacity = kCapacity;
    auto made =
        Segment::create(files_, segment_name(path_, next_, kCopySuffix), identity, kSegmentBytes);
    if (!made) return error(made.error());
    segment_ = std::move(*made);
  }
  const auto count = static_cast<Sequence>(rows.size());
  const auto appended = segment_->append(records, count, bytes, rows.front().added);
  if (!appended) return error(appended.error());
  for (const OldRow& row : rows) {
    const Sequence seq = next_++;
    if (!row.replayed) continue;
    const auto seconds =
        std::chrono::floor<std::chrono::seconds>(row.replayed->time_since_epoch()).count();
    const auto marked = segment_->mark(
        std::array{seq}, static_cast<std::uint32_t>(std::max<std::int64_t>(seconds, 2)));
    if (!marked) return error(marked.error());
  }
  return {};
}

StoreResult StoreImport::close_segment() {
  if (!segment_) return {};
  if (auto sealed = segment_->seal(); !sealed) return error(sealed.error());
  if (auto synced = segment_->sync_marks(); !synced) return error(synced.error());
  segment_.reset();
  return {};
}

// The database first: a log that is left without it holds nothing that was not read.
StoreResult StoreImport::put_aside() {
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  std::string aside = fmt::format("{}.imported-{:%Y%m%dT%H%M%SZ}", path_,
                                  fmt::gmtime(std::chrono::system_clock::to_time_t(now)));
  while (files_.status(aside)) aside += '+';
  if (auto renamed = files_.rename(path_, aside); !renamed) return error(renamed.error());
  for (const char* companion : {"-wal", "-shm"}) {
    static_cast<void>(files_.rename(path_ + companion, aside + companion));
  }
  if (auto synced = files_.sync_folder(folder_); !synced) return error(synced.error());
  return {};
}

}  // namespace gateway::egress
