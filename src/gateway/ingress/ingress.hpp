#pragma once
#include <array>
#include <atomic>
#include <boost/intrusive/list.hpp>
#include <functional>
#include <string>
#include <vector>

#include "gateway/config/settings.hpp"
#include "gateway/egress/eventbus.hpp"
#include "gateway/ingress/admission.hpp"
#include "gateway/ingress/connection.hpp"
#include "gateway/pipeline/intake.hpp"
#include "gateway/pipeline/ledger.hpp"
#include "gateway/tls/tls_source.hpp"
#include "runtime/turn_queue.hpp"

namespace gateway::ingress {

// How many client connections the whole process has; shared by the shards' listeners.
class ConnectionCount {
 public:
  explicit ConnectionCount(std::size_t limit) noexcept : limit_(limit) {}
  // How many there are now, the new one included.
  std::size_t add() noexcept { return count_.fetch_add(1, std::memory_order_relaxed) + 1; }
  void remove() noexcept { count_.fetch_sub(1, std::memory_order_relaxed); }
  [[nodiscard]] std::size_t limit() const noexcept { return limit_; }

 private:
  std::atomic<std::size_t> count_{0};
  const std::size_t limit_;
};

// One shard's side towards the clients: the listener, the connections, their common deadlines.
// Owned by the shard; lives on its thread.
class Ingress {
 public:
  // What it uses of its shard; all outlive it.
  struct Context {
    Executor executor;
    Clock& clock;
    BufferPool& buffers;
    ByteLease& lease;
    Ledger& ledger;
    Intake& intake;
    egress::Eventbus& eventbus;
    observe::ShardMetrics& metrics;
    ConnectionCount& count;
    std::function<void()> request_flush;
    const tls::TlsSource* tls = nullptr;  // null: posts come in plain text
  };

  Ingress(Context context, const config::Ingress& settings, Acceptor listener);
  ~Ingress();
  Ingress(const Ingress&) = delete;
  Ingress& operator=(const Ingress&) = delete;

  void start();
  // The end of a loop turn: writes the answers that became ready in it.
  void flush();
  // Every tick of the shard.
  void tick(Instant now);
  // Accepts no more, answers what is owed, ends each connection after its last answer.
  void drain();
  // Until drain() is through or `deadline` has come.
  [[nodiscard]] Task<void> drained(Instant deadline);
  // Ends what is left and waits for it.
  [[nodiscard]] Task<void> stop();

  // What the connections use.
  [[nodiscard]] Context& context() noexcept { return context_; }
  [[nodiscard]] const config::Ingress& settings() const noexcept { return settings_; }
  [[nodiscard]] const Admission& admission() const noexcept { return admission_; }
  [[nodiscard]] Load load(bool over_limit) const;
  [[nodiscard]] bool draining() const noexcept { return draining_; }
  void flush_later(Connection& connection);
  // The shard's one buffer to write answers into.
  [[nodiscard]] std::string& scratch() noexcept { return scratch_; }
  // Where bytes are read to that nobody looks at; any number of reads may share it.
  [[nodiscard]] asio::mutable_buffer discard_buffer() noexcept { return asio::buffer(discard_); }
  // TLS: calls connection.handshake_step() when its turn has come.
  void await_handshake(Connection& connection);
  // The shard's one buffer to read TLS into; what is not used at once is to be copied.
  [[nodiscard]] std::span<char> sealed_input() noexcept { return sealed_input_; }
  // The shard's one buffer to write TLS into.
  [[nodiscard]] std::string& sealed_scratch() noexcept { return sealed_scratch_; }
  [[nodiscard]] ReplyText& reply_text() noexcept { return reply_text_; }

 private:
  [[nodiscard]] Task<void> accept_loop();
  void adopt(Socket socket);
  void remove(Connection& connection);
  void post_handshakes();

  Context context_;
  const config::Ingress settings_;
  Admission admission_;
  Acceptor listener_;
  Timer accept_pause_;
  ReplyText reply_text_;
  std::string scratch_;
  std::array<char, 4096> discard_;
  std::vector<char> sealed_input_;
  std::string sealed_scratch_;

  template <boost::intrusive::list_member_hook<> Connection::* Hook>
  using List = boost::intrusive::list<
      Connection,
      boost::intrusive::member_hook<Connection, boost::intrusive::list_member_hook<>, Hook>>;
  List<&Connection::all_hook> connections_;
  List<&Connection::dirty_hook> dirty_;
  TurnQueue<Connection, &Connection::handshake_hook> handshakes_;
  bool handshakes_posted_ = false;
  Instant next_sweep_{};
  std::chrono::milliseconds sweep_every_;
  bool draining_ = false;
  bool accepting_ = false;
  Signal changed_;  // a connection or the accept loop has ended
};

}  // namespace gateway::ingress
