#pragma once
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include "testkit/shell.hpp"

namespace gateway::test {

// An ext4 file system on a device of its own, in a file, mounted at `path`, that can be made to
// hang: whoever writes to it then waits, uninterruptibly, as for a disk or a network volume that
// does not answer. Needs a process that may mount, and loop devices.
class BlockDevice {
 public:
  BlockDevice(const std::string& image, std::string path) : path_(std::move(path)) {
    std::filesystem::create_directories(path_);
    std::ofstream(image).close();
    std::filesystem::resize_file(image, std::uint64_t{32} << 20);
    mounted_ = works("mkfs.ext4 -q -F " + image) && works("mount -o loop " + image + " " + path_);
  }
  ~BlockDevice() {
    if (hangs_) let_go();
    if (mounted_) umount2(path_.c_str(), MNT_DETACH);
  }
  BlockDevice(const BlockDevice&) = delete;
  BlockDevice& operator=(const BlockDevice&) = delete;

  [[nodiscard]] bool mounted() const noexcept { return mounted_; }
  [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }

  // False: it cannot be made to.
  [[nodiscard]] bool hang() { return hangs_ = control(FIFREEZE); }
  void let_go() { hangs_ = !control(FITHAW); }

 private:
  [[nodiscard]] bool control(unsigned long request) const {
    const int folder = ::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) return false;
    const bool done = ::ioctl(folder, request, 0) == 0;
    ::close(folder);
    return done;
  }

  std::string path_;
  bool mounted_ = false;
  bool hangs_ = false;
};

}  // namespace gateway::test
