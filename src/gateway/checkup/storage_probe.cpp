#include "gateway/checkup/storage_probe.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <future>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "gateway/egress/store/event_store.hpp"
#include "runtime/descriptor.hpp"

namespace gateway::checkup {
namespace {

constexpr std::size_t kPage = std::size_t{16} << 10;  // what some events come to

std::string reason(int error) {
  return std::generic_category().message(error);
}

using Access = egress::EventStore::Access;
using Medium = StorageProbe::Medium;

Medium medium_of(const std::string& folder) {
  struct statfs about{};
  if (::statfs(folder.c_str(), &about) != 0) return Medium::disk;
  constexpr auto kRamfs = 0x858458F6;  // linux/magic.h has it by another name in some versions
  constexpr auto kCifs = 0xFF534D42;
  switch (static_cast<std::uint32_t>(about.f_type)) {
    case TMPFS_MAGIC:
    case kRamfs: return Medium::memory;
    case OVERLAYFS_SUPER_MAGIC: return Medium::layer;
    case NFS_SUPER_MAGIC:
    case SMB_SUPER_MAGIC:
    case kCifs: return Medium::network;
    default: return Medium::disk;
  }
}

// Segments, the lock, and the file of an earlier version with what stands beside it, by name.
std::vector<std::filesystem::directory_entry> files_of_store(const std::string& path,
                                                             const std::string& folder) {
  std::vector<std::filesystem::directory_entry> files;
  std::error_code none;
  const std::string name = std::filesystem::path(path).filename().string();
  for (const auto& entry : std::filesystem::directory_iterator(folder, none)) {
    const std::string file = entry.path().filename().string();
    const bool segment = egress::number_in(file, name, egress::kSegmentSuffix).has_value();
    const bool other = file == name || file == name + ".lock" || file == name + "-wal";
    if ((segment || other) && entry.is_regular_file(none)) files.push_back(entry);
  }
  std::ranges::sort(files);
  return files;
}

std::uint64_t bytes_of(const std::vector<std::filesystem::directory_entry>& files) {
  std::uint64_t bytes = 0;
  for (const auto& file : files) {
    std::error_code none;
    const auto size = file.file_size(none);
    if (!none) bytes += size;
  }
  return bytes;
}

// A file without a name, or one whose name is taken away at once where there are none.
Descriptor open_nameless(const std::string& folder) {
  Descriptor file(::open(folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600));
  if (file || (errno != EOPNOTSUPP && errno != EISDIR)) return file;
  std::string path = folder + "/cos-gateway-check-XXXXXX";
  Descriptor named(::mkostemp(path.data(), O_CLOEXEC));
  if (named) ::unlink(path.c_str());
  return named;
}

StorageProbe look(const std::string& path, egress::StoreKind kind, unsigned writes) {
  StorageProbe probe;
  std::filesystem::path parent = std::filesystem::path(path).parent_path();
  const std::string folder = parent.empty() ? "." : parent.string();
  const auto failed = [&](const char* what) {
    probe.problem = std::string(what) + ": " + reason(errno);
    return probe;
  };
  struct statvfs space{};
  if (::statvfs(folder.c_str(), &space) != 0) return failed("the folder cannot be had");
  probe.free_bytes = std::uint64_t{space.f_bavail} * space.f_frsize;
  probe.medium = medium_of(folder);
  const auto refused = [&](const egress::StoreError& error) {
    const std::string own = path + ": ";
    probe.problem = error.text().substr(error.text().starts_with(own) ? own.size() : 0);
    return probe;
  };
  if (const auto free = egress::EventStore::check_path(path); !free) return refused(free.error());
  std::error_code none;
  const auto files = files_of_store(path, folder);
  probe.store_bytes = bytes_of(files);
  for (const auto& entry : files) {
    if (Descriptor(::open(entry.path().c_str(), O_RDWR | O_CLOEXEC))) continue;
    const int error = errno;
    if (error == ENOENT) continue;  // a gateway that runs has deleted it meanwhile
    probe.closed_file = entry.path().string();
    probe.problem = entry.path().filename().string() + " cannot be written: " + reason(error);
    return probe;
  }
  const bool is_old = std::filesystem::exists(path, none);  // `run` takes it over
  const auto opened = egress::EventStore::open_for_tools(path, kind, Access::read);
  if (!opened && !is_old) return refused(opened.error());
  const Descriptor file = open_nameless(folder);
  if (!file) return failed("nothing can be written there");
  const std::array<char, kPage> page{};
  for (unsigned i = 0; i < writes; ++i) {
    const ssize_t written = ::write(file.get(), page.data(), page.size());
    if (written != static_cast<ssize_t>(page.size())) {
      if (written >= 0) errno = ENOSPC;
      return failed("a write failed");
    }
    const auto begun = std::chrono::steady_clock::now();
    if (::fsync(file.get()) != 0) return failed("fsync failed");
    probe.syncs.push_back(std::chrono::steady_clock::now() - begun);
  }
  return probe;
}

}  // namespace

std::optional<StorageProbe> probe_storage(const std::string& path, egress::StoreKind kind,
                                          unsigned writes, std::chrono::milliseconds patience) {
  std::packaged_task<StorageProbe()> looking(
      [path, kind, writes] { return look(path, kind, writes); });
  auto result = looking.get_future();
  std::thread(std::move(looking)).detach();
  if (result.wait_for(patience) != std::future_status::ready) return std::nullopt;
  return result.get();
}

}  // namespace gateway::checkup
