#pragma once
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include "gateway/config/settings.hpp"
#include "gateway/tls/file_watch.hpp"
#include "gateway/tls/tls_context.hpp"

namespace gateway::tls {

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

}  // namespace gateway::tls
