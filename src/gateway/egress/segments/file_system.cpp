#include "gateway/egress/segments/file_system.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "runtime/descriptor.hpp"

namespace gateway::egress {
namespace {

using boost::system::error_code;

error_code last_error() noexcept {
  return {errno, boost::system::system_category()};
}

// Repeats a system call that a signal interrupted.
template <class Call>
auto retried(Call call) noexcept {
  for (;;) {
    const auto result = call();
    if (result >= 0 || errno != EINTR) return result;
  }
}

IoResult<void> done_if(bool good) {
  if (!good) return last_error();
  return {};
}

FileStatus status_of(const struct stat& about) {
  constexpr std::uint64_t kUnit = 512;  // of st_blocks, whatever the file system's blocks are
  FileStatus status;
  status.device = about.st_dev;
  status.inode = about.st_ino;
  status.size = static_cast<std::uint64_t>(about.st_size);
  status.allocated = static_cast<std::uint64_t>(about.st_blocks) * kUnit;
  status.changed_ns = about.st_mtim.tv_sec * std::int64_t{1'000'000'000} + about.st_mtim.tv_nsec;
  status.regular = S_ISREG(about.st_mode);
  return status;
}

class NativeFile final : public File {
 public:
  explicit NativeFile(Descriptor file) noexcept : file_(std::move(file)) {}

  IoResult<std::size_t> read(std::uint64_t offset, std::span<char> into) override {
    std::size_t got = 0;
    while (got < into.size()) {
      const ssize_t size = retried([&] {
        return ::pread(file_.get(), into.data() + got, into.size() - got,
                       static_cast<off_t>(offset + got));
      });
      if (size < 0) return last_error();
      if (size == 0) break;
      got += static_cast<std::size_t>(size);
    }
    return got;
  }
  IoResult<void> write(std::uint64_t offset, std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t size = retried([&] {
        return ::pwrite(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
      });
      if (size < 0) return last_error();
      offset += static_cast<std::uint64_t>(size);
      bytes.remove_prefix(static_cast<std::size_t>(size));
    }
    return {};
  }
  IoResult<void> sync() override {
    return done_if(retried([&] { return ::fdatasync(file_.get()); }) == 0);
  }
  IoResult<void> truncate(std::uint64_t size) override {
    return done_if(retried([&] { return ::ftruncate(file_.get(), static_cast<off_t>(size)); }) ==
                   0);
  }
  IoResult<void> reserve(std::uint64_t size) override {
    return allocate(FALLOC_FL_KEEP_SIZE, 0, size);
  }
  IoResult<void> punch(std::uint64_t offset, std::uint64_t size) override {
    return allocate(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, size);
  }
  IoResult<FileStatus> status() override {
    struct stat about{};
    if (::fstat(file_.get(), &about) != 0) return last_error();
    return status_of(about);
  }
  IoResult<void> try_lock() override {
    return done_if(retried([&] { return ::flock(file_.get(), LOCK_EX | LOCK_NB); }) == 0);
  }
  void unlock() override { ::flock(file_.get(), LOCK_UN); }

 private:
  IoResult<void> allocate(int mode, std::uint64_t offset, std::uint64_t size) {
    return done_if(retried([&] {
                     return ::fallocate(file_.get(), mode, static_cast<off_t>(offset),
                                        static_cast<off_t>(size));
                   }) == 0);
  }

  Descriptor file_;
};

class NativeFileSystem final : public FileSystem {
 public:
  IoResult<std::unique_ptr<File>> open(const std::string& path, Mode mode) override {
    constexpr mode_t kReadableByAll = 0644;
    int flags = O_CLOEXEC | O_NONBLOCK;  // a pipe that somebody put there must not hang
    flags |= mode == Mode::read ? O_RDONLY : O_RDWR;
    if (mode == Mode::create) flags |= O_CREAT | O_EXCL;
    if (mode == Mode::either) flags |= O_CREAT;
    Descriptor file(retried([&] { return ::open(path.c_str(), flags, kReadableByAll); }));
    if (!file) return last_error();
    return std::unique_ptr<File>(std::make_unique<NativeFile>(std::move(file)));
  }
  IoResult<FileStatus> status(const std::string& path) override {
    struct stat about{};
    if (::stat(path.c_str(), &about) != 0) return last_error();
    return status_of(about);
  }
  IoResult<std::vector<std::string>> list(const std::string& folder) override {
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(folder.c_str()), ::closedir);
    if (!stream) return last_error();
    std::vector<std::string> names;
    for (;;) {
      errno = 0;
      // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody else reads this stream
      const dirent* const entry = ::readdir(stream.get());
      if (entry == nullptr) break;
      names.emplace_back(entry->d_name);
    }
    if (errno != 0) return last_error();
    return names;
  }
  IoResult<void> remove(const std::string& path) override {
    return done_if(::unlink(path.c_str()) == 0);
  }
  IoResult<void> rename(const std::string& from, const std::string& to) override {
    return done_if(std::rename(from.c_str(), to.c_str()) == 0);
  }
  IoResult<void> sync_folder(const std::string& folder) override {
    const Descriptor file(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!file) return last_error();
    // Some network file systems know no such thing.
    const bool synced = retried([&] { return ::fsync(file.get()); }) == 0;
    return done_if(synced || errno == EINVAL || errno == ENOTSUP);
  }
};

}  // namespace

FileSystem& native_file_system() {
  static NativeFileSystem file_system;
  return file_system;
}

}  // namespace gateway::egress
