#include "runtime/http_client.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <array>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/system/system_error.hpp>
#include <optional>
#include <stdexcept>

#include "runtime/clock.hpp"
#include "runtime/name_lookup.hpp"

namespace gateway {
namespace {

namespace beast = boost::beast;
namespace ssl = asio::ssl;

using Reason = HttpFailure::Reason;
using Request = beast::http::request<beast::http::string_body>;
using Parser = beast::http::response_parser<beast::http::string_body>;
using TlsStream = ssl::stream<Socket&>;

constexpr std::uint32_t kMostHead = 64 << 10;
constexpr std::size_t kReadSize = std::size_t{16} << 10;  // of a stream
// A kept connection is not trusted for longer: what lies between forgets idle ones without a word.
constexpr std::chrono::seconds kMostIdle{30};

bool is_address(const std::string& host) {
  error_code error;
  asio::ip::make_address(host, error);
  return !error;
}

// A connection; the socket is first, so that TLS on it dies before it.
struct Link {
  explicit Link(const Executor& executor) : socket(executor) {}
  Socket socket;
  std::unique_ptr<TlsStream> tls;
  beast::flat_buffer buffer;
  Instant used;
};

// Nothing has come on an idle connection, not even its end. What comes before a request is no
// answer to it.
bool is_quiet(Link& link) {
  if (link.buffer.size() != 0 || !link.socket.is_open()) return false;
  char byte = 0;
  error_code error;
  link.socket.non_blocking(true, error);
  if (error) return false;
  link.socket.receive(asio::buffer(&byte, 1), Socket::message_peek, error);
  return error == asio::error::would_block;
}

// Returns the content coding of an answer's body, which is then not what it says; empty: none.
std::string_view coding_of(const Parser& answer) {
  const auto text = answer.get()[beast::http::field::content_encoding];
  return beast::iequals(text, "identity") ? std::string_view() : std::string_view(text);
}

// The server broke the grammar or a limit, and not just off.
bool is_malformed(const error_code& error) {
  const error_code cut = beast::http::error::partial_message;
  return error.category() == cut.category() && error != cut &&
         error != beast::http::error::end_of_stream;
}

std::string handshake_problem(TlsStream& stream, const error_code& error, const std::string& host) {
  const long verdict = SSL_get_verify_result(stream.native_handle());
  if (verdict == X509_V_OK) return "TLS handshake with " + host + ": " + error.message();
  return fmt::format("the certificate of {} is not accepted: {}", host,
                     X509_verify_cert_error_string(verdict));
}

}  // namespace

HttpOrigin::HttpOrigin(bool tls, std::string host, std::uint16_t port, std::string authority)
    : tls_(tls), host_(std::move(host)), port_(port), authority_(std::move(authority)) {
  if (!authority_.empty()) return;
  authority_ = host_.find(':') == std::string::npos ? host_ : "[" + host_ + "]";
  if (port_ != (tls_ ? 443 : 80)) authority_ += ":" + std::to_string(port_);
}

class HttpClient::Conversation : public std::enable_shared_from_this<Conversation> {
 public:
  Conversation(const Executor& executor, HttpOrigin origin, std::string ca_file)
      : executor_(executor),
        origin_(std::move(origin)),
        ca_file_(std::move(ca_file)),
        timer_(executor),
        lookup_(executor) {}

  [[nodiscard]] Task<HttpResult> exchange(HttpRequest request, std::chrono::milliseconds timeout);
  [[nodiscard]] Task<HttpResult> follow(HttpRequest request, std::chrono::milliseconds timeout,
                                        std::chrono::milliseconds silence, OnBody on_body);
  void cancel();
  [[nodiscard]] const HttpOrigin& origin() const noexcept { return origin_; }

 private:
  // Why the step under way cannot go on, if the clock or cancel() says so.
  [[nodiscard]] bool over() const { return cancelled_ || std::chrono::steady_clock::now() >= end_; }
  [[nodiscard]] HttpFailure failure(std::string text) const;

