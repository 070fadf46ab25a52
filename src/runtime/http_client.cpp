#include "runtime/http_client.hpp"

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <stdexcept>

#include "runtime/clock.hpp"
#include "runtime/origin_connection.hpp"

namespace gateway {
namespace {

namespace beast = boost::beast;

using Reason = HttpFailure::Reason;
using Request = beast::http::request<beast::http::string_body>;
using Response = beast::http::response_parser<beast::http::string_body>;

constexpr std::uint32_t kMostHead = 64 << 10;
constexpr std::size_t kReadSize = std::size_t{16} << 10;  // of a stream

// Returns the content coding of an answer's body, which is then not what it says; empty: none.
std::string_view coding_of(const Response& answer) {
  const auto text = answer.get()[beast::http::field::content_encoding];
  return beast::iequals(text, "identity") ? std::string_view() : std::string_view(text);
}

// Returns whether the server broke the grammar or a limit, rather than ending the connection.
bool is_malformed(const error_code& error) {
  const error_code cut = beast::http::error::partial_message;
  return error.category() == cut.category() && error != cut &&
         error != beast::http::error::end_of_stream;
}

Request text_of(HttpRequest&& wanted, const HttpOrigin& origin) {
  const std::optional<HttpProxy>& named = origin.proxy();
  const HttpProxy* const proxy = named && !origin.tls() ? &*named : nullptr;
  // RFC 9112 section 3.2.2: a proxy is told the whole URL.
  const std::string target =
      proxy != nullptr ? "http://" + origin.authority() + wanted.target : wanted.target;
  Request request(beast::http::string_to_verb(wanted.method), target, 11);
  if (proxy != nullptr && !proxy->authorization().empty()) {
    request.set(beast::http::field::proxy_authorization, proxy->authorization().reveal());
  }
  request.set(beast::http::field::host, origin.authority());
  // RFC 9110 section 12.5.3: without it a server may choose any coding.
  request.set(beast::http::field::accept_encoding, "identity");
  for (const auto& [name, value] : wanted.headers) request.set(name, value);
  request.body() = std::move(wanted.body);
  request.prepare_payload();
  return request;
}

}  // namespace

HttpOrigin::HttpOrigin(bool tls, std::string host, std::uint16_t port, std::string authority)
    : tls_(tls), host_(std::move(host)), port_(port), authority_(std::move(authority)) {
  if (!authority_.empty()) return;
  authority_ = host_.find(':') == std::string::npos ? host_ : "[" + host_ + "]";
  if (port_ != (tls_ ? 443 : 80)) authority_ += ":" + std::to_string(port_);
}

struct HttpClient::Parser : Response {};

HttpClient::HttpClient(const Executor& executor, HttpOrigin origin, std::string ca_file)
    : connection_(
          std::make_shared<OriginConnection>(executor, std::move(origin), std::move(ca_file))) {}

HttpClient::~HttpClient() = default;

void HttpClient::cancel() {
  connection_->cancel();
}

const HttpOrigin& HttpClient::origin() const noexcept {
  return connection_->origin();
}

HttpFailure HttpClient::failure(std::string text) const {
  if (connection_->cancelled()) return {Reason::cancelled, "cancelled", sent_};
  if (connection_->over()) {
    std::string what = "no answer in time";
    if (!sent_) {
      what = "no connection in time";
      if (!text.empty()) what += " (" + text + ")";
    }
    return {Reason::timeout, what, sent_};
  }
  return {Reason::connection, std::move(text), sent_};
}

HttpFailure HttpClient::give_up(std::string text) {
  connection_->disarm();
  connection_->close();
  return failure(std::move(text));
}

template <class Stream, class Request>
Task<error_code> HttpClient::converse(Stream& stream, Request& request, bool head_only) {
  const auto link = connection_->link();
  sent_ = true;
  parser_.reset();
  [[maybe_unused]] auto [write_error, written] =
      co_await beast::http::async_write(stream, request, tuple);
  if (write_error) co_return write_error;
  do {  // interim answers (1xx) come before the one
    parser_ = std::make_unique<Parser>();
    parser_->header_limit(kMostHead);
    parser_->body_limit(kMostAnswer);
    [[maybe_unused]] auto [head_error, head_size] =
        co_await beast::http::async_read_header(stream, link->buffer, *parser_, tuple);
    if (head_error) co_return head_error;
    if (head_only) continue;
    [[maybe_unused]] auto [read_error, size] =
        co_await beast::http::async_read(stream, link->buffer, *parser_, tuple);
    if (read_error) co_return read_error;
  } while (parser_->get().result_int() / 100 == 1);
  co_return error_code();
}

HttpResult HttpClient::take_reply() {
  auto message = parser_->release();
  parser_.reset();
  const auto& link = connection_->link();
  if (!message.keep_alive() || link->buffer.size() != 0) {
    connection_->close();
  } else {
    link->used = std::chrono::steady_clock::now();
  }
  HttpReply reply;
  reply.status = message.result_int();
  reply.date = std::string(message[beast::http::field::date]);
  reply.body = std::move(message.body());
  return reply;
}

Task<HttpResult> HttpClient::exchange(HttpRequest wanted, std::chrono::milliseconds timeout) {
  connection_->set_deadline(std::chrono::steady_clock::now() + timeout);
  const bool repeatable = wanted.repeatable;
  Request request = text_of(std::move(wanted), origin());

  for (bool again = false;; again = true) {
    sent_ = false;
    if (connection_->over()) co_return failure({});
    const bool reused = !again && connection_->is_reusable();
    if (!reused) {
      const bool opened = co_await connection_->open();
      if (!opened || connection_->over()) co_return give_up(connection_->problem());
    }
    connection_->arm();
    const auto link = connection_->link();
    error_code error;
    if (link->tls) {
      error = co_await converse(*link->tls, request, false);
    } else {
      error = co_await converse(link->socket, request, false);
    }
    connection_->disarm();
    if (!error && !connection_->cancelled()) {
      const std::string coding(coding_of(*parser_));
      if (coding.empty()) co_return take_reply();
      connection_->close();
      co_return HttpFailure(Reason::answer,
                            "the answer is not usable: it is in the content coding " + coding +
                                ", though identity was asked for; is there a proxy on the way?",
                            true);
    }
    const bool silent = (!parser_ || !parser_->got_some()) && link->buffer.size() == 0;
    connection_->close();
    if (reused && silent && repeatable && !connection_->over()) continue;
    if (!connection_->over() && is_malformed(error)) {
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

Task<HttpResult> HttpClient::follow(HttpRequest wanted, std::chrono::milliseconds timeout,
                                    std::chrono::milliseconds silence, OnBody on_body) {
  if (origin().tls()) throw std::logic_error("no stream is followed over TLS");
  connection_->set_deadline(std::chrono::steady_clock::now() + timeout);
  sent_ = false;
  Request request = text_of(std::move(wanted), origin());
  const bool opened = co_await connection_->open();
  if (!opened || connection_->over()) co_return give_up(connection_->problem());
  const auto link = connection_->link();
  error_code error = co_await converse(link->socket, request, true);
  HttpReply reply;
  if (!error) reply.status = parser_->get().result_int();
  if (!error && reply.status != 200) {
    [[maybe_unused]] auto [read_error, size] =
        co_await beast::http::async_read(link->socket, link->buffer, *parser_, tuple);
    error = read_error;
    reply.body = std::move(parser_->get().body());
  }
  if (reply.status == 200) {
    const auto begun = link->buffer.data();
    on_body({static_cast<const char*>(begun.data()), begun.size()});
    std::string room(kReadSize, '\0');
    while (!error) {
      connection_->set_deadline(std::chrono::steady_clock::now() + silence);
      connection_->arm();
      auto [read_error, size] =
          co_await link->socket.async_read_some(asio::buffer(room.data(), room.size()), tuple);
      on_body({room.data(), size});
      error = read_error;
    }
    if (error == asio::error::eof) error = {};
  }
  if (error || connection_->cancelled()) co_return give_up(error.message());
  connection_->disarm();
  connection_->close();
  co_return reply;
}

}  // namespace gateway
