#pragma once
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "gateway/config/report.hpp"
#include "gateway/config/settings.hpp"
#include "gateway/tls/tls_context.hpp"
#include "runtime/asio.hpp"
#include "runtime/repeating_timer.hpp"

namespace gateway::tls {

// Identifies a state of a file by device, inode, size and times; all 0 for a file that is not
// there. Symbolic links are followed, so that a swapped directory, as Kubernetes does it, is
// noticed.
struct FileStamp {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  std::int64_t modified_ns = 0;
  std::int64_t changed_ns = 0;

  [[nodiscard]] static FileStamp of(const std::string& path);
  [[nodiscard]] bool operator==(const FileStamp&) const = default;
};
using FileStamps = std::vector<FileStamp>;

// Decides when files are read again. Several files are seldom replaced in one instant: files are
// read when they differ from those read last and have not changed from one look to the next.
class FileWatch {
 public:
  // `read`: taken before the files were read.
  explicit FileWatch(FileStamps read) : read_(std::move(read)), seen_(read_) {}

  // Returns true if the files must be read now. It returns true again only after another change,
  // also if reading fails.
  [[nodiscard]] bool changed(FileStamps now) {
    const bool settled = now == seen_;
    seen_ = std::move(now);
    if (!settled || seen_ == read_) return false;
    read_ = seen_;
    return true;
  }

 private:
  FileStamps read_;
  FileStamps seen_;
};

enum class Side : std::uint8_t { server, client };

// The section of the configuration a side's files stand in.
[[nodiscard]] constexpr const char* section_of(Side side) noexcept {
  return side == Side::server ? "gateway.tls" : "delivery.tls";
}
// Returns the configuration key that names this file.
[[nodiscard]] std::string key_of(Side side, Part part);

[[nodiscard]] FromFile<TlsContext::Ptr> load(Side side, const config::TlsFiles& files);

// What /status and the metrics show of a source.
struct SourceStatus {
  SourceStatus() = default;

  Side side = Side::server;
  std::string certificate;  // the file; empty if there is none
  std::optional<std::chrono::sys_seconds> expires;
  std::uint64_t reloads = 0;
  std::uint64_t failures = 0;
  std::string last_error;  // of the last attempt; empty when it went well
};

// Holds the context that new connections of one side begin with, and makes another when its files
// change. Files that cannot be used change nothing. poll() and status() are for one thread,
// current() is for all.
class TlsSource {
 public:
  // Throws std::invalid_argument that names key and file.
  TlsSource(Side side, const config::TlsFiles& files);

  [[nodiscard]] TlsContext::Ptr current() const;
  // Looks at the files and reads them if they have changed.
  void poll();
  [[nodiscard]] const SourceStatus& status() const noexcept { return status_; }

 private:
  [[nodiscard]] FileStamps stamps() const;
  void warn_of_expiry() const;

  const Side side_;
  const config::TlsFiles files_;
  FileWatch watch_;
  SourceStatus status_;
  mutable std::mutex mutex_;  // around current_; taken once a connection
  TlsContext::Ptr current_;
};

// Has sources look at their files once an interval, on the control thread.
class TlsWatch {
 public:
  // A few stat(2) calls; a change is in use after two looks at most.
  static constexpr std::chrono::milliseconds kInterval{1000};

  TlsWatch(const Executor& executor, std::vector<TlsSource*> sources)
      : sources_(std::move(sources)), timer_(executor, kInterval, [this] {
          for (TlsSource* const source : sources_) source->poll();
        }) {}

  // May be called again after what the loop has thrown.
  void start() {
    if (!sources_.empty()) timer_.start();
  }
  void stop() { timer_.stop(); }
  [[nodiscard]] std::vector<SourceStatus> status() const {
    std::vector<SourceStatus> all;
    all.reserve(sources_.size());
    for (const TlsSource* const source : sources_) all.push_back(source->status());
    return all;
  }

 private:
  const std::vector<TlsSource*> sources_;
  RepeatingTimer timer_;
};

// Reports every file of certificates and keys that cannot be read or used.
void check_files(const config::Settings& settings, config::Report& report);

}  // namespace gateway::tls
