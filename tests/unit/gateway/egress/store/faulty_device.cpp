#include "faulty_device.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <new>
#include <stdexcept>

#include "support.hpp"

namespace gateway::egress::test {
namespace {

FaultyDevice* the_device = nullptr;
sqlite3_vfs* below = nullptr;
thread_local int last_error = 0;

}  // namespace

// SQLite gives each file memory for this, and for the file of the layer below behind it.
struct FaultyDevice::Layer {
  struct File {
    sqlite3_file base;
    std::string* path;
    sqlite3_file* under() noexcept { return reinterpret_cast<sqlite3_file*>(this + 1); }
  };
  static File& of(sqlite3_file* file) noexcept { return *reinterpret_cast<File*>(file); }
  static sqlite3_file* under(sqlite3_file* file) noexcept { return of(file).under(); }
  static const sqlite3_io_methods& calls(sqlite3_file* file) noexcept {
    return *under(file)->pMethods;
  }

  static int failed(int code) noexcept {
    last_error = the_device->plan_.system_error == 0 ? EIO : the_device->plan_.system_error;
    return code;
  }

  static int close(sqlite3_file* file) {
    const int code = calls(file).xClose(under(file));
    delete of(file).path;
    return code;
  }
  static int read(sqlite3_file* file, void* bytes, int size, sqlite3_int64 offset) {
    if (the_device->fails(Call::read, *of(file).path)) return failed(SQLITE_IOERR_READ);
    return calls(file).xRead(under(file), bytes, size, offset);
  }
  static int write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
    const std::string& path = *of(file).path;
    if (the_device->fails(Call::write, path)) return failed(SQLITE_IOERR_WRITE);
    const bool cut_short = the_device->fails(Call::short_write, path);
    const int length = cut_short ? size / 2 : size;
    const int code = calls(file).xWrite(under(file), bytes, length, offset);
    if (code != SQLITE_OK) return code;
    the_device->wrote(path, static_cast<std::size_t>(offset), bytes,
                      static_cast<std::size_t>(length));
    return cut_short ? failed(SQLITE_IOERR_WRITE) : SQLITE_OK;
  }
  static int truncate(sqlite3_file* file, sqlite3_int64 size) {
    const std::string& path = *of(file).path;
    if (the_device->fails(Call::truncate, path)) return failed(SQLITE_IOERR_TRUNCATE);
    const int code = calls(file).xTruncate(under(file), size);
    if (code == SQLITE_OK) the_device->truncated(path, static_cast<std::size_t>(size));
    return code;
  }
  // The device below is not asked: what is synced is kept here.
  static int sync(sqlite3_file* file, int /*flags*/) {
    const std::string& path = *of(file).path;
    const bool good = !the_device->fails(Call::sync, path);
    the_device->synced(path, good);
    return good ? SQLITE_OK : failed(SQLITE_IOERR_FSYNC);
  }
  static int size(sqlite3_file* file, sqlite3_int64* size) {
    return calls(file).xFileSize(under(file), size);
  }
  static int lock(sqlite3_file* file, int level) { return calls(file).xLock(under(file), level); }
  static int unlock(sqlite3_file* file, int level) {
    return calls(file).xUnlock(under(file), level);
  }
  static int check_lock(sqlite3_file* file, int* held) {
    return calls(file).xCheckReservedLock(under(file), held);
  }
  static int control(sqlite3_file* file, int what, void* value) {
    return calls(file).xFileControl(under(file), what, value);
  }
  static int sector(sqlite3_file* file) { return calls(file).xSectorSize(under(file)); }
  static int nature(sqlite3_file* file) { return calls(file).xDeviceCharacteristics(under(file)); }
  static int shm_map(sqlite3_file* file, int region, int size, int extend, void volatile** at) {
    return calls(file).xShmMap(under(file), region, size, extend, at);
  }
  static int shm_lock(sqlite3_file* file, int offset, int count, int flags) {
    return calls(file).xShmLock(under(file), offset, count, flags);
  }
  static void shm_barrier(sqlite3_file* file) { calls(file).xShmBarrier(under(file)); }
  static int shm_unmap(sqlite3_file* file, int remove) {
    return calls(file).xShmUnmap(under(file), remove);
  }

