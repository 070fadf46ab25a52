#pragma once
#include <sys/mount.h>

#include <filesystem>
#include <string>
#include <utility>

namespace gateway::test {

// A file system in memory at `path`, gone when this dies. Needs a process that may mount.
class MountedFolder {
 public:
  explicit MountedFolder(std::string path) : path_(std::move(path)) {
    std::filesystem::create_directories(path_);
    mounted_ = mount("none", path_.c_str(), "tmpfs", 0, "size=16m") == 0;
  }
  ~MountedFolder() {
    if (mounted_) umount2(path_.c_str(), MNT_DETACH);
  }
  MountedFolder(const MountedFolder&) = delete;
  MountedFolder& operator=(const MountedFolder&) = delete;

  // False: this process may not.
  [[nodiscard]] bool mounted() const noexcept { return mounted_; }
  // False while a file of it is open for writing.
  [[nodiscard]] bool set_read_only(bool read_only) const {
    const unsigned long flags = MS_REMOUNT | (read_only ? MS_RDONLY : 0UL);
    return mount("none", path_.c_str(), "tmpfs", flags, nullptr) == 0;
  }
  [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
  bool mounted_ = false;
};

}  // namespace gateway::test
