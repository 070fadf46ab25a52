#include "gateway/egress/store/store_import.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <limits>
#include <span>
#include <vector>

#include "gateway/egress/segments/record.hpp"
#include "runtime/log.hpp"

namespace gateway::egress {
namespace {

constexpr std::string_view kCopySuffix = ".import";

// Appends rows to the copies and marks those that have been replayed.
StoreResult copy(Segments& copies, std::span<const OldRow> rows) {
  std::uint64_t bytes = 0;
  for (const OldRow& row : rows) bytes += row.event.bytes();
  const auto write = [&](std::string& records, Sequence first) {
    for (Sequence seq = first; const OldRow& row : rows) {
      append_record(records, row.event, seq++, first, row.added);
    }
  };
  constexpr auto kNoBound = std::numeric_limits<std::uint64_t>::max();
  auto appended = copies.append(write, rows.size(), bytes, kNoBound);
  if (!appended) return appended;
  Sequence seq = copies.last_seq() - static_cast<Sequence>(rows.size());
  for (const OldRow& row : rows) {
    ++seq;
    if (!row.replayed) continue;
    std::vector<Sequence> unwritable;  // none: the copies were just made
    const auto marked = copies.mark(std::array{seq}, replayed_mark(*row.replayed), unwritable);
    if (!marked) return marked.error();
  }
  return {};
}

}  // namespace

StoreImport::StoreImport(FileSystem& files, std::string path, StoreKind kind)
    : files_(files),
      path_(std::move(path)),
      folder_(std::filesystem::path(path_).parent_path().string()),
      kind_(kind) {}

IoResult<StoreImport::Found> StoreImport::recognise(const std::string& path) const {
  const auto segment = Segment::open(files_, path, Segment::Access::read);
  if (!segment) {
    const auto& error = segment.error();
    const bool of_this_file =
        error == boost::system::errc::io_error || error == boost::system::errc::permission_denied;
    if (of_this_file) return Found::foreign;
    return error;
  }
  if (*segment) {
    return (*segment)->identity().kind == kind_ ? Found::segment : Found::foreign;
  }
  const auto status = files_.status(path);
  if (!status) return status.error();
  if (!status->regular) return Found::foreign;
  const auto file = files_.open(path, FileSystem::Mode::read);
  if (!file) return file.error();
  // Whose head was not on the device yet.
  std::string bytes(std::size_t{64} << 10, '\0');
  for (std::uint64_t at = 0;;) {
    const auto got = (*file)->read(at, bytes);
    if (!got) return got.error();
    if (*got == 0) return Found::unfinished;
    if (bytes.find_first_not_of('\0') < *got) return Found::foreign;
    at += *got;
  }
}

StoreResult StoreImport::for_each_copy(
    bool unfinished_too, const std::function<IoResult<void>(const std::string&, Sequence)>& call) {
  const auto named = segment_files(files_, path_, kCopySuffix);
  if (!named) return named.error();
  for (const auto& [number, path] : *named) {
    const auto found = recognise(path);
    if (!found) return error_at(path, found.error());
    if (*found == Found::foreign || (*found == Found::unfinished && !unfinished_too)) {
      log::warn("a file has the name of an import, but is none; it is left as it is",
                {{"file", path}});
      continue;
    }
    if (auto called = call(path, number); !called) return error_at(path, called.error());
  }
  return {};
}

StoreOutcome<std::uint64_t> StoreImport::run() {
  std::uint64_t copied = 0;
  const auto status = files_.status(path_);
  if (status && status->size != 0) {
    if (auto removed = remove_copies(); !removed) return removed.error();
    log::info("an earlier version's store is taken over", {{"file", path_}});
    const auto read = copy_events();
    if (!read) {
      // They may have filled the device.
      static_cast<void>(remove_copies());
      return read.error();
    }
    if (const auto aside = put_aside(); !aside) return aside.error();
    copied = read->rows;
    log::info("an earlier version's store was taken over",
              {{"file", path_}, {"events", copied}, {"damaged", read->damaged}});
  }
  bool renamed_any = false;
  const auto renamed = for_each_copy(false, [&](const std::string& path, Sequence first) {
    renamed_any = true;
    return files_.rename(path, segment_name(path_, first, kSegmentSuffix));
  });
  if (!renamed) return renamed.error();
  if (!renamed_any) return copied;
  if (const auto synced = files_.sync_folder(folder_); !synced) {
    return error_at(folder_, synced.error());
  }
  return copied;
}

StoreResult StoreImport::remove_copies() {
  return for_each_copy(true,
                       [this](const std::string& path, Sequence) { return files_.remove(path); });
}

StoreOutcome<OldTotals> StoreImport::copy_events() {
  Segments there(files_, path_, kind_);
  if (const auto opened = there.open(Segment::Access::own); !opened) return opened.error();
  Segments copies(files_, path_, kind_, kCopySuffix);
  copies.skip_to(there.last_seq());
  auto read = read_old_database(path_, kind_,
                                [&](std::span<const OldRow> rows) { return copy(copies, rows); });
  if (!read) return read;
  copies.close();
  if (const auto synced = copies.sync_marks(); !synced) return synced.error();
  return read;
}

// The database first: a log that is left without it holds nothing that was not read.
StoreResult StoreImport::put_aside() {
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  std::string aside = fmt::format("{}.imported-{:%Y%m%dT%H%M%SZ}", path_,
                                  fmt::gmtime(std::chrono::system_clock::to_time_t(now)));
  while (files_.status(aside)) aside += '+';
  if (auto renamed = files_.rename(path_, aside); !renamed) return error_at(path_, renamed.error());
  for (const char* companion : {"-wal", "-shm"}) {
    static_cast<void>(files_.rename(path_ + companion, aside + companion));
  }
  if (auto synced = files_.sync_folder(folder_); !synced) return error_at(folder_, synced.error());
  return {};
}

}  // namespace gateway::egress