  static int open(sqlite3_vfs* /*self*/, const char* name, sqlite3_file* file, int flags,
                  int* flags_out) {
    static const sqlite3_io_methods methods = {2,           close,     read,    write,   truncate,
                                               sync,        size,      lock,    unlock,  check_lock,
                                               control,     sector,    nature,  shm_map, shm_lock,
                                               shm_barrier, shm_unmap, nullptr, nullptr};
    auto* const layer = new (file) File{};
    const int code = below->xOpen(below, name, layer->under(), flags, flags_out);
    if (layer->under()->pMethods == nullptr) return code;
    layer->path = new std::string(name == nullptr ? "" : name);
    layer->base.pMethods = &methods;
    if (code == SQLITE_OK) the_device->opened(*layer->path);
    return code;
  }
  static int remove(sqlite3_vfs* /*self*/, const char* name, int sync_folder) {
    const int code = below->xDelete(below, name, sync_folder);
    if (code == SQLITE_OK) the_device->removed(name);
    return code;
  }
  static int error(sqlite3_vfs* /*self*/, int size, char* text) {
    return last_error != 0 ? last_error : below->xGetLastError(below, size, text);
  }

  static sqlite3_vfs& vfs() {
    static sqlite3_vfs vfs = [] {
      below = sqlite3_vfs_find(nullptr);
      sqlite3_vfs mine = *below;
      mine.szOsFile += static_cast<int>(sizeof(File));
      mine.zName = "faulty";
      mine.pNext = nullptr;
      mine.xOpen = open;
      mine.xDelete = remove;
      mine.xGetLastError = error;
      return mine;
    }();
    return vfs;
  }
};

FaultyDevice::FaultyDevice() {
  if (the_device != nullptr) throw std::logic_error("one device at a time");
  the_device = this;
  sqlite3_vfs_register(&Layer::vfs(), 1);
}

FaultyDevice::~FaultyDevice() {
  sqlite3_vfs_unregister(&Layer::vfs());
  sqlite3_vfs_register(below, 1);
  the_device = nullptr;
}

void FaultyDevice::fail(const Plan& plan) {
  const std::lock_guard lock(mutex_);
  plan_ = plan;
  planned_ = true;
  calls_ = 0;
}

void FaultyDevice::heal() {
  const std::lock_guard lock(mutex_);
  planned_ = false;
}

unsigned FaultyDevice::failures() const {
  const std::lock_guard lock(mutex_);
  return failures_;
}

bool FaultyDevice::fails(Call call, const std::string& path) {
  const std::lock_guard lock(mutex_);
  last_error = 0;
  if (!planned_ || call != plan_.call || !path.ends_with(plan_.file)) return false;
  ++calls_;
  if (calls_ < plan_.first || calls_ - plan_.first >= plan_.times) return false;
  ++failures_;
  return true;
}

void FaultyDevice::cut_power(const std::string& folder) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [path, content] : files_) {
    const auto name = std::filesystem::path(path).filename();
    write_file((std::filesystem::path(folder) / name).string(), content.synced);
  }
}

void FaultyDevice::opened(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (path.empty() || files_.contains(path)) return;
  files_[path].synced = contents(path);
}

void FaultyDevice::wrote(const std::string& path, std::size_t offset, const void* bytes,
                         std::size_t size) {
  const std::lock_guard lock(mutex_);
  files_[path].written.push_back({offset, std::string(static_cast<const char*>(bytes), size)});
}

void FaultyDevice::synced(const std::string& path, bool good) {
  const std::lock_guard lock(mutex_);
  auto& [synced, written] = files_[path];
  if (good) {
    for (const Write& write : written) {
      synced.resize(std::max(synced.size(), write.offset + write.bytes.size()));
      std::memcpy(synced.data() + write.offset, write.bytes.data(), write.bytes.size());
    }
  }
  written.clear();
}

void FaultyDevice::truncated(const std::string& path, std::size_t size) {
  const std::lock_guard lock(mutex_);
  auto& [synced, written] = files_[path];
  if (synced.size() > size) synced.resize(size);
  std::erase_if(written,
                [size](const Write& write) { return write.offset + write.bytes.size() > size; });
}

void FaultyDevice::removed(const std::string& path) {
  const std::lock_guard lock(mutex_);
  files_.erase(path);
}

}  // namespace gateway::egress::test
