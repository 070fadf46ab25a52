#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/http/chunked.hpp"
#include "gateway/http/fields.hpp"

namespace gateway::load {

// What an eventbus that only counts must know of a request. The id holds until the next call.
struct ScannedRequest {
  std::string_view id;  // ce-id; empty if there is none
  bool close = false;   // the client wants the connection ended after the answer
};

// Finds the requests in a connection's bytes; bodies are passed over, not kept. Sans-I/O.
class RequestScanner {
 public:
  enum class Step { need_more, request, bad };

  // Takes bytes off the front of `input`. A request is told when its body has come.
  [[nodiscard]] Step next(std::string_view& input);
  [[nodiscard]] const ScannedRequest& request() const noexcept { return request_; }

 private:
  enum class Body : std::uint8_t { none, length, chunked };

  Step read_head(std::string_view& input);
  Step parse_head(const char* data);

  http::HeadScan scan_;
  http::ChunkedDecoder chunks_;
  std::string partial_;  // a head that came in pieces
  std::string id_;       // kept while the body is awaited: the bytes it lay in go
  Body body_ = Body::none;
  std::uint64_t left_ = 0;
  ScannedRequest request_;
};

}  // namespace gateway::load
