#include "demo/request_stream.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace gateway::demo {
namespace {

namespace http = boost::beast::http;

using Parser = http::request_parser<http::string_body>;

constexpr std::uint64_t kMaxBody = std::uint64_t{64} << 20;  // batches of large records

std::string_view view(boost::beast::string_view text) {
  return {text.data(), text.size()};
}

ReceivedRequest describe(const Parser::value_type& message) {
  ReceivedRequest request;
  request.method = view(message.method_string());
  request.target = view(message.target());
  for (const auto& field : message) {
    request.headers.emplace_back(view(field.name_string()), view(field.value()));
  }
  request.body = message.body();
  request.arrived = std::chrono::steady_clock::now();
  return request;
}

}  // namespace

struct RequestStream::Implementation {
  // Done by hand rather than with http::async_read, which goes through the event loop once per
  // message even if the next ones have arrived already.
  State advance() {
    while (!parser->is_done() && buffer.size() != 0) {
      boost::system::error_code error;
      const std::size_t used = parser->put(buffer.data(), error);
      buffer.consume(used);
      if (error == http::error::need_more) return State::needs_more;
      if (error) return State::malformed;
    }
    return parser->is_done() ? State::complete : State::needs_more;
  }

  boost::beast::flat_buffer buffer;
  std::optional<Parser> parser;
  ReceivedRequest request;
  bool described = false;  // the parser's message is the request given out
  bool malformed = false;
};

RequestStream::RequestStream() : implementation_(std::make_unique<Implementation>()) {}

RequestStream::~RequestStream() = default;

boost::asio::mutable_buffer RequestStream::prepare(std::size_t size) {
  return implementation_->buffer.prepare(size);
}

void RequestStream::commit(std::size_t size) {
  implementation_->buffer.commit(size);
}

RequestStream::State RequestStream::next() {
  Implementation& it = *implementation_;
  if (it.malformed) return State::malformed;
  if (!it.parser || it.described) {
    it.parser.emplace();
    it.parser->eager(true);
    it.parser->body_limit(kMaxBody);
    it.described = false;
  }
  const State state = it.advance();
  if (state == State::complete) {
    it.request = describe(it.parser->get());
    it.described = true;
  }
  it.malformed = state == State::malformed;
  return state;
}

const ReceivedRequest& RequestStream::request() const noexcept {
  return implementation_->request;
}

bool RequestStream::keep_alive() const {
  return implementation_->parser->keep_alive();
}

bool RequestStream::has_more() const noexcept {
  return implementation_->buffer.size() != 0;
}

}  // namespace gateway::demo
