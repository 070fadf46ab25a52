#pragma once
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gateway/egress/store/event_store.hpp"
#include "testkit/temporary_folder.hpp"

namespace gateway::egress::test {

inline constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
inline constexpr WallInstant kAdded{std::chrono::milliseconds{1767323045678}};

// While it lives, no file of this process can grow beyond so many bytes. For a process of its own.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    set(bytes);
  }
  ~FileSizeLimit() { set(before_.rlim_cur); }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  void set(rlim_t bytes) const {
    rlimit limit = before_;
    limit.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &limit);
  }

  rlimit before_{};
};

// A directory that goes with its test.
class Directory : public gateway::test::TemporaryFolder {
 public:
  [[nodiscard]] std::string file(const std::string& name = "spool.db") const {
    return TemporaryFolder::file(name);
  }
  // The only segment there is.
  [[nodiscard]] std::string segment(const std::string& name = "spool.db") const {
    std::string found;
    for (const auto& entry : std::filesystem::directory_iterator(path())) {
      const std::string file = entry.path().string();
      if (file.ends_with(".events") && file.starts_with(this->file(name))) found = file;
    }
    return found;
  }
  // How many files have names that begin so.
  [[nodiscard]] std::size_t count(const std::string& prefix) const {
    std::size_t found = 0;
    for (const auto& entry : std::filesystem::directory_iterator(path())) {
      found += entry.path().filename().string().starts_with(prefix) ? 1 : 0;
    }
    return found;
  }
  [[nodiscard]] std::uint64_t bytes() const {
    std::uint64_t sum = 0;
    for (const auto& entry : std::filesystem::directory_iterator(path())) sum += entry.file_size();
    return sum;
  }
};

inline StoredEvent event(int n, std::size_t data = 100) {
  StoredEvent event;
  const std::string_view bucket = n % 2 == 0 ? "even" : "odd";
  event.json = fmt::format(
      R"({{"specversion":"1.0","id":"id-{}","source":"s","type":"tencent-cloud-cos-event",)"
      R"("data":{{"cos":{{"cosObject":{{"key":"/1250000000/{}/photos/{}.jpg"}},)"
      R"("cosBucket":{{"name":"{}","appid":"1250000000"}}}},"pad":"{}"}}}})",
      n, bucket, n, bucket, std::string(data, static_cast<char>('a' + n % 26)));
  return event;
}

// The event as a row that was read.
inline StoredRow row(int n) {
  StoredRow row;
  row.seq = n;
  row.added = kAdded;
  row.event = event(n);
  row.id = fmt::format("id-{}", n);
  row.type = "tencent-cloud-cos-event";
  row.bucket = n % 2 == 0 ? "even-1250000000" : "odd-1250000000";
  row.key = fmt::format("photos/{}.jpg", n);
  return row;
}

inline std::vector<StoredEvent> events(int from, int count, std::size_t data = 100) {
  std::vector<StoredEvent> all;
  for (int n = from; n < from + count; ++n) all.push_back(event(n, data));
  return all;
}

inline std::unique_ptr<EventStore> open(const std::string& path,
                                        std::uint64_t max_bytes = 64 * kMiB,
                                        StoreKind kind = StoreKind::spool,
                                        FileSystem& files = native_file_system()) {
  auto store = EventStore::open(path, max_bytes, kind, files);
  EXPECT_TRUE(store) << store.error().text();
  return store ? std::move(*store) : nullptr;
}

inline std::vector<StoredRow> all_rows(EventStore& store) {
  std::vector<StoredRow> rows;
  for (Sequence after = 0;;) {
    auto chunk = store.read(after, 1000, 10 * kMiB);
    EXPECT_TRUE(chunk) << chunk.error().text();
    if (!chunk) return rows;
    std::move(chunk->rows.begin(), chunk->rows.end(), std::back_inserter(rows));
    after = chunk->last;
    if (chunk->end) return rows;
  }
}

inline std::vector<std::string> ids(const std::vector<StoredRow>& rows) {
  std::vector<std::string> all;
  for (const StoredRow& row : rows) all.push_back(row.id);
  return all;
}
inline std::vector<std::string> ids(int from, int count) {
  std::vector<std::string> all;
  for (int n = from; n < from + count; ++n) all.push_back(fmt::format("id-{}", n));
  return all;
}
inline std::vector<Sequence> seqs(const std::vector<StoredRow>& rows) {
  std::vector<Sequence> all;
  for (const StoredRow& row : rows) all.push_back(row.seq);
  return all;
}

// A process of its own that runs `body` and then says so; it lives until it is killed. If `body`
// gives false, it ends without a word.
class Child {
 public:
  template <class Body>
  explicit Child(Body body) {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    pid_ = fork();
    if (pid_ == 0) {
      close(ends[0]);
      const bool good = body();
      if (!good || write(ends[1], "y", 1) != 1) _exit(1);
      for (;;) pause();
    }
    close(ends[1]);
    char byte = 0;
    said_so_ = read(ends[0], &byte, 1) == 1;
    close(ends[0]);
  }
  ~Child() { kill(); }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  [[nodiscard]] bool said_so() const noexcept { return said_so_; }
  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

 private:
  pid_t pid_ = -1;
  bool said_so_ = false;
};

inline std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}
inline void write_file(const std::string& path, std::string_view bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

}  // namespace gateway::egress::test
