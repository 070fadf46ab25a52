#pragma once
#include <boost/container/static_vector.hpp>
#include <boost/intrusive/list.hpp>
#include <optional>
#include <string>
#include <vector>

#include "gateway/auth/shard_authenticator.hpp"
#include "gateway/config/settings.hpp"
#include "gateway/ingress/admission.hpp"
#include "gateway/ingress/connection.hpp"
#include "gateway/ingress/connection_count.hpp"
#include "gateway/metrics/loop_health.hpp"
#include "gateway/pipeline/intake.hpp"
#include "gateway/pipeline/ledger.hpp"
#include "gateway/pipeline/target_hints.hpp"
#include "gateway/pipeline/target_room.hpp"
#include "gateway/tls/tls_source.hpp"
#include "gateway/transport/transports.hpp"
#include "runtime/supervisor.hpp"
#include "runtime/turn_end.hpp"

namespace gateway::ingress {

// Accepts clients on the shard's own listener and owns their connections: closes those that are
// late or in the way, writes answers at the end of each turn, and drains them at the stop. Owned by
// the shard; lives on its thread.
class Ingress {
 public:
  // The parts of the shard that it uses; all outlive it.
  struct Context {
    Executor executor;
    Clock& clock;
    BufferPool& buffers;
    const TargetRoom& room;
    const TargetHints& hints;
    Ledger& ledger;
    Intake& intake;
    ShardMetrics& metrics;
    ConnectionCount& count;
    TurnEnd& turn_end;
    transport::Transports& transports;
    const LoopHealth& loops;
    Supervisor::Part& part;                // the listener
    std::vector<Secret> tokens;            // posts must be signed with one of them; none: unsigned
    const tls::TlsSource* tls = nullptr;   // null: posts come in plain text
    auth::SeenSignatures* seen = nullptr;  // null: a signed post may be sent again
  };

  Ingress(Context context, const config::Ingress& settings, Acceptor listener);
  ~Ingress();
  Ingress(const Ingress&) = delete;
  Ingress& operator=(const Ingress&) = delete;

  void start();
  // Has the connections process what they have received in this loop turn.
  void process_received();
  // Writes the answers that became ready in this loop turn.
  void flush();
  // Enforces the connections' deadlines; at every tick of the shard.
  void tick(Instant now);
  // Has each connection end with its next answer, which says so. Requests are taken as before.
  void leave() noexcept { leaving_ = true; }
  // Accepts no more and closes idle connections; the others end after their last answer.
  void drain();
  // Returns when all connections have ended after drain(), or at `deadline`.
  [[nodiscard]] Task<void> drained(Instant deadline);
  // Ends the connections that are left and waits for them.
  [[nodiscard]] Task<void> stop();

  // What the connections use.
  [[nodiscard]] Context& context() noexcept { return context_; }
  [[nodiscard]] const config::Ingress& settings() const noexcept { return settings_; }
  [[nodiscard]] const Admission& admission() const noexcept { return admission_; }
  // Returns who authenticates posts; null: nobody does.
  [[nodiscard]] auth::ShardAuthenticator* authenticator() noexcept {
    return authenticator_ ? &*authenticator_ : nullptr;
  }
  // Returns the target that the post whose head this is says it is for (X-Cos-Bucket), or the
  // number of targets if it does not. A hint: what its records say may be another.
  [[nodiscard]] std::size_t hinted_target(http::FieldWalk fields) const noexcept;
  // Returns what admission looks at, for a connection beyond that limit and a post for `target`.
  [[nodiscard, gnu::always_inline]] Load load(std::optional<ConnectionLimit> beyond,
                                              std::size_t target) const {
    Load load;
    load.draining = draining_;
    load.beyond = beyond;
    load.queue_full = context_.room.refuses_all(target);
    if (draining_ || beyond || load.queue_full) [[unlikely]]
      load.retry_after = context_.room.retry_after(target);
    return load;
  }
  // Returns what /healthz says now.
  [[nodiscard]] Answer health() const;
  // Notes that a connection began without a PROXY header.
  void no_proxy_header(std::string_view what, std::string_view peer);
  [[nodiscard]] const Session::Limits& limits() const noexcept { return limits_; }
  [[nodiscard]] bool leaving() const noexcept { return leaving_; }
  [[nodiscard]] bool draining() const noexcept { return draining_; }
  // Has a connection process the `bytes` that it has received once others have received as well, in
  // this turn. A connection calls it once a turn.
  void process_later(Connection& connection, std::size_t bytes);
  void flush_later(Connection& connection);
  // Returns the shard's one buffer to write answers into.
  [[nodiscard]] std::string& scratch() noexcept { return scratch_; }
  [[nodiscard]] ReplyText& reply_text() noexcept { return reply_text_; }

 private:
  void start_accepting();
  [[nodiscard]] Task<void> accept_loop();
  // Accepts what waits to be, up to a bound; `pause` begins anew with the first. Returns why it
  // ended before that bound.
  [[nodiscard]] error_code accept_batch(std::chrono::milliseconds& pause);
  void accept_last();
  [[nodiscard]] Descriptor accept_one(tcp::endpoint& peer, error_code& error);
  void adopt(Descriptor socket, const tcp::endpoint& peer);
  bool shed_idle();
  void remove(Connection& connection);

  Context context_;
  const config::Ingress settings_;
  const Session::Limits limits_;
  Admission admission_;
  std::optional<auth::ShardAuthenticator> authenticator_;
  Acceptor listener_;
  Timer accept_pause_;
  LogLimiter accept_trouble_;
  LogLimiter proxy_trouble_;
  ReplyText reply_text_;
  std::string scratch_;

  template <boost::intrusive::list_member_hook<> Connection::* Hook>
  using List = boost::intrusive::list<
      Connection,
      boost::intrusive::member_hook<Connection, boost::intrusive::list_member_hook<>, Hook>>;
  List<&Connection::all_hook> connections_;
  // To be processed this turn; null where one has gone since.
  boost::container::static_vector<Connection*, 32> received_;
  std::size_t unprocessed_ = 0;  // bytes that they have received
  List<&Connection::dirty_hook> dirty_;
  Instant next_sweep_{};
  std::chrono::milliseconds sweep_every_;
  std::chrono::milliseconds shed_after_;
  bool leaving_ = false;
  bool draining_ = false;
  bool accepting_ = false;
  Signal changed_;  // a connection or the accept loop has ended
};

}  // namespace gateway::ingress
