#include "gateway/egress/store/store_lock.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>

namespace gateway::egress {

StoreOutcome<StoreLock> StoreLock::take(FileSystem& files, const std::string& store) {
  constexpr std::size_t kMostDigits = 16;
  const std::string path = store + ".lock";
  const auto error = [&](StoreError::Kind kind, std::string_view text) {
    return StoreError(kind, fmt::format("{}: {}", path, text));
  };
  auto file = files.open(path, FileSystem::Mode::either);
  if (!file) return error(StoreError::Kind::unusable, file.error().message());
  std::string owner(kMostDigits, '\0');
  const auto got = (*file)->read(0, owner);
  owner.resize(got ? *got : 0);
  // A power cut may have left zeros or a part of it.
  constexpr std::string_view kContent("0123456789\n\0", 12);
  const bool ours = owner.size() < kMostDigits && owner.find_first_not_of(kContent) == owner.npos;
  if (!got || !ours) return error(StoreError::Kind::unusable, "holds something else");
  if (const auto locked = (*file)->try_lock(); !locked) {
    if (locked.error() != boost::system::errc::resource_unavailable_try_again) {
      return error(StoreError::Kind::unusable, locked.error().message());
    }
    owner.resize(std::min(owner.size(), owner.find_first_not_of("0123456789")));
    return error(StoreError::Kind::in_use,
                 fmt::format("is in use by another process (pid {})", owner));
  }
  // On a full device the lock holds all the same.
  if ((*file)->truncate(0)) static_cast<void>((*file)->write(0, fmt::format("{}\n", getpid())));
  return StoreLock(files, path, std::move(*file));
}

bool StoreLock::holds() const {
  const auto held = file_->status();
  const auto at_path = files_->status(path_);
  return held && at_path && held->same_file(*at_path);
}

}  // namespace gateway::egress
