#include "runtime/origin_connection.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <array>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/system_error.hpp>
#include <utility>

#include "runtime/ip_address.hpp"

namespace gateway {
namespace {

namespace ssl = asio::ssl;

// An idle connection is not used after this time: what lies between may have forgotten it silently.
constexpr std::chrono::seconds kMostIdle{30};

// Returns whether nothing has come on an idle connection, not even its end. What comes before a
// request is no answer to it.
bool is_quiet(OriginConnection::Link& link) {
  if (link.buffer.size() != 0 || !link.socket.is_open()) return false;
  char byte = 0;
  error_code error;
  link.socket.non_blocking(true, error);
  if (error) return false;
  link.socket.receive(asio::buffer(&byte, 1), Socket::message_peek, error);
  return error == asio::error::would_block;
}

std::string handshake_problem(OriginConnection::TlsStream& stream, const error_code& error,
                              const std::string& host) {
  const long verdict = SSL_get_verify_result(stream.native_handle());
  if (verdict == X509_V_OK) return "TLS handshake with " + host + ": " + error.message();
  return fmt::format("the certificate of {} is not accepted: {}", host,
                     X509_verify_cert_error_string(verdict));
}

}  // namespace

OriginConnection::OriginConnection(const Executor& executor, HttpOrigin origin, std::string ca_file)
    : executor_(executor),
      origin_(std::move(origin)),
      ca_file_(std::move(ca_file)),
      timer_(executor),
      lookup_(executor) {}

bool OriginConnection::is_reusable() {
  const Instant oldest = std::chrono::steady_clock::now() - kMostIdle;
  return link_ && link_->used > oldest && is_quiet(*link_);
}

void OriginConnection::arm(Instant at) {
  timer_.expires_at(at);
  timer_.async_wait([weak = weak_from_this(), number = ++armed_](const error_code& aborted) {
    const auto self = weak.lock();
    if (aborted || !self || number != self->armed_ || !self->link_) return;
    error_code ignored;
    self->link_->socket.close(ignored);
  });
}

void OriginConnection::disarm() {
  ++armed_;
  timer_.cancel();
}

void OriginConnection::cancel() {
  cancelled_ = true;
  lookup_.cancel();
  if (!link_) return;
  error_code ignored;
  link_->socket.close(ignored);
}

Task<std::vector<tcp::endpoint>> OriginConnection::resolve() {
  const std::optional<HttpProxy>& proxy = origin_.proxy();
  const std::string host = proxy ? proxy->host() : origin_.host();
  const std::uint16_t port = proxy ? proxy->port() : origin_.port();
  auto found = co_await lookup_.resolve(host, port, end_);
  if (!found) {
    problem_ = "name look-up of " + host + ": " + found.error().message();
    co_return std::vector<tcp::endpoint>();
  }
  co_return std::move(*found);
}

// One address; `until` is its share of the time.
Task<bool> OriginConnection::connect(tcp::endpoint endpoint, Instant until) {
  const auto link = std::make_shared<Link>(executor_);
  link_ = link;
  error_code error;
  link->socket.open(endpoint.protocol(), error);
  if (!error) {
    arm(until);
    auto [connect_error] = co_await link->socket.async_connect(endpoint, tuple);
    error = connect_error;
  }
  if (!error && link->socket.is_open()) {
    error_code ignored;
    link->socket.set_option(tcp::no_delay(true), ignored);
    co_return true;
  }
  const bool late = error == asio::error::operation_aborted;
  problem_ = fmt::format("connect to {}:{}: {}", endpoint.address().to_string(), endpoint.port(),
                         late ? "no answer" : error.message());
  close();
  co_return false;
}

// Tries the addresses one after the other; each gets an equal share of what time is left.
Task<bool> OriginConnection::open() {
  close();
  problem_.clear();
  const std::vector<tcp::endpoint> endpoints = co_await resolve();
  for (std::size_t i = 0; i < endpoints.size() && !over(); ++i) {
    const Instant now = std::chrono::steady_clock::now();
    const auto share = (end_ - now) / static_cast<Instant::rep>(endpoints.size() - i);
    const bool connected = co_await connect(endpoints[i], now + share);
    if (!connected) continue;
    arm(end_);
    if (!origin_.tls()) co_return true;
    if (const auto& proxy = origin_.proxy()) {
      const bool opened = co_await open_tunnel(*proxy);
      if (!opened) {
        close();
        continue;
      }
    }
    const bool secured = co_await secure();
    if (secured) co_return true;
    close();
  }
  co_return false;
}

ssl::context& OriginConnection::trust() {
  if (trust_) return *trust_;
  ssl::context context(ssl::context::tls_client);
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  context.set_verify_mode(ssl::verify_peer);
  context.set_default_verify_paths();
  if (!ca_file_.empty()) context.load_verify_file(ca_file_);
  return trust_.emplace(std::move(context));
}

Task<bool> OriginConnection::open_tunnel(const HttpProxy& proxy) {
  const auto link = link_;
  ProxyTunnel tunnel(proxy, origin_.host(), origin_.port());
  [[maybe_unused]] auto [error, written] =
      co_await asio::async_write(link->socket, asio::buffer(tunnel.request()), tuple);
  std::array<char, 1024> room{};
  auto step = ProxyTunnel::Step::need_more;
  while (!error && step == ProxyTunnel::Step::need_more) {
    auto [read_error, size] = co_await link->socket.async_read_some(asio::buffer(room), tuple);
    error = read_error;
    if (!error) step = tunnel.receive({room.data(), size});
  }
  if (error) tunnel.end(error.message());
  problem_ = tunnel.problem();
  co_return step == ProxyTunnel::Step::open;
}

Task<bool> OriginConnection::secure() {
  const auto link = link_;
  try {
    link->tls = std::make_unique<TlsStream>(link->socket, trust());
    link->tls->set_verify_callback(ssl::host_name_verification(origin_.host()));
  } catch (const boost::system::system_error& failed) {
    problem_ = fmt::format("TLS cannot be set up: {}", failed.what());
    co_return false;
  }
  // RFC 6066 section 3: no addresses in the server name indication.
  if (!ip_address(origin_.host())) {
    SSL_set_tlsext_host_name(link->tls->native_handle(), origin_.host().c_str());
  }
  auto [failed] = co_await link->tls->async_handshake(ssl::stream_base::client, tuple);
  if (!failed) co_return true;
  problem_ = handshake_problem(*link->tls, failed, origin_.host());
  co_return false;
}

}  // namespace gateway
