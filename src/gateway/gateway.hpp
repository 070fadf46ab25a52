#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "cloud/provisioner.hpp"
#include "gateway/config/settings.hpp"
#include "gateway/observe/condition.hpp"
#include "gateway/observe/snapshot.hpp"
#include "gateway/provisioning/relay_deployment.hpp"

namespace gateway {

// The whole process in one object: one shard per core, each with its own thread, and a control
// thread for the admin server. Constructed, started, waited for and destroyed by one owner; stop()
// and what only reads may be called from any thread.
//
//   Gateway gateway(settings);   // listeners are bound: port() is known
//   gateway.start();             // posts are accepted; provisioning goes on beside
//   gateway.stop();              // not ready any more; undo provisioning if configured, wait
//                                // settings.ingress.drain_delay, then drain: refuse new posts,
//                                // finish those in flight
//   gateway.wait();              // until drained, at most settings.ingress.grace after the delay
class Gateway {
 public:
  // Throws std::system_error, its text naming the address, when a listener cannot be had, and
  // std::invalid_argument for a target that is no URL and TLS files that cannot be used.
  explicit Gateway(config::Settings settings, const DeploymentOptions& deployment = {});
  // Stops and waits.
  ~Gateway();
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  // Called on the control thread when provisioning cannot go on without an operator. Before
  // start().
  void on_provisioning_failure(std::function<void(const cloud::ProvisioningStatus&)> callback);
  // Called on any thread, once, when a part of the process keeps failing and it should be stopped,
  // to be started anew. Must not throw. Before start().
  void on_failure(std::function<void()> callback);

  // Called on the control thread about once a second while it runs: with what there is to say of
  // the gateway, and whether all of its loops turn. Before start().
  using OnLook = std::function<void(const observe::Condition& condition, bool turning)>;
  void on_look(OnLook callback);

  // Throws std::system_error, everything undone, if not all threads can be had.
  void start();
  void stop();
  void wait();
  // Returns how long a stop may take in all, from stop() on.
  [[nodiscard]] std::chrono::milliseconds longest_stop() const noexcept;

  // Bound ports; they differ from the settings where those say 0.
  [[nodiscard]] std::uint16_t port() const noexcept;
  [[nodiscard]] std::uint16_t admin_port() const noexcept;

  // Sums over all shards. Counters are read without stopping them, in an order that lets none
  // appear finished before it was received.
  [[nodiscard]] observe::Snapshot snapshot() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace gateway
