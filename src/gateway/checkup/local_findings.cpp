#include "gateway/checkup/local_findings.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <utility>

#include "gateway/observe/figures.hpp"
#include "runtime/bind_listener.hpp"

namespace gateway::checkup {
namespace {

using Medium = StorageProbe::Medium;

// A post that needs the store waits for one or two of them.
constexpr std::chrono::milliseconds kSlow{50};

Finding speed(const std::string& key, const std::string& path, StorageProbe::Medium medium,
              std::vector<std::chrono::nanoseconds> syncs) {
  std::ranges::sort(syncs);
  const auto median = syncs.empty() ? std::chrono::nanoseconds(0) : syncs[syncs.size() / 2];
  const auto longest = syncs.empty() ? median : syncs.back();
  std::string text =
      fmt::format("{}: {} writes of 16 KiB, fsync median {}, longest {}", path, syncs.size(),
                  observe::latency_text(median), observe::latency_text(longest));
  if (medium == Medium::memory) {
    return Finding::warn(key, text + "; on a file system in memory",
                         "events there are gone with the machine; name a path on a disk");
  }
  if (medium == Medium::layer) {
    return Finding::warn(key, text + "; on an overlay file system, as of a container",
                         "events there are gone with the container; name a path on a volume");
  }
  if (medium == Medium::network) {
    return Finding::warn(key, text + "; on a network file system",
                         "it has to honour locks and fsync; a local disk is safer");
  }
  if (median > kSlow) {
    return Finding::warn(key, std::move(text),
                         "a slow device: each post that needs it waits that long and longer");
  }
  return Finding::ok(key, std::move(text));
}

Finding space(const std::string& key, const config::Storage& storage, const StorageProbe& probe) {
  std::string text = fmt::format(
      "{} free, {} there already, it may grow to {}", observe::bytes_text(probe.free_bytes),
      observe::bytes_text(probe.store_bytes), observe::bytes_text(storage.max_bytes));
  if (probe.free_bytes + probe.store_bytes >= storage.max_bytes) {
    return Finding::ok(key + " space", std::move(text));
  }
  return Finding::warn(
      key + " space", std::move(text),
      fmt::format(
          "the device is full before that, and posts that need it get 503 then: make room{}",
          key == "spool" ? " or lower spool.max_bytes" : ""));
}

}  // namespace

Findings storage_findings(const std::string& key, const config::Storage& storage,
                          const std::optional<StorageProbe>& probe) {
  Findings findings;
  if (!probe) {
    findings.push_back(Finding::fail(Blame::unavailable, key,
                                     storage.path + ": the device did not answer in time",
                                     "a disk or network file system that hangs"));
  } else if (!probe->closed_file.empty()) {
    findings.push_back(Finding::fail(
        Blame::unavailable, key, fmt::format("{}: {}", storage.path, probe->problem),
        fmt::format("all files of the store must be the gateway's to read and write, as when they "
                    "were restored by another user: `chown {0} {1}.*` and `chmod u+rw {1}.*` as "
                    "root, then check again",
                    ::geteuid(), storage.path)));
  } else if (!probe->problem.empty()) {
    findings.push_back(Finding::fail(
        Blame::unavailable, key, fmt::format("{}: {}", storage.path, probe->problem),
        fmt::format("{}.path must name a file that is not there, in a folder that is and that the "
                    "user of the process (65532 in the container) may write to",
                    key)));
  } else {
    findings.push_back(speed(key, storage.path, probe->medium, probe->syncs));
    findings.push_back(space(key, storage, *probe));
  }
  return findings;
}

std::optional<std::uint64_t> room_of(const config::Storage& storage,
                                     const std::optional<StorageProbe>& probe) {
  if (!probe || !probe->problem.empty()) return std::nullopt;
  return std::min<std::uint64_t>(storage.max_bytes, probe->free_bytes + probe->store_bytes);
}

error_code try_bind(const config::HostPort& address) {
  asio::io_context context(1);
  error_code error;
  const tcp::endpoint at(asio::ip::make_address(address.host, error), address.port);
  if (error) return error;
  Acceptor probe(context.get_executor());
  return bind_listener(probe, at);
}

Finding listen_finding(const std::string& key, const config::HostPort& address,
                       const error_code& error, bool gateway_there) {
  const std::string at = address.text();
  if (!error) return Finding::ok(key, at + " is free");
  if (error == asio::error::address_in_use) {
    if (gateway_there) {
      return Finding::warn(key, at + " is in use, by a gateway that answers at gateway.admin",
                           "nothing to do if it is the one this configuration is for");
    }
    return Finding::fail(Blame::unavailable, key, at + " is in use",
                         "another process listens there: end it, or name another port");
  }
  std::string advice;
  if (error == asio::error::access_denied) {
    advice = "ports below 1024 take the capability CAP_NET_BIND_SERVICE";
  } else if (error == boost::system::errc::address_not_available) {
    advice = "no interface of this machine has the address; 0.0.0.0 is all of them";
  }
  return Finding::fail(Blame::unavailable, key, fmt::format("{}: {}", at, error.message()), advice);
}

}  // namespace gateway::checkup