  [[nodiscard]] Request text_of(HttpRequest&& wanted) const;
  void arm(Instant at);
  void disarm();
  void drop();
  [[nodiscard]] Task<std::vector<tcp::endpoint>> resolve();
  [[nodiscard]] Task<bool> open();
  [[nodiscard]] Task<bool> connect(tcp::endpoint endpoint, Instant until);
  [[nodiscard]] Task<bool> open_tunnel();
  [[nodiscard]] Task<bool> secure();
  [[nodiscard]] ssl::context& trust();
  template <class Stream>
  [[nodiscard]] Task<error_code> converse(Stream& stream, Request& request);
  [[nodiscard]] HttpResult take_reply();

  const Executor executor_;
  const HttpOrigin origin_;
  const std::string ca_file_;
  std::optional<ssl::context> trust_;
  Timer timer_;
  unsigned armed_ = 0;  // a timer that was set again meanwhile does nothing
  std::shared_ptr<Link> link_;
  NameLookup lookup_;
  std::unique_ptr<Parser> parser_;
  Instant end_;
  std::string problem_;
  bool sent_ = false;
  bool cancelled_ = false;
};

HttpFailure HttpClient::Conversation::failure(std::string text) const {
  if (cancelled_) return {Reason::cancelled, "cancelled", sent_};
  if (over()) {
    std::string what = "no answer in time";
    if (!sent_) {
      what = "no connection in time";
      if (!text.empty()) what += " (" + text + ")";
    }
    return {Reason::timeout, what, sent_};
  }
  return {Reason::connection, std::move(text), sent_};
}

void HttpClient::Conversation::arm(Instant at) {
  timer_.expires_at(at);
  timer_.async_wait([weak = weak_from_this(), number = ++armed_](const error_code& aborted) {
    const auto self = weak.lock();
    if (aborted || !self || number != self->armed_ || !self->link_) return;
    error_code ignored;
    self->link_->socket.close(ignored);
  });
}

void HttpClient::Conversation::disarm() {
  ++armed_;
  timer_.cancel();
}

void HttpClient::Conversation::drop() {
  link_.reset();
}

void HttpClient::Conversation::cancel() {
  cancelled_ = true;
  lookup_.cancel();
  if (!link_) return;
  error_code ignored;
  link_->socket.close(ignored);
}

Task<std::vector<tcp::endpoint>> HttpClient::Conversation::resolve() {
  const std::string host = origin_.proxy() ? origin_.proxy()->host() : origin_.host();
  const std::uint16_t port = origin_.proxy() ? origin_.proxy()->port() : origin_.port();
  auto found = co_await lookup_.resolve(host, port, end_);
  if (!found) {
    problem_ = "name look-up of " + host + ": " + found.error().message();
    co_return std::vector<tcp::endpoint>();
  }
  co_return std::move(*found);
}

// One address; `until` is its share of the time.
Task<bool> HttpClient::Conversation::connect(tcp::endpoint endpoint, Instant until) {
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
  drop();
  co_return false;
}

// Tries the addresses one after the other; each gets an equal share of what time is left.
Task<bool> HttpClient::Conversation::open() {
  const std::vector<tcp::endpoint> endpoints = co_await resolve();
  for (std::size_t i = 0; i < endpoints.size() && !over(); ++i) {
    const Instant now = std::chrono::steady_clock::now();
    const auto share = (end_ - now) / static_cast<Instant::rep>(endpoints.size() - i);
    const bool connected = co_await connect(endpoints[i], now + share);
    if (!connected) continue;
    arm(end_);
    if (!origin_.tls()) co_return true;
    if (origin_.proxy()) {
      const bool opened = co_await open_tunnel();
      if (!opened) {
        drop();
        continue;
      }
    }
    const bool secured = co_await secure();
    if (secured) co_return true;
    drop();
  }
  co_return false;
}

ssl::context& HttpClient::Conversation::trust() {
  if (trust_) return *trust_;
  ssl::context context(ssl::context::tls_client);
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  context.set_verify_mode(ssl::verify_peer);
  context.set_default_verify_paths();
  if (!ca_file_.empty()) context.load_verify_file(ca_file_);
  return trust_.emplace(std::move(context));
}

Task<bool> HttpClient::Conversation::open_tunnel() {
  const auto link = link_;
  ProxyTunnel tunnel(*origin_.proxy(), origin_.host(), origin_.port());
  auto [error, written] =
      co_await asio::async_write(link->socket, asio::buffer(tunnel.request()), tuple);
  static_cast<void>(written);
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

Task<bool> HttpClient::Conversation::secure() {
  const auto link = link_;
  try {
    link->tls = std::make_unique<TlsStream>(link->socket, trust());
    link->tls->set_verify_callback(ssl::host_name_verification(origin_.host()));
  } catch (const boost::system::system_error& failed) {
    problem_ = fmt::format("TLS cannot be set up: {}", failed.what());
    co_return false;
  }
  // RFC 6066 section 3: no addresses in the server name indication.
  if (!is_address(origin_.host())) {
    SSL_set_tlsext_host_name(link->tls->native_handle(), origin_.host().c_str());
  }
  auto [failed] = co_await link->tls->async_handshake(ssl::stream_base::client, tuple);
  if (!failed) co_return true;
  problem_ = handshake_problem(*link->tls, failed, origin_.host());
  co_return false;
}

template <class Stream>
Task<error_code> HttpClient::Conversation::converse(Stream& stream, Request& request) {
  const auto link = link_;
  sent_ = true;
  parser_.reset();
  auto [write_error, written] = co_await beast::http::async_write(stream, request, tuple);
  static_cast<void>(written);
  if (write_error) co_return write_error;
  do {  // interim answers (1xx) come before the one
    parser_ = std::make_unique<Parser>();
    parser_->header_limit(kMostHead);
    parser_->body_limit(kMostAnswer);
    auto [read_error, size] =
        co_await beast::http::async_read(stream, link->buffer, *parser_, tuple);
    static_cast<void>(size);
    if (read_error) co_return read_error;
  } while (parser_->get().result_int() / 100 == 1);
  co_return error_code();
}

Request HttpClient::Conversation::text_of(HttpRequest&& wanted) const {
  const bool by_proxy = origin_.proxy() && !origin_.tls();
  // RFC 9112 section 3.2.2: a proxy is told the whole URL.
  const std::string target =
      by_proxy ? "http://" + origin_.authority() + wanted.target : wanted.target;
  Request request(beast::http::string_to_verb(wanted.method), target, 11);
  if (by_proxy && !origin_.proxy()->authorization().empty()) {
    request.set(beast::http::field::proxy_authorization, origin_.proxy()->authorization().reveal());
  }
  request.set(beast::http::field::host, origin_.authority());
  // RFC 9110 section 12.5.3: without it a server may choose any coding.
  request.set(beast::http::field::accept_encoding, "identity");
  for (const auto& [name, value] : wanted.headers) request.set(name, value);
  request.body() = std::move(wanted.body);
  request.prepare_payload();
  return request;
}

HttpResult HttpClient::Conversation::take_reply() {
  auto message = parser_->release();
  parser_.reset();
  if (!message.keep_alive() || link_->buffer.size() != 0) drop();
  if (link_) link_->used = std::chrono::steady_clock::now();
  HttpReply reply;
  reply.status = message.result_int();
  reply.date = std::string(message[beast::http::field::date]);
  reply.body = std::move(message.body());
  return reply;
}

Task<HttpResult> HttpClient::Conversation::exchange(HttpRequest wanted,
                                                    std::chrono::milliseconds timeout) {
  end_ = std::chrono::steady_clock::now() + timeout;
  const bool repeatable = wanted.repeatable;
  Request request = text_of(std::move(wanted));

  for (bool again = false;; again = true) {
    sent_ = false;
    problem_.clear();
    if (over()) co_return failure(problem_);
    const Instant oldest = std::chrono::steady_clock::now() - kMostIdle;
    const bool reused = !again && link_ && link_->used > oldest && is_quiet(*link_);
    if (!reused) {
      drop();
      const bool opened = co_await open();
      if (!opened || over()) {
        disarm();
        drop();
        co_return failure(problem_);
      }
    }
    arm(end_);
    const auto link = link_;
    error_code error;
    if (link->tls) {
      error = co_await converse(*link->tls, request);
    } else {
      error = co_await converse(link->socket, request);
    }
    disarm();
    if (!error && !cancelled_) {
      const std::string coding(coding_of(*parser_));
      if (coding.empty()) co_return take_reply();
      drop();
      co_return HttpFailure(Reason::answer,
                            "the answer is not usable: it is in the content coding " + coding +
                                ", though identity was asked for; is there a proxy on the way?",
                            true);
    }
    const bool silent = (!parser_ || !parser_->got_some()) && link->buffer.size() == 0;
    drop();
    if (reused && silent && repeatable && !over()) continue;
    if (!over() && is_malformed(error)) {
      co_return HttpFailure(Reason::answer, "the answer is not usable: " + error.message(), true);
    }
    std::string text = error.message();
    if (silent) {
      text = "the connection ended before an answer came: " + text;
    } else {
      text = "the connection ended within the answer: " + text;
    }
    co_return failure(text);
  }
}

Task<HttpResult> HttpClient::Conversation::follow(HttpRequest wanted,
                                                  std::chrono::milliseconds timeout,
                                                  std::chrono::milliseconds silence,
                                                  OnBody on_body) {
  if (origin_.tls()) throw std::logic_error("no stream is followed over TLS");
  end_ = std::chrono::steady_clock::now() + timeout;
  sent_ = false;
  problem_.clear();
  drop();
  Request request = text_of(std::move(wanted));
  const bool opened = co_await open();
  if (!opened || over()) {
    disarm();
    drop();
    co_return failure(problem_);
  }
  const auto link = link_;
  sent_ = true;
  Parser head;
  head.header_limit(kMostHead);
  head.body_limit(kMostAnswer);
  auto [write_error, written] = co_await beast::http::async_write(link->socket, request, tuple);
  static_cast<void>(written);
  error_code error = write_error;
  if (!error) {
    auto [read_error, size] =
        co_await beast::http::async_read_header(link->socket, link->buffer, head, tuple);
    static_cast<void>(size);
    error = read_error;
  }
  HttpReply reply;
  if (!error) reply.status = head.get().result_int();
  if (!error && reply.status != 200) {
    auto [read_error, size] =
        co_await beast::http::async_read(link->socket, link->buffer, head, tuple);
    static_cast<void>(size);
    error = read_error;
    reply.body = std::move(head.get().body());
  }
  if (reply.status == 200) {
    const auto begun = link->buffer.data();
    on_body({static_cast<const char*>(begun.data()), begun.size()});
    std::string room(kReadSize, '\0');
    while (!error) {
      end_ = std::chrono::steady_clock::now() + silence;
      arm(end_);
      auto [read_error, size] =
          co_await link->socket.async_read_some(asio::buffer(room.data(), room.size()), tuple);
      on_body({room.data(), size});
      error = read_error;
    }
    if (error == asio::error::eof) error = {};
  }
  disarm();
  drop();
  if (error || cancelled_) co_return failure(error.message());
  co_return reply;
}

HttpClient::HttpClient(const Executor& executor, HttpOrigin origin, std::string ca_file)
    : conversation_(
          std::make_shared<Conversation>(executor, std::move(origin), std::move(ca_file))) {}

HttpClient::~HttpClient() = default;

Task<HttpResult> HttpClient::exchange(HttpRequest request, std::chrono::milliseconds timeout) {
  return conversation_->exchange(std::move(request), timeout);
}

Task<HttpResult> HttpClient::follow(HttpRequest request, std::chrono::milliseconds timeout,
                                    std::chrono::milliseconds silence, OnBody on_body) {
  return conversation_->follow(std::move(request), timeout, silence, std::move(on_body));
}

void HttpClient::cancel() {
  conversation_->cancel();
}

const HttpOrigin& HttpClient::origin() const noexcept {
  return conversation_->origin();
}

}  // namespace gateway
